//! What is said of what was found, to people who do not write code.

use countersign_port::{
    finding::{Finding, Fix},
    text::Untrusted,
};
use jiff::SignedDuration;

use crate::{
    connector::{Channel, MEMBER_PATIENCE, STANDARD},
    failure::Failure,
};

const ADMINISTRATOR: &str = "whoever may register applications in the tenant";
const OWNER: &str = "an owner of the team";
const OPERATOR: &str = "an operator of Countersign";
const POLICY: &str = "whoever writes the policy";

const LOGIN: &str = "teams-login";
const INSTALLATION: &str = "teams-installation";
const CHANNEL: &str = "teams-channel";

pub(super) fn keys(speak: bool) -> Finding {
    let what = "Teams, keys of the Bot Connector";
    if speak {
        return Finding::good(what, "calls of Teams can be checked");
    }
    let means = "the keys that Teams signs with cannot be read: no click is believed";
    let how = "see that the address of `teams.openid_metadata_url`, or the one of your cloud, can \
        be called from this machine over https"
        .to_owned();
    Finding::bad(what, means, Fix { who: OPERATOR, how, page: LOGIN })
}

pub(super) fn unchecked() -> Finding {
    let means = "nobody's calls are checked: whoever is on this machine can vote for anybody";
    let how = "take `auth: insecure-local` out of the section `teams`, and restart".to_owned();
    Finding::poor("Teams, who may call", means, Fix { who: OPERATOR, how, page: LOGIN })
}

/// `given` says how long it took.
pub(super) fn login(given: Result<SignedDuration, Failure>) -> Finding {
    let what = "Teams, token of the bot";
    let how =
        "compare `app_id` and `tenant_id` with the Azure Bot in the Azure portal, and make a \
        new secret at the app registration, Certificates & secrets; a secret has an end"
            .to_owned();
    let fix = Fix { who: ADMINISTRATOR, how, page: LOGIN };
    match given {
        Ok(took) if took.unsigned_abs() > MEMBER_PATIENCE => {
            let took = took.as_millis();
            let means = format!(
                "Microsoft's login took {took} ms to give the bot a token: while it is so slow, \
                 cards come late, and who clicks may have to click again"
            );
            Finding::poor(what, means, again())
        }
        Ok(_) => Finding::good(what, "Microsoft gives the bot a token"),
        Err(failure @ Failure::Login(_)) => {
            Finding::bad(what, format!("no card can go out: {failure}"), fix)
        }
        Err(failure) => Finding::unknown(what, format!("{failure}"), again()),
    }
}

pub(super) fn unreadable(failure: &Failure) -> Finding {
    Finding::unknown("Teams", failure.to_string(), again())
}

pub(super) fn nowhere() -> Finding {
    let means = "no team has told that it has the app: no card can be posted";
    Finding::bad("Teams", means, install())
}

pub(super) fn team(id: &str, channels: Result<usize, &Failure>) -> Finding {
    let what = format!("Teams team {id}");
    match channels {
        Ok(count) => Finding::good(what, format!("it has the app, and {count} channels")),
        Err(Failure::Refused { status: 403 | 404, .. }) => {
            Finding::bad(what, "the app is no longer in the team", install())
        }
        Err(failure @ Failure::Unauthorized) => {
            let how = "give as `tenant_id` the tenant that the bot itself is registered in, and \
                restart"
                .to_owned();
            let fix = Fix { who: OPERATOR, how, page: LOGIN };
            Finding::bad(what, failure.to_string(), fix)
        }
        Err(failure) => Finding::unknown(what, failure.to_string(), again()),
    }
}

/// `known` is the channel, if a team with the app has it. The policy has its id alone, which stays
/// whatever it is called; people know it by its name.
pub(super) fn channel(address: &str, known: Option<&Channel>) -> Finding {
    let what = format!("Teams channel {address}");
    let name_another = "name a standard channel in the policy".to_owned();
    let Some(channel) = known else {
        let means = "no team that has the app has this channel";
        let how = "compare the id with the one in “Get link to channel”, and add the app to the \
            team of the channel"
            .to_owned();
        return Finding::bad(what, means, Fix { who: OWNER, how, page: CHANNEL });
    };
    let name = channel.name.as_deref().map(|name| Untrusted::new(name).display());
    let name = name.map_or("it".to_owned(), |name| format!("“{}”", name.as_str()));
    match channel.kind.as_deref() {
        Some(kind) if kind != STANDARD => {
            let means =
                format!("{name} is a {kind} channel: the service posts to standard ones alone");
            Finding::bad(what, means, Fix { who: POLICY, how: name_another, page: CHANNEL })
        }
        Some(_) | None => Finding::good(what, format!("{name} takes cards")),
    }
}

fn install() -> Fix {
    let how = "upload the package of `countersign manifest teams` in the Teams admin centre, and \
        add the app to the team; where the team has it already, remove it and add it again"
        .to_owned();
    Fix { who: OWNER, how, page: INSTALLATION }
}

fn again() -> Fix {
    let how = "look at https://status.cloud.microsoft and at the way out of your network, and run \
        this again"
        .to_owned();
    Fix { who: OPERATOR, how, page: LOGIN }
}

#[cfg(test)]
mod tests {
    use countersign_port::finding::Health;

    use super::*;

    #[test]
    fn only_a_standard_channel_of_a_team_with_the_app_is_good() {
        let known = |kind: Option<&str>| {
            let name = Some("shop".to_owned());
            Some(Channel { id: "19:a".to_owned(), name, kind: kind.map(str::to_owned) })
        };
        for (known, health, means) in [
            (None, Health::Bad, "no team that has the app has this channel"),
            (known(None), Health::Good, "“shop”"),
            (known(Some("standard")), Health::Good, "“shop” takes cards"),
            (known(Some("shared")), Health::Bad, "“shop” is a shared channel"),
            (known(Some("private")), Health::Bad, "“shop” is a private channel"),
        ] {
            let finding = channel("19:a", known.as_ref());
            assert_eq!(finding.health, health, "{known:?}");
            assert!(finding.means.starts_with(means), "{finding:?}");
        }
    }

    #[test]
    fn every_failure_has_its_words() {
        let gone = Failure::Refused { status: 403, code: String::new(), after: None };
        for (failure, health) in [
            (gone, Health::Bad),
            (Failure::Unauthorized, Health::Bad),
            (Failure::NotSent("x".to_owned()), Health::Unknown),
        ] {
            let finding = team("19:t", Err(&failure));
            assert_eq!(finding.health, health, "{failure}");
            assert!(finding.fix.is_some(), "{failure}");
        }
        assert_eq!(login(Err(Failure::login("invalid_client"))).health, Health::Bad);
        assert_eq!(login(Err(Failure::LoginSilent)).health, Health::Unknown);
        assert_eq!(login(Err(Failure::NotSent("x".to_owned()))).health, Health::Unknown);
    }
}

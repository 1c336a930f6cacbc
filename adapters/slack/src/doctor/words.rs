//! What is said of what was found, to people who do not write code.

use countersign_port::{
    finding::{Finding, Fix},
    memory::Lost,
};

use crate::{
    failure::Failure, manifest::BOT_SCOPES, oauth::OAuthError, token::NoToken, web::Channel,
};

const ADMINISTRATOR: &str = "whoever may install apps in the workspace";
const OPERATOR: &str = "an operator of Countersign";
const POLICY: &str = "whoever writes the policy";
const MEMBER: &str = "anybody in the channel";

const INSTALLATION: &str = "slack-installation";
const CHANNEL: &str = "slack-channel";
const SOCKET: &str = "slack-socket";

const INSTALL: &str = "run `countersign slack install-link`, open the link and press Allow; or, with \
    a `bot_token`, open https://api.slack.com/apps, the app, Install App, Install to Workspace, and \
    give the service the Bot User OAuth Token that is shown there";

pub(super) fn nowhere() -> Finding {
    let means = "the app is installed in no workspace: no card can be posted";
    Finding::bad("Slack", means, install())
}

pub(super) fn unreadable(lost: &Lost) -> Finding {
    let means = format!("the installations cannot be read: {lost}");
    Finding::unknown("Slack", means, again())
}

pub(super) fn installed(name: &str) -> Finding {
    Finding::good(workspace(name), "Slack takes the token")
}

pub(super) fn no_token(name: &str, no_token: &NoToken) -> Finding {
    match no_token {
        NoToken::Removed(_) => {
            let means = "the app was removed there: no card is posted, and nobody there can decide";
            Finding::poor(workspace(name), means, install())
        }
        NoToken::ReinstallNeeded(_) => {
            let means = "Slack no longer renews the token: cards stop when it ends";
            Finding::bad(workspace(name), means, install())
        }
        NoToken::Expired(_) => {
            let means = "the token has ended and the service has not renewed it: does it run?";
            Finding::bad(workspace(name), means, install())
        }
        NoToken::NotInstalled(_) | NoToken::Unknown(_) => {
            Finding::unknown(workspace(name), no_token.to_string(), again())
        }
    }
}

pub(super) fn refused(name: &str, error: &OAuthError) -> Finding {
    match error {
        OAuthError::Refused(code) => {
            let means = format!("Slack does not take the token (`{code}`): no card can be posted");
            Finding::bad(workspace(name), means, install())
        }
        OAuthError::NotDone(cause) | OAuthError::Lost(cause) => {
            let means = format!("Slack could not be asked: {cause}");
            Finding::unknown(workspace(name), means, again())
        }
    }
}

pub(super) fn mixed_up(name: &str, other: &str) -> Finding {
    let means = format!("the token that stands at `{name}` is that of `{other}`");
    let how = format!("in `slack.workspaces`, give `{name}` its own `bot_token`, and restart");
    let fix = Fix { who: OPERATOR, how, page: INSTALLATION };
    Finding::bad(workspace(name), means, fix)
}

pub(super) fn ends_soon(name: &str) -> Finding {
    let means = "the token in the configuration ends after 12 hours: the app rotates its tokens, \
        and only tokens that were installed by link are renewed";
    let how = "configure `slack.install` and run `countersign slack install-link`".to_owned();
    Finding::bad(workspace(name), means, Fix { who: OPERATOR, how, page: INSTALLATION })
}

pub(super) fn scopes(name: &str, scopes: Option<&[String]>) -> Finding {
    let what = format!("Slack scopes in {name}");
    let Some(scopes) = scopes else {
        return Finding::unknown(what, "Slack did not say what the app may do", again());
    };
    let missing: Vec<&str> =
        BOT_SCOPES.into_iter().filter(|scope| !scopes.iter().any(|had| had == scope)).collect();
    if missing.is_empty() {
        return Finding::good(what, "the app may do all that it has to");
    }
    let means = format!("the app lacks {}: cards or clicks will fail", missing.join(", "));
    let how =
        "paste the output of `countersign manifest slack` at https://api.slack.com/apps, the \
        app, App Manifest, press Save Changes, and install the app again"
            .to_owned();
    Finding::bad(what, means, Fix { who: ADMINISTRATOR, how, page: INSTALLATION })
}

pub(super) fn channel(address: &str, channel: &Channel) -> Finding {
    let what = channel_name(address);
    let policy = |how: &str| Fix { who: POLICY, how: how.to_owned(), page: CHANNEL };
    if channel.is_archived {
        let how = "unarchive the channel in Slack, or name another one in the policy";
        return Finding::bad(what, "the channel is archived: it takes no cards", policy(how));
    }
    if channel.is_ext_shared {
        let means = "people of another company are in the channel: they would read the cards";
        let how = "name a channel in the policy that only your own people can be in";
        return Finding::bad(what, means, policy(how));
    }
    if !channel.is_member {
        let means = "the app is not in the channel: cards cannot be posted there";
        return Finding::bad(what, means, invite());
    }
    Finding::good(what, "cards can be posted there")
}

pub(super) fn moved(address: &str, present: &str) -> Finding {
    let means = format!("the channel goes by the id `{present}` now; its cards follow");
    let how = format!("write `{present}` in its place into the policy, once no request is open");
    let fix = Fix { who: POLICY, how, page: CHANNEL };
    Finding::poor(channel_name(address), means, fix)
}

pub(super) fn no_channel(address: &str, failure: &Failure) -> Finding {
    let what = channel_name(address);
    match failure {
        Failure::Refused(code) if code == "channel_not_found" => {
            let means = "there is no such channel, or it is private and the app is not in it";
            Finding::bad(what, means, invite())
        }
        Failure::Refused(_) | Failure::NoToken(_) => {
            Finding::bad(what, format!("nobody can look at it: {failure}"), install())
        }
        Failure::TooFast(_)
        | Failure::Status(_)
        | Failure::NotSent(_)
        | Failure::Lost(_)
        | Failure::Tls(_)
        | Failure::Blocked(_) => Finding::unknown(what, failure.to_string(), again()),
    }
}

pub(super) fn ambiguous(address: &str) -> Finding {
    let means = "the app is not installed in exactly one place, so nobody can tell which is meant";
    let how = format!("write the channel with its workspace, as `T…/{address}`");
    Finding::bad(channel_name(address), means, Fix { who: POLICY, how, page: CHANNEL })
}

pub(super) fn socket(opened: Result<(), OAuthError>) -> Finding {
    let what = "Slack Socket Mode";
    let how =
        "open https://api.slack.com/apps, the app, Basic Information, App-Level Tokens, make \
        one with the scope connections:write, give it as `slack.app_token`, and restart; Socket \
        Mode must be switched on under Socket Mode"
            .to_owned();
    let fix = Fix { who: ADMINISTRATOR, how, page: SOCKET };
    match opened {
        Ok(()) => Finding::good(what, "Slack opens connections for the app"),
        Err(OAuthError::Refused(code)) => {
            let means = format!("Slack opens no connection (`{code}`): no click arrives");
            Finding::bad(what, means, fix)
        }
        Err(error) => Finding::unknown(what, format!("Slack could not be asked: {error}"), again()),
    }
}

fn workspace(name: &str) -> String {
    let kind = if name.starts_with('E') { "organisation" } else { "workspace" };
    format!("Slack {kind} {name}")
}

fn channel_name(address: &str) -> String {
    format!("Slack channel {address}")
}

fn install() -> Fix {
    Fix { who: ADMINISTRATOR, how: INSTALL.to_owned(), page: INSTALLATION }
}

fn invite() -> Fix {
    let how = "compare the id with the one at the end of the channel's details, and type \
        `/invite @countersign` in the channel"
        .to_owned();
    Fix { who: MEMBER, how, page: CHANNEL }
}

fn again() -> Fix {
    let how = "look at https://slack-status.com and at the way out of your network, and run this \
        again"
        .to_owned();
    Fix { who: OPERATOR, how, page: INSTALLATION }
}

#[cfg(test)]
mod tests {
    use countersign_port::finding::Health;

    use super::*;

    const OPEN: Channel =
        Channel { id: String::new(), is_ext_shared: false, is_archived: false, is_member: true };

    #[test]
    fn a_channel_is_good_where_a_card_would_be_posted_among_colleagues() {
        for (found, health) in [
            (OPEN, Health::Good),
            (Channel { is_member: false, ..OPEN }, Health::Bad),
            (Channel { is_archived: true, ..OPEN }, Health::Bad),
            (Channel { is_ext_shared: true, ..OPEN }, Health::Bad),
        ] {
            assert_eq!(channel("C1", &found).health, health, "{found:?}");
        }
        for (failure, health) in [
            (Failure::code("channel_not_found"), Health::Bad),
            (Failure::code("missing_scope"), Health::Bad),
            (NoToken::NotInstalled("T1".to_owned()).into(), Health::Bad),
            (Failure::TooFast(None), Health::Unknown),
            (Failure::Lost("x".to_owned()), Health::Unknown),
        ] {
            assert_eq!(no_channel("C1", &failure).health, health, "{failure}");
        }
    }

    #[test]
    fn missing_scopes_are_named() {
        let all: Vec<String> = BOT_SCOPES.map(str::to_owned).into();
        assert_eq!(scopes("T1", Some(&all)).health, Health::Good);
        let some: Vec<_> = all.into_iter().filter(|scope| !scope.starts_with("users:")).collect();
        let finding = scopes("T1", Some(&some));
        assert_eq!(finding.health, Health::Bad);
        assert!(finding.means.contains("lacks users:read, users:read.email:"), "{finding:?}");
        assert_eq!(scopes("T1", None).health, Health::Unknown);
    }

    #[test]
    fn whatever_is_not_good_says_what_to_do() {
        let name = || "T1".to_owned();
        for finding in [
            nowhere(),
            unreadable(&Lost { cause: "gone".to_owned() }),
            no_token("T1", &NoToken::Removed(name())),
            no_token("T1", &NoToken::ReinstallNeeded(name())),
            no_token("T1", &NoToken::Expired(name())),
            refused("T1", &OAuthError::Refused("invalid_auth".to_owned())),
            refused("T1", &OAuthError::Lost("no answer in time".to_owned())),
            mixed_up("T1", "T2"),
            ends_soon("T1"),
            ambiguous("C1"),
            socket(Err(OAuthError::Refused("invalid_auth".to_owned()))),
        ] {
            assert_ne!(finding.health, Health::Good, "{finding:?}");
            assert!(finding.fix.is_some(), "{finding:?}");
        }
    }
}

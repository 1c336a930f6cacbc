//! Providers of people: whether they have told anything, and whether what the policy and the people
//! file name is among it.

use countersign_port::finding::{Finding, Fix};

use super::chats::group_name;
use crate::{
    cli::output,
    domain::{
        id::PersonId,
        provisioned::{PROVIDER, Source},
    },
    law::{GROUPS, Law},
    store::{Store, scim::Told},
};

const PAGE: &str = "scim";

/// Looks at what was told.
pub(super) async fn examine(
    law: &Law,
    providers: &[Source],
    store: &Store,
    findings: &mut Vec<Finding>,
) -> Result<(), sqlx::Error> {
    let told = store.scim_told().await?;
    findings.extend(providers.iter().map(|provider| heard(&provider.id, &told)));
    let provisioned = store.provisioned().await?;
    let groups = law.kept_elsewhere().filter(|(_, source)| source.kind == GROUPS);
    findings.extend(groups.map(|(group, source)| {
        let what = group_name(group, source);
        if let Some(members) = provisioned.members(&source.value, providers) {
            return Finding::good(what, output::count(members.len(), "member", "members"));
        }
        let means = "no provider has told of exactly one such group: nobody of it decides";
        let how = "have the provider push the group, and compare its name with the policy's";
        Finding::bad(what, means, fix("whoever looks after the provider", how))
    }));
    findings.extend(pins(law, providers));
    let off = law.told(provisioned.into());
    let off: Vec<&str> = off.barred().iter().map(crate::domain::id::PersonId::as_str).collect();
    if !off.is_empty() {
        let means = format!(
            "switched off, or not told of by the provider they are pinned to: {}",
            off.join(", ")
        );
        let how = "if one of them works here, compare the `scim` account in the people file with the \
            provider's, and see that the provider has them active";
        findings.push(Finding::poor("people who decide nothing", means, fix("an operator", how)));
    }
    Ok(())
}

fn heard(provider: &str, told: &[Told]) -> Finding {
    let what = format!("provider {provider}");
    let own: Vec<&Told> = told.iter().filter(|one| one.source == provider).collect();
    let Some(newest) = own.iter().map(|one| one.newest).max() else {
        let how = "give the provider the address <public_url>/scim/v2 and the API key, and assign \
            people and groups to the app there";
        return Finding::poor(what, "it has told nothing yet", fix("whoever looks after it", how));
    };
    let counts = own.iter().map(|one| format!("{} {}s", one.number, one.kind.to_lowercase()));
    let counts: Vec<String> = counts.collect();
    Finding::good(what, format!("{}, last changed {newest:.0}", counts.join(" and ")))
}

/// A pin to a provider that is not there is a slip of the pen.
fn pins<'l>(law: &'l Law, providers: &'l [Source]) -> impl Iterator<Item = Finding> + 'l {
    let pins = law.people.iter().flat_map(|person| {
        let pinned = person.identities.iter().filter(|account| account.provider == PROVIDER);
        pinned.map(move |account| (person, account))
    });
    let is_unknown = |tenant: &str| !providers.iter().any(|provider| provider.id == tenant);
    pins.filter(move |(_, account)| is_unknown(&account.tenant)).map(|(person, account)| {
        let what = account_of(&person.id);
        let means = format!("there is no provider `{}`: they decide nothing", account.tenant);
        let how = "write the `id` of a provider under `scim:` of the configuration as its `tenant`";
        Finding::bad(what, means, fix("whoever writes the people file", how))
    })
}

/// How the account is headed that pins somebody to a provider.
pub(in crate::cli) fn account_of(person: &PersonId) -> String {
    format!("the `scim` account of {person}")
}

fn fix(who: &'static str, how: &str) -> Fix {
    Fix { who, how: how.to_owned(), page: PAGE }
}

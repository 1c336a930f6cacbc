//! What the adapters are asked about: the channels of the policy, and groups that others keep.

use std::sync::Arc;

use countersign_port::{
    access::Identity,
    directory::Directory,
    finding::{Finding, Fix},
};

use crate::{
    cli::output,
    domain::{id::Group, policy::GroupSource},
    law::Law,
};

/// The addresses that the policy has on a platform, each once.
pub(super) fn channels(law: &Law, platform: &str) -> Vec<String> {
    let channels = law.policy.channels.values();
    let mut addresses: Vec<String> =
        channels.filter_map(|channel| channel.addresses.get(platform).cloned()).collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

/// The accounts that the people file has on a platform.
pub(super) fn accounts(law: &Law, platform: &str) -> Vec<Identity> {
    let accounts = law.people.iter().flat_map(|person| &person.identities);
    accounts.filter(|account| account.provider == platform).cloned().collect()
}

/// Asks about every group of the policy that a directory keeps.
pub(super) async fn directories(
    law: &Law,
    directories: &[Arc<dyn Directory>],
    findings: &mut Vec<Finding>,
) {
    for (group, source) in law.kept_elsewhere() {
        let mut fitting = directories.iter();
        let Some(directory) = fitting.find(|each| each.source() == source.kind) else { continue };
        let what = group_name(group, source);
        findings.push(match directory.members(&source.value).await {
            Ok(accounts) if accounts.is_empty() => {
                let how = "put people into it, or name another in the policy".to_owned();
                let who = "whoever looks after the group";
                let means = "nobody is in it: nobody can decide for it";
                Finding::bad(what, means, Fix { who, how, page: "group-unknown" })
            }
            Ok(accounts) => {
                let members = output::count(accounts.len(), "member", "members");
                Finding::good(what, format!("{members} now"))
            }
            Err(no_answer) => {
                let means = format!("nobody of the group can decide: {no_answer}");
                let how = "compare the id with the group's in its own product, and see that the \
                    group is there, switched on and not empty"
                    .to_owned();
                let who = "whoever writes the policy";
                Finding::bad(what, means, Fix { who, how, page: "group-unknown" })
            }
        });
    }
}

/// How a group of the policy is headed that somebody else keeps.
pub(in crate::cli) fn group_name(group: &Group, source: &GroupSource) -> String {
    format!("group {group}, from {} {}", source.kind, source.value)
}

/// They need files and a database that are well.
pub(super) fn not_looked_at() -> Finding {
    let how = "put right what is said above, and run this again".to_owned();
    let fix = Fix { who: "an operator", how, page: "does-not-start" };
    Finding::unknown("chat products and groups", "they were not looked at", fix)
}

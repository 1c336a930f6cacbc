//! Who asks, and in which groups they are, as far as anybody can tell.

use std::collections::BTreeSet;

use super::Law;
use crate::domain::{
    client::{Claims, Client},
    id::Group,
    policy::{GroupSource, Requester},
    request::{AccessRequest, ClaimKind, Subject},
};

/// The requester, as the policy sees them.
pub(super) fn requester(law: &Law, client: &Client, request: &AccessRequest) -> Requester {
    let person = law.people.who_is(&request.subject).cloned();
    let declared = person.as_ref().map(|person| law.people.groups_of(person)).unwrap_or_default();
    let mut groups: BTreeSet<Group> = declared.iter().cloned().collect();
    // Of somebody who is nobody in the people file it cannot be said what they are not.
    let mut unknown_groups: BTreeSet<Group> = match &person {
        Some(_) => BTreeSet::new(),
        None => law.people.groups().cloned().collect(),
    };
    for (group, source) in &law.policy.groups {
        match membership(source, client, &request.subject) {
            Some(true) => {
                groups.insert(group.clone());
            }
            Some(false) => {}
            None if groups.contains(group) => {}
            None => {
                unknown_groups.insert(group.clone());
            }
        }
    }
    let trust = person.as_ref().map(|person| law.people.trust_of(person)).unwrap_or_default();
    Requester { person, groups, unknown_groups, trust }
}

/// Whether a claim puts the subject into a group; `None` where nobody here can tell.
fn membership(source: &GroupSource, client: &Client, subject: &Subject) -> Option<bool> {
    let kind = match source.value.strip_prefix("role:") {
        Some(_) => ClaimKind::Roles,
        None => ClaimKind::Groups,
    };
    let is_believed = client.claims == Claims::Believed || subject.proven.contains(&kind);
    if !source.is_claim() || !is_believed {
        return None;
    }
    let as_role = |role: &String| source.value == format!("role:{role}");
    let is_member = subject.roles.iter().any(as_role) || subject.groups.contains(&source.value);
    Some(is_member)
}

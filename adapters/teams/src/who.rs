//! Who clicked: whether the account that Teams names is one whose clicks may count here at all. The
//! first failure refuses, and what is missing refuses. What the person may decide is the service's
//! business.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use countersign_port::access::RefusalKind;
use jiff::{SignedDuration, Timestamp};

use crate::{activity::Activity, connector::Member, core::Core};

/// How long what Teams says of a member is believed.
const FRESH: SignedDuration = SignedDuration::from_mins(5);
/// So many members are remembered.
const MAX_MEMBERS: usize = 10_000;
/// What the name of a guest's account holds: the only sign of a guest that a bot is shown.
const GUEST: &str = "#EXT#";

/// The members that were looked up lately, by conversation and user.
#[derive(Debug, Default)]
pub(crate) struct Members(Mutex<HashMap<Key, Arc<Slot>>>);

type Key = (String, String);

/// What is known of one member, and since when. Whoever holds it asks; the others wait for that.
type Slot = tokio::sync::Mutex<Option<(Timestamp, Member)>>;

impl Core {
    /// Whether the click may count, and the address that Teams has of the account.
    pub(crate) async fn admit(&self, activity: &Activity) -> Result<Option<String>, RefusalKind> {
        let Activity { claim, room, .. } = activity;
        if !self.is_home(claim) {
            return Err(RefusalKind::Stranger);
        }
        // In a shared channel people of other tenants sit beside ours.
        if room.channel_type.as_deref().is_some_and(|kind| kind != "standard") {
            return Err(RefusalKind::Stranger);
        }
        if claim.object.is_none() {
            return Err(RefusalKind::IdentityUnknown);
        }
        let member = self.member(activity).await?;
        judge(&member, claim.object.as_deref(), &self.settings.tenant_id)?;
        Ok(member.email)
    }

    async fn member(&self, activity: &Activity) -> Result<Member, RefusalKind> {
        let Activity { claim, room, .. } = activity;
        let user = claim.user.as_deref().ok_or(RefusalKind::IdentityUnknown)?;
        let now = self.now.get();
        let slot = self.members.slot((room.channel().to_owned(), user.to_owned()), now);
        let mut known = slot.lock().await;
        if let Some((_, member)) = known.as_ref().filter(|(seen_at, _)| is_fresh(*seen_at, now)) {
            return Ok(member.clone());
        }
        match self.connector.member(&activity.service_url, room.channel(), user).await {
            Ok(member) => {
                *known = Some((now, member.clone()));
                Ok(member)
            }
            Err(failure) => {
                tracing::warn!(%failure, "Teams could not say who clicked");
                Err(RefusalKind::IdentityUnknown)
            }
        }
    }
}

pub(crate) fn judge(
    member: &Member,
    claimed: Option<&str>,
    tenant: &str,
) -> Result<(), RefusalKind> {
    let known = |value: &Option<String>| value.clone().ok_or(RefusalKind::IdentityUnknown);
    let object = known(&member.aad_object_id)?;
    let home = known(&member.tenant_id)?;
    let role = known(&member.user_role)?;
    let name = known(&member.user_principal_name)?;
    if claimed.is_none_or(|claimed| !claimed.eq_ignore_ascii_case(&object)) {
        Err(RefusalKind::IdentityUnknown)
    } else if !home.eq_ignore_ascii_case(tenant) {
        Err(RefusalKind::Stranger)
    } else if name.to_ascii_uppercase().contains(GUEST) || role == "guest" {
        Err(RefusalKind::Guest)
    } else if role != "user" {
        Err(RefusalKind::NotAPerson)
    } else {
        Ok(())
    }
}

impl Members {
    /// The place of one member. Of those that nobody waits for, only the fresh are kept.
    fn slot(&self, key: Key, now: Timestamp) -> Arc<Slot> {
        let mut members = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if members.len() >= MAX_MEMBERS {
            members
                .retain(|_, slot| slot.try_lock().is_ok_and(|known| is_kept(known.as_ref(), now)));
        }
        if members.len() >= MAX_MEMBERS {
            return Arc::default();
        }
        Arc::clone(members.entry(key).or_default())
    }
}

fn is_kept(known: Option<&(Timestamp, Member)>, now: Timestamp) -> bool {
    known.is_some_and(|(seen_at, _)| is_fresh(*seen_at, now))
}

/// A clock that was set back makes nothing fresh.
fn is_fresh(seen_at: Timestamp, now: Timestamp) -> bool {
    let age = now.duration_since(seen_at);
    !age.is_negative() && age < FRESH
}

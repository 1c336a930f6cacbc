//! Whether access is there already: what an approval covers, and what the policy of today says.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    access::slice::View,
    approval::{Approval, ApprovalStatus},
    audit::canonical,
    decide::Granted,
    outcome::ItemOutcome,
    request::{Item, Part},
};

/// What today's law says of something that is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Nobody needs to be asked.
    Open,
    /// People would have to be asked.
    Ask,
    /// There is no way to a yes.
    Closed,
}

/// How an approval stands to what is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// There is none.
    None,
    /// It is over, or was used up, or revoked.
    Over,
    /// It was given for something else.
    OutOfScope,
    /// It cannot be told whose it is, or it is not the caller's.
    Unverifiable,
    Covers(Approved),
}

/// The approval behind a yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    pub id: String,
    pub until: Timestamp,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    Yes(Option<Approved>),
    No(Why),
}

/// Why there is no yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    ApprovalRequired,
    ApprovalExpired,
    OutOfScope,
    Unverifiable,
    PolicyDenied,
}

impl Why {
    /// The reason, in the words of the access request profile.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApprovalRequired => "approval_required",
            Self::ApprovalExpired => "approval_expired",
            Self::OutOfScope => "out_of_scope",
            Self::Unverifiable => "approval_unverifiable",
            Self::PolicyDenied => "policy_denied",
        }
    }

    /// Whether people can be asked about it.
    pub const fn is_requestable(self) -> bool {
        match self {
            Self::ApprovalRequired | Self::ApprovalExpired | Self::OutOfScope => true,
            Self::Unverifiable | Self::PolicyDenied => false,
        }
    }
}

/// Puts both together. An approval never overrules the policy of today.
pub fn judge(standing: Standing, way: Way) -> Decision {
    match (way, standing) {
        (Way::Open | Way::Ask, Standing::Covers(approved)) => Decision::Yes(Some(approved)),
        (Way::Open, _) => Decision::Yes(None),
        (_, Standing::Unverifiable) => Decision::No(Why::Unverifiable),
        (Way::Closed, _) => Decision::No(Why::PolicyDenied),
        (Way::Ask, Standing::Over) => Decision::No(Why::ApprovalExpired),
        (Way::Ask, Standing::OutOfScope) => Decision::No(Why::OutOfScope),
        (Way::Ask, Standing::None) => Decision::No(Why::ApprovalRequired),
    }
}

/// The approval of one item of a request, while it is good.
pub fn live(view: &View, item: usize, now: Timestamp) -> Option<(&Approval, &Granted)> {
    let approval = view.approval.as_ref()?;
    let is_live = approval.status == ApprovalStatus::Live
        && approval.lapses_at().is_some_and(|at| at > now)
        && approval.approved_until > now;
    let ItemOutcome::Approved(granted) = view.outcome.as_ref()?.items.get(item)? else {
        return None;
    };
    is_live.then_some((approval, granted))
}

/// Whether exactly what is asked was granted: not less, and not more. Scopes and details are sets.
pub fn is_granted(asked: &Item, approved: &Item, granted: &Granted) -> bool {
    let parts = approved.parts().into_iter().enumerate();
    let left = parts.filter(|(number, _)| granted.parts.contains(number));
    let left: BTreeSet<String> = left.map(|(_, part)| written(part)).collect();
    let asked: BTreeSet<String> = asked.parts().into_iter().map(written).collect();
    asked == left
}

fn written(part: Part<'_>) -> String {
    match part {
        Part::Scope(scope) => format!("scope {scope}"),
        Part::Detail(detail) => format!("detail {}", canonical(detail)),
        Part::Action(action) => format!("action {}", action.name),
    }
}

//! Asking again for what came to nothing: a yes that was not used in time, or silence. Whoever asked
//! opens the same once more with one press, and it is judged like any other request of that day.

use super::{
    access::slice::View,
    approval::{Approval, ApprovalStatus},
    client::Mode,
    outcome::Status,
    request::AccessRequest,
};

/// How a request came to nothing without anybody having said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unused {
    /// Too few have decided in time.
    Expired,
    /// It was approved, and the approval lapsed before it was used.
    Lapsed,
}

/// Why only the asking server can ask again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bar {
    /// It waited for this very decision, and waits no longer.
    HandedOver,
    /// What it answers is good for one request: a denial, or a challenge.
    GoodOnce,
    /// It has vouched for groups or roles of the subject, as they were then.
    Claims,
}

/// How a request came to nothing, if it did.
pub fn unused(view: &View) -> Option<Unused> {
    match view.outcome.as_ref()?.status {
        Status::Expired => Some(Unused::Expired),
        Status::Approved => {
            let approval = view.approval.as_ref()?;
            is_unused(&view.request, approval).then_some(Unused::Lapsed)
        }
        Status::Pending | Status::Denied | Status::Cancelled | Status::Failed | Status::Partial => {
            None
        }
    }
}

/// What is redeemed is used when it is redeemed; everything else when it is taken up.
fn is_unused(request: &AccessRequest, approval: &Approval) -> bool {
    let has_served = approval.taken_up_at.is_some() && request.credential.is_none();
    approval.status == ApprovalStatus::Lapsed && !has_served
}

/// What keeps anybody but the asking server from asking for it again.
pub fn bar(request: &AccessRequest) -> Option<Bar> {
    let binding = &request.binding;
    let subject = &request.subject;
    if request.delegated.is_some() || binding.browser {
        return Some(Bar::HandedOver);
    }
    let is_bound = !binding.evaluations.is_empty() || binding.mode == Mode::Arap;
    if is_bound || request.transaction.is_some() {
        return Some(Bar::GoodOnce);
    }
    let is_vouched_for = !subject.groups.is_empty() || !subject.roles.is_empty();
    is_vouched_for.then_some(Bar::Claims)
}

/// Whether a press can ask for it again: nobody has yet, and nothing is in the way.
pub fn is_open(view: &View) -> bool {
    view.renewed_by.is_none() && unused(view).is_some() && bar(&view.request).is_none()
}

impl Bar {
    /// Why, after the name of the client.
    pub const fn words(self) -> &'static str {
        match self {
            Self::HandedOver => "no longer waits for this",
            Self::GoodOnce => "asked with what is good for one request only",
            Self::Claims => "has to vouch anew for groups and roles",
        }
    }
}

#[cfg(test)]
mod tests;

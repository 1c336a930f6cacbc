//! What would happen to a request about what was denied. How many people, and until when; never who,
//! where, or by which rule.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{
    plan::{NumberCheck, Plan, Step},
    request::{Action, Item, Resource},
};

/// What would happen; nothing was stored or posted, and the denial is as good as before. It has no
/// `task`, so that nobody takes it for one.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ArapPreview {
    #[serde(rename = "urn:countersign:preview")]
    items: Vec<ArapItemPreview>,
}

/// What would happen to one thing that is asked for.
#[derive(Debug, Serialize, ToSchema)]
struct ArapItemPreview {
    #[schema(value_type = Object)]
    resource: Resource,
    #[schema(value_type = Object)]
    action: Action,
    /// `approved` where the policy approves at once, otherwise `pending`.
    #[schema(example = "pending")]
    status: &'static str,
    /// How many people each step needs. Steps follow one another.
    #[schema(example = json!([2, 1]))]
    needed: Vec<u32>,
    /// Undecided at this instant, it would be over.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// How long the access would live, in seconds.
    valid_for: i64,
    /// Whether approvers would have to type the number on the requester's screen.
    number_check: bool,
}

impl ArapPreview {
    pub(super) fn of(items: &[Item], plans: &[Plan]) -> Self {
        Self { items: items.iter().zip(plans).map(ArapItemPreview::of).collect() }
    }
}

impl ArapItemPreview {
    fn of((item, plan): (&Item, &Plan)) -> Self {
        let needed = |step: &Step| step.asks.iter().map(|ask| ask.count).sum();
        Self {
            resource: item.resource.clone(),
            action: item.action.clone(),
            status: if plan.is_pre_approved() { "approved" } else { "pending" },
            needed: plan.steps.iter().map(needed).collect(),
            expires_at: plan.expires_at,
            valid_for: plan.valid_for_seconds,
            number_check: plan.number_check == NumberCheck::Required,
        }
    }
}

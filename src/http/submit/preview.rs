//! What would happen to a request, as `dry_run` answers it.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::{
    domain::{
        client::Approvers,
        id::Group,
        plan::{Ask, NumberCheck, Plan, Review, TraceLine, TraceVerdict},
    },
    law::planning::Explained,
    refusal::Refusal,
};

/// What would happen; nothing was stored or posted.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PreviewResponse {
    /// One for each item of the request.
    items: Vec<ItemPreview>,
}

/// What would happen to one item.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ItemPreview {
    /// `approved` where the policy approves at once, otherwise `pending`.
    #[schema(example = "pending")]
    status: &'static str,
    /// The rules that decide, by name.
    rules: Vec<String>,
    /// Steps follow one another; the asks of one run side by side and need different people.
    steps: Vec<Vec<AskPreview>>,
    /// Undecided at this instant, it would be over.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// How long the access would live, in seconds.
    valid_for: i64,
    /// Whether approvers would have to type the number on the requester's screen.
    number_check: bool,
    /// How surely an account must be an approver's: `proven` or `declared`.
    link: &'static str,
    /// The review that would be owed after a yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    review: Option<ReviewPreview>,
    /// Who could approve now, by name; for clients that may see approvers.
    #[serde(skip_serializing_if = "Option::is_none")]
    approvers: Option<Vec<String>>,
    /// How the policy comes to this: each guardrail and rule that was looked at.
    trace: Vec<TracePreview>,
}

/// So many people of these groups, asked in a channel.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AskPreview {
    /// A person must be in all of them.
    from: Vec<String>,
    count: u32,
    channel: String,
}

/// Who would have to look at it afterwards, and until when.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReviewPreview {
    by: String,
    /// Seconds after the yes.
    within: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
}

/// One guardrail or rule, and what it did.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TracePreview {
    #[schema(example = "rule")]
    kind: &'static str,
    name: String,
    /// The scope, action or detail type that was looked at.
    part: String,
    /// Where it stands in the policy.
    line: u32,
    matched: bool,
    because: String,
}

impl PreviewResponse {
    /// A refusal of one item is a refusal of all.
    pub(super) fn of(items: Vec<Explained>, approvers: Approvers) -> Result<Self, Refusal> {
        let item = |item: Explained| {
            let mut names: Vec<String> = item.deciders.into_iter().flatten().flatten().collect();
            names.sort();
            names.dedup();
            let names = (approvers == Approvers::Shown).then_some(names);
            item.verdict.map(|plan| ItemPreview::of(plan, names))
        };
        Ok(Self { items: items.into_iter().map(item).collect::<Result<_, _>>()? })
    }
}

/// What one item is told as where it is asked about from the command line: approvers are shown, and
/// a refusal comes with its reasons.
pub(crate) fn preview_of(item: &Explained) -> serde_json::Result<Value> {
    match &item.verdict {
        Ok(plan) => {
            let names = item.deciders.iter().flatten().flatten().cloned().collect();
            serde_json::to_value(ItemPreview::of(plan.clone(), Some(names)))
        }
        Err(refusal) => {
            let trace: Vec<_> = item.trace.iter().cloned().map(TracePreview::of).collect();
            Ok(json!({ "status": "refused", "detail": refusal.to_string(), "trace": trace }))
        }
    }
}

impl ItemPreview {
    fn of(plan: Plan, approvers: Option<Vec<String>>) -> Self {
        let steps = plan.steps.iter();
        Self {
            status: if plan.is_pre_approved() { "approved" } else { "pending" },
            steps: steps.map(|step| step.asks.iter().map(AskPreview::of).collect()).collect(),
            rules: plan.rules,
            expires_at: plan.expires_at,
            valid_for: plan.valid_for_seconds,
            number_check: plan.number_check == NumberCheck::Required,
            link: plan.link.as_str(),
            approvers,
            review: plan.review.map(ReviewPreview::of),
            trace: plan.trace.into_iter().map(TracePreview::of).collect(),
        }
    }
}

impl ReviewPreview {
    fn of(review: Review) -> Self {
        let channel = review.channel.map(|channel| channel.name);
        Self { by: review.by.to_string(), within: review.within_seconds, channel }
    }
}

impl AskPreview {
    fn of(ask: &Ask) -> Self {
        let from = ask.from.iter().map(Group::to_string).collect();
        Self { from, count: ask.count, channel: ask.channel.name.clone() }
    }
}

impl TracePreview {
    fn of(line: TraceLine) -> Self {
        Self {
            kind: line.kind.as_str(),
            name: line.name,
            part: line.part,
            line: line.line,
            matched: line.verdict == TraceVerdict::Matched,
            because: line.because,
        }
    }
}

//! A request as its client sees it: the task of ARAP, in `GET` answers and in callbacks alike.

pub mod arap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use self::arap::ArapEvent;
use super::{
    access::slice::View,
    approval::ApprovalStatus,
    audit::canonical,
    client::Mode,
    decide::{Granted, ItemState},
    outcome::{ItemOutcome, Status},
    plan::{Ask, NumberCheck},
    request::{Item, Part},
    review::{Review, State},
    right::{Right, Rights},
};

/// The completion mode of a result that names what was granted.
const GRANT_MODE: &str = "urn:countersign:mode:grant";

/// A task and, once something was granted, its result.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TaskResponse {
    pub task: Task,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<TaskResult>,
}

/// Where a request stands.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Task {
    /// `arq_` and what nobody can guess: read nothing out of it.
    pub id: String,
    pub status: Status,
    /// Raised by every change; the `ETag`.
    pub version: i64,
    /// Where to follow it.
    pub status_endpoint: String,
    /// At this instant a pending task is over (RFC 3339, UTC).
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// How far it has come; absent once it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub links: Option<Links>,
    pub display: Display,
    /// The request that this one asks for again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renews: Option<String>,
    /// The request that asks for the same again: the requester wanted it once more. Follow that one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renewed_by: Option<String>,
    /// Why it was denied or withdrawn, or why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The status of each part of a bundle.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Status>,
    /// What others owe for what was granted in an emergency, and what came of it. It never changes
    /// the status of the task.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reviews: Vec<TaskReview>,
}

/// The review of one part that was granted in an emergency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TaskReview {
    /// Which item of the request, from 0.
    pub item: usize,
    /// `owed`, `overdue`, `justified` or `not_justified`; the last revokes the approval.
    pub state: State,
    /// The group that owes it.
    pub by: String,
    #[schema(value_type = String, format = DateTime)]
    pub due_at: Timestamp,
    /// When it was signed off.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub signed_at: Option<Timestamp>,
}

/// How far a pending task has come. Steps count from 1; of a bundle, the first open item is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Progress {
    pub current_step: usize,
    pub total_steps: usize,
    /// The groups that are asked now.
    pub step_name: String,
    /// How many of the people needed in this step have approved.
    pub approvals: u32,
    pub needed: u32,
}

/// What the client may do with a pending task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Links {
    pub cancel: String,
}

/// Words for the screen of the person who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Display {
    pub title: String,
    pub description: String,
    /// The number to tell the approver, where the policy wants a number check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u8>,
}

/// Why there was no yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Reason {
    /// `not_needed_now`, `too_broad`, `not_recognised`, `other`, `withdrawn` or `unreachable`.
    pub code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// What was granted.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TaskResult {
    pub mode: String,
    /// Never wider than what was asked.
    pub granted_scope: String,
    #[schema(value_type = Vec<Object>)]
    pub authorization_details: Vec<Map<String, Value>>,
    pub approval: ApprovalResult,
    /// The operation that a resource server wanted approved; the token that is issued has to name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction: Option<TransactionResult>,
    /// Where to claim the single-use credential, while there is one to be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential_endpoint: Option<String>,
    /// What was granted of each part of a bundle; `null` where nothing was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Option<ItemResult>>,
}

/// What the token for an approved transaction has to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TransactionResult {
    /// As the resource server named it.
    pub txn: String,
    /// The resource server, for which the token is meant.
    pub aud: String,
}

/// What was granted of one part of a bundle.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ItemResult {
    pub granted_scope: String,
    #[schema(value_type = Vec<Object>)]
    pub authorization_details: Vec<Map<String, Value>>,
}

/// The approval behind the grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ApprovalResult {
    /// `apr_` and what nobody can guess: read nothing out of it.
    pub id: String,
    pub status: ApprovalStatus,
    #[schema(value_type = String, format = DateTime)]
    pub approved_at: Timestamp,
    /// Take it up before this instant, or it lapses.
    #[schema(value_type = String, format = DateTime)]
    pub use_by: Timestamp,
    /// Tokens issued on it may not live longer.
    #[schema(value_type = String, format = DateTime)]
    pub approved_until: Timestamp,
    /// The decision as a JWS, for whoever does not trust the way it came. In answers only, while the
    /// approval is live.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

/// The body of a callback: an event, its place in the order, and the task as it was then.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CallbackEvent {
    /// Such as `access_request.approved` or `approval.lapsed`.
    #[serde(rename = "type")]
    pub kind: String,
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Timestamp,
    /// Counts the events of the request from 1.
    pub sequence: i64,
    /// As given in the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    #[serde(flatten)]
    pub task: TaskResponse,
}

/// The task of a request at an instant.
pub fn task(view: &View, public_url: &str, now: Timestamp) -> TaskResponse {
    let items = view.states(now);
    let status = view.outcome.as_ref().map_or(Status::Pending, |outcome| outcome.status);
    let id = view.request.id.to_string();
    let status_endpoint = format!("{public_url}/access/v1/requests/{id}");
    let links =
        (status == Status::Pending).then(|| Links { cancel: format!("{status_endpoint}/cancel") });
    let task = Task {
        id,
        status,
        version: view.version,
        status_endpoint,
        expires_at: view.expires_at(),
        progress: links.is_some().then(|| progress(view, &items)).flatten(),
        links,
        display: display(view),
        renews: view.request.renews.as_ref().map(ToString::to_string),
        renewed_by: view.renewed_by.as_ref().map(ToString::to_string),
        reason: reason(view),
        items: item_statuses(view, &items),
        reviews: view.reviews.iter().map(|review| TaskReview::of(review, now)).collect(),
    };
    TaskResponse { task, result: result(view, public_url) }
}

impl TaskResponse {
    /// What a client may have of it: neither what was granted nor how to withdraw, where that is not
    /// among its rights.
    #[must_use]
    pub fn within(mut self, rights: &Rights) -> Self {
        if !rights.has(Right::Cancel) {
            self.task.links = None;
        }
        if !rights.has(Right::Result) {
            self.result = None;
        }
        self
    }
}

impl TaskReview {
    fn of(review: &Review, now: Timestamp) -> Self {
        Self {
            item: review.item,
            state: review.state(now),
            by: review.by.to_string(),
            due_at: review.due_at,
            signed_at: review.signed.as_ref().map(|signed| signed.at),
        }
    }
}

/// The bytes of a callback. Made once, in the transaction that reports the fact.
pub(super) fn event(
    view: &View,
    kind: &str,
    sequence: i64,
    public_url: &str,
    now: Timestamp,
) -> String {
    let state = view.request.callback.as_ref().and_then(|callback| callback.state.clone());
    if view.request.binding.mode == Mode::Arap {
        return canonical(&json!(ArapEvent { state, task: arap::task(view, public_url, now) }));
    }
    // As a value, whose members are in order.
    canonical(&json!(CallbackEvent {
        kind: kind.to_owned(),
        timestamp: now,
        sequence,
        state,
        task: task(view, public_url, now),
    }))
}

fn progress(view: &View, states: &[ItemState]) -> Option<Progress> {
    let (state, plan) =
        states.iter().zip(view.plans.iter()).find(|(state, _)| !state.is_final())?;
    let ItemState::Pending(standing) = state else { return None };
    let step = plan.steps.get(standing.step)?;
    let names: Vec<String> = step.asks.iter().map(Ask::group_names).collect();
    Some(Progress {
        current_step: standing.step + 1,
        total_steps: plan.steps.len(),
        step_name: names.join(", "),
        approvals: standing.filled.iter().sum(),
        needed: step.asks.iter().map(|ask| ask.count).sum(),
    })
}

fn display(view: &View) -> Display {
    let number = view
        .plans
        .iter()
        .any(|plan| plan.number_check == NumberCheck::Required)
        .then_some(view.number)
        .filter(|_| view.outcome.is_none());
    Display {
        title: super::card::title(view).plain(),
        description: super::card::who_decides(view).plain(),
        number,
    }
}

fn reason(view: &View) -> Option<Reason> {
    let outcome = view.outcome.as_ref()?;
    if let Some(withdrawal) = &outcome.withdrawal {
        return Some(Reason { code: "withdrawn".to_owned(), comment: withdrawal.reason.clone() });
    }
    let denial = outcome.items.iter().enumerate().find_map(|(number, item)| match item {
        ItemOutcome::Denied(denial) => Some((number, denial)),
        ItemOutcome::Approved(_)
        | ItemOutcome::Expired
        | ItemOutcome::Cancelled
        | ItemOutcome::Failed => None,
    });
    let Some((item, denial)) = denial else {
        let failed = outcome.items.contains(&ItemOutcome::Failed);
        return failed.then(|| Reason {
            code: "unreachable".to_owned(),
            comment: Some("no channel took the card, so nobody was asked".to_owned()),
        });
    };
    let vote = view.votes.iter().find(|vote| vote.item == item && vote.person == denial.by);
    let comment = vote.and_then(|vote| vote.comment.as_ref());
    Some(Reason {
        code: denial.reason.as_str().to_owned(),
        comment: comment.map(|comment| comment.display().to_string()),
    })
}

fn item_statuses(view: &View, states: &[ItemState]) -> Vec<Status> {
    if states.len() < 2 {
        return Vec::new();
    }
    match &view.outcome {
        Some(outcome) => outcome.items.iter().map(ItemOutcome::status).collect(),
        None => states.iter().map(item_status).collect(),
    }
}

fn item_status(state: &ItemState) -> Status {
    match state {
        ItemState::Pending(_) => Status::Pending,
        ItemState::Approved(_) => Status::Approved,
        ItemState::Denied(_) => Status::Denied,
        ItemState::Expired(_) => Status::Expired,
    }
}

fn result(view: &View, public_url: &str) -> Option<TaskResult> {
    let approval = view.approval.as_ref()?;
    let outcome = view.outcome.as_ref()?;
    let items: Vec<Option<ItemResult>> = view
        .request
        .items
        .iter()
        .zip(&outcome.items)
        .map(|(item, outcome)| match outcome {
            ItemOutcome::Approved(granted) => Some(item_result(item, granted)),
            ItemOutcome::Denied(_)
            | ItemOutcome::Expired
            | ItemOutcome::Cancelled
            | ItemOutcome::Failed => None,
        })
        .collect();
    let scopes: Vec<&str> =
        items.iter().flatten().flat_map(|item| item.granted_scope.split(' ')).collect();
    let details =
        items.iter().flatten().flat_map(|item| item.authorization_details.clone()).collect();
    let is_claimable = view.request.credential.is_some() && approval.status == ApprovalStatus::Live;
    Some(TaskResult {
        mode: GRANT_MODE.to_owned(),
        granted_scope: scopes.join(" ").trim().to_owned(),
        authorization_details: details,
        approval: ApprovalResult {
            id: approval.id.to_string(),
            status: approval.status,
            approved_at: approval.approved_at,
            use_by: approval.use_by,
            approved_until: approval.approved_until,
            state: None,
        },
        transaction: view.request.transaction.as_ref().map(|transaction| TransactionResult {
            txn: transaction.id.clone(),
            aud: transaction.server.clone(),
        }),
        credential_endpoint: is_claimable
            .then(|| format!("{public_url}/access/v1/requests/{}/credential", view.request.id)),
        items: if items.len() > 1 { items } else { Vec::new() },
    })
}

fn item_result(item: &Item, granted: &Granted) -> ItemResult {
    let mut scopes = Vec::new();
    let mut authorization_details = Vec::new();
    for (number, part) in item.parts().into_iter().enumerate() {
        if granted.parts.contains(&number) {
            match part {
                Part::Scope(scope) => scopes.push(scope),
                Part::Detail(detail) => authorization_details.push(detail.clone()),
                Part::Action(_) => {}
            }
        }
    }
    ItemResult { granted_scope: scopes.join(" "), authorization_details }
}

#[cfg(test)]
mod tests;

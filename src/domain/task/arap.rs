//! The same task for a client that follows AuthZEN's access request profile to the letter: nothing
//! in it that the profile has no name for, but under names of ours.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{ItemResult, Links, Progress, TaskResponse};
use crate::domain::{
    access::slice::View,
    approval::{Approval, ApprovalStatus},
    outcome::Status,
    request::{Action, Resource},
    right::{Right, Rights},
};

/// The completion mode: have it evaluated again, with the approval.
const REEVALUATE: &str = "reevaluate";

/// How long a task is kept at least after it has ended.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// A task and, once it was approved, its result.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ArapResponse {
    pub task: ArapTask,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<ArapResult>,
}

/// Where a request stands.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ArapTask {
    pub id: String,
    pub status: Status,
    pub status_endpoint: String,
    /// While it is pending: when it is over. Afterwards: until when it can be read.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<ArapProgress>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub links: Option<Links>,
    pub display: ArapDisplay,
    /// Of a bundle, in the order in which they were asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<ArapItem>,
}

/// How far a pending task has come. Steps count from 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ArapProgress {
    pub current_step: usize,
    pub total_steps: usize,
}

/// Words for the screen of the person who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ArapDisplay {
    pub title: String,
    #[serde(rename = "urn:countersign:number", skip_serializing_if = "Option::is_none")]
    pub number: Option<u8>,
    #[serde(rename = "urn:countersign:votes", skip_serializing_if = "Option::is_none")]
    pub votes: Option<Votes>,
    /// Why there was no yes, in one word.
    #[serde(rename = "urn:countersign:reason", skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How many of the people needed in this step have approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Votes {
    pub approvals: u32,
    pub needed: u32,
}

/// One thing of a bundle.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ArapItem {
    #[schema(value_type = Object)]
    pub resource: Resource,
    #[schema(value_type = Object)]
    pub action: Action,
    pub status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<ArapResult>,
}

/// What an approval is good for.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ArapResult {
    #[schema(example = "reevaluate")]
    pub mode: &'static str,
    pub approval: ArapApproval,
    #[serde(rename = "urn:countersign:grant")]
    pub grant: ArapGrant,
}

/// To be sent unchanged, as `context.approval`, where the same is evaluated again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ArapApproval {
    pub id: String,
    #[schema(value_type = String, format = DateTime)]
    pub approved_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub approved_until: Timestamp,
    /// In answers only, while the approval is live.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

/// What was granted.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ArapGrant {
    pub status: ApprovalStatus,
    /// What of the scope was granted: have exactly this evaluated.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scope: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub authorization_details: Vec<Map<String, Value>>,
    #[schema(value_type = String, format = DateTime)]
    pub use_by: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential_endpoint: Option<String>,
    /// The decision as a JWS for the client itself. In answers only, while the approval is live.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
}

/// The body of a callback.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ArapEvent {
    /// As given in the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    #[serde(flatten)]
    pub task: ArapResponse,
}

/// The task of a request at an instant.
pub fn task(view: &View, public_url: &str, now: Timestamp) -> ArapResponse {
    let plain = super::task(view, public_url, now);
    let items = items(view, &plain);
    let TaskResponse { task, result } = plain;
    let progress = task.progress.as_ref();
    let votes = progress.map(|own| Votes { approvals: own.approvals, needed: own.needed });
    let single = result.filter(|_| items.is_empty()).zip(view.approval.as_ref());
    ArapResponse {
        result: single.map(|(result, approval)| {
            let own = ItemResult {
                granted_scope: result.granted_scope,
                authorization_details: result.authorization_details,
            };
            let id = approval.id.to_string();
            self::result(approval, id, own, result.credential_endpoint)
        }),
        task: ArapTask {
            id: task.id,
            status: task.status,
            status_endpoint: task.status_endpoint,
            expires_at: kept_until(view),
            progress: task.progress.map(|Progress { current_step, total_steps, .. }| {
                ArapProgress { current_step, total_steps }
            }),
            links: task.links,
            display: ArapDisplay {
                title: task.display.title,
                number: task.display.number,
                votes,
                reason: task.reason.map(|reason| reason.code),
            },
            items,
        },
    }
}

impl ArapResponse {
    /// What a client may have of it, as of the same in other words.
    #[must_use]
    pub fn within(mut self, rights: &Rights) -> Self {
        if !rights.has(Right::Cancel) {
            self.task.links = None;
        }
        if !rights.has(Right::Result) {
            self.result = None;
            self.task.items.iter_mut().for_each(|item| item.result = None);
        }
        self
    }
}

/// While it is pending, its end; then a day, or as long as what was granted.
pub fn kept_until(view: &View) -> Timestamp {
    let Some(outcome) = &view.outcome else { return view.expires_at() };
    let kept = outcome.at.checked_add(KEPT).unwrap_or(Timestamp::MAX);
    let granted = view.approval.as_ref().map(|approval| approval.approved_until);
    granted.map_or(kept, |until| until.max(kept))
}

/// The id of the approval of one item: its own in a bundle.
pub fn item_id(approval: &Approval, items: usize, number: usize) -> String {
    if items == 1 { approval.id.to_string() } else { format!("{}.{number}", approval.id) }
}

fn items(view: &View, plain: &TaskResponse) -> Vec<ArapItem> {
    let asked = &view.request.items;
    let statuses = plain.task.items.iter();
    let items = asked.iter().zip(statuses).enumerate().map(|(number, (item, status))| {
        let granted = plain.result.as_ref().and_then(|result| result.items.get(number)).cloned();
        let granted = granted.flatten().zip(view.approval.as_ref());
        ArapItem {
            resource: item.resource.clone(),
            action: item.action.clone(),
            status: *status,
            result: granted.map(|(own, approval)| {
                result(approval, item_id(approval, asked.len(), number), own, None)
            }),
        }
    });
    items.collect()
}

fn result(
    approval: &Approval,
    id: String,
    own: ItemResult,
    credential_endpoint: Option<String>,
) -> ArapResult {
    ArapResult {
        mode: REEVALUATE,
        approval: ArapApproval {
            id,
            approved_at: approval.approved_at,
            approved_until: approval.approved_until,
            state: None,
        },
        grant: ArapGrant {
            status: approval.status,
            scope: own.granted_scope,
            authorization_details: own.authorization_details,
            use_by: approval.use_by,
            credential_endpoint,
            proof: None,
        },
    }
}

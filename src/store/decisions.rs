//! The decisions, newest first: what an auditor reads. Searched along keys, never by offset.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{AnyConnection, AnyPool, Row, any::AnyRow};
use utoipa::ToSchema;

use super::{
    cursor::{Page, Position},
    filter::Filter,
    row,
    walk::{Sieve, Walk, candidate, read_candidate},
};
use crate::domain::{
    approval::ApprovalStatus,
    outcome::{Outcome, Status},
    vote::Verdict,
};

/// How one request ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Decision {
    /// `arq_` and what nobody can guess: read nothing out of it.
    pub request_id: String,
    /// The client that asked.
    pub client: String,
    /// On whose behalf it asked.
    pub subject: String,
    pub status: Status,
    #[schema(value_type = String, format = DateTime)]
    pub opened_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub decided_at: Timestamp,
    /// The rules of the policy that decided who is asked.
    pub rules: Vec<String>,
    /// Scopes, actions and types of authorization details that were asked for.
    pub parts: Vec<String>,
    /// Those of them that were granted.
    pub granted: Vec<String>,
    /// The channels that were asked.
    pub channels: Vec<String>,
    /// Everybody who voted, in the order in which they did.
    pub approvers: Vec<Approver>,
    /// SHA-256 of the policy then in force, in hexadecimal.
    pub policy_sha256: Option<String>,
    /// The approval that came of it.
    pub approval: Option<ApprovalNow>,
}

/// One vote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Approver {
    pub person: String,
    /// The name as it was shown then.
    pub name: String,
    /// Which item of the request, from 0.
    pub item: usize,
    pub verdict: Said,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// What somebody said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    Approve,
    Deny,
}

/// What has become of an approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApprovalNow {
    pub id: String,
    pub status: ApprovalStatus,
}

/// A walk over outcomes or their terms, made into candidates.
macro_rules! walk {
    ($at:literal, $id:literal, $key:literal) => {
        concat!(
            "select d.at, d.id, ",
            candidate!(),
            "from (select ",
            $at,
            " as at, ",
            $id,
            " as id from ",
            $key,
            " and (",
            $at,
            ", ",
            $id,
            ") < ($1, $2) and ",
            $at,
            " >= $3 ",
            "order by ",
            $at,
            " desc, ",
            $id,
            " desc limit cast($4 as bigint)) d ",
            "join request r on r.id = d.id join outcome o on o.request_id = d.id ",
            "order by d.at desc, d.id desc"
        )
    };
}

const BY_TIME: &str = walk!("t.at", "t.request_id", "outcome t where t.at is not null");
const BY_STATUS: &str = walk!("t.at", "t.request_id", "outcome t where t.status = $6");
const BY_TERM: &str =
    walk!("t.at", "t.request_id", "decision_term t where t.kind = $6 and t.word = $7");
const BY_CLIENT: &str =
    walk!("t.settled_at", "t.id", "request t where t.client = $6 and t.settled_at is not null");
const BY_SUBJECT: &str =
    walk!("t.settled_at", "t.id", "request t where t.subject = $6 and t.settled_at is not null");

const LOAD: &str = "select r.id, r.client, r.subject, r.rules, r.parts, r.channels, r.plans, \
     r.opened_at, o.status, o.at, o.body, p.id as approval_id, p.body as approval \
   from json_each($1) j \
   join request r on r.id = j.value ->> 'id' \
   join outcome o on o.request_id = r.id \
   left join approval p on p.request_id = r.id";

const VOTES: &str = "select v.request_id, v.body \
   from json_each($1) j join vote v on v.request_id = j.value ->> 'id' \
   order by v.cast_at, v.person, v.item";

/// The next decisions that fit.
pub async fn page(
    pool: &AnyPool,
    filter: &Filter,
    below: Position,
    limit: usize,
) -> Result<Page<Decision>, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let walk = walk(filter);
    let fits = |row: &AnyRow| match walk.sieve {
        Sieve::Open => Ok(true),
        Sieve::Fine => Ok(filter.matches(&read_candidate(row)?)),
    };
    let found = walk.page(&mut connection, below, limit, fits).await?;
    let items = load(&mut connection, &found.items).await?;
    Ok(Page { items, next: found.next })
}

/// Walks the key that promises the fewest rows.
fn walk(filter: &Filter) -> Walk<'_> {
    let part = filter.scope.as_deref().or(filter.action.as_deref());
    let term = [
        ("approver", filter.approver.as_deref()),
        ("part", part),
        ("rule", filter.rule.as_deref()),
        ("channel", filter.channel.as_deref()),
    ];
    let term = term.into_iter().find_map(|(kind, word)| Some((kind, word?)));
    let (text, words) = match (&filter.subject, term, &filter.client, filter.outcome) {
        (Some(subject), _, _, _) => (BY_SUBJECT, vec![subject.as_str()]),
        (None, Some((kind, word)), _, _) => (BY_TERM, vec![kind, word]),
        (None, None, Some(client), _) => (BY_CLIENT, vec![client.as_str()]),
        (None, None, None, Some(status)) => (BY_STATUS, vec![status.as_str()]),
        (None, None, None, None) => (BY_TIME, Vec::new()),
    };
    Walk { text, words, filter, sieve: sieve(filter) }
}

/// One filter beside the time is the key itself; a second has to be looked at.
fn sieve(filter: &Filter) -> Sieve {
    let texts = [
        &filter.client,
        &filter.subject,
        &filter.approver,
        &filter.scope,
        &filter.action,
        &filter.rule,
        &filter.channel,
    ];
    let given =
        texts.iter().filter(|text| text.is_some()).count() + usize::from(filter.outcome.is_some());
    if given <= 1 && filter.q.is_none() { Sieve::Open } else { Sieve::Fine }
}

async fn load(
    connection: &mut AnyConnection,
    places: &[Position],
) -> Result<Vec<Decision>, sqlx::Error> {
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<_> = places.iter().map(|place| json!({ "id": place.id })).collect();
    let ids = serde_json::Value::Array(ids).to_string();
    let mut approvers: HashMap<String, Vec<Approver>> = HashMap::new();
    for row in sqlx::query(VOTES).bind(&ids).fetch_all(&mut *connection).await? {
        let request: String = row.try_get("request_id")?;
        let approver = approver(&request, &row)?;
        approvers.entry(request).or_default().push(approver);
    }
    let rows = sqlx::query(LOAD).bind(&ids).fetch_all(connection).await?;
    let mut decisions: Vec<Decision> =
        rows.iter().map(|row| decision(row, &mut approvers)).collect::<Result<_, sqlx::Error>>()?;
    decisions.sort_by(|a, b| (b.decided_at, &b.request_id).cmp(&(a.decided_at, &a.request_id)));
    Ok(decisions)
}

fn decision(
    row: &AnyRow,
    approvers: &mut HashMap<String, Vec<Approver>>,
) -> Result<Decision, sqlx::Error> {
    let id: String = row.try_get("id")?;
    let list = |name: &str| -> Result<Vec<String>, sqlx::Error> {
        Ok(row::json("request", &id, row.try_get(name)?)?)
    };
    let outcome: Outcome = row::json("outcome", &id, row.try_get("body")?)?;
    let plans: Vec<PlanTold> = row::json("request", &id, row.try_get("plans")?)?;
    Ok(Decision {
        client: row.try_get("client")?,
        subject: row.try_get("subject")?,
        status: outcome.status,
        opened_at: row::time("request", &id, row.try_get("opened_at")?)?,
        decided_at: outcome.at,
        rules: each_once(list("rules")?),
        parts: each_once(list("parts")?),
        granted: granted(&outcome, &plans),
        channels: each_once(list("channels")?),
        approvers: approvers.remove(&id).unwrap_or_default(),
        policy_sha256: plans.into_iter().next().map(|plan| plan.policy_sha256),
        approval: approval(row, &id)?,
        request_id: id,
    })
}

/// The members of a stored plan that a decision tells.
#[derive(Deserialize)]
struct PlanTold {
    policy_sha256: String,
    parts: Vec<PartTold>,
}

#[derive(Deserialize)]
struct PartTold {
    name: String,
}

/// The members of a stored vote that a decision tells.
#[derive(Deserialize)]
struct VoteTold {
    person: String,
    name: String,
    item: usize,
    verdict: Verdict,
    cast_at: Timestamp,
}

#[derive(Deserialize)]
struct ApprovalTold {
    status: ApprovalStatus,
}

fn approver(request: &str, row: &AnyRow) -> Result<Approver, sqlx::Error> {
    let vote: VoteTold = row::json("vote", request, row.try_get("body")?)?;
    Ok(Approver {
        person: vote.person,
        name: vote.name,
        item: vote.item,
        verdict: match vote.verdict {
            Verdict::Approve { .. } => Said::Approve,
            Verdict::Deny { .. } => Said::Deny,
        },
        at: vote.cast_at,
    })
}

fn approval(row: &AnyRow, id: &str) -> Result<Option<ApprovalNow>, sqlx::Error> {
    let approval_id: Option<String> = row.try_get("approval_id")?;
    let body: Option<String> = row.try_get("approval")?;
    approval_id
        .zip(body)
        .map(|(approval, body)| {
            let told: ApprovalTold = row::json("approval", id, &body)?;
            Ok(ApprovalNow { id: approval, status: told.status })
        })
        .transpose()
}

fn granted(outcome: &Outcome, plans: &[PlanTold]) -> Vec<String> {
    let names = outcome.granted().flat_map(|(item, granted)| {
        let parts = plans.get(item).map(|plan| plan.parts.as_slice()).unwrap_or_default();
        granted.parts.iter().filter_map(|part| Some(parts.get(*part)?.name.clone()))
    });
    each_once(names.collect())
}

/// In the order in which they came.
fn each_once(words: Vec<String>) -> Vec<String> {
    let mut once = Vec::with_capacity(words.len());
    for word in words {
        if !once.contains(&word) {
            once.push(word);
        }
    }
    once
}

impl Said {
    /// The word, as on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
        }
    }
}

//! What is asked, by whom, on whose behalf. Immutable once opened; everything that a person is
//! shown and everything that is later hashed comes from here. Members stand in the order of
//! canonical JSON, so that they are written so at once.

use countersign_port::text::Untrusted;
use countersign_verify::claims::Confirmation;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    actor::Actor,
    client::Mode,
    id::{ClientId, RequestId},
};

/// The action of a request that names none: grant the requested scope.
pub const GRANT_SCOPE: &str = "grant_scope";

/// A request for access, as accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccessRequest {
    /// CIBA `acr_values`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr_values: Option<String>,
    #[serde(default, skip_serializing_if = "Bound::is_nothing")]
    pub binding: Bound,
    /// CIBA `binding_message`: shown to requester and approver alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding_message: Option<Untrusted>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback: Option<Callback>,
    /// The OAuth client that wants the access.
    pub client: AskingClient,
    pub context: Context,
    /// The single-use credential that is asked for, to be claimed once it is approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<CredentialWish>,
    /// The server that has handed the decision over, if one has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegated: Option<Delegator>,
    pub id: RequestId,
    /// The registered client that posted it.
    pub integrator: ClientId,
    /// What is wanted: one entry, or several for a bundle. Never empty.
    pub items: Vec<Item>,
    /// CIBA `login_hint`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_hint: Option<Untrusted>,
    pub opened_at: Timestamp,
    /// The request that came to nothing, and that this one asks for again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renews: Option<RequestId>,
    /// CIBA `requested_expiry`: a wish that can shorten the policy's, never lengthen it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_expiry_seconds: Option<i64>,
    pub subject: Subject,
    /// What a resource server wants approved, if it was that which asked for approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<Transaction>,
}

/// A request before it has an id: what a client sent, parsed and checked for shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    pub client: AskingClient,
    pub subject: Subject,
    pub items: Vec<Item>,
    pub context: Context,
    pub credential: Option<CredentialWish>,
    pub delegated: Option<Delegator>,
    pub login_hint: Option<Untrusted>,
    pub binding_message: Option<Untrusted>,
    pub acr_values: Option<String>,
    pub requested_expiry_seconds: Option<i64>,
    pub callback: Option<Callback>,
    pub binding: Bound,
    pub transaction: Option<Transaction>,
}

impl Draft {
    /// Gives it its id and its time.
    pub fn open(self, id: RequestId, integrator: ClientId, opened_at: Timestamp) -> AccessRequest {
        AccessRequest {
            id,
            integrator,
            binding: self.binding,
            client: self.client,
            subject: self.subject,
            items: self.items,
            context: self.context,
            credential: self.credential,
            delegated: self.delegated,
            login_hint: self.login_hint,
            binding_message: self.binding_message,
            acr_values: self.acr_values,
            requested_expiry_seconds: self.requested_expiry_seconds,
            callback: self.callback,
            transaction: self.transaction,
            renews: None,
            opened_at,
        }
    }
}

impl AccessRequest {
    /// The same once more, under an id and at a time of its own.
    #[must_use]
    pub fn again(&self, id: RequestId, opened_at: Timestamp) -> Self {
        Self { id, opened_at, renews: Some(self.id.clone()), ..self.clone() }
    }
}

/// What a request answers, and what its approval will be good for (AuthZEN's access request profile).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    /// Whether a browser waits for it on a page of ours: what is decided later reaches nobody.
    #[serde(default, skip_serializing_if = "is_false")]
    pub browser: bool,
    /// The denials that it answers: one, or one for each item.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evaluations: Vec<String>,
    /// For each item of a client in the mode of the profile: the hash of what was evaluated,
    /// without what an approver may leave out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub frames: Vec<String>,
    #[serde(default)]
    pub mode: Mode,
}

impl Bound {
    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference over")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// The OAuth client that wants access, in its own words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AskingClient {
    /// The agent or service that acts for the subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Untrusted>,
    /// Where the request comes from: session, ticket, integration.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub source: Map<String, Value>,
}

/// On whose behalf access is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Group claims, kept only where the integrator may assert them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Untrusted>,
    /// Which of the claims an identity provider has signed, so that they are believed whoever
    /// passes them on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proven: Vec<ClaimKind>,
    /// Role claims, kept only where the integrator may assert them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// The session that asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// How they signed in there, kept only where somebody is believed who says so.
    #[serde(default, skip_serializing_if = "SignIn::is_unknown")]
    pub sign_in: SignIn,
    #[serde(rename = "type")]
    pub kind: String,
}

/// How and when somebody signed in (`acr` and `auth_time` of OpenID Connect).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

impl SignIn {
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}

/// What a claim says of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimKind {
    Groups,
    Roles,
}

/// One thing that is decided on its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    pub action: Action,
    pub requested: RequestedAccess,
    pub resource: Resource,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Action {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub properties: Option<Map<String, Value>>,
}

/// To what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resource {
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub properties: Option<Map<String, Value>>,
    #[serde(rename = "type")]
    pub kind: String,
}

/// Scopes and RFC 9396 authorization details, and for how long.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RequestedAccess {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorization_details: Vec<Map<String, Value>>,
    /// The length of the access that is wished for, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<i64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// The end of the access that is wished for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    #[serde(default)]
    pub urgency: Urgency,
}

/// Whether the break-glass route is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    #[default]
    Normal,
    Emergency,
}

/// Why, where and with which parameters.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Context {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justification: Option<Untrusted>,
    /// The exact parameters of an action; hashed as they stand.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub parameters: Map<String, Value>,
    /// Members that only the asking side understands.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub rest: Map<String, Value>,
}

/// A credential for the one action of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialWish {
    /// The resource server that it is meant for.
    pub aud: String,
    /// The key that it is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
    /// The session that it is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// How long it is to live, at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_seconds: Option<i64>,
}

/// A server that hands decisions over and waits for one word: it grants all that it asked for, or
/// nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delegator {
    /// The connection, as the configuration names it.
    pub connection: String,
    pub issuer: String,
}

/// The operation that a resource server wants approved before it carries it out. What is to be done
/// are the authorization details of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transaction {
    /// Its `txn`, which the token that is issued has to name.
    pub id: String,
    /// Of the challenge.
    pub jti: String,
    /// Why approval is needed, in the words of the server.
    pub reason: Untrusted,
    /// The resource server.
    pub server: String,
    /// Until then the challenge could be presented again.
    pub until: Timestamp,
}

/// Where the outcome is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callback {
    pub endpoint: String,
    /// Which events are wanted; empty means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// Given back as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

/// One part of an item that an approver may leave out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Part<'a> {
    Scope(&'a str),
    Detail(&'a Map<String, Value>),
    /// An action is one part: it is done or it is not.
    Action(&'a Action),
}

impl<'a> Part<'a> {
    /// What the catalogue knows it by; a detail without a type has no name.
    pub fn name(self) -> Option<&'a str> {
        match self {
            Self::Scope(scope) => Some(scope),
            Self::Detail(detail) => detail.get("type").and_then(Value::as_str),
            Self::Action(action) => Some(&action.name),
        }
    }
}

impl Item {
    /// The parts in the order in which they are numbered in votes: scopes, then details; or the
    /// action where neither is asked for.
    pub fn parts(&self) -> Vec<Part<'_>> {
        let scopes = self.requested.scopes.iter().map(|scope| Part::Scope(scope));
        let details = self.requested.authorization_details.iter().map(Part::Detail);
        let parts: Vec<_> = scopes.chain(details).collect();
        if parts.is_empty() || self.action.name != GRANT_SCOPE {
            let mut all = vec![Part::Action(&self.action)];
            all.extend(parts);
            return all;
        }
        parts
    }
}

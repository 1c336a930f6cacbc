//! What providers may do: describe users and groups, change them, take them away. Each change is
//! in force here before the provider is answered, and at every other replica before its next click.

use serde_json::{Value, json};

use super::Service;
use crate::{
    domain::scim::{
        Fault, FaultKind, patch,
        resource::{Kind, Resource, State},
    },
    store::{
        people_change::Line,
        scim::{Kept, write::Writing},
    },
};

/// How a resource is changed.
#[derive(Debug, Clone)]
pub enum Change {
    /// Described anew.
    Whole(Resource),
    /// By the body of a patch.
    Patch(Value),
}

impl Service {
    /// Describes a user or group for the first time.
    pub async fn scim_create(&self, source: &str, mut resource: Resource) -> Result<Kept, Fault> {
        // Who is told of without a word about it is there.
        if resource.kind == Kind::User && resource.active.is_none() {
            resource.set_active(true);
        }
        let now = self.parts.clock.now();
        let mut ids = self.parts.seeds.seed().ids(now);
        let id = ids.ulid().to_string().to_ascii_lowercase();
        let mut writing = self.parts.store.scim_write(source, now).await?;
        check(&mut writing, &resource, None).await?;
        writing.put(&id, &resource).await?;
        writing.members(&id, &resource.members, &[]).await?;
        let what = match resource.kind {
            Kind::User => "user_created",
            Kind::Group => "group_created",
        };
        let body = told(&resource, &resource.members, &[]);
        writing.commit(&self.line(what, &id, body)).await?;
        self.hear_people().await?;
        let state = resource.state();
        Ok(Kept { id, resource, state, created_at: now, updated_at: now })
    }

    /// Describes one anew, or patches it.
    pub async fn scim_change(
        &self,
        source: &str,
        (kind, id): (Kind, &str),
        change: Change,
    ) -> Result<Kept, Fault> {
        let now = self.parts.clock.now();
        let mut writing = self.parts.store.scim_write(source, now).await?;
        let old = writing.one(kind, id).await?.ok_or_else(|| unknown(kind, id))?;
        let resource = changed(&old, change)?;
        if resource == old.resource {
            return Ok(old);
        }
        check(&mut writing, &resource, Some(&old)).await?;
        let joined = difference(&resource.members, &old.resource.members);
        let left = difference(&old.resource.members, &resource.members);
        writing.put(id, &resource).await?;
        writing.members(id, &joined, &left).await?;
        let body = told(&resource, &joined, &left);
        let what = what(kind, old.state, resource.state());
        writing.commit(&self.line(what, id, body)).await?;
        self.hear_people().await?;
        let state = resource.state();
        Ok(Kept { resource, state, updated_at: now, ..old })
    }

    /// Takes one away.
    pub async fn scim_delete(&self, source: &str, kind: Kind, id: &str) -> Result<(), Fault> {
        let now = self.parts.clock.now();
        let mut writing = self.parts.store.scim_write(source, now).await?;
        let old = writing.one(kind, id).await?.ok_or_else(|| unknown(kind, id))?;
        writing.delete(&old).await?;
        let what = match kind {
            Kind::User => "user_deleted",
            Kind::Group => "group_deleted",
        };
        writing.commit(&self.line(what, id, json!({}))).await?;
        Ok(self.hear_people().await?)
    }

    fn line(&self, what: &'static str, subject: &str, body: Value) -> Line {
        let mut ids = self.parts.seeds.seed().ids(self.parts.clock.now());
        let id = ids.ulid().to_string().to_ascii_lowercase();
        Line { id, what, subject: subject.to_owned(), body }
    }
}

fn changed(old: &Kept, change: Change) -> Result<Resource, Fault> {
    match change {
        // Nobody is switched on again by a description that does not say so.
        Change::Whole(mut resource) => {
            if let (Kind::User, None, Some(active)) =
                (resource.kind, resource.active, old.resource.active)
            {
                resource.set_active(active);
            }
            Ok(resource)
        }
        Change::Patch(body) => {
            let mut document = old.resource.document();
            patch::apply(&mut document, &body)?;
            Resource::parse(old.resource.kind, &Value::Object(document))
        }
    }
}

/// Names are unique, and the members of a group are users of the same provider.
async fn check(
    writing: &mut Writing<'_>,
    resource: &Resource,
    old: Option<&Kept>,
) -> Result<(), Fault> {
    let Resource { kind, name, members, .. } = resource;
    let holder = writing.named(*kind, &name.to_lowercase()).await?;
    if holder.is_some_and(|holder| old.is_none_or(|old| old.id != holder)) {
        let kind = kind.as_str().to_lowercase();
        let detail = format!("there is a {kind} named `{name}` already: change that one");
        return Err(Fault::new(FaultKind::Uniqueness, detail));
    }
    let strangers = writing.strangers(members).await?;
    match strangers.first() {
        None => Ok(()),
        Some(stranger) => {
            let detail = format!("the member `{stranger}` is no user here: describe it first");
            Err(Fault::new(FaultKind::InvalidValue, detail))
        }
    }
}

/// Ids and states alone; what somebody is called is not written into the history.
fn told(resource: &Resource, joined: &[String], left: &[String]) -> Value {
    match resource.kind {
        Kind::User => json!({ "state": resource.state().as_str() }),
        Kind::Group => json!({ "group": resource.name, "joined": joined, "left": left }),
    }
}

const fn what(kind: Kind, before: State, after: State) -> &'static str {
    match (kind, before, after) {
        (Kind::Group, ..) => "group_changed",
        (Kind::User, State::Active, State::Inactive) => "user_switched_off",
        (Kind::User, State::Inactive, State::Active) => "user_switched_on",
        (Kind::User, ..) => "user_changed",
    }
}

fn difference(some: &[String], others: &[String]) -> Vec<String> {
    // Both are sorted.
    some.iter().filter(|id| others.binary_search(id).is_err()).cloned().collect()
}

fn unknown(kind: Kind, id: &str) -> Fault {
    Fault::new(FaultKind::NotFound, format!("there is no {} `{id}`", kind.as_str().to_lowercase()))
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        tracing::error!(%error, "people could not be read or written");
        Self::new(FaultKind::Unavailable, "not available just now: send the same again later")
    }
}

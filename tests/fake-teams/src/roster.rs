//! Who and what there is: members, teams, channels.

use serde_json::{Value, json};

use crate::{
    reply::{Done, Refused},
    state::{State, channel},
    world::{Person, Spelling},
};

const NOT_A_MEMBER: Refused = Refused::new(403, "BotNotInConversationRoster");
const NO_MEMBER: Refused = Refused::new(404, "MemberNotFoundInConversation");
/// What a page holds where nobody says.
const PAGE: usize = 200;
const PAGES: std::ops::RangeInclusive<usize> = 50..=500;

pub(crate) fn member(state: &State, conversation: &str, user: &str) -> Done {
    visible(state, conversation)?;
    let person = state.person(user).ok_or(NO_MEMBER)?;
    Ok((200, told(state, person)))
}

pub(crate) fn page(state: &State, conversation: &str, query: &[(String, String)]) -> Done {
    visible(state, conversation)?;
    let asked = |name: &str| {
        let pair = query.iter().find(|(key, _)| key == name);
        pair.and_then(|(_, value)| value.parse::<usize>().ok())
    };
    let size = asked("pageSize").unwrap_or(PAGE).clamp(*PAGES.start(), *PAGES.end());
    let start = asked("continuationToken").unwrap_or_default();
    let members: Vec<Value> =
        state.people.values().skip(start).take(size).map(|one| told(state, one)).collect();
    let next = start + members.len();
    let mut page = json!({ "members": members });
    if let Some(members) = page.as_object_mut().filter(|_| next < state.people.len()) {
        members.insert("continuationToken".to_owned(), next.to_string().into());
    }
    Ok((200, page))
}

pub(crate) fn team(state: &State, id: &str) -> Done {
    let team = installed(state, id)?;
    Ok((200, json!({ "id": team.id, "name": team.name })))
}

pub(crate) fn channels(state: &State, id: &str) -> Done {
    let team = installed(state, id)?;
    // General has no name here, and the id of its team.
    let general = json!({ "id": team.id, "name": null, "type": "standard" });
    let others = state.channels.values().filter(|channel| channel.team == team.id);
    let others = others.map(|one| json!({ "id": one.id, "name": one.name, "type": one.kind }));
    let all: Vec<Value> = std::iter::once(general).chain(others).collect();
    Ok((200, json!({ "conversations": all })))
}

fn installed<'s>(state: &'s State, id: &str) -> Result<&'s crate::world::Team, Refused> {
    let team = state.teams.get(id).filter(|team| state.installed.contains(&team.id));
    team.ok_or(NOT_A_MEMBER)
}

fn visible(state: &State, conversation: &str) -> Result<(), Refused> {
    if state.owner_of(conversation).is_some() {
        return Ok(());
    }
    let team = state.team_of(channel(conversation));
    team.filter(|team| state.installed.contains(&team.id)).map(|_| ()).ok_or(NOT_A_MEMBER)
}

fn told(state: &State, person: &Person) -> Value {
    let tenant = person.tenant.as_ref().unwrap_or(&state.bot.tenant);
    let mut told = json!({ "id": person.id, "name": person.name, "tenantId": tenant });
    let object = match person.spelling {
        Spelling::AadObjectId => "aadObjectId",
        Spelling::ObjectId => "objectId",
    };
    let further = [
        (object, &person.object),
        ("userPrincipalName", &person.user_principal_name),
        ("email", &person.email),
        ("userRole", &person.role),
    ];
    if let Some(members) = told.as_object_mut() {
        let known = further.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
        members.extend(known.map(|(name, value)| (name.to_owned(), value.into())));
    }
    told
}

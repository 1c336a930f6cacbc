//! What the tests of the domain are made of: one request, one plan, and people who click.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use countersign_port::{
    access::{Choice, DenyReason, Identity},
    text::Untrusted,
};
use jiff::{SignedDuration, Timestamp};

use super::{
    access::{
        Act, Command, Reply, apply,
        effects::Effects,
        open::Open,
        slice::{Slice, View},
        vote::{self as cast, Mandate, Membership, Roster, Voter},
    },
    id::{ClientId, Group, PersonId, RequestId},
    ids::{Handle, Seed},
    link::Level,
    plan::{
        Ask, Channel, DescribedPart, Escalation, Handover, Justification, NumberCheck, Plan, Risk,
        StandIns, Step,
    },
    request::{
        AccessRequest, Action, AskingClient, Bound, Context, GRANT_SCOPE, Item, RequestedAccess,
        Resource, SignIn, Subject,
    },
    stand_in::StandIn,
    vote::{Evidence, Grant, Verdict, Vote},
};

/// Who asks in every request here.
pub(super) const REQUESTER: &str = "dana";
pub(super) const CLIENT: &str = "crm";
pub(super) const PLATFORM: &str = "sandbox";

/// So many minutes after the request was opened.
pub(super) fn at(minutes: i64) -> Timestamp {
    let opened: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
    opened + SignedDuration::from_mins(minutes)
}

pub(super) fn people(names: &[&str]) -> Vec<PersonId> {
    names.iter().map(|name| PersonId::from(*name)).collect()
}

/// So many people of a group, in the channel of the same name.
pub(super) fn ask(group: &str, count: u32) -> Ask {
    Ask {
        from: vec![Group::from(group)],
        count,
        channel: channel(group),
        escalate: None,
        remind_every_seconds: None,
    }
}

pub(super) fn channel(name: &str) -> Channel {
    let addresses = BTreeMap::from([(PLATFORM.to_owned(), name.to_owned())]);
    Channel { name: name.to_owned(), addresses }
}

/// After ten minutes the ask goes to another channel as well, and to its people.
pub(super) fn escalating(ask: Ask, to: &str) -> Ask {
    let add = vec![Group::from(to)];
    let escalation =
        Escalation { after_seconds: 600, to: channel(to), add, handover: Handover::Beside };
    Ask { escalate: Some(escalation), ..ask }
}

/// Steps of asks; expires after 30 minutes, lives for an hour, waits ten minutes to be taken up.
pub(super) fn plan(steps: impl IntoIterator<Item = Vec<Ask>>) -> Plan {
    let part = |name: &str| DescribedPart {
        name: name.to_owned(),
        title: Untrusted::new(format!("Use {name}")),
        description: None,
        risk: Risk::Low,
        environment: None,
    };
    Plan {
        rules: vec!["rule".to_owned()],
        policy_sha256: "policy".to_owned(),
        parts: ["a", "b", "c"].map(part).to_vec(),
        steps: steps.into_iter().map(|asks| Step { asks }).collect(),
        expires_at: at(30),
        use_within_seconds: 600,
        valid_for_seconds: 3600,
        risk: Risk::Low,
        number_check: NumberCheck::NotNeeded,
        justification: Justification::NotNeeded,
        link: Level::default(),
        stand_ins: StandIns::Forbidden,
        excluded: people(&[REQUESTER]),
        credential: None,
        review: None,
        brakes: Vec::new(),
        trace: Vec::new(),
    }
}

/// A vote for some asks of a step, in the minute that is given.
pub(super) fn yes(person: &str, step: usize, asks: &[usize], minute: i64) -> Vote {
    Vote {
        person: PersonId::from(person),
        name: Untrusted::new(person),
        item: 0,
        step,
        asks: asks.to_vec(),
        verdict: Verdict::Approve { grant: None },
        comment: None,
        cast_at: at(minute),
        evidence: Evidence {
            identity: identity(person),
            groups: Vec::new(),
            groups_seen_at: at(minute),
            payload_sha256: String::new(),
        },
        on_behalf_of: None,
        struck: None,
    }
}

pub(super) fn less(vote: Vote, parts: &[usize], valid_for_seconds: Option<i64>) -> Vote {
    let grant = Grant { parts: parts.iter().copied().collect(), valid_for_seconds };
    Vote { verdict: Verdict::Approve { grant: Some(grant) }, ..vote }
}

pub(super) fn no(vote: Vote) -> Vote {
    Vote { verdict: Verdict::Deny { reason: DenyReason::TooBroad }, ..vote }
}

pub(super) fn identity(subject: &str) -> Identity {
    Identity { provider: PLATFORM.to_owned(), tenant: "t".to_owned(), subject: subject.to_owned() }
}

/// A request for the scopes `a`, `b` and `c`, once for each item.
pub(super) fn request(number: u128, items: usize) -> AccessRequest {
    let item = Item {
        action: Action { name: GRANT_SCOPE.to_owned(), properties: None },
        resource: Resource {
            kind: "oauth_client".to_owned(),
            id: CLIENT.to_owned(),
            properties: None,
        },
        requested: RequestedAccess {
            scopes: ["a", "b", "c"].map(str::to_owned).to_vec(),
            ..RequestedAccess::default()
        },
    };
    AccessRequest {
        id: RequestId::from_handle(Handle::from_parts(1, number)),
        integrator: ClientId::from(CLIENT),
        client: AskingClient {
            id: CLIENT.to_owned(),
            name: None,
            actor: None,
            source: serde_json::Map::new(),
        },
        subject: Subject {
            kind: "user".to_owned(),
            id: REQUESTER.to_owned(),
            name: None,
            email: None,
            groups: Vec::new(),
            proven: Vec::new(),
            sign_in: SignIn::default(),
            roles: Vec::new(),
            sid: None,
        },
        items: vec![item; items],
        context: Context::default(),
        login_hint: None,
        binding: Bound::default(),
        binding_message: None,
        renews: None,
        transaction: None,
        acr_values: None,
        delegated: None,
        requested_expiry_seconds: None,
        callback: None,
        credential: None,
        opened_at: at(0),
    }
}

/// Who is in which groups.
#[derive(Debug, Clone, Default)]
pub(super) struct Members {
    pub(super) groups: BTreeMap<PersonId, Vec<Group>>,
    /// When their directories answered last.
    pub(super) answered: BTreeMap<Group, Option<Timestamp>>,
    pub(super) barred: BTreeSet<PersonId>,
    pub(super) stand_ins: Vec<StandIn>,
}

impl Roster for Members {
    fn membership(&self, person: &PersonId) -> Membership {
        let groups = self.groups.get(person).cloned().unwrap_or_default();
        let is_barred = self.barred.contains(person);
        Membership { groups, answered: self.answered.clone(), is_barred }
    }

    fn mandates(&self, person: &PersonId) -> Vec<Mandate> {
        let theirs = self.stand_ins.iter().filter(|one| one.delegate == *person);
        let mandate = |one: &StandIn| Mandate {
            name: Untrusted::new(one.away.as_str()),
            stand_in: one.clone(),
        };
        theirs.map(mandate).collect()
    }
}

/// The rows of a house in which things happen, and its time.
pub(super) struct House {
    pub(super) slice: Slice,
    pub(super) now: Timestamp,
    pub(super) members: Members,
    commands: u8,
}

impl House {
    pub(super) fn new() -> Self {
        let slice = Slice {
            requests: BTreeMap::new(),
            keys: BTreeMap::new(),
            presses: BTreeMap::new(),
            marks: BTreeMap::new(),
            pending: BTreeMap::new(),
            public_url: Arc::from("https://countersign.example"),
            is_rerun: false,
            effects: Effects::default(),
        };
        Self { slice, now: at(0), members: Members::default(), commands: 0 }
    }

    pub(super) fn act(&mut self, act: Act) -> Reply {
        self.commands += 1;
        apply(&mut self.slice, Command { seed: Seed([self.commands; 32]), act }, self.now)
    }

    /// Opens a request with one plan for each item.
    pub(super) fn open(&mut self, request: AccessRequest, plans: Vec<Plan>) -> RequestId {
        let id = request.id.clone();
        let open = Open::new(request, plans, None, None);
        self.act(Act::Open(Box::new(open))).unwrap();
        id
    }

    /// A click on the card that hangs in a channel, by a member of the group of that name.
    pub(super) fn click(
        &mut self,
        request: &RequestId,
        person: &str,
        channel: &str,
        choice: Choice,
    ) -> Reply {
        self.click_item(request, 0, person, channel, choice)
    }

    pub(super) fn click_item(
        &mut self,
        request: &RequestId,
        item: usize,
        person: &str,
        channel: &str,
        choice: Choice,
    ) -> Reply {
        self.members.groups.entry(person.into()).or_default().push(channel.into());
        self.press_item(request, item, person, channel, choice)
    }

    /// The same by somebody with the groups that they have.
    pub(super) fn press(
        &mut self,
        request: &RequestId,
        person: &str,
        channel: &str,
        choice: Choice,
    ) -> Reply {
        self.press_item(request, 0, person, channel, choice)
    }

    fn press_item(
        &mut self,
        request: &RequestId,
        item: usize,
        person: &str,
        channel: &str,
        choice: Choice,
    ) -> Reply {
        let step = self.open_step(request, item);
        self.act(Act::Vote(Box::new(cast::Vote {
            request: request.clone(),
            item,
            step,
            platform: PLATFORM.to_owned(),
            address: channel.to_owned(),
            voter: Voter {
                person: PersonId::from(person),
                name: Untrusted::new(person),
                identity: identity(person),
                level: Level::Declared,
                roster: Arc::new(self.members.clone()),
            },
            choice,
            comment: None,
            number: None,
            seen_at: None,
            payload_sha256: String::new(),
            once: None,
        })))
    }

    pub(super) fn tick(&mut self, request: &RequestId) -> View {
        self.act(Act::Tick(request.clone())).unwrap()
    }

    pub(super) fn view(&self, request: &RequestId) -> &View {
        &self.slice.requests[request].view
    }

    /// The channels in which cards of an item hang or are to be posted.
    pub(super) fn cards(&self, request: &RequestId) -> Vec<(usize, &str)> {
        let cards = self.slice.requests[request].cards.iter();
        cards.map(|(item, _, address)| (*item, address.as_str())).collect()
    }

    /// Says that every card there is was posted.
    pub(super) fn posted(&mut self, request: &RequestId) {
        let loaded = self.slice.requests.get_mut(request).unwrap();
        loaded.posted = loaded.cards.clone();
    }

    fn open_step(&self, request: &RequestId, item: usize) -> usize {
        use super::decide::ItemState;
        match &self.view(request).states(self.now)[item] {
            ItemState::Pending(standing) | ItemState::Expired(standing) => standing.step,
            ItemState::Approved(_) | ItemState::Denied(_) => 0,
        }
    }
}

//! The laws of deciding, held against random requests, votes and orders.

use std::{collections::BTreeMap, sync::Arc};

use countersign_port::{
    access::{Choice, DenyReason, Identity},
    text::Untrusted,
};
use jiff::{SignedDuration, Timestamp};
use proptest::{prelude::*, sample::subsequence};

use super::{
    access::{
        Act, Command, Refused, apply,
        cancel::Cancel,
        effects::Effects,
        open::Open,
        slice::{Slice, View},
        vote::{Vote, Voter},
    },
    decide::{ItemState, decide},
    fixture::Members,
    id::{ClientId, Group, PersonId, RequestId},
    ids::{Handle, Seed},
    link::Level,
    plan::{Ask, Channel, DescribedPart, Justification, NumberCheck, Plan, Risk, StandIns, Step},
    request::{
        AccessRequest, Action, AskingClient, Bound, Context, GRANT_SCOPE, Item, RequestedAccess,
        Resource, SignIn, Subject,
    },
    vote,
};

const PEOPLE: [&str; 6] = ["ana", "bo", "cy", "dee", "eli", "flo"];
const GROUPS: [&str; 3] = ["shop", "senior", "security"];
/// Who asks in every request here, and may be a member of every group.
const REQUESTER: &str = "ana";

fn start() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn request_id() -> RequestId {
    RequestId::from_handle(Handle::from_parts(1, 1))
}

fn request() -> AccessRequest {
    let item = Item {
        action: Action { name: GRANT_SCOPE.to_owned(), properties: None },
        resource: Resource {
            kind: "oauth_client".to_owned(),
            id: "crm".to_owned(),
            properties: None,
        },
        requested: RequestedAccess {
            scopes: vec!["a".to_owned(), "b".to_owned(), "c".to_owned()],
            ..RequestedAccess::default()
        },
    };
    AccessRequest {
        id: request_id(),
        integrator: ClientId::from("crm"),
        client: AskingClient {
            id: "crm".to_owned(),
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
        items: vec![item],
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
        opened_at: start(),
    }
}

fn plan(steps: Vec<Step>) -> Plan {
    let part = |name: &str| DescribedPart {
        name: name.to_owned(),
        title: Untrusted::new(name),
        description: None,
        risk: Risk::Low,
        environment: None,
    };
    Plan {
        rules: vec!["rule".to_owned()],
        policy_sha256: String::new(),
        parts: ["a", "b", "c"].map(part).to_vec(),
        steps,
        expires_at: start() + SignedDuration::from_mins(30),
        use_within_seconds: 600,
        valid_for_seconds: 3600,
        risk: Risk::Low,
        number_check: NumberCheck::NotNeeded,
        justification: Justification::NotNeeded,
        link: Level::default(),
        stand_ins: StandIns::Forbidden,
        excluded: vec![PersonId::from(REQUESTER)],
        credential: None,
        review: None,
        brakes: Vec::new(),
        trace: Vec::new(),
    }
}

prop_compose! {
    fn ask()(from in subsequence(GROUPS.to_vec(), 1..=2), count in 1..=2_u32, channel in 0..2_u8) -> Ask {
        let addresses = BTreeMap::from([("sandbox".to_owned(), format!("room-{channel}"))]);
        Ask {
            from: from.into_iter().map(Group::from).collect(),
            count,
            channel: Channel { name: format!("room-{channel}"), addresses },
            escalate: None,
            remind_every_seconds: None,
        }
    }
}

prop_compose! {
    fn steps()(asks in proptest::collection::vec(proptest::collection::vec(ask(), 1..=2), 1..=2)) -> Vec<Step> {
        asks.into_iter().map(|asks| Step { asks }).collect()
    }
}

#[derive(Debug, Clone)]
struct Press {
    person: &'static str,
    room: u8,
    choice: Choice,
    after_s: i64,
}

prop_compose! {
    fn choice()(pick in 0..8_u8, scopes in subsequence(vec![0_usize, 1, 2], 0..=3)) -> Choice {
        match pick {
            0 => Choice::Deny { reason: DenyReason::TooBroad },
            1 => Choice::ApproveLess { scopes, valid_for_seconds: None },
            _ => Choice::Approve,
        }
    }
}

prop_compose! {
    fn press()(person in proptest::sample::select(PEOPLE.to_vec()), room in 0..2_u8, choice in choice(), after_s in 0..400_i64) -> Press {
        Press { person, room, choice, after_s }
    }
}

fn memberships() -> impl Strategy<Value = BTreeMap<&'static str, Vec<&'static str>>> {
    proptest::collection::vec(subsequence(GROUPS.to_vec(), 0..=3), PEOPLE.len())
        .prop_map(|groups| PEOPLE.into_iter().zip(groups).collect())
}

struct House {
    slice: Slice,
    members: BTreeMap<&'static str, Vec<&'static str>>,
    now: Timestamp,
    commands: u8,
}

impl House {
    fn open(steps: Vec<Step>, members: BTreeMap<&'static str, Vec<&'static str>>) -> Self {
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
        let mut house = Self { slice, members, now: start(), commands: 0 };
        let open = Open::new(request(), vec![plan(steps)], None, None);
        house.act(Act::Open(Box::new(open))).unwrap();
        house
    }

    fn act(&mut self, act: Act) -> Result<View, Refused> {
        self.commands = self.commands.wrapping_add(1);
        apply(&mut self.slice, Command { seed: Seed([self.commands; 32]), act }, self.now)
    }

    fn press(&mut self, press: &Press) -> Result<View, Refused> {
        self.now += SignedDuration::from_secs(press.after_s);
        let step = match self.view().states(self.now).first() {
            Some(ItemState::Pending(standing)) => standing.step,
            _ => 0,
        };
        self.act(Act::Vote(Box::new(Vote {
            request: request_id(),
            item: 0,
            step,
            platform: "sandbox".to_owned(),
            address: format!("room-{}", press.room),
            voter: Voter {
                person: PersonId::from(press.person),
                name: Untrusted::new(press.person),
                identity: Identity {
                    provider: "sandbox".to_owned(),
                    tenant: "t".to_owned(),
                    subject: press.person.to_owned(),
                },
                level: Level::Declared,
                roster: Arc::new(self.roster()),
            },
            choice: press.choice.clone(),
            comment: None,
            number: None,
            seen_at: None,
            payload_sha256: String::new(),
            once: None,
        })))
    }

    fn roster(&self) -> Members {
        let groups = |groups: &Vec<&str>| groups.iter().map(|group| (*group).into()).collect();
        let members = self.members.iter();
        let groups = members.map(|(person, all)| ((*person).into(), groups(all))).collect();
        Members { groups, ..Members::default() }
    }

    fn view(&self) -> View {
        self.slice.requests[&request_id()].view.clone()
    }
}

/// What a random story of clicks leaves behind.
fn votes_of(house: &House) -> Vec<vote::Vote> {
    house.view().votes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn decided_stays_decided(steps in steps(), members in memberships(), presses in proptest::collection::vec(press(), 1..40)) {
        let mut house = House::open(steps, members);
        let mut decided = None;
        for press in &presses {
            let _ = house.press(press);
            let _ = house.act(Act::Tick(request_id()));
            let outcome = house.view().outcome;
            if decided.is_some() {
                prop_assert_eq!(&outcome, &decided);
            }
            decided = outcome;
        }
        let _ = house.act(Act::Cancel(Cancel { request: request_id(), client: ClientId::from("crm"), reason: None }));
        if decided.is_some() {
            prop_assert_eq!(house.view().outcome, decided);
        }
        prop_assert!(house.slice.effects.outcomes.len() <= 1);
    }

    #[test]
    fn the_order_of_votes_within_a_step_does_not_matter(
        (steps, members, presses) in (steps(), memberships(), proptest::collection::vec(press(), 1..20)),
        shuffle in any::<u64>(),
    ) {
        let mut house = House::open(steps.clone(), members);
        for press in &presses {
            let _ = house.press(press);
        }
        let votes = votes_of(&house);
        let mut shuffled = votes.clone();
        let keys: Vec<u64> = (0..votes.len() as u64).map(|n| (n + 1).wrapping_mul(shuffle | 1)).collect();
        let mut order: Vec<usize> = (0..votes.len()).collect();
        order.sort_by_key(|n| keys[*n]);
        for (place, from) in order.into_iter().enumerate() {
            shuffled[place] = votes[from].clone();
        }
        let plan = plan(steps);
        prop_assert_eq!(
            decide(&plan, 3, &votes, start(), house.now),
            decide(&plan, 3, &shuffled, start(), house.now)
        );
    }

    #[test]
    fn nobody_counts_twice_and_the_requester_never(steps in steps(), members in memberships(), presses in proptest::collection::vec(press(), 1..40)) {
        let mut house = House::open(steps.clone(), members);
        for press in &presses {
            let _ = house.press(press);
        }
        let votes = votes_of(&house);
        let mut people: Vec<&str> = votes.iter().map(|vote| vote.person.as_str()).collect();
        people.sort_unstable();
        let all = people.len();
        people.dedup();
        prop_assert_eq!(people.len(), all);
        prop_assert!(!people.contains(&REQUESTER));
        if let ItemState::Approved(granted) = decide(&plan(steps.clone()), 3, &votes, start(), house.now) {
            let needed: u32 = steps.iter().flat_map(|step| &step.asks).map(|ask| ask.count).sum();
            prop_assert!(granted.by.len() >= needed as usize);
            prop_assert!(!granted.parts.is_empty());
        }
    }

    #[test]
    fn an_ineligible_vote_changes_nothing(steps in steps(), members in memberships(), presses in proptest::collection::vec(press(), 1..12)) {
        let mut house = House::open(steps.clone(), members);
        for press in &presses {
            let _ = house.press(press);
        }
        let votes = votes_of(&house);
        let before = decide(&plan(steps.clone()), 3, &votes, start(), house.now);
        if let Some(vote) = votes.first() {
            let mut stranger = vote.clone();
            stranger.person = PersonId::from("stranger");
            stranger.asks = Vec::new();
            let mut requester = vote.clone();
            requester.person = PersonId::from(REQUESTER);
            let mut late = vote.clone();
            late.person = PersonId::from("late");
            late.cast_at = start() + SignedDuration::from_mins(30);
            for extra in [stranger, requester, late] {
                let mut more = votes.clone();
                more.push(extra);
                prop_assert_eq!(&decide(&plan(steps.clone()), 3, &more, start(), house.now), &before);
            }
        }
    }

    #[test]
    fn a_refused_click_leaves_the_decision_alone(steps in steps(), members in memberships(), presses in proptest::collection::vec(press(), 1..20)) {
        let mut house = House::open(steps, members);
        for press in &presses {
            let before = house.view();
            if house.press(press).is_err() {
                prop_assert_eq!(house.view().votes, before.votes);
                prop_assert_eq!(house.view().version, before.version);
            }
        }
    }

    #[test]
    fn enough_people_are_enough(steps in steps()) {
        // Everybody is in every group: whoever clicks in the right room counts, and once as many
        // people as the plan needs have clicked, nobody has to click again.
        let members = PEOPLE.into_iter().map(|person| (person, GROUPS.to_vec())).collect();
        let mut house = House::open(steps.clone(), members);
        let mut people = PEOPLE.into_iter().filter(|person| *person != REQUESTER);
        let needed: u32 = steps.iter().flat_map(|step| &step.asks).map(|ask| ask.count).sum();
        prop_assume!(needed <= 5);
        'steps: for step in &steps {
            for ask in &step.asks {
                for _ in 0..ask.count {
                    let Some(person) = people.next() else { break 'steps };
                    let room = u8::from(ask.channel.name == "room-1");
                    house.press(&Press { person, room, choice: Choice::Approve, after_s: 1 }).unwrap();
                }
            }
        }
        prop_assert_eq!(house.view().outcome.unwrap().status, super::outcome::Status::Approved);
    }
}

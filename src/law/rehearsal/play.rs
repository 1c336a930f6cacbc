//! Plays one case: the request goes in at the door, time passes, people press buttons.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use countersign_port::{
    access::{Choice, DenyReason, Identity},
    text::Untrusted,
};
use jiff::Timestamp;

use super::{Asked, Case, Click, Deed, Expectation, Standing, read::CLIENT};
use crate::{
    domain::{
        access::{
            Act, Command, Refused, apply,
            effects::Effects,
            open::Open,
            slice::{Loaded, Slice},
            vote::{Roster, Vote, Voter},
        },
        approval::{ApprovalStatus, later},
        card::{Scene, refusal},
        client::{Approvers, Claims, Client, Mode, Requester},
        decide::{ItemState, Standing as Progress},
        diagnostic::Diagnostic,
        id::{ClientId, Group, PersonId, RequestId},
        ids::Seed,
        link::Level,
        outcome::Status,
        plan::{Ask, Plan},
        right::Rights,
    },
    law::{Law, planning::Asking},
};

/// What every case is played on.
pub(super) struct Stage<'a> {
    pub(super) law: &'a Arc<Law>,
    pub(super) platforms: &'a [&'a str],
}

/// A request that was opened, and its time.
struct Scenery {
    law: Arc<Law>,
    slice: Slice,
    request: RequestId,
    opened_at: Timestamp,
    now: Timestamp,
    commands: u64,
    /// How surely accounts are people's; what is not said is declared.
    links: BTreeMap<PersonId, Level>,
}

impl Stage<'_> {
    /// The rules that decided, and what was otherwise than it must be.
    pub(super) fn play(&self, case: &Case) -> (Vec<String>, Vec<Diagnostic>) {
        let client = client(&case.asked);
        let asking =
            Asking { client: &client, request: &case.asked.request, platforms: self.platforms };
        match self.law.plans(&asking) {
            Ok(plans) => {
                let rules: Vec<String> =
                    plans.iter().flat_map(|plan| plan.rules.iter().cloned()).collect();
                let mut faults = wrong_rule(case, &rules);
                match Scenery::open(self.law, &case.asked, plans) {
                    Some(scenery) => faults.extend(scenery.play(case)),
                    None => faults.push(Diagnostic::new(case.span, "the request was not opened")),
                }
                (rules, faults)
            }
            Err(refusal) => (Vec::new(), refused(case, &refusal.to_string())),
        }
    }
}

fn client(asked: &Asked) -> Client {
    let subject = &asked.request.subject;
    let claims = !subject.groups.is_empty() || !subject.roles.is_empty();
    Client {
        id: ClientId::from(CLIENT),
        name: CLIENT.to_owned(),
        scopes: vec!["*".to_owned()],
        may: Rights::default(),
        callbacks: Vec::new(),
        trust: asked.trust,
        owner: asked.owner.clone(),
        claims: if claims { Claims::Believed } else { Claims::Ignored },
        pending_limit: None,
        approvers: Approvers::Shown,
        requester: Requester::Untold,
        mode: Mode::Direct,
        actors: Vec::new(),
    }
}

fn wrong_rule(case: &Case, rules: &[String]) -> Vec<Diagnostic> {
    let wrong = case.rule.iter().filter(|(wanted, _)| !rules.contains(wanted));
    let said = rules.join("`, `");
    wrong.map(|(_, span)| Diagnostic::new(*span, format!("`{said}` decides instead"))).collect()
}

/// Nothing happens to a request that is refused.
fn refused(case: &Case, why: &str) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    let fault = |span| Diagnostic::new(span, format!("the request is refused: {why}"));
    faults.extend(case.rule.iter().map(|(_, span)| fault(*span)));
    for step in &case.steps {
        faults.extend(step.clicks.iter().map(|click| fault(click.span)));
        let met = |what: &Expectation| *what == Expectation::Standing(Standing::Refused);
        let unmet = step.wanted.iter().filter(|wanted| !met(&wanted.what));
        faults.extend(unmet.map(|wanted| fault(wanted.span)));
    }
    // One fault is enough: the others follow from it.
    faults.truncate(1);
    if faults.is_empty() && case.steps.is_empty() {
        faults.push(fault(case.asked.span));
    }
    faults
}

impl Scenery {
    fn open(law: &Arc<Law>, asked: &Asked, plans: Vec<Plan>) -> Option<Self> {
        let slice = Slice {
            requests: BTreeMap::new(),
            keys: BTreeMap::new(),
            pending: BTreeMap::new(),
            presses: BTreeMap::new(),
            marks: BTreeMap::new(),
            public_url: Arc::from(""),
            is_rerun: false,
            effects: Effects::default(),
        };
        let request = asked.request.clone();
        let (id, opened_at) = (request.id.clone(), request.opened_at);
        let (law, links) = (Arc::clone(law), BTreeMap::new());
        let mut scenery =
            Self { law, slice, request: id, opened_at, now: opened_at, commands: 0, links };
        let open = Open::new(request, plans, None, None);
        scenery.act(Act::Open(Box::new(open))).ok()?;
        Some(scenery)
    }

    fn act(&mut self, act: Act) -> Result<(), Refused> {
        self.commands += 1;
        let mut seed = [0; 32];
        seed.iter_mut().zip(self.commands.to_be_bytes()).for_each(|(to, from)| *to = from);
        let reply = apply(&mut self.slice, Command { seed: Seed(seed), act }, self.now);
        if let Some(loaded) = self.slice.requests.get_mut(&self.request) {
            // Chat takes every card at once.
            loaded.posted = loaded.cards.clone();
        }
        reply.map(drop)
    }

    fn play(mut self, case: &Case) -> Vec<Diagnostic> {
        let mut faults = Vec::new();
        for step in &case.steps {
            self.pass_until(later(self.opened_at, step.at_seconds));
            if !step.members.is_empty() {
                self.law = Arc::new(self.law.with_members(&step.members));
            }
            self.links.extend(step.links.clone());
            for click in &step.clicks {
                faults.extend(self.click(click));
            }
            for wanted in &step.wanted {
                let message = self.otherwise(&wanted.what);
                faults.extend(message.map(|message| Diagnostic::new(wanted.span, message)));
            }
        }
        faults
    }

    /// Lets everything happen that comes due by itself, each at its time.
    fn pass_until(&mut self, until: Timestamp) {
        while let Some(due) = self.loaded().and_then(|loaded| loaded.next_at) {
            if due > until {
                break;
            }
            self.now = due.max(self.now);
            let before = self.loaded().map(|loaded| loaded.next_at);
            let done = self.act(Act::Tick(self.request.clone()));
            // What stays due would stay due for ever.
            if done.is_err() || self.loaded().map(|loaded| loaded.next_at) == before {
                break;
            }
        }
        self.now = until;
    }

    fn loaded(&self) -> Option<&Loaded> {
        self.slice.requests.get(&self.request)
    }

    /// What went wrong with a click.
    fn click(&mut self, click: &Click) -> Option<Diagnostic> {
        let vote = self.vote(click)?;
        let reply = self.act(Act::Vote(Box::new(vote)));
        let person = &click.person;
        let message = match (reply, click.deed) {
            (Ok(()), Deed::TurnedAway) => format!("the click of `{person}` counts"),
            (Ok(()), Deed::Approve | Deed::Deny) | (Err(_), Deed::TurnedAway) => return None,
            (Err(refused), Deed::Approve | Deed::Deny) => {
                format!("`{person}` is turned away: {}", self.words(&refused, person))
            }
        };
        Some(Diagnostic::new(click.span, message))
    }

    fn words(&self, refused: &Refused, person: &PersonId) -> String {
        let (Refused::Vote(kind), Some(loaded)) = (refused, self.loaded()) else {
            return format!("{refused:?}");
        };
        let scene = Scene { view: &loaded.view, item: 0, people: &self.law.people, now: self.now };
        refusal::refusal(scene, *kind, Some(person)).sentence
    }

    fn vote(&self, click: &Click) -> Option<Vote> {
        let view = &self.loaded()?.view;
        let membership = self.law.membership(&click.person);
        let (step, asks) = self.open_asks();
        let can = |ask: &&&Ask| groups_of(ask).any(|from| is_in_all(&membership.groups, from));
        let ask = asks.iter().find(can).or(asks.first());
        // The card that they would press hangs where they are asked.
        let address = ask.and_then(|ask| {
            let escalated = is_in_all(&membership.groups, &ask.from).then_some(&ask.channel);
            let channel = escalated.or(ask.escalate.as_ref().map(|escalation| &escalation.to));
            channel.unwrap_or(&ask.channel).addresses.iter().next()
        });
        let (platform, address) =
            address.map(|(platform, address)| (platform.clone(), address.clone())).unzip();
        let platform = platform.unwrap_or_default();
        let choice = match click.deed {
            Deed::Approve | Deed::TurnedAway => Choice::Approve,
            Deed::Deny => Choice::Deny { reason: DenyReason::NotNeededNow },
        };
        Some(Vote {
            request: self.request.clone(),
            item: 0,
            step,
            address: address.unwrap_or_default(),
            voter: Voter {
                person: click.person.clone(),
                name: Untrusted::new(click.person.as_str()),
                identity: Identity {
                    provider: platform.clone(),
                    tenant: CLIENT.to_owned(),
                    subject: click.person.to_string(),
                },
                level: self.links.get(&click.person).copied().unwrap_or(Level::Declared),
                roster: Arc::clone(&self.law) as Arc<dyn Roster>,
            },
            platform,
            choice,
            comment: None,
            // Whoever approves has talked to the requester.
            number: Some(view.number.to_string()),
            seen_at: None,
            payload_sha256: String::new(),
            once: None,
        })
    }

    /// The open step, and its asks that are not fulfilled.
    fn open_asks(&self) -> (usize, Vec<&Ask>) {
        let Some(loaded) = self.loaded() else { return (0, Vec::new()) };
        let states = loaded.view.states(self.now);
        let (Some(ItemState::Pending(standing)), Some(plan), None) =
            (states.first(), loaded.view.plans.first(), &loaded.view.outcome)
        else {
            return (0, Vec::new());
        };
        let Progress { step, filled, .. } = standing;
        let asks = plan.steps.get(*step).map_or(&[][..], |step| &step.asks);
        let open = asks.iter().zip(filled).filter(|(ask, have)| **have < ask.count);
        (*step, open.map(|(ask, _)| ask).collect())
    }

    /// What is so instead of what must be.
    fn otherwise(&self, wanted: &Expectation) -> Option<String> {
        match wanted {
            Expectation::Standing(wanted) => {
                let is = self.standing()?;
                (is != *wanted).then(|| format!("the request is {}", is.as_str()))
            }
            Expectation::Asked(wanted) => {
                let (_, asks) = self.open_asks();
                let is: BTreeSet<String> =
                    asks.iter().flat_map(|ask| &ask.from).map(Group::to_string).collect();
                (is != *wanted).then(|| format!("asked now: {}", named(&is)))
            }
            Expectation::Review(wanted) => {
                let reviews = self.loaded().map(|loaded| loaded.view.reviews.as_slice());
                let owed = reviews.unwrap_or_default().iter().filter(|one| one.signed.is_none());
                let is: BTreeSet<String> = owed.map(|review| review.by.to_string()).collect();
                (is != *wanted).then(|| format!("a review is owed by: {}", named(&is)))
            }
            Expectation::Cards(wanted) => {
                let is = self.channels();
                (is != *wanted).then(|| format!("cards are in: {}", named(&is)))
            }
        }
    }

    fn standing(&self) -> Option<Standing> {
        let view = &self.loaded()?.view;
        let Some(outcome) = &view.outcome else { return Some(Standing::Pending) };
        let lapsed = view.approval.as_ref().is_some_and(|one| one.status == ApprovalStatus::Lapsed);
        Some(match outcome.status {
            Status::Approved if lapsed => Standing::Lapsed,
            Status::Approved => Standing::Approved,
            Status::Denied => Standing::Denied,
            Status::Expired | Status::Failed | Status::Cancelled => Standing::Expired,
            Status::Partial => Standing::Partial,
            Status::Pending => Standing::Pending,
        })
    }

    /// The names of the channels in which a card hangs.
    fn channels(&self) -> BTreeSet<String> {
        let Some(loaded) = self.loaded() else { return BTreeSet::new() };
        let steps = loaded.view.plans.iter().flat_map(|plan| &plan.steps);
        let channels = steps.flat_map(|step| &step.asks).flat_map(Ask::channels);
        let reviewed = loaded.view.reviews.iter().filter_map(|review| review.channel.as_ref());
        let channels = channels.chain(reviewed);
        let has_card = |platform: &String, address: &String| {
            loaded.cards.contains(&(0, platform.clone(), address.clone()))
        };
        let with_card = channels.filter(|channel| {
            channel.addresses.iter().any(|(platform, address)| has_card(platform, address))
        });
        with_card.map(|channel| channel.name.clone()).collect()
    }
}

fn groups_of(ask: &Ask) -> impl Iterator<Item = &Vec<Group>> {
    std::iter::once(&ask.from).chain(ask.escalate.iter().map(|escalation| &escalation.add))
}

fn is_in_all(groups: &[Group], wanted: &[Group]) -> bool {
    !wanted.is_empty() && wanted.iter().all(|group| groups.contains(group))
}

fn named(names: &BTreeSet<String>) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

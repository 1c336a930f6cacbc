//! A small company to measure in: its law, one request and how it stands. Everything is fixed, so
//! that two runs measure the same work.

use std::{error::Error, fmt::Write, sync::Arc};

use countersign::{
    domain::{
        access::{
            Act, Command, apply,
            effects::Effects,
            open::Open,
            slice::{Slice, View},
        },
        id::{ClientId, RequestId},
        ids::Seed,
        plan::Plan,
        policy::{Detail, Question, Requester, Trust},
        request::{
            AccessRequest, Action, AskingClient, Bound, Context, GRANT_SCOPE, Item,
            RequestedAccess, Resource, SignIn, Subject,
        },
    },
    law::{Known, Law, Source, Sources},
};
use countersign_port::text::Untrusted;
use countersign_sandbox::demo;
use jiff::Timestamp;

/// Why a fixture could not be made.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// The instant at which everything happens.
pub(crate) const NOW: Timestamp = Timestamp::UNIX_EPOCH;

const SEED: Seed = Seed([7; 32]);

/// The demo's company, with so many rules that match nothing before its own.
pub(crate) fn law(rules_before: usize) -> Result<Law, Failure> {
    let sources = sources(rules_before)?;
    Law::parse(&sources, &known()).map_err(|faulty| format!("{faulty:?}").into())
}

/// What its files may name.
pub(crate) fn known() -> Known {
    Known { platforms: vec![demo::PLATFORM], ..Known::default() }
}

/// The files of the same.
pub(crate) fn sources(rules_before: usize) -> Result<Sources, Failure> {
    let source = |name: &str, text: &str| Source { name: name.to_owned(), text: text.to_owned() };
    Ok(Sources {
        policy: source("policy.yaml", &policy(rules_before)?),
        catalogue: source("catalogue.yaml", demo::CATALOGUE),
        people: source("people.yaml", demo::PEOPLE),
    })
}

/// A rule is looked at in full when all but its last condition hold.
fn policy(rules_before: usize) -> Result<String, Failure> {
    let (head, rules) = demo::POLICY.split_once("rules:\n").ok_or("the demo has no rules")?;
    let mut text = format!("{head}rules:\n");
    for number in 0..rules_before {
        writeln!(
            text,
            "  - {{ name: \"rule {number}\", if: {{ env: prod, access: write, \
             client: \"client-{number}-*\" }}, ask: [{{ from: security, count: 1, in: security }}] }}"
        )?;
    }
    text.push_str(rules);
    Ok(text)
}

/// “Change live orders”, on behalf of somebody of the shop.
pub(crate) fn request() -> Result<AccessRequest, Failure> {
    let requested = RequestedAccess {
        scopes: vec!["prod:orders:write".to_owned()],
        ..RequestedAccess::default()
    };
    let item = Item {
        action: Action { name: GRANT_SCOPE.to_owned(), properties: None },
        resource: Resource {
            kind: "oauth_client".to_owned(),
            id: demo::CLIENT_ID.to_owned(),
            properties: None,
        },
        requested,
    };
    let context = Context {
        justification: Some(Untrusted::new("Order 4711 was charged twice; correct it today.")),
        ..Context::default()
    };
    Ok(AccessRequest {
        id: "arq_00000000000000000000000001".parse::<RequestId>()?,
        integrator: ClientId::from(demo::CLIENT_ID),
        client: AskingClient {
            id: demo::CLIENT_ID.to_owned(),
            name: Some(Untrusted::new(demo::CLIENT_NAME)),
            actor: None,
            source: serde_json::Map::new(),
        },
        subject: Subject {
            kind: "user".to_owned(),
            id: "dana".to_owned(),
            name: Some(Untrusted::new("Dana Novak")),
            email: Some("dana@example.com".to_owned()),
            groups: Vec::new(),
            proven: Vec::new(),
            sign_in: SignIn::default(),
            roles: Vec::new(),
            sid: None,
        },
        items: vec![item],
        context,
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
        opened_at: NOW,
    })
}

/// Plans a request as the service does.
pub(crate) fn plan(law: &Law, request: &AccessRequest) -> Result<Plan, Failure> {
    let items = law.catalogue.resolve(request).map_err(|unknown| format!("{unknown:?}"))?;
    let item = items.first().ok_or("no item")?;
    let requester = Requester::default();
    let question = Question {
        request,
        item,
        requester: &requester,
        client_trust: Trust::Trusted,
        client_owner: None,
        agent_owner: None,
        people: &law.people,
    };
    Ok(law.policy.plan(&question, NOW, Detail::Matches)?)
}

/// The request, just opened, and what of it is to be written.
pub(crate) fn opened(law: &Law) -> Result<(View, Effects), Failure> {
    let request = request()?;
    let plans = vec![plan(law, &request)?];
    let open = Open::new(request, plans, None, None);
    let command = Command { seed: SEED, act: Act::Open(Box::new(open)) };
    let mut slice = Slice {
        requests: std::collections::BTreeMap::new(),
        keys: std::collections::BTreeMap::new(),
        presses: std::collections::BTreeMap::new(),
        marks: std::collections::BTreeMap::new(),
        pending: std::collections::BTreeMap::new(),
        public_url: Arc::from("https://countersign.example"),
        is_rerun: false,
        effects: Effects::default(),
    };
    let view = apply(&mut slice, command, NOW).map_err(|refused| format!("{refused:?}"))?;
    Ok((view, slice.effects))
}

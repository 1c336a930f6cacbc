//! Micro benchmarks: what one step costs on one core, without disk and network. The whole service
//! under load is the load driver's business.

mod company;

use std::hint::black_box;

use countersign::{
    domain::{
        button::{Meaning, press, token},
        card::{self, Scene},
        decide::decide,
        vote::{Evidence, Verdict, Vote},
    },
    law::Law,
};
use countersign_json::{canonical::canonical, gate::Limits, intake};
use countersign_port::{
    card::Verb,
    text::Untrusted,
    webhook_signature::{Headers, Message, Signer, key::Secret, verify},
};
use countersign_sandbox::{demo, plain::plain};
use criterion::Criterion;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use self::company::{Failure, NOW};

/// 24 bytes, as short as the standard allows.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn main() -> Result<(), Failure> {
    let mut criterion = Criterion::default().configure_from_args();
    webhook(&mut criterion)?;
    json(&mut criterion)?;
    leaf(&mut criterion)?;
    policy(&mut criterion)?;
    deciding(&mut criterion)?;
    cards(&mut criterion)?;
    buttons(&mut criterion)?;
    criterion.final_summary();
    Ok(())
}

fn webhook(criterion: &mut Criterion) -> Result<(), Failure> {
    let body = vec![b'x'; 2048];
    // The epoch itself has no spelling that is let in.
    let now = Timestamp::from_second(1)?;
    let signer = Signer::new(SECRET.parse()?, Vec::new(), None);
    let signature = signer.sign(&Message::new("msg_1", now, &body)?);
    let headers = Headers { id: "msg_1", timestamp: "1", signature: &signature };
    let secrets: [Secret; 1] = [SECRET.parse()?];
    verify(&headers, &body, &secrets, now)?;
    criterion.bench_function("webhook verify, 2 KB", |bencher| {
        bencher.iter(|| verify(black_box(&headers), black_box(&body), &secrets, now).is_ok());
    });
    Ok(())
}

fn json(criterion: &mut Criterion) -> Result<(), Failure> {
    let body = submit_body();
    let parse = |text: &[u8]| intake::parse::<serde_json::Value>(text, &Limits::INTAKE);
    let value = parse(&body)?;
    criterion.bench_function("I-JSON gate and parse, 1 KB submit", |bencher| {
        bencher.iter(|| parse(black_box(&body)).is_ok());
    });
    criterion.bench_function("JCS and SHA-256, 1 KB submit", |bencher| {
        bencher.iter(|| Sha256::digest(canonical(black_box(&value)).unwrap_or_default()));
    });
    Ok(())
}

fn leaf(criterion: &mut Criterion) -> Result<(), Failure> {
    let (_, effects) = company::opened(&company::law(0)?)?;
    let entry = effects.entries.into_iter().next().ok_or("opening wrote no entry")?;
    criterion.bench_function("audit leaf: JCS and hash", |bencher| {
        bencher.iter(|| Sha256::digest(black_box(&entry).leaf.canonical()));
    });
    Ok(())
}

fn policy(criterion: &mut Criterion) -> Result<(), Failure> {
    let request = company::request()?;
    for rules in [10, 200, 1000] {
        let law = company::law(rules - 6)?;
        company::plan(&law, &request)?;
        criterion.bench_function(&format!("policy plan, {rules} rules"), |bencher| {
            bencher.iter(|| company::plan(&law, black_box(&request)).is_ok());
        });
    }
    let (sources, known) = (company::sources(994)?, company::known());
    criterion.bench_function("policy read and checked, 1000 rules", |bencher| {
        bencher.iter(|| Law::parse(black_box(&sources), &known).is_ok());
    });
    let law = company::law(0)?;
    criterion.bench_function("open: plan, card, audit entry", |bencher| {
        bencher.iter(|| company::opened(black_box(&law)).is_ok());
    });
    Ok(())
}

fn deciding(criterion: &mut Criterion) -> Result<(), Failure> {
    let law = company::law(0)?;
    let request = company::request()?;
    let mut plan = company::plan(&law, &request)?;
    plan.steps.extend(plan.steps.last().cloned());
    let votes = [vote("erin", 0), vote("farid", 0), vote("sam", 1), vote("olu", 2)];
    criterion.bench_function("decide, 3 steps, 4 votes", |bencher| {
        bencher.iter(|| decide(&plan, 1, black_box(&votes), NOW, NOW));
    });
    Ok(())
}

fn vote(person: &str, step: usize) -> Vote {
    let evidence = Evidence {
        identity: demo::identity(person),
        groups: Vec::new(),
        groups_seen_at: NOW,
        payload_sha256: "0".repeat(64),
    };
    Vote {
        person: person.into(),
        name: Untrusted::new(person),
        item: 0,
        step,
        asks: vec![0],
        verdict: Verdict::Approve { grant: None },
        comment: None,
        cast_at: NOW,
        evidence,
        on_behalf_of: None,
        struck: None,
    }
}

fn cards(criterion: &mut Criterion) -> Result<(), Failure> {
    let law = company::law(0)?;
    let (view, effects) = company::opened(&law)?;
    let posted = effects.cards.first().ok_or("opening wrote no card")?;
    let scene = Scene { view: &view, item: 0, people: &law.people, now: NOW };
    let draw = || {
        let mut drawn = card::card(scene);
        card::buttons::add(&mut drawn, scene, &posted.id, &posted.secret);
        drawn
    };
    criterion.bench_function("card with its buttons", |bencher| bencher.iter(draw));
    let drawn = draw();
    criterion.bench_function("card as plain text", |bencher| {
        bencher.iter(|| plain(black_box(&drawn)));
    });
    Ok(())
}

fn buttons(criterion: &mut Criterion) -> Result<(), Failure> {
    let card = "crd_00000000000000000000000001".parse()?;
    let secret = [7; 32];
    let token = token(&card, &secret, Meaning { step: 2, verb: Verb::Deny });
    let open = |token: &str| press(token)?.verify(&secret, 3);
    open(&token).ok_or("the token does not open")?;
    criterion.bench_function("button token, 3 steps", |bencher| {
        bencher.iter(|| open(black_box(&token)));
    });
    Ok(())
}

/// A submit of about 1 KB, as an OAuth server sends it.
fn submit_body() -> Vec<u8> {
    serde_json::json!({
        "subject": { "type": "user", "id": "dana", "properties": {
            "name": "Dana Novak", "email": "dana@example.com", "groups": ["shop"] } },
        "client": { "id": "shop-admin", "name": "Shop Admin",
            "source": { "session_id": "ses_01hzy3", "external_url": "https://tickets.example/4711" } },
        "requested_access": { "scope": "prod:orders:write report:read" },
        "context": { "justification": "Order 4711 was charged twice; correct it today. ".repeat(10),
            "environment": "prod" },
        "callback": { "endpoint": "https://auth.example.com/hooks/countersign", "state": "s4711" },
    })
    .to_string()
    .into_bytes()
}

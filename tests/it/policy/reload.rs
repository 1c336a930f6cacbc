//! Another policy comes into force without a restart, or does not.

use countersign::{
    app::App,
    domain::id::RequestId,
    law::{Known, Sources},
    reload::{Files, Reload, Reloaded},
    store::entries::story,
};
use countersign_port::card::Verb;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::desk::{Desk, lines};
use crate::{
    office::{Office, client, tell},
    patience::PATIENCE,
};

pub(super) fn reload(desk: &Desk, app: &App) -> Reload {
    let path = |name| desk.path(name).into();
    let files = Files {
        policy: path("policy.yaml"),
        catalogue: path("catalogue.yaml"),
        people: path("people.yaml"),
        known: Known { platforms: vec!["sandbox"], ..Known::default() },
    };
    let sources = Sources::read(&files.policy, &files.catalogue, &files.people).unwrap();
    Reload::new(app, files, sources)
}

fn body() -> Value {
    json!({
        "subject": { "type": "user", "id": "dana" },
        "client": { "id": "shop-admin" },
        "requested_access": { "scope": "prod:orders:write" },
    })
}

/// How many leads a new request would need.
async fn leads(office: &Office) -> Value {
    let mut body = body();
    body["dry_run"] = true.into();
    office.ask(&body).await.body["items"][0]["steps"][0][0]["count"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_checks_comes_into_force_and_what_does_not_changes_nothing() {
    tell(|office| async {
        let desk = Desk::new();
        let reload = reload(&desk, &office.app);
        reload.begin().await.unwrap();
        // A second process starts with the same law: that is no news.
        reload.begin().await.unwrap();
        assert_eq!(reload.now().await, Reloaded::Unchanged);
        office.ask(&body()).await;
        office.settle().await;

        let minute = SignedDuration::from_mins(1);
        office.clock.advance(minute);
        desk.write("policy.yaml", &Desk::policy().replace("count: 2", "count: 1"));
        assert_eq!(reload.now().await, Reloaded::InForce);
        assert_eq!(leads(&office).await, 1);
        // What is pending keeps its plan: one lead is not enough.
        office.press("erin", "shop-approvals", Verb::Approve).await.unwrap();
        assert!(office.sandbox.messages("security").is_empty());

        office.clock.advance(minute);
        desk.write("policy.yaml", &Desk::policy().replace("count: 2", "count: 7"));
        assert_eq!(reload.now().await, Reloaded::Refused);
        assert_eq!(leads(&office).await, 1);
        let metrics = client().get(format!("{}/metrics", office.url)).send().await.unwrap();
        let metrics = metrics.text().await.unwrap();
        assert!(
            metrics.contains("countersign_policy_reloads_total{result=\"refused\"}"),
            "{metrics}"
        );

        desk.keep_in(&office.database_url());
        let told = lines(&desk.policy_command(&["history", "--json"]).await);
        let results: Vec<&Value> = told.iter().map(|line| &line["result"]).collect();
        assert_eq!(results, ["refused", "in_force", "in_force"]);
        let fault = &told[0]["body"]["faults"][0]["message"];
        assert_eq!(
            fault,
            "the rule `write to production` needs 5 more in `shop.lead` than there are"
        );
        let diff = told[1]["body"]["diff"]["policy"].as_str().unwrap();
        assert!(diff.contains("\n-      - { from: owner.lead, count: 2,"), "{diff}");
        assert!(diff.contains("\n+      - { from: owner.lead, count: 1,"), "{diff}");
        assert_eq!(told[0]["policy_sha256"], told[1]["policy_sha256"]);
        let said = desk.policy_command(&["history", "--limit", "1"]).await;
        assert!(said.out.contains("  refused  policy "), "{}", said.out);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_waits_for_ever_reminded_handed_over_and_over() {
    tell(|office| async {
        let desk = Desk::new();
        let patient = Desk::policy().replace(
            "escalate: { after: 10m, to: platform }",
            "remind: { every: 4m }, escalate: { after: 10m, to: platform, instead: senior }",
        );
        let reload = reload(&desk, &office.app);
        desk.write("policy.yaml", &patient);
        assert_eq!(reload.now().await, Reloaded::InForce);
        let answer = office.ask(&body()).await;
        let id: RequestId = answer.body["task"]["id"].as_str().unwrap().parse().unwrap();
        office.settle().await;
        for _ in 0..12 {
            office.advance(SignedDuration::from_mins(1)).await;
        }
        // The leads are in `senior` too; Gus is not a lead and may decide now, in the other channel.
        office.press("gus", "platform", Verb::Approve).await.unwrap();
        for _ in 12..30 {
            office.advance(SignedDuration::from_mins(1)).await;
        }
        let mut connection = office.store().read.acquire().await.unwrap();
        let entries = story(&mut connection, &id, 0).await.unwrap();
        drop(connection);
        let told: Vec<&str> = entries.iter().map(|(leaf, _)| leaf.kind.as_str()).collect();
        let before = ["request_opened", "reminded", "reminded", "escalated", "reminded"];
        let after =
            ["vote_cast", "reminded", "reminded", "reminded", "reminded", "request_decided"];
        assert_eq!(told, [&before[..], &after].concat());
        assert_eq!(office.get(id.as_str()).await.body["task"]["status"], "expired");
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_process_reads_its_own_files() {
    tell(|office| async {
        let replica = office.replica().await;
        let (here, there) = (Desk::new(), Desk::new());
        let (one, other) = (reload(&here, &office.app), reload(&there, &replica));
        here.write("policy.yaml", &Desk::policy().replace("count: 2", "count: 1"));
        assert_eq!(one.now().await, Reloaded::InForce);
        assert_eq!(other.now().await, Reloaded::Unchanged);
        let digest = |app: &App| app.service.law().policy.sha256.clone();
        assert_ne!(digest(&office.app), digest(&replica));
        there.write("policy.yaml", &Desk::policy().replace("count: 2", "count: 1"));
        assert_eq!(other.now().await, Reloaded::InForce);
        assert_eq!(digest(&office.app), digest(&replica));
        replica.stop().await;
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_comes_into_force_that_is_not_written_down() {
    tell(|office| async {
        let replica = office.replica().await;
        let desk = Desk::new();
        let reload = reload(&desk, &replica);
        let before = replica.service.law().policy.sha256.clone();
        desk.write("policy.yaml", &Desk::policy().replace("count: 2", "count: 1"));
        replica.store().write.close().await;
        assert_eq!(reload.now().await, Reloaded::Refused);
        assert_eq!(replica.service.law().policy.sha256, before);
        replica.stop().await;
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hangup_is_the_word_for_it() {
    let desk = Desk::new();
    let running = desk.serve();
    desk.write("policy.yaml", &Desk::policy().replace("count: 2", "count: 1"));
    running.signal("-HUP");
    let metrics = format!("{}/metrics", running.url);
    let reloaded = "countersign_policy_reloads_total{result=\"in_force\"} 1\n";
    let heard = async {
        while !client().get(&metrics).send().await.unwrap().text().await.unwrap().contains(reloaded)
        {
        }
    };
    tokio::time::timeout(PATIENCE, heard).await.expect("another policy in time");
    let log = running.stop();
    assert!(log.contains("another policy is in force"), "{log}");
}

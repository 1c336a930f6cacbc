//! Break-glass: one yes in an emergency, and somebody else who must say afterwards whether it was
//! justified.

use countersign::{domain::id::RequestId, store::entries::story};
use countersign_port::{
    access::{Access, Ballot, Choice, Judgement, Refusal, RefusalKind},
    card::{Card, Face, Line, Verb},
};
use countersign_sandbox::click::Answers;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::desk::Desk;
use crate::office::{Office, break_glass, press, tell};

const INCIDENT: &str = "incident";
const SHOP: &str = "shop-approvals";

async fn ask(office: &Office) -> String {
    let answer = office.ask(&break_glass(&office.receiver.endpoint)).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    office.settle().await;
    answer.body["task"]["id"].as_str().unwrap().to_owned()
}

/// The same, with the one yes that it takes.
async fn granted(office: &Office) -> String {
    let id = ask(office).await;
    office.press("sam", INCIDENT, Verb::Approve).await.unwrap();
    office.settle().await;
    assert_eq!(office.receiver.events(), ["access_request.approved"]);
    id
}

fn words(text: &str) -> Answers {
    Answers { text: Some(text.to_owned()), ..Answers::default() }
}

fn warnings(card: &Card) -> String {
    card.warnings.iter().map(Line::plain).collect::<Vec<_>>().join("\n")
}

fn progress(card: &Card) -> String {
    card.progress.iter().map(|one| one.line.plain()).collect::<Vec<_>>().join("\n")
}

fn verbs(card: &Card) -> Vec<Verb> {
    card.actions.iter().map(|button| button.verb).collect()
}

async fn review(office: &Office, id: &str) -> Value {
    let task = office.get(id).await.body["task"].clone();
    assert_eq!(task["status"], "approved", "the outcome stays as it is");
    task["reviews"][0].clone()
}

/// A press on a button that is gone by now.
async fn late(office: &Office, button: &str) -> Result<Card, Refusal> {
    let ballot = Ballot {
        press: press("farid", button),
        choice: Choice::Review(Judgement::Justified),
        comment: None,
        number: None,
        seen_at: None,
    };
    office.app.service.vote(ballot).await
}

/// The entries of the log that a review makes, with who made them.
async fn log(office: &Office, id: &str) -> Vec<String> {
    let id: RequestId = id.parse().unwrap();
    let mut connection = office.store().read.acquire().await.unwrap();
    let entries = story(&mut connection, &id, 0).await.unwrap();
    let said = entries.iter().map(|(leaf, _)| format!("{} {}", leaf.kind.as_str(), leaf.actor));
    said.filter(|said| said.starts_with("review") || said.contains("revoked")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_in_an_emergency_is_reviewed_and_found_justified() {
    tell(|office| async move {
        ask(&office).await;
        let card = office.newest(INCIDENT);
        assert_eq!(warnings(&card), "Break-glass. shop.lead reviews a yes within 1 day.");
        assert!(office.sandbox.messages(SHOP).is_empty(), "nobody is asked to review it yet");
        office.press("sam", INCIDENT, Verb::Approve).await.unwrap();
        office.settle().await;
        assert_eq!(office.receiver.events(), ["access_request.approved"]);

        let office = office.restart().await;
        let card = office.newest(INCIDENT);
        let id = card.request.clone();
        assert!(card.title.plain().starts_with("Break-glass. Approved: Shop Admin may"));
        assert_eq!(card.face, Face::Approved);
        assert!(card.actions.is_empty(), "it is not reviewed where it was asked");
        let card = office.newest(SHOP);
        assert_eq!(verbs(&card), [Verb::Justified, Verb::NotJustified, Verb::Details]);
        let owed = "Break-glass. A review is owed: shop.lead must say by 12:00 UTC whether it was justified.";
        assert_eq!(warnings(&card), owed);
        assert!(progress(&card).contains("review by shop.lead: Erin Doyle or Farid Aziz"));
        let owed = review(&office, &id).await;
        assert_eq!(owed["state"], "owed");
        assert_eq!(owed["by"], "shop.lead");
        assert_eq!(owed["due_at"], "2026-11-23T12:00:00Z");

        office.advance(SignedDuration::from_hours(2)).await;
        office.receiver.events();
        let answers = words("The pager went off");
        office.press_with("erin", SHOP, Verb::Justified, answers).await.unwrap();
        office.settle().await;
        for channel in [INCIDENT, SHOP] {
            let card = office.newest(channel);
            let said = "Erin Doyle 14:00 UTC: reviewed, justified – The pager went off";
            assert!(progress(&card).contains(said), "{}", progress(&card));
            assert!(card.actions.is_empty());
            assert_eq!((card.face, warnings(&card)), (Face::Approved, String::new()));
        }
        let done = review(&office, &id).await;
        assert_eq!(done["state"], "justified");
        assert_eq!(done["signed_at"], "2026-11-22T14:00:00Z");
        assert_eq!(log(&office, &id).await, ["review_opened system", "review_signed erin"]);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_justified_is_revoked_and_said_aloud() {
    tell(|office| async move {
        let id = granted(&office).await;
        let silent = office.press("farid", SHOP, Verb::NotJustified).await.unwrap_err();
        assert_eq!(silent.kind, RefusalKind::Unexplained);
        assert!(silent.sentence.contains("Say in a sentence why"), "{}", silent.sentence);
        assert_eq!(office.get(&id).await.body["result"]["approval"]["status"], "live");

        let answers = words("Nothing was down");
        let card = office.press_with("farid", SHOP, Verb::NotJustified, answers).await.unwrap();
        assert_eq!(card.face, Face::Denied);
        office.settle().await;
        assert_eq!(office.receiver.events(), ["approval.revoked"]);
        let card = office.newest(INCIDENT);
        assert!(card.title.plain().starts_with("Not justified, revoked: Shop Admin wants to"));
        assert!(progress(&card).contains("reviewed, not justified – Nothing was down"));

        let task = office.get(&id).await.body;
        assert_eq!(task["result"]["approval"]["status"], "revoked");
        assert_eq!(review(&office, &id).await["state"], "not_justified");
        let told = ["review_opened system", "review_signed farid", "approval_revoked farid"];
        assert_eq!(log(&office, &id).await, told);

        // Whoever comes late learns who was there before.
        office.advance(SignedDuration::from_hours(30)).await;
        assert_eq!(review(&office, &id).await["state"], "not_justified", "never overdue");
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_lapsed_can_be_condemned_and_not_be_revoked() {
    tell(|office| async move {
        let id = granted(&office).await;
        office.advance(SignedDuration::from_hours(20)).await;
        let lapsed = office.get(&id).await.body["result"]["approval"]["status"].clone();
        assert_eq!(lapsed, "lapsed");
        office.receiver.events();
        let answers = words("Nothing was down");
        let card = office.press_with("erin", SHOP, Verb::NotJustified, answers).await.unwrap();
        assert!(card.title.plain().starts_with("Not justified, nothing was left to revoke: "));
        assert_eq!(office.get(&id).await.body["result"]["approval"]["status"], lapsed);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overdue_review_is_loud_and_stays_until_somebody_signs() {
    tell(|office| async move {
        let id = granted(&office).await;
        office.advance(SignedDuration::from_hours(24)).await;
        office.receiver.events();
        assert_eq!(review(&office, &id).await["state"], "overdue");
        let overdue = "Break-glass. The review is overdue: shop.lead owed it by 12:00 UTC.";
        for channel in [INCIDENT, SHOP] {
            let message = office.sandbox.messages(channel).pop().unwrap();
            assert_eq!(warnings(&message.card), overdue);
            assert_eq!(verbs(&message.card).first(), Some(&Verb::Justified), "asked everywhere");
        }
        office.settle().await;
        let office = office.restart().await;
        office.advance(SignedDuration::from_hours(24 * 3)).await;
        office.press("erin", INCIDENT, Verb::Justified).await.unwrap();
        office.advance(SignedDuration::from_hours(24 * 9)).await;
        assert_eq!(review(&office, &id).await["state"], "justified");
        assert_eq!(
            log(&office, &id).await,
            [
                "review_opened system",
                "review_overdue system",
                "review_reminded system",
                "review_signed erin"
            ]
        );
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asked_or_said_yes_reviews_nothing() {
    tell(|office| async move {
        let id = granted(&office).await;
        let not_in = office.press("dana", SHOP, Verb::Justified).await.unwrap_err();
        assert_eq!(not_in.kind, RefusalKind::NotEligible);
        assert_eq!(
            not_in.sentence,
            "You're not in shop.lead, who review this. Erin Doyle or Farid Aziz can."
        );
        let own = office.press("olu", SHOP, Verb::Justified).await.unwrap_err();
        assert_eq!(own.kind, RefusalKind::OwnRequest);
        let yes = office.press("sam", SHOP, Verb::Justified).await.unwrap_err();
        assert_eq!(yes.kind, RefusalKind::OwnApproval);
        assert!(yes.sentence.starts_with("You said yes to this, so you can't review it."));
        assert_eq!(review(&office, &id).await["state"], "owed");
        let refused = [
            "review_opened system",
            "review_refused dana",
            "review_refused olu",
            "review_refused sam",
        ];
        assert_eq!(log(&office, &id).await, refused);

        // Two who press at the same moment: one of them is told that it is done.
        let button = office.button(SHOP, Verb::Justified);
        office.press("erin", SHOP, Verb::Justified).await.unwrap();
        let late = late(&office, &button).await.unwrap_err();
        assert_eq!(late.kind, RefusalKind::Over);
        assert_eq!(late.sentence, "Erin Doyle reviewed this at 12:00 UTC: justified.");
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_beforehand_is_told_of_the_review() {
    tell(|office| async move {
        let mut body = break_glass(&office.receiver.endpoint);
        body["dry_run"] = true.into();
        let answer = office.ask(&body).await;
        let wanted = json!({ "by": "shop.lead", "within": 86_400, "channel": "shop" });
        assert_eq!(answer.body["items"][0]["review"], wanted, "{}", answer.body);
        office
    })
    .await;
    let desk = Desk::new();
    let mut body = break_glass("https://shop.example/callback");
    body.as_object_mut().unwrap().remove("callback");
    desk.write("request.json", &body.to_string());
    let said = desk.policy_command(&["explain", &desk.path("request.json")]).await;
    let review = "  review by shop.lead within 1 day of a yes, in shop\n";
    assert!(said.out.contains(review), "{}\n{}", said.out, said.err);
}

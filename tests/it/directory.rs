//! Directories that are asked: who is on call by an address of one's own and by PagerDuty, and who
//! is in a group of Entra. What is not a whole answer is no answer, and old answers count no longer.

pub(crate) mod books;
mod entra;
mod pagerduty;
mod repointed;

use countersign::law::Sources;
use countersign_port::{access::RefusalKind, card::Verb};
use jiff::SignedDuration;
use serde_json::{Value, json};

use self::books::Books;
use crate::office::{Office, Site, demo_sources, tell_in, write_prod};

/// The law of the demo, in which security is kept elsewhere.
fn kept_in(source: &str) -> Sources {
    let mut sources = demo_sources();
    sources.policy.text += "\ngroups:\n  security: { ";
    sources.policy.text += source;
    sources.policy.text += " }\n";
    sources.people.text = sources.people.text.replace("groups: [security], ", "");
    sources
}

/// A request that waits for security alone.
async fn waits_for_security(office: &Office) -> String {
    let asked = office.ask(&write_prod()).await;
    assert_eq!(asked.status, 202, "{}", asked.body);
    office.settle().await;
    for lead in ["erin", "farid"] {
        office.press(lead, "shop-approvals", Verb::Approve).await.unwrap();
    }
    office.settle().await;
    asked.body["task"]["id"].as_str().unwrap().to_owned()
}

/// Why a click of Sam's does not count.
async fn turned_away(office: &Office) -> (RefusalKind, String) {
    let refusal = office.press("sam", "security", Verb::Approve).await.unwrap_err();
    (refusal.kind, refusal.sentence)
}

async fn status(office: &Office, id: &str) -> String {
    office.get(id).await.body["task"]["status"].as_str().unwrap().to_owned()
}

fn rota(books: &Books) -> Site {
    Site {
        sources: || kept_in("on_call: ops"),
        more: format!(
            "on_call: [{{ id: ops, url: \"{}/now\", token: {{ env: DIRECTORY_TOKEN }} }}]",
            books.url
        ),
        ..Site::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_on_call_by_ones_own_address_counts_while_the_answer_is_fresh() {
    let books = Books::start().await;
    tell_in(&rota(&books), |office| {
        let books = books.clone();
        async move {
            books.forget();
            books.answer("/now", json!({ "people": ["olu", "nobody"] }));
            office.app.directories.ask_all().await;
            let id = waits_for_security(&office).await;
            let (kind, said) = turned_away(&office).await;
            assert_eq!(kind, RefusalKind::NotEligible);
            assert_eq!(said, "You're not in security. Olu Adeyemi can decide.");
            assert_eq!(books.asked("/now")[0].token, "Bearer directory-token");
            // The shift changes.
            books.answer("/now", json!({ "people": ["sam"] }));
            office.app.directories.ask_all().await;
            // The directory goes down, and its answer grows old: five minutes where risk is high.
            books.fail("/now", 500, None);
            office.advance(SignedDuration::from_mins(5) + SignedDuration::from_secs(1)).await;
            office.app.directories.ask_all().await;
            let (kind, said) = turned_away(&office).await;
            assert_eq!(kind, RefusalKind::MembershipUnknown);
            assert_eq!(
                said,
                "We can't tell which groups you are in just now. Who is in security stands in \
                 on_call ops, which has not answered since 2026-11-22 12:00 UTC. Nothing was \
                 recorded; try again in a minute."
            );
            assert_eq!(status(&office, &id).await, "pending");
            books.answer("/now", json!({ "people": ["sam"] }));
            office.app.directories.ask_all().await;
            office.press("sam", "security", Verb::Approve).await.unwrap();
            assert_eq!(status(&office, &id).await, "approved");
            office.settle().await;
            office
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_a_whole_answer_is_no_answer() {
    let books = Books::start().await;
    tell_in(&rota(&books), |office| {
        let books = books.clone();
        async move {
            books.forget();
            waits_for_security(&office).await;
            let half: [Value; 4] = [
                json!({}),
                json!({ "people": "sam" }),
                json!({ "people": ["sam"], "error": "partial" }),
                json!(["sam"]),
            ];
            for answer in half {
                books.answer("/now", answer.clone());
                office.app.directories.ask_all().await;
                let (kind, said) = turned_away(&office).await;
                assert_eq!(kind, RefusalKind::MembershipUnknown, "{answer}");
                assert!(said.contains("on_call ops, which has not answered yet."), "{said}");
            }
            for failure in [401, 404, 302, 503] {
                books.fail("/now", failure, None);
                office.app.directories.ask_all().await;
                assert_eq!(turned_away(&office).await.0, RefusalKind::MembershipUnknown);
            }
            // Busy for a moment, and then it answers.
            books.answer("/now", json!({ "people": ["sam"] }));
            books.fail_once("/now", 429, Some("0"));
            office.app.directories.ask_all().await;
            office.press("sam", "security", Verb::Approve).await.unwrap();
            office.settle().await;
            office
        }
    })
    .await;
}

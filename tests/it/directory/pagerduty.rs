//! PagerDuty: whoever is on call now, page by page.

use countersign_port::{access::RefusalKind, card::Verb};
use serde_json::{Value, json};

use super::{books::Books, kept_in, status, turned_away, waits_for_security};
use crate::office::{Site, tell_in};

fn site(books: &Books, sources: fn() -> countersign::law::Sources) -> Site {
    let more = format!(
        "pagerduty: {{ account: acme, token: {{ env: DIRECTORY_TOKEN }}, api_url: \"{}\" }}",
        books.url
    );
    Site { sources, more, ..Site::default() }
}

fn pinned(source: &str) -> countersign::law::Sources {
    let mut sources = kept_in(source);
    let (from, to) = ("sam:   { ", "sam:   { pagerduty: { tenant: acme, user: PSAM }, ");
    sources.people.text = sources.people.text.replace(from, to);
    sources
}

fn on_call(user: &str, schedule: Option<&str>, policy: &str, level: u32) -> Value {
    json!({
        "user": { "id": user, "type": "user_reference", "summary": "Sam" },
        "schedule": schedule.map(|id| json!({ "id": id, "type": "schedule_reference" })),
        "escalation_policy": { "id": policy, "type": "escalation_policy_reference" },
        "escalation_level": level,
        "start": "2026-11-22T00:00:00Z", "end": null,
    })
}

fn page(entries: &[Value], more: bool) -> Value {
    json!({ "oncalls": entries, "limit": 100, "offset": 0, "more": more, "total": null })
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_on_call_in_the_schedule_counts_and_an_address_alone_does_not() {
    let books = Books::start().await;
    let site = site(&books, || pinned("pagerduty_schedule: PX12AB3"));
    tell_in(&site, |office| {
        let books = books.clone();
        async move {
            books.forget();
            // A filter that was passed over answers with people of other schedules as well.
            let others =
                [on_call("PSAM", Some("POTHER"), "PESC", 1), on_call("PSAM", None, "PESC", 1)];
            books.answer("/oncalls", page(&others, false));
            let id = waits_for_security(&office).await;
            office.app.directories.ask_all().await;
            assert_eq!(turned_away(&office).await.0, RefusalKind::NotEligible);
            let first = [on_call("POLU", Some("PX12AB3"), "PESC", 1)];
            let second = [on_call("PSAM", Some("PX12AB3"), "PESC", 2)];
            let query = |offset: u32| {
                format!("/oncalls?schedule_ids%5B%5D=PX12AB3&limit=100&offset={offset}")
            };
            books.answer(&query(0), page(&first, true));
            books.answer(&query(100), page(&second, false));
            books.fail_once("/oncalls", 429, Some("0"));
            office.app.directories.ask_all().await;
            office.press("sam", "security", Verb::Approve).await.unwrap();
            assert_eq!(status(&office, &id).await, "approved");
            assert_eq!(books.asked("/oncalls")[0].token, "Token token=directory-token");
            office.settle().await;
            office
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_escalation_policy_the_first_level_counts_and_half_an_answer_does_not() {
    let books = Books::start().await;
    let site = site(&books, || pinned("pagerduty_escalation_policy: PESC"));
    tell_in(&site, |office| {
        let books = books.clone();
        async move {
            books.forget();
            books.answer("/oncalls", page(&[on_call("PSAM", None, "PESC", 2)], false));
            let id = waits_for_security(&office).await;
            office.app.directories.ask_all().await;
            assert_eq!(turned_away(&office).await.0, RefusalKind::NotEligible);
            // The second page does not come: the first alone is no answer, and the old one stands.
            let query = "/oncalls?escalation_policy_ids%5B%5D=PESC&limit=100&offset=0";
            books.answer(query, page(&[on_call("PSAM", None, "PESC", 1)], true));
            books.fail("/oncalls", 500, None);
            office.app.directories.ask_all().await;
            assert_eq!(turned_away(&office).await.0, RefusalKind::NotEligible);
            books.answer(query, page(&[on_call("PSAM", None, "PESC", 1)], false));
            office.app.directories.ask_all().await;
            office.press("sam", "security", Verb::Approve).await.unwrap();
            assert_eq!(status(&office, &id).await, "approved");
            office.settle().await;
            office
        }
    })
    .await;
}

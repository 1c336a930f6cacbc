//! Groups of Entra: everybody in them, in all pages and in the groups inside, but for accounts that
//! are switched off and guests.

use countersign_port::{access::RefusalKind, card::Verb};
use serde_json::{Value, json};

use super::{books::Books, kept_in, status, turned_away, waits_for_security};
use crate::office::{Site, tell_in};

const MEMBERS: &str = "/v1.0/groups/7d1f3c0e-3f5b/transitiveMembers/microsoft.graph.user";

fn site(books: &Books) -> Site {
    let url = &books.url;
    let more = format!(
        "entra: {{ tenant_id: t-1, client_id: app, client_secret: {{ env: DIRECTORY_TOKEN }}, \
         token_url: \"{url}/token\", graph_url: \"{url}/v1.0\" }}"
    );
    let sources = || {
        let mut sources = kept_in("entra_group: 7d1f3c0e-3f5b");
        let (from, to) = ("sam:   { ", "sam:   { teams: { tenant: t-1, object: o-sam }, ");
        sources.people.text = sources.people.text.replace(from, to);
        sources
    };
    Site { sources, more, ..Site::default() }
}

fn user(id: &str, enabled: impl Into<Value>, kind: &str) -> Value {
    json!({ "id": id, "accountEnabled": enabled.into(), "userType": kind })
}

#[tokio::test(flavor = "multi_thread")]
async fn members_of_all_pages_count_but_for_guests_and_accounts_that_are_off() {
    let books = Books::start().await;
    tell_in(&site(&books), |office| {
        let books = books.clone();
        async move {
            books.forget();
            books.answer("/token", json!({ "access_token": "graph-1", "expires_in": 3599 }));
            let id = waits_for_security(&office).await;
            for away in [user("o-sam", false, "Member"), user("o-sam", true, "Guest")] {
                books.answer(MEMBERS, json!({ "value": [user("o-x", true, "Member"), away] }));
                office.app.directories.ask_all().await;
                assert_eq!(turned_away(&office).await.0, RefusalKind::NotEligible);
            }
            let next = format!("{}{MEMBERS}?$skiptoken=2", books.url);
            books.answer(
                MEMBERS,
                json!({ "value": [user("o-x", true, "Member")], "@odata.nextLink": next }),
            );
            let second = format!("{MEMBERS}?$skiptoken=2");
            books.answer(&second, json!({ "value": [user("o-sam", true, "Member")] }));
            books.fail_once(MEMBERS, 429, Some("0"));
            office.app.directories.ask_all().await;
            office.press("sam", "security", Verb::Approve).await.unwrap();
            assert_eq!(status(&office, &id).await, "approved");
            let asked = books.asked(MEMBERS);
            let first = &asked[0];
            assert_eq!(
                first.query,
                "%24select=id%2CaccountEnabled%2CuserType&%24top=999&%24count=true"
            );
            assert!(asked.iter().all(|one| one.token == "Bearer graph-1"));
            assert!(asked.iter().all(|one| one.headers["consistencylevel"] == "eventual"));
            let login = books.asked("/token");
            assert_eq!(login.len(), 1, "a token is kept");
            assert!(login[0].body.contains("grant_type=client_credentials"), "{}", login[0].body);
            assert!(login[0].body.contains("%2F.default"), "{}", login[0].body);
            office.settle().await;
            office
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_graph_does_not_say_wholly_it_does_not_say() {
    let books = Books::start().await;
    tell_in(&site(&books), |office| {
        let books = books.clone();
        async move {
            books.forget();
            waits_for_security(&office).await;
            let sam = || user("o-sam", true, "Member");
            // No token, no answer.
            books.fail("/token", 401, None);
            books.answer(MEMBERS, json!({ "value": [sam()] }));
            office.app.directories.ask_all().await;
            let (kind, said) = turned_away(&office).await;
            assert_eq!(kind, RefusalKind::MembershipUnknown);
            assert!(
                said.contains("entra_group 7d1f3c0e-3f5b, which has not answered yet"),
                "{said}"
            );
            books.answer("/token", json!({ "access_token": "graph-1", "expires_in": 3599 }));
            let lost = format!("{}{MEMBERS}?$skiptoken=lost", books.url);
            books.answer(&format!("{MEMBERS}?$skiptoken=lost"), json!("broken"));
            for answer in [
                // Without the permission to read it, Graph leaves it out.
                json!({ "value": [user("o-sam", Value::Null, "Member")] }),
                json!({ "value": [sam()], "@odata.nextLink": lost }),
                json!({ "value": [sam()], "@odata.nextLink": "https://elsewhere.example/v1.0/x" }),
                json!({ "error": { "code": "Request_UnsupportedQuery" } }),
            ] {
                books.answer(MEMBERS, answer.clone());
                office.app.directories.ask_all().await;
                assert_eq!(
                    turned_away(&office).await.0,
                    RefusalKind::MembershipUnknown,
                    "{answer}"
                );
            }
            // A token that is not taken any more is asked for anew.
            books.fail(MEMBERS, 401, None);
            office.app.directories.ask_all().await;
            books.answer("/token", json!({ "access_token": "graph-2", "expires_in": 3599 }));
            books.answer(MEMBERS, json!({ "value": [sam()] }));
            office.app.directories.ask_all().await;
            assert_eq!(books.asked(MEMBERS).last().unwrap().token, "Bearer graph-2");
            office.press("sam", "security", Verb::Approve).await.unwrap();
            office.settle().await;
            office
        }
    })
    .await;
}

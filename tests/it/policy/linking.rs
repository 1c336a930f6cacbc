//! Somebody has a new account in chat. It is linked to them by a code that they read out.

use countersign::clock::Clock;
use countersign_port::{
    access::{Access, RefusalKind, Word},
    card::Verb,
};
use countersign_sandbox::demo;
use jiff::SignedDuration;

use super::desk::{Desk, lines};
use crate::{
    database::Database,
    office::{Office, Site, write_prod},
};

/// An account that is linked to nobody.
const NEW: &str = "nora";

/// An office by the time of the machine, by which the command line goes; and its operator.
async fn offices() -> Vec<(Office, Desk)> {
    let mut offices = Vec::new();
    for database in [Some(Database::sqlite()), Database::postgres().await].into_iter().flatten() {
        let clock = Clock::frozen(Clock::system().now());
        let office = Office::open_at(database, clock, Site::default()).await;
        let desk = Desk::new();
        desk.keep_in(&office.database_url());
        offices.push((office, desk));
    }
    offices
}

async fn says_link(office: &Office, who: &str) -> String {
    office.app.service.say(&Word::Link { code: None }, &demo::identity(who)).await.unwrap()
}

/// The code out of what they are told.
async fn code(office: &Office) -> String {
    let said = says_link(office, NEW).await;
    let rest = said.strip_prefix("Your code is ").unwrap_or_else(|| panic!("{said}"));
    rest.split(',').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_linked_counts_as_its_owner_and_is_taken_away_again() {
    for (office, desk) in offices().await {
        office.ask(&write_prod()).await;
        office.settle().await;
        let unknown = office.press(NEW, "shop-approvals", Verb::Approve).await.unwrap_err();
        assert_eq!(unknown.kind, RefusalKind::NotLinked);
        let code = code(&office).await;
        let typed = code.to_lowercase();
        let said = desk.command(&["people", "link", &typed, "--to", "farid"]).await;
        assert_eq!(said.out, "the sandbox account demo/nora is linked to farid\n", "{said:?}");
        assert_eq!(says_link(&office, NEW).await, "It is linked to Farid Aziz.");
        // It is Farid who decides, whichever account he has clicked with.
        office.press(NEW, "shop-approvals", Verb::Approve).await.unwrap();
        let twice = office.press("farid", "shop-approvals", Verb::Approve).await.unwrap_err();
        assert_eq!(twice.kind, RefusalKind::AlreadyVoted);
        let again = desk.command(&["people", "link", &code, "--to", "erin"]).await;
        assert_eq!(again.code, Some(1));
        assert!(again.err.contains("there is no such code"), "{}", again.err);
        let listed = desk.command(&["people", "list", "--json"]).await;
        let farid = lines(&listed).into_iter().find(|row| row["person"] == "farid").unwrap();
        let link = &farid["links"][0];
        assert_eq!(
            (&link["account"], &link["level"]),
            (&"sandbox demo/nora".into(), &"declared".into())
        );
        let listed = desk.command(&["people", "list"]).await;
        assert!(
            listed.out.contains("sandbox demo/nora declared by operator, with a code"),
            "{}",
            listed.out
        );
        let said = desk.command(&["people", "unlink", "sandbox", "demo/nora"]).await;
        assert_eq!(said.out, "the sandbox account demo/nora is linked to farid no more\n");
        let gone = office.press(NEW, "shop-approvals", Verb::Approve).await.unwrap_err();
        assert_eq!(gone.kind, RefusalKind::NotLinked);
        let told = office.store().people_changes(10).await.unwrap();
        let told: Vec<(&str, &str)> =
            told.iter().map(|line| (line.what.as_str(), line.subject.as_str())).collect();
        assert_eq!(told, [("account_unlinked", "farid"), ("account_linked", "farid")]);
        let ended = &office.store().people_changes(1).await.unwrap()[0].body["evidence"];
        assert_eq!(
            (&ended["level"], &ended["with"]),
            (&"declared".into(), &"one_time_code".into())
        );
        office.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_links_nothing() {
    for (office, desk) in offices().await {
        let first = code(&office).await;
        let second = code(&office).await;
        let handle = second.split('-').next().unwrap();
        let wrong = format!("{handle}-00000-00000");
        let link = async |code: &str, to: &str| {
            let said = desk.command(&["people", "link", code, "--to", to]).await;
            assert_eq!(said.code, Some(1), "{said:?}");
            said.err
        };
        assert!(link("not-a-code", "farid").await.contains("this is no code"));
        assert!(
            link(&first, "farid").await.contains("there is no such code"),
            "a newer one was made"
        );
        assert!(link(&second, "eve").await.contains("nobody has this key"));
        for _ in 0..5 {
            assert!(link(&wrong, "farid").await.contains("there is no such code"));
        }
        assert!(link(&second, "farid").await.contains("tried in vain too often"));
        let told = office.store().people_changes(10).await.unwrap();
        assert_eq!(told.len(), 6, "each try with the right beginning is written down: {told:?}");
        assert!(told.iter().all(|line| line.what == "link_refused" && line.actor == "operator"));
        // A code that was made too long ago.
        office.clock.advance(SignedDuration::from_mins(-11));
        let old = code(&office).await;
        assert!(link(&old, "farid").await.contains("there is no such code"));
        let none = desk.command(&["people", "unlink", "sandbox", "demo/farid"]).await;
        assert!(none.err.contains("it may stand in the people file"), "{}", none.err);
        assert_eq!(desk.command(&["people", "unlink", "sandbox", "nora"]).await.code, Some(1));
        office.close().await;
    }
}

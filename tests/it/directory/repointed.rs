//! A group that another policy looks up elsewhere: what its old source has said counts no longer.

use countersign::{
    law::{Known, Sources},
    reload::{Files, Reload, Reloaded},
};
use countersign_port::{access::RefusalKind, card::Verb};
use serde_json::json;

use super::{books::Books, kept_in, status, turned_away, waits_for_security};
use crate::{
    office::{Office, Site, tell_in},
    patience::until,
};

fn two_rotas(books: &Books) -> Site {
    let rota = |id: &str| {
        format!(
            "  - {{ id: {id}, url: \"{}/{id}\", token: {{ env: DIRECTORY_TOKEN }} }}\n",
            books.url
        )
    };
    Site {
        sources: || kept_in("on_call: days"),
        more: format!("on_call:\n{}{}", rota("days"), rota("nights")),
        ..Site::default()
    }
}

/// The three files of the office, to be read again.
struct Shelf {
    folder: tempfile::TempDir,
    reload: Reload,
}

impl Shelf {
    fn of(office: &Office) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name| folder.path().join(name);
        let known =
            Known { platforms: vec!["sandbox"], directories: vec!["on_call"], ..Known::default() };
        let files = Files {
            policy: path("policy.yaml"),
            catalogue: path("catalogue.yaml"),
            people: path("people.yaml"),
            known,
        };
        let sources = kept_in("on_call: days");
        for (path, source) in [
            (&files.policy, &sources.policy),
            (&files.catalogue, &sources.catalogue),
            (&files.people, &sources.people),
        ] {
            std::fs::write(path, &source.text).unwrap();
        }
        let sources = Sources::read(&files.policy, &files.catalogue, &files.people).unwrap();
        Self { folder, reload: Reload::new(&office.app, files, sources) }
    }

    async fn point_to(&self, rota: &str) {
        let sources = kept_in(&format!("on_call: {rota}"));
        std::fs::write(self.folder.path().join("policy.yaml"), sources.policy.text).unwrap();
        assert_eq!(self.reload.now().await, Reloaded::InForce);
    }
}

async fn nobody_can_tell(office: &Office) {
    let (kind, said) = turned_away(office).await;
    assert_eq!(kind, RefusalKind::MembershipUnknown, "{said}");
    assert!(said.contains("on_call nights, which has not answered yet"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_in_the_old_source_of_a_group_is_not_believed_of_the_new_one() {
    let books = Books::start().await;
    tell_in(&two_rotas(&books), |office| {
        let books = books.clone();
        async move {
            books.forget();
            books.answer("/days", json!({ "people": ["sam"] }));
            books.fail("/nights", 503, None);
            office.app.directories.ask_all().await;
            let id = waits_for_security(&office).await;
            let shelf = Shelf::of(&office);
            shelf.point_to("nights").await;
            nobody_can_tell(&office).await;
            books.answer("/nights", json!({ "people": ["olu"] }));
            office.app.directories.ask_all().await;
            assert_eq!(turned_away(&office).await.0, RefusalKind::NotEligible);
            assert_eq!(status(&office, &id).await, "pending");
            // Back again: what the first has said still holds of it, and is as old as it was.
            books.fail("/days", 503, None);
            shelf.point_to("days").await;
            office.press("sam", "security", Verb::Approve).await.unwrap();
            assert_eq!(status(&office, &id).await, "approved");
            office.settle().await;
            office
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_comes_after_the_group_was_pointed_elsewhere_is_about_the_old_source() {
    let books = Books::start().await;
    tell_in(&two_rotas(&books), |office| {
        let books = books.clone();
        async move {
            books.forget();
            books.answer("/days", json!({ "people": ["sam"] }));
            books.fail("/nights", 503, None);
            waits_for_security(&office).await;
            let shelf = Shelf::of(&office);
            let held = books.hold("/days");
            let pointed = async {
                until("a question", || books.asked("/days").pop()).await;
                shelf.point_to("nights").await;
                held.notify_one();
            };
            tokio::join!(office.app.directories.ask_all(), pointed);
            nobody_can_tell(&office).await;
            office.settle().await;
            office
        }
    })
    .await;
}

//! Erin is away, and Gus decides for her: by her own word in chat, or by an operator's.

use countersign::{
    clock::Clock,
    domain::id::RequestId,
    law::Sources,
    store::{entries::story, people_change::PeopleChange},
};
use countersign_port::{
    access::{Access, Refusal, RefusalKind, Word},
    card::{Face, Verb},
};
use countersign_sandbox::demo;
use jiff::SignedDuration;

use super::desk::{Desk, lines};
use crate::{
    database::Database,
    office::{Office, Site, sources, tell_in, with_stand_ins, write_prod},
};

fn lenient() -> Sources {
    sources(&with_stand_ins(demo::POLICY), demo::CATALOGUE, demo::PEOPLE)
}

fn site() -> Site {
    Site { sources: lenient, ..Site::default() }
}

async fn says(office: &Office, who: &str, words: &str) -> Result<String, Refusal> {
    let words: Vec<&str> = words.split_whitespace().collect();
    let word = Word::read(&words).expect("a word");
    office.app.service.say(&word, &demo::identity(who)).await
}

fn progress(office: &Office, channel: &str) -> Vec<String> {
    office.newest(channel).progress.iter().map(|line| line.line.plain()).collect()
}

async fn history(office: &Office) -> Vec<(String, String, String)> {
    let changes = office.store().people_changes(10).await.unwrap();
    let told = |PeopleChange { actor, what, subject, .. }: PeopleChange| (actor, what, subject);
    changes.into_iter().map(told).collect()
}

fn line(actor: &str, what: &str) -> (String, String, String) {
    (actor.to_owned(), what.to_owned(), "erin".to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_decides_and_everybody_can_see_for_whom() {
    tell_in(&site(), |office| async move {
        let said = says(&office, "erin", "away gus 2026-11-24").await.unwrap();
        assert!(
            said.starts_with("Gus Lind may decide for you until 2026-11-25 00:00 UTC"),
            "{said}"
        );
        let asked = office.ask(&write_prod()).await;
        let id: RequestId = asked.body["task"]["id"].as_str().unwrap().parse().unwrap();
        office.settle().await;
        let said = progress(&office, "shop-approvals");
        assert_eq!(said[0], "0 of 2 from shop.lead: Farid Aziz or Gus Lind for Erin Doyle");
        let waiting = office.app.service.waiting(&demo::identity("gus")).await.unwrap();
        assert_eq!(waiting.len(), 1, "it waits for him");
        office.press("gus", "shop-approvals", Verb::Approve).await.unwrap();
        let twice = office.press("erin", "shop-approvals", Verb::Approve).await.unwrap_err();
        assert_eq!(
            twice.sentence,
            "Gus Lind decided for you at 12:00 UTC; each person counts once."
        );
        office.settle().await;
        let said = progress(&office, "shop-approvals");
        assert_eq!(said[0], "Gus Lind for Erin Doyle 12:00 UTC");
        office.press("farid", "shop-approvals", Verb::Approve).await.unwrap();
        office.settle().await;
        let card = office.press("sam", "security", Verb::Approve).await.unwrap();
        assert_eq!(card.face, Face::Approved);
        office.settle().await;
        let mut connection = office.store().read.acquire().await.unwrap();
        let entries = story(&mut connection, &id, 0).await.unwrap();
        drop(connection);
        let mut cast = entries.iter().filter(|(leaf, _)| leaf.kind.as_str() == "vote_cast");
        let (leaf, payload) = cast.next().unwrap();
        assert_eq!(leaf.facts["on_behalf_of"]["person"], "erin");
        assert_eq!(payload["on_behalf_of"]["name"], "Erin Doyle");
        assert!(!cast.next().unwrap().0.facts.contains_key("on_behalf_of"), "Farid for himself");
        assert_eq!(history(&office).await, [line("erin", "stand_in_arranged")]);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_ended_counts_nowhere_any_more() {
    tell_in(&site(), |office| async move {
        says(&office, "erin", "away gus until 1d").await.unwrap();
        let replica = office.replica().await;
        office.ask(&write_prod()).await;
        office.settle().await;
        office.press("gus", "shop-approvals", Verb::Approve).await.unwrap();
        office.press("farid", "shop-approvals", Verb::Approve).await.unwrap();
        office.settle().await;
        // She comes back at the other replica, a little later, and says nothing to this one.
        office.clock.advance(SignedDuration::from_millis(1));
        let by = demo::identity("erin");
        let said = replica.service.say(&Word::Back, &by).await.unwrap();
        assert_eq!(said, "Welcome back. Gus Lind does not decide for you any more.");
        let none = replica.service.say(&Word::Back, &by).await.unwrap_err();
        assert_eq!(none.kind, RefusalKind::NotArranged);
        assert!(none.sentence.starts_with("Nobody stands in for them"), "{}", none.sentence);
        replica.stop().await;
        let card = office.press("sam", "security", Verb::Approve).await.unwrap();
        assert_eq!(card.face, Face::Partial, "he does not count for her any more");
        office.settle().await;
        let said = progress(&office, "shop-approvals");
        let gone =
            "Gus Lind for Erin Doyle 12:00 UTC does not count any more: does not stand in any more";
        assert!(said.contains(&gone.to_owned()), "{said:?}");
        let off = office.press("gus", "shop-approvals", Verb::Approve).await.unwrap_err();
        assert_eq!(off.kind, RefusalKind::NotEligible);
        office.press("erin", "shop-approvals", Verb::Approve).await.unwrap();
        office.settle().await;
        assert_eq!(office.newest("shop-approvals").face, Face::Approved);
        let told = history(&office).await;
        assert_eq!(told, [line("erin", "stand_in_ended"), line("erin", "stand_in_arranged")]);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_runs_out_outlives_a_restart_and_needs_the_policy() {
    tell_in(&site(), |office| async move {
        says(&office, "erin", "away gus 1h").await.unwrap();
        let office = office.restart().await;
        office.ask(&write_prod()).await;
        office.advance(SignedDuration::from_mins(29)).await;
        office.press("gus", "shop-approvals", Verb::Approve).await.unwrap();
        office.advance(SignedDuration::from_mins(31)).await;
        office.ask(&write_prod()).await;
        office.settle().await;
        let late = office.press("gus", "shop-approvals", Verb::Approve).await.unwrap_err();
        assert_eq!(late.kind, RefusalKind::NotEligible, "the hour is over");
        says(&office, "erin", "away gus 1h").await.unwrap();
        let office = office.restart_under(crate::office::demo_sources).await;
        office.ask(&write_prod()).await;
        office.settle().await;
        let forbidden = office.press("gus", "shop-approvals", Verb::Approve).await.unwrap_err();
        assert_eq!(forbidden.kind, RefusalKind::NotEligible, "this policy does not allow it");
        let useless = says(&office, "farid", "away gus 1h").await.unwrap_err();
        assert!(
            useless.sentence.starts_with("The policy lets nobody stand in"),
            "{}",
            useless.sentence
        );
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_arranged_is_answered_with_the_reason() {
    tell_in(&site(), |office| async move {
        for (who, words, why) in [
            ("erin", "away sam 5d", "Sam Okoro is in none of the same groups"),
            ("erin", "away erin 5d", "Nobody stands in for themselves"),
            ("erin", "away <@U0GUS> 5d", "`<@U0GUS>` is nobody here"),
            ("erin", "away gus tomorrow", "`tomorrow` is no time"),
            ("erin", "away gus 2026-11-01", "It would end before it begins"),
            ("erin", "back", "Nobody stands in for them"),
        ] {
            let refusal = says(&office, who, words).await.unwrap_err();
            assert_eq!(refusal.kind, RefusalKind::NotArranged);
            assert!(refusal.sentence.starts_with(why), "{words}: {}", refusal.sentence);
            assert!(refusal.sentence.ends_with("Nothing was changed."), "{}", refusal.sentence);
        }
        let stranger = says(&office, "stranger", "away gus 5d").await.unwrap_err();
        assert_eq!(stranger.kind, RefusalKind::NotLinked);
        assert_eq!(history(&office).await, []);
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_does_it_beside_a_running_service() {
    for database in [Some(Database::sqlite()), Database::postgres().await].into_iter().flatten() {
        // The command line goes by the time of the machine.
        let clock = Clock::frozen(Clock::system().now());
        let office = Office::open_at(database, clock, site()).await;
        let desk = Desk::new();
        desk.write("policy.yaml", &with_stand_ins(demo::POLICY));
        desk.keep_in(&office.database_url());
        let away = ["people", "away", "erin", "--to", "gus"];
        for from in ["2026-01-01T00:00:00Z", "2026-01-01"] {
            let long = [&away[..], &["--from", from, "--until", "2036-01-01"]].concat();
            let long = desk.command(&long).await;
            assert_eq!(long.code, Some(1), "{long:?}");
            assert!(long.err.contains("it would last longer than 92 days"), "{}", long.err);
        }
        let said = desk.command(&[&away[..], &["--until", "9d"]].concat()).await;
        assert_eq!(said.code, Some(0), "{said:?}");
        assert!(said.out.starts_with("gus may decide for erin until "), "{}", said.out);
        let listed = desk.command(&["people", "list", "--json"]).await;
        let erin = lines(&listed).into_iter().find(|row| row["person"] == "erin").unwrap();
        assert_eq!(erin["stand_ins"][0]["delegate"], "gus");
        let listed = desk.command(&["people", "list"]).await;
        assert!(listed.out.contains("gus stands in from "), "{}", listed.out);
        // It holds in the service, which was told nothing, from the next click on.
        office.clock.advance(SignedDuration::from_mins(5));
        office.ask(&write_prod()).await;
        office.settle().await;
        office.press("gus", "shop-approvals", Verb::Approve).await.unwrap();
        let twice = desk.command(&[&away[..], &["--until", "1d"]].concat()).await;
        assert!(twice.err.contains("Gus Lind stands in for Erin Doyle until"), "{}", twice.err);
        let back = desk.command(&["people", "back", "erin"]).await;
        assert_eq!(back.out, "gus does not decide for erin any more\n");
        assert_eq!(desk.command(&["people", "back", "erin"]).await.code, Some(1));
        let told = history(&office).await;
        assert_eq!(
            told,
            [line("operator", "stand_in_ended"), line("operator", "stand_in_arranged")]
        );
        office.close().await;
    }
}

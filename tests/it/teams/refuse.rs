//! Clicks that do not count: everybody is told why, alone, nothing is granted, and the audit log
//! knows.

use countersign_fake_teams::{
    card::Entries,
    fault::{Call, Fault, Strike},
    world::{Channel, Person, Spelling},
};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{
    blueprint::{NEW, SECURITY, SHOP, TEAM},
    workplace::{Workplace, tell, write_prod, write_prod_for},
};

const FABRIKAM: &str = "99999999-2222-4333-8444-555555555555";

/// Somebody presses, is told this, and nothing is decided. The log knows why.
async fn is_refused(workplace: &Workplace, who: &str, id: &str, why: &str, words: &str) {
    let before = workplace.card(SHOP);
    let said = workplace.press(who, SHOP, "approve").await;
    let sentence = said.sentence().unwrap_or_else(|| panic!("{who}: no sentence: {said:?}"));
    assert!(sentence.contains(words), "{who}: {sentence}");
    assert_eq!(workplace.refusals(id).await.last(), Some(&json!(why)), "{who}");
    assert_eq!(workplace.card(SHOP), before, "nobody else sees anything");
    assert_eq!(workplace.entries(id, "vote_cast").await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_decide_is_told_who_can() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        is_refused(&workplace, "dana", &id, "own_request", "You asked for this").await;
        is_refused(&workplace, "gus", &id, "not_eligible", "Erin Doyle or Farid Aziz").await;
        is_refused(&workplace, NEW, &id, "not_linked", "isn't linked to a person").await;
        workplace.approve("erin", SHOP).await;
        workplace.advance(SignedDuration::from_mins(2)).await;
        let again = workplace.press("erin", SHOP, "approve").await.sentence().unwrap();
        assert!(again.contains("You already approved at 12:00 UTC"), "{again}");
        workplace.card(SHOP);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_says_whose_an_account_may_be_and_decides_nothing() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        let named = || Person::named(NEW).email("farid@example.com");
        for person in [named().guest(), named().of_tenant(FABRIKAM)] {
            workplace.teams.person(person);
            workplace.press(NEW, SHOP, "approve").await;
            assert!(workplace.proposals().await.is_empty());
            workplace.advance(SignedDuration::from_mins(5)).await;
            workplace.card(SHOP);
        }
        workplace.teams.person(named());
        is_refused(&workplace, NEW, &id, "not_linked", "this account is Farid Aziz's").await;
        assert_eq!(workplace.proposals().await, ["farid"]);
        workplace.teams.messages("19:platform@thread.tacv2");
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_strangers_programs_and_the_nameless_decide_nothing() {
    tell(|workplace| async move {
        let role =
            |role: Option<&str>| Person { role: role.map(str::to_owned), ..Person::named("erin") };
        let unknown = ("identity_unknown", "couldn't tell us who you are");
        let no_person = ("not_a_person", "Only people whose account is active");
        let people = [
            (Person::named("erin").guest(), ("guest", "Guests can't decide here.")),
            (role(Some("guest")), ("guest", "Guests can't decide here.")),
            (Person::named("erin").of_tenant(FABRIKAM), ("stranger", "another company")),
            (Person::named("erin").anonymous(), unknown),
            (role(None), unknown),
            (role(Some("anonymous")), no_person),
            (role(Some("bot")), no_person),
        ];
        for (number, (person, (why, words))) in people.into_iter().enumerate() {
            let id = workplace.ask(&write_prod_for(&format!("Reason {number}"))).await;
            workplace.teams.person(person);
            is_refused(&workplace, "erin", &id, why, words).await;
            workplace.teams.person(Person::named("erin"));
            // What the roster says is believed for five minutes.
            workplace.advance(SignedDuration::from_mins(5)).await;
        }
        for channel in [SHOP, "19:platform@thread.tacv2"] {
            workplace.teams.messages(channel);
        }
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_spellings_of_an_account_are_understood() {
    tell(|workplace| async move {
        workplace.ask(&write_prod()).await;
        let spelling = Spelling::ObjectId;
        workplace.teams.person(Person { spelling, ..Person::named("erin") });
        workplace.approve("erin", SHOP).await;
        assert!(workplace.card(SHOP).words().contains("1 of 3 approved"));
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_claims_to_be_somebody_else_is_nobody() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        let card = workplace.card(SHOP);
        let mut click = workplace.teams.click_activity("gus", &card, "approve", &Entries::none());
        click["from"]["aadObjectId"] = Person::named("erin").object.into();
        let said = workplace.deliver(&click).await.sentence().expect("a sentence");
        assert!(said.contains("couldn't tell us who you are"), "{said}");
        assert_eq!(workplace.refusals(&id).await, [json!("identity_unknown")]);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_from_another_tenant_is_answered_and_nobody_there_is_asked_back() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        let card = workplace.card(SHOP);
        let asked = workplace.teams.calls(Call::Members).len();
        let good = workplace.teams.click_activity("erin", &card, "approve", &Entries::none());
        for pointer in ["/conversation/tenantId", "/channelData/tenant/id"] {
            let mut click = good.clone();
            *click.pointer_mut(pointer).expect("there") = FABRIKAM.into();
            let said = workplace.deliver(&click).await.sentence().expect("a sentence");
            assert!(!said.contains("Shop") && !said.contains("Erin"), "no names: {said}");
            assert_eq!(workplace.refusals(&id).await.last(), Some(&json!("stranger")));
        }
        let mut hidden = good.clone();
        hidden["conversation"].as_object_mut().unwrap().remove("tenantId");
        hidden["channelData"].as_object_mut().unwrap().remove("tenant");
        assert!(workplace.deliver(&hidden).await.sentence().is_some(), "no tenant at all");
        let mut word = workplace.teams.click_activity("erin", &card, "details", &Entries::none());
        word["type"] = "message".into();
        word["text"] = "waiting".into();
        word["conversation"]["tenantId"] = FABRIKAM.into();
        assert_eq!(workplace.deliver(&word).await.status, Some(200));
        assert!(workplace.told("erin").is_empty());
        assert_eq!(workplace.teams.calls(Call::Members).len(), asked, "nobody was asked");
        assert_eq!(workplace.entries(&id, "vote_cast").await.len(), 0);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_channel_decides_nothing_and_gets_no_card() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        let card = workplace.card(SHOP);
        workplace.teams.channel(Channel::named(TEAM, SHOP, "shop-approvals").kind("shared"));
        is_refused(&workplace, "erin", &id, "stranger", "another company").await;
        let click = workplace.teams.click_activity("erin", &card, "approve", &Entries::none());
        assert_eq!(click["channelData"]["channel"]["type"], "shared");
        // The bot learns of a channel's kind where it learns of its team.
        workplace.teams.install("dana", TEAM).await;
        workplace.settle().await;
        workplace.ask(&write_prod_for("Another one")).await;
        assert_eq!(workplace.teams.messages(SHOP).len(), 1, "no second card");
        let elsewhere = workplace.card("19:platform@thread.tacv2").words();
        assert!(elsewhere.contains("Approval needed"), "{elsewhere}");
        workplace
    })
    .await;
}

/// The click of Erin, with something in it that is not so.
fn forged(workplace: &Workplace, pointer: &str, value: Value) -> Value {
    let card = workplace.card(SHOP);
    let mut click = workplace.teams.click_activity("erin", &card, "approve", &Entries::none());
    *click.pointer_mut(pointer).expect("there") = value;
    click
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_forged_in_a_button_counts_for_nothing() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        let token =
            forged(&workplace, "/replyToId", json!("1"))["value"]["action"]["data"]["button"]
                .as_str()
                .unwrap()
                .to_owned();
        let (card, _) = token.split_once('.').unwrap();
        let data = "/value/action/data/button";
        for (pointer, value, why) in [
            ("/replyToId", json!("1"), "unknown_button"),
            ("/conversation/id", json!(format!("{SECURITY};messageid=1")), "unknown_button"),
            ("/value/action/verb", json!("deny"), "incomplete"),
            (data, json!("x"), ""),
            (data, json!(""), ""),
            (data, json!({ "not": "a text" }), ""),
            (data, json!(format!("{card}.AAAAAAAAAAAAAAAAAAAAAA")), ""),
            (data, json!("crd_00000000000000000000000000.AAAAAAAAAAAAAAAAAAAAAA"), ""),
        ] {
            let before = workplace.refusals(&id).await.len();
            let click = forged(&workplace, pointer, value);
            let said = workplace.deliver(&click).await;
            assert_eq!(said.status, Some(200), "{pointer}");
            let known = workplace.refusals(&id).await;
            let news: Vec<_> = known[before..].to_vec();
            let expected: Vec<Value> =
                [why].iter().filter(|why| !why.is_empty()).map(|why| json!(why)).collect();
            assert_eq!(news, expected, "{pointer}");
        }
        assert_eq!(workplace.entries(&id, "vote_cast").await.len(), 0);
        workplace.card(SHOP);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_the_roster_does_not_vouch_for_in_time_does_not_count() {
    tell(|workplace| async move {
        let id = workplace.ask(&write_prod()).await;
        for fault in [Fault::Hang, Fault::Status(502), Fault::Status(404), Fault::Closed] {
            workplace.teams.misbehave(Strike::at(Call::Members, fault));
            let words = "couldn't tell us who you are";
            is_refused(&workplace, "erin", &id, "identity_unknown", words).await;
        }
        workplace.approve("erin", SHOP).await;
        workplace.card(SHOP);
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_chat_is_closed_is_answered_without_a_name() {
    use countersign_fake_teams::world::Chat;

    tell(|workplace| async move {
        workplace.ask(&write_prod()).await;
        workplace.teams.person(Person { chat: Chat::Blocked, ..Person::named("gus") });
        let card = workplace.card(SHOP);
        let yes = workplace.teams.submit_activity("gus", &card, "approve", &Entries::none());
        workplace.deliver(&yes).await;
        let said = workplace.teams.replies(&card).pop().expect("a line in the thread").words();
        assert!(said.starts_with("I could not answer in the personal chat."), "{said}");
        assert!(!said.contains("Gus"), "{said}");
        workplace
    })
    .await;
}

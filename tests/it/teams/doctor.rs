//! `countersign doctor`, as an operator runs it beside a service in Teams.

use std::{fs, time::Duration};

use countersign::clock::Clock;
use countersign_fake_teams::{
    fault::{Call, Fault, Strike},
    world::{Channel, Person},
};
use serde_json::Value;

use super::{
    blueprint::{Blueprint, SECURITY, SHOP, TEAM, TENANT, USUAL, environment, sources},
    workplace::{Workplace, tell_in},
};
use crate::{receiver::Receiver, running::run};

const CLOCK: &str = "clock, against Microsoft's";

/// `doctor` goes by the clock of this machine.
const TODAY: Blueprint = Blueprint { clock: Clock::system, ..USUAL };

/// Every finding about Teams that is not good: what, and what it means.
async fn complaints(workplace: &Workplace) -> Vec<(String, String)> {
    let receiver = Receiver::start(Clock::system()).await;
    complaints_about(&workplace.text(&receiver)).await
}

/// The same of another configuration.
async fn complaints_about(config: &str) -> Vec<(String, String)> {
    examined(config, "").await
}

/// The same with more people.
async fn examined(config: &str, people: &str) -> Vec<(String, String)> {
    let folder = tempfile::tempdir().unwrap();
    let sources = sources();
    for (name, text) in [
        ("countersign.yaml", config.to_owned()),
        ("policy.yaml", sources.policy.text),
        ("catalogue.yaml", sources.catalogue.text),
        ("people.yaml", sources.people.text + people),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let config = folder.path().join("countersign.yaml");
    let environment: Vec<_> = environment("none").into_iter().collect();
    let arguments = ["doctor", "--json", "--config", config.to_str().unwrap()];
    let said = run(&arguments, &environment).await;
    let findings: Vec<Value> =
        said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let about_teams = |finding: &&Value| {
        let what = finding["what"].as_str().unwrap();
        what.starts_with("Teams") || what.starts_with("the `teams`") || what == CLOCK
    };
    assert!(findings.iter().any(|one| about_teams(&one)), "{said:?}");
    let sick = findings.iter().filter(about_teams).filter(|one| one["health"] != "good");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    sick.map(|one| {
        let page = format!("docs/runbook/{}.md", text(&one["fix"]["page"]));
        assert!(fs::exists(format!("{}/{page}", env!("CARGO_MANIFEST_DIR"))).unwrap(), "{page}");
        (text(&one["what"]), text(&one["means"]))
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_in_teams_is_named_with_its_page() {
    tell_in(&TODAY, |workplace| async move {
        assert_eq!(complaints(&workplace).await, [], "all is well");
        let teams = &workplace.teams;
        teams.channel(Channel::named(TEAM, SECURITY, "security").kind("shared"));
        teams.channel(Channel::named("19:other@thread.tacv2", SHOP, "shop-approvals"));
        let sick = complaints(&workplace).await;
        assert_eq!(sick.len(), 2, "{sick:?}");
        assert!(sick[0].1.contains("shared channel"), "{sick:?}");
        assert!(sick[1].1.contains("no team that has the app"), "{sick:?}");
        teams.remove_silently(TEAM);
        let sick = complaints(&workplace).await;
        assert_eq!(
            sick[0],
            (format!("Teams team {TEAM}"), "the app is no longer in the team".into())
        );
        teams.misbehave(Strike::at(Call::Keys, Fault::Status(503)));
        teams.misbehave(Strike::at(Call::Token, Fault::Status(401)).always());
        let sick = complaints(&workplace).await;
        assert!(sick[0].1.contains("no click is believed"), "{sick:?}");
        assert!(sick[1].1.contains("no token from the login"), "{sick:?}");
        teams.behave();
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_that_are_apart_are_named() {
    tell_in(&TODAY, |workplace| async move {
        workplace.teams.advance(90);
        let sick = complaints(&workplace).await;
        let [(what, means)] = sick.as_slice() else { panic!("{sick:?}") };
        assert_eq!(what, CLOCK);
        assert!(means.contains("s behind: past five minutes every click is refused"), "{means}");
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_of_another_tenant_is_named() {
    tell_in(&TODAY, |workplace| async move {
        let receiver = Receiver::start(Clock::system()).await;
        let (ours, elsewhere) = (format!("/{TENANT}/oauth2"), "/another-tenant/oauth2");
        let config = workplace.text(&receiver).replace(&ours, elsewhere);
        let sick = complaints_about(&config).await;
        assert_eq!(sick[0].0, format!("Teams team {TEAM}"), "it has a token: {sick:?}");
        assert!(sick[0].1.contains("`tenant_id` is the bot's own tenant"), "{sick:?}");
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_is_slow_is_named_and_channels_by_what_they_are_called_now() {
    tell_in(&TODAY, |workplace| async move {
        let teams = &workplace.teams;
        teams.channel(Channel::named(TEAM, SHOP, "shop-decisions").kind("shared"));
        teams.misbehave(Strike::at(Call::Token, Fault::Slow(Duration::from_secs(2))));
        let sick = complaints(&workplace).await;
        let [(login, slow), (_, channel)] = sick.as_slice() else { panic!("{sick:?}") };
        assert_eq!(login, "Teams, token of the bot");
        assert!(slow.contains("who clicks may have to click again"), "{slow}");
        assert!(channel.starts_with("“shop-decisions” is a shared channel"), "{channel}");
        workplace
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_of_the_people_file_are_looked_up() {
    tell_in(&TODAY, |workplace| async move {
        let guest = Person::named("guest").guest();
        let bot = Person { role: Some("bot".to_owned()), ..Person::named("robot") };
        let gone = Person::named("gone");
        let accounts = [
            (TENANT, guest.object.clone().unwrap()),
            (TENANT, bot.object.clone().unwrap()),
            (TENANT, gone.object.unwrap()),
            ("another-tenant", Person::named("erin").object.unwrap()),
        ];
        workplace.teams.person(guest);
        workplace.teams.person(bot);
        let people = accounts.iter().enumerate().map(|(number, (tenant, object))| {
            format!("  p{number}: {{ name: P, teams: {{ tenant: {tenant}, object: {object} }} }}\n")
        });
        let receiver = Receiver::start(Clock::system()).await;
        let sick = examined(&workplace.text(&receiver), &people.collect::<String>()).await;
        let accounts = accounts
            .iter()
            .map(|(tenant, object)| format!("the `teams` account {tenant}/{object}"));
        let sick: Vec<String> = sick.into_iter().map(|(what, _)| what).collect();
        assert_eq!(sick, accounts.collect::<Vec<_>>());
        workplace
    })
    .await;
}

//! Somebody approves, leaves the group, and the last click comes.

use countersign::{
    domain::id::RequestId,
    reload::{Reload, Reloaded},
    store::entries::story,
};
use countersign_port::card::{Face, Verb};
use serde_json::Value;

use super::{
    desk::{Desk, lines},
    reload::reload,
};
use crate::office::{Office, tell, write_prod};

/// Three leads, of whom two are needed.
const GUS: [&str; 2] =
    ["groups: [shop, senior], sandbox", "groups: [shop, shop.lead, senior], sandbox"];
const FARID: [&str; 2] = [
    "farid@example.com, groups: [shop, shop.lead, senior]",
    "farid@example.com, groups: [shop, senior]",
];

async fn rewritten(desk: &Desk, reload: &Reload, changes: &[[&str; 2]]) {
    let mut people = Desk::people().to_owned();
    for [from, to] in changes {
        assert!(people.contains(from), "{from}");
        people = people.replace(from, to);
    }
    desk.write("people.yaml", &people);
    assert_eq!(reload.now().await, Reloaded::InForce);
}

fn progress(office: &Office, channel: &str) -> Vec<String> {
    office.newest(channel).progress.iter().map(|line| line.line.plain()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lost_the_role_before_the_decision_does_not_count() {
    tell(|office| async {
        let desk = Desk::new();
        let reload = reload(&desk, &office.app);
        rewritten(&desk, &reload, &[GUS]).await;
        let answer = office.ask(&write_prod()).await;
        let id: RequestId = answer.body["task"]["id"].as_str().unwrap().parse().unwrap();
        office.settle().await;
        for who in ["erin", "farid"] {
            office.press(who, "shop-approvals", Verb::Approve).await.unwrap();
        }
        office.settle().await;
        rewritten(&desk, &reload, &[GUS, FARID]).await;
        let card = office.press("sam", "security", Verb::Approve).await.unwrap();
        assert_eq!(card.face, Face::Partial);
        office.settle().await;
        let said = progress(&office, "shop-approvals");
        assert_eq!(
            said[1],
            "Farid Aziz 12:00 UTC does not count any more: is not in the group any more"
        );
        assert!(said.contains(&"1 of 2 from shop.lead: Gus Lind".to_owned()), "{said:?}");
        assert_eq!(office.get(id.as_str()).await.body["task"]["status"], "pending");
        let own = office.press("farid", "shop-approvals", Verb::Approve).await.unwrap_err();
        assert_eq!(own.sentence, "You're not in shop.lead. Gus Lind can decide.");
        // It outlives the process: what was struck is written down.
        let office = office.restart().await;
        let desk = Desk::new();
        let reload = super::reload::reload(&desk, &office.app);
        rewritten(&desk, &reload, &[GUS, FARID]).await;
        let card = office.press("gus", "shop-approvals", Verb::Approve).await.unwrap();
        assert_eq!(card.face, Face::Approved);
        let mut connection = office.store().read.acquire().await.unwrap();
        let entries = story(&mut connection, &id, 0).await.unwrap();
        drop(connection);
        let struck: Vec<&Value> = entries
            .iter()
            .filter(|(leaf, _)| leaf.kind.as_str() == "vote_struck")
            .map(|(leaf, _)| &leaf.facts["person"])
            .collect();
        assert_eq!(struck, ["farid"]);
        office
    })
    .await;
}

#[tokio::test]
async fn a_test_of_the_policy_moves_people() {
    let desk = Desk::new();
    desk.write(
        "policy.test.yaml",
        r#"cases:
  - name: farid leaves
    request: { subject: dana, scopes: "prod:orders:write" }
    then:
      - { approve: [erin, farid], asked: security }
      - { at: 5m, members: { shop.lead: [erin, gus] }, approve: sam, expect: pending, asked: shop.lead }
      - { at: 6m, turned_away: farid, approve: gus, expect: approved }
"#,
    );
    let said = desk.policy_command(&["test", "--json"]).await;
    assert_eq!(said.code, Some(0), "{}\n{}", said.out, said.err);
    assert_eq!(lines(&said)[0]["passed"], true, "{}", said.out);
    desk.write("policy.test.yaml", "cases:\n  - name: x\n    request: { subject: dana, scopes: \"prod:orders:write\" }\n    then: [{ members: { shop.laed: [erin] }, expect: pending }]\n");
    let said = desk.policy_command(&["test"]).await;
    let shown = format!("{}{}", said.out, said.err);
    assert!(shown.contains("`shop.laed` is no group of the people file or the policy"), "{shown}");
    assert!(shown.contains("shop.lead"), "{shown}");
}

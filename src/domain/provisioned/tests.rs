//! Who is who, and who may not act, when a people file and providers are joined.

use super::*;

const FILE: &str = "people:
  ann: { name: Ann, email: ann@example.com, groups: [ops], scim: { tenant: okta, subject: 00u-ann } }
  bob: { name: Bob, email: bob@example.com, groups: [ops] }
  cyd: { name: Cyd, groups: [ops], chat: { tenant: t, object: cyd-1 } }
  dee: { name: Dee, groups: [ops] }
";

fn sources() -> [Source; 2] {
    let accounts = Some(("chat".to_owned(), "t".to_owned()));
    [Source { id: "okta".to_owned(), accounts: None }, Source { id: "entra".to_owned(), accounts }]
}

fn user(source: &str, name: &str, external_id: &str, state: State) -> User {
    User {
        id: format!("{source}-{name}"),
        source: source.to_owned(),
        user_name: name.to_owned(),
        external_id: Some(external_id.to_owned()).filter(|id| !id.is_empty()),
        display_name: None,
        emails: Vec::new(),
        state,
    }
}

fn joined(users: Vec<User>) -> Joined {
    let told = Provisioned { users, ..Provisioned::default() };
    told.join(&People::parse(FILE).unwrap(), &sources())
}

fn barred(users: Vec<User>) -> Vec<String> {
    joined(users).barred.into_iter().map(|id| id.0).collect()
}

const ON: State = State::Active;
const OFF: State = State::Inactive;
const GONE: State = State::Deleted;

#[test]
fn who_is_pinned_counts_only_while_the_provider_says_so() {
    assert_eq!(barred(vec![]), ["ann"]);
    assert!(barred(vec![user("okta", "a@x", "00u-ann", ON)]).is_empty());
    assert!(barred(vec![user("okta", "00U-ANN", "", ON)]).is_empty(), "by user name, in any case");
    for state in [OFF, GONE] {
        assert_eq!(barred(vec![user("okta", "a@x", "00u-ann", state)]), ["ann"]);
    }
    assert_eq!(barred(vec![user("okta", "a@x", "00U-ANN", ON)]), ["ann"], "an id is exact");
    assert_eq!(barred(vec![user("entra", "a@x", "00u-ann", ON)]), ["ann"], "another provider");
    let anew = vec![user("okta", "old", "00u-ann", GONE), user("okta", "new", "00u-ann", ON)];
    assert!(barred(anew).is_empty());
}

#[test]
fn an_address_is_enough_to_switch_off_and_not_to_put_into_a_group() {
    let ann = user("okta", "a@x", "00u-ann", ON);
    for state in [OFF, GONE] {
        assert_eq!(barred(vec![ann.clone(), user("okta", "BOB@example.com", "", state)]), ["bob"]);
    }
    let both = vec![
        ann.clone(),
        user("okta", "bob@example.com", "1", GONE),
        user("okta", "Bob@example.com", "2", ON),
    ];
    let both = joined(both);
    assert!(both.barred.is_empty(), "hired again");
    assert_eq!(both.people.iter().count(), 4, "nobody is there twice");
    let account = user("okta", "Bob@example.com", "2", ON).account();
    assert!(both.people.by_identity(&account).is_none(), "an address links nobody");
    // Off at one provider is off, whatever another says.
    let two = vec![
        ann,
        user("okta", "bob@example.com", "", ON),
        user("entra", "bob@example.com", "", OFF),
    ];
    assert_eq!(barred(two), ["bob"]);
}

#[test]
fn an_account_in_chat_that_the_file_pins_links_too() {
    let ann = user("okta", "a@x", "00u-ann", ON);
    let on = joined(vec![ann.clone(), user("entra", "c@x", "cyd-1", ON)]);
    let cyd = user("entra", "c@x", "cyd-1", ON).account();
    assert_eq!(on.people.by_identity(&cyd).unwrap().name, "Cyd");
    assert_eq!(barred(vec![ann, user("entra", "c@x", "cyd-1", OFF)]), ["cyd"]);
}

#[test]
fn two_descriptions_of_one_account_are_one_person() {
    let ann = user("okta", "a@x", "00u-ann", ON);
    let two = vec![ann, user("entra", "eve", "eve-1", ON), user("entra", "eve.old", "eve-1", OFF)];
    let two = joined(two);
    assert!(two.barred.is_empty(), "one of them is active: {:?}", two.barred);
    assert_eq!(two.people.iter().count(), 5);
}

#[test]
fn whoever_the_file_does_not_know_is_a_person_by_the_provider() {
    let mut eve = user("entra", "eve@x", "eve-1", ON);
    eve.display_name = Some("Eve".to_owned());
    let told =
        joined(vec![eve.clone(), user("okta", "EVE@x", "", ON), user("okta", "fay", "", OFF)]);
    let new: Vec<&str> = told.people.iter().skip(4).map(|person| person.id.as_str()).collect();
    assert_eq!(new, ["okta:okta-EVE@x", "okta:okta-fay"], "the first provider's, once");
    let told = joined(vec![eve.clone()]);
    let chat = Identity {
        provider: "chat".to_owned(),
        tenant: "t".to_owned(),
        subject: "eve-1".to_owned(),
    };
    assert_eq!(told.people.by_identity(&chat).unwrap().name, "Eve");
    assert!(
        joined(vec![user("okta", "fay", "", OFF)])
            .barred
            .contains(&PersonId::from("okta:okta-fay"))
    );
}

#[test]
fn a_group_is_one_group_of_one_provider() {
    let group = |source: &str, name: &str, external_id: Option<&str>| Group {
        source: source.to_owned(),
        name: name.to_owned(),
        external_id: external_id.map(str::to_owned),
        members: vec![format!("{source}-1")],
    };
    let groups = vec![
        group("okta", "Ops", None),
        group("entra", "Ops", Some("g/1")),
        group("entra", "Other", Some("Ops")),
    ];
    let told = Provisioned { groups, ..Provisioned::default() };
    let members =
        |value: &str, sources: &[Source]| told.members(value, sources).map(|all| all.len());
    let all = sources();
    assert_eq!(members("okta/ops", &all), Some(1));
    assert_eq!(members("entra/g/1", &all), Some(1));
    assert_eq!(members("entra/Ops", &all), None, "a name and an id: two groups are meant");
    assert_eq!(members("Ops", &all), None, "of which provider?");
    assert_eq!(members("Ops", &all[..1]), Some(1));
    assert_eq!(members("okta/none", &all), None);
    assert_eq!(members("other/Ops", &all), None);
}

//! Codes as they are made, typed and tried.

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_348_800 + second).unwrap()
}

fn code() -> Code {
    Code::of(std::array::from_fn(|number| u8::try_from(number).unwrap() * 7))
}

fn kept(wrong: i64) -> Kept {
    let account =
        Identity { provider: "chat".to_owned(), tenant: "T1".to_owned(), subject: "U1".to_owned() };
    let code = code();
    let (handle, sha256) = (code.handle().to_owned(), code.sha256());
    Kept { account, handle, sha256, wrong, expires_at: at(LIFE_SECONDS) }
}

#[test]
fn a_code_is_read_as_people_type_it_and_never_printed_whole() {
    let words = code().words();
    assert_eq!(words, "07ENW-3AHRZ-6DMV2");
    for typed in
        [words.clone(), words.to_lowercase(), words.replace('-', " "), words.replace('0', "o")]
    {
        assert_eq!(Code::read(&typed), Some(code()), "{typed}");
    }
    for bad in ["", "07ENW", "07ENW-3AHRZ-6DMV2-X", "07ENW-3AHRZ-6DMVÄ", "07ENW-3AHRZ-6DMV!"] {
        assert_eq!(Code::read(bad), None, "{bad}");
    }
    assert_eq!(format!("{:?}", code()), "Code(07ENW-…)");
}

#[test]
fn a_code_is_good_for_a_while_and_for_a_few_tries() {
    let wrong = Code::read("07ENW-00000-00000").unwrap();
    assert_eq!(kept(0).check(&code(), at(599)), Ok(()));
    assert_eq!(kept(0).check(&code(), at(600)), Err(Fault::Unknown));
    assert_eq!(kept(0).check(&wrong, at(0)), Err(Fault::Unknown));
    assert_eq!(kept(4).check(&code(), at(0)), Ok(()));
    assert_eq!(kept(5).check(&code(), at(0)), Err(Fault::Locked));
}

fn people() -> People {
    let text = "people:\n  erin: { name: Erin, email: erin@example.com, chat: { team: T1, user: U0 } }\n  \
        gus: { name: Gus, email: gus@example.com }\n";
    People::parse(text).unwrap()
}

fn link(person: &str, level: Level) -> Link {
    Link {
        account: kept(0).account,
        person: PersonId::from(person),
        level,
        evidence: Value::Null,
        made_by: "operator".to_owned(),
        made_at: at(0),
    }
}

#[test]
fn a_link_is_raised_for_its_person_and_taken_from_nobody() {
    use Level::{Declared, Email, Proven};
    for (before, new, effect) in [
        (None, ("erin", Proven), Ok(Effect::Made)),
        (None, ("eve", Proven), Err(Fault::Nobody)),
        (Some(("erin", Email)), ("erin", Proven), Ok(Effect::Raised)),
        (Some(("erin", Email)), ("erin", Declared), Ok(Effect::Raised)),
        (Some(("erin", Email)), ("gus", Proven), Err(Fault::SomebodyElses)),
        (Some(("erin", Email)), ("gus", Declared), Ok(Effect::Made)),
        (Some(("erin", Proven)), ("erin", Declared), Ok(Effect::Raised)),
        (Some(("erin", Proven)), ("erin", Proven), Err(Fault::Taken)),
        (Some(("erin", Proven)), ("gus", Declared), Err(Fault::Taken)),
        (Some(("erin", Declared)), ("erin", Proven), Err(Fault::Taken)),
    ] {
        let before = before.map(|(person, level)| link(person, level));
        let people = people().linked(before.as_slice());
        assert_eq!(
            link(new.0, new.1).check(before.as_ref(), &people),
            effect,
            "{before:?} {new:?}"
        );
    }
    let of_the_file = Link {
        account: Identity { subject: "U0".to_owned(), ..kept(0).account },
        ..link("gus", Declared)
    };
    assert_eq!(of_the_file.check(None, &people()), Err(Fault::Taken));
}

#[test]
fn an_address_proposes_one_person_and_links_nobody() {
    let people = people();
    let proposed = |address: &str| people.proposed_by(address).map(|person| person.id.to_string());
    assert_eq!(proposed("Gus@Example.com"), Some("gus".to_owned()));
    for address in
        ["gus", "gus@example.com ", "gus@example.com.evil.example", "", "G\u{fc}s@example.com"]
    {
        assert_eq!(proposed(address), None, "{address}");
    }
    let proposal = link("gus", Level::Email);
    assert!(
        people
            .clone()
            .linked(std::slice::from_ref(&proposal))
            .by_identity(&proposal.account)
            .is_none()
    );
    assert!(Level::Email < Level::Proven && Level::Proven < Level::Declared);
    for level in [Level::Email, Level::Proven, Level::Declared] {
        assert_eq!(Level::read(level.as_str()), Some(level));
    }
    assert_eq!(Level::read("guessed"), None);
}

//! Who may be named, for how long, and what cannot be meant.

use super::*;

const FILE: &str = "people:
  erin: { name: Erin Doyle, email: erin@example.com, groups: [shop, shop.lead] }
  gus: { name: Gus Lind, email: gus@example.com, groups: [shop] }
  sam: { name: Sam Okoro, groups: [security] }
  uma: { name: Uma Off, groups: [shop] }
  vic: { name: Vic One, email: vic@example.com, groups: [shop] }
";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-11-22T12:00:00Z")
}

/// What comes of naming somebody, beside what is arranged already.
fn try_out(away: &str, delegate: &str, until: &str, others: &[StandIn]) -> Result<StandIn, Fault> {
    try_under(StandIns::SameGroup, away, delegate, until, others)
}

fn try_under(
    stand_ins: StandIns,
    away: &str,
    delegate: &str,
    until: &str,
    others: &[StandIn],
) -> Result<StandIn, Fault> {
    let people = People::parse(FILE).unwrap();
    let barred = BTreeSet::from([PersonId::from("uma")]);
    let groups = Certainty::Certain;
    let known = Known { people: &people, stand_ins, barred: &barred, groups, others };
    let away = PersonId::from(away);
    let order = Order { away: &away, delegate, from: now(), until: end(until, now())? };
    arrange("1".to_owned(), order, known, now())
}

#[test]
fn a_colleague_is_named_by_key_or_address_for_a_period() {
    let one = try_out("erin", "GUS@example.com", "2026-12-24", &[]).unwrap();
    assert_eq!(one.delegate, PersonId::from("gus"));
    assert_eq!(one.until, at("2026-12-25T00:00:00Z"), "the last day counts");
    assert!(one.holds_at(now()) && !one.holds_at(one.until));
    let five = try_out("erin", "gus", "5d", &[]).unwrap();
    assert_eq!(five.until, at("2026-11-27T12:00:00Z"));
}

#[test]
fn what_cannot_be_meant_is_refused_with_a_reason() {
    let why = |away, delegate, until| try_out(away, delegate, until, &[]).unwrap_err().to_string();
    assert!(why("erin", "nobody", "5d").starts_with("`nobody` is nobody here"));
    assert!(why("eve", "gus", "5d").starts_with("`eve` is nobody here"));
    assert!(why("erin", "erin", "5d").starts_with("nobody stands in for themselves"));
    assert!(why("erin", "uma", "5d").starts_with("Uma Off is switched off"));
    assert!(why("uma", "gus", "5d").starts_with("Uma Off is switched off"));
    assert!(why("erin", "sam", "5d").starts_with("Sam Okoro is in none of the same groups"));
    assert!(why("erin", "gus", "soon").starts_with("`soon` is no time"));
    assert!(why("erin", "gus", "2026-02-30").starts_with("`2026-02-30` is no time"));
    assert!(why("erin", "gus", "2026-11-21").starts_with("it would end before it begins"));
    assert!(why("erin", "gus", "93d").starts_with("it would last longer than 92 days"));
    let forbidden = try_under(StandIns::Forbidden, "erin", "gus", "5d", &[]).unwrap_err();
    assert!(forbidden.to_string().starts_with("the policy lets nobody stand in"));
    assert!(!why("erin", "\u{202e}gus", "5d").contains('\u{202e}'), "what is said is shown safely");
}

#[test]
fn a_word_is_never_handed_on() {
    let one = try_out("erin", "gus", "5d", &[]).unwrap();
    let others = [one];
    let why = |away, to| try_out(away, to, "1d", &others).unwrap_err().to_string();
    let taken = "Gus Lind stands in for Erin Doyle until 2026-11-27 12:00 UTC: end that first";
    assert_eq!(why("erin", "vic"), taken, "one at a time");
    assert_eq!(why("gus", "vic"), taken, "whoever stands in cannot be stood in for");
    assert_eq!(why("vic", "erin"), taken, "whoever is away stands in for nobody");
    assert!(try_out("vic", "gus", "1d", &others).is_ok(), "one may stand in for two");
}

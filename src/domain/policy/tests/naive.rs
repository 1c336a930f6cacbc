//! A second reading of what a policy means, written from the manual and not from the code: slow,
//! plain, and sharing nothing with the evaluator but the types. Where the two differ, one of them
//! has not understood the manual.

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::office::Asked;

/// A policy as plain lists.
#[derive(Debug, Clone, Default)]
pub(super) struct Sketch {
    pub(super) guardrails: Vec<Guard>,
    pub(super) rules: Vec<Ruling>,
}

#[derive(Debug, Clone)]
pub(super) struct Guard {
    pub(super) conditions: Vec<(&'static str, Wish)>,
    pub(super) refuse: bool,
    pub(super) no_pre_approval: bool,
    pub(super) number_check: bool,
    /// How surely accounts must be somebody's: `proven` or `declared`.
    pub(super) link: &'static str,
    pub(super) at_least: Option<u32>,
    pub(super) cap: [Option<i64>; 3],
    /// How many denials or requests within so many seconds.
    pub(super) brake: Option<(&'static str, u32, i64)>,
}

#[derive(Debug, Clone)]
pub(super) struct Ruling {
    pub(super) conditions: Vec<(&'static str, Wish)>,
    /// Steps of asks: groups, count and channel. None is a pre-approval.
    pub(super) steps: Option<Vec<Vec<Asking>>>,
    pub(super) times: [Option<i64>; 3],
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asking {
    pub(super) from: Vec<&'static str>,
    pub(super) count: u32,
    pub(super) channel: &'static str,
}

/// What a value must be.
#[derive(Debug, Clone)]
pub(super) enum Wish {
    AnyOf(Vec<&'static str>),
    Flag(bool),
    Over(i64),
    AtMost(i64),
}

/// One entry of the catalogue, as the test knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) kind: &'static str,
    pub(super) name: &'static str,
    pub(super) access: &'static str,
    pub(super) risk: &'static str,
    pub(super) owner: &'static str,
}

/// What comes out, as far as both readings say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Refused,
    Plan {
        rules: Vec<String>,
        /// For every step the asks, sorted.
        steps: Vec<Vec<(Vec<String>, u32, String)>>,
        number_check: bool,
        /// Whether only declared accounts count.
        declared: bool,
        times: [i64; 3],
        /// Sorted.
        brakes: Vec<Slowed>,
    },
}

/// A guardrail, what it counts, how many, and within how many seconds.
pub(super) type Slowed = (String, &'static str, u32, i64);

/// Yes, no, or nobody can tell.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tri {
    Yes,
    No,
    Unknown,
}

const DEFAULTS: [i64; 3] = [1_800, 600, 3_600];

pub(super) fn judge(
    policy: &Sketch,
    asked: &Asked,
    requester: Option<&str>,
    groups: &[&str],
    parts: &[Known],
) -> Verdict {
    let mut whole: Option<Whole> = None;
    for part in parts {
        let Some((rule, steps, check, times)) = judge_part(policy, asked, requester, groups, part)
        else {
            return Verdict::Refused;
        };
        whole = Some(match whole {
            None => (vec![rule], steps, check, times),
            Some((mut rules, mut all, checked, shortest)) => {
                if !rules.contains(&rule) {
                    rules.push(rule);
                }
                for (number, step) in steps.into_iter().enumerate() {
                    if all.len() <= number {
                        all.push(Vec::new());
                    }
                    let mut unmet = step;
                    for ask in &mut all[number] {
                        // The same question of two parts is asked once, of the larger number.
                        let same = unmet.iter().position(|other| {
                            (&other.from, other.channel) == (&ask.from, ask.channel)
                        });
                        if let Some(at) = same {
                            ask.count = ask.count.max(unmet.remove(at).count);
                        }
                    }
                    all[number].extend(unmet);
                }
                let mut times_of_all = shortest;
                for (own, other) in times_of_all.iter_mut().zip(times) {
                    *own = (*own).min(other);
                }
                (rules, all, checked || check, times_of_all)
            }
        });
    }
    let (rules, steps, number_check, times) = whole.expect("a part");
    let plain = |ask: Asking| {
        let from = ask.from.iter().map(|group| (*group).to_owned()).collect();
        (from, ask.count, ask.channel.to_owned())
    };
    let steps = steps
        .into_iter()
        .map(|step| {
            let mut asks: Vec<_> = step.into_iter().map(plain).collect();
            asks.sort();
            asks
        })
        .collect();
    let brakes = brakes(policy, asked, requester, groups, parts);
    let declared = policy.guardrails.iter().filter(|guard| guard.link == "declared").any(|guard| {
        let looks = |part| look(&guard.conditions, asked, requester, groups, part);
        parts.iter().any(|part| looks(part) != Tri::No)
    });
    Verdict::Plan { rules, steps, number_check, declared, times, brakes }
}

/// Rules, steps, number check and times of all parts so far.
type Whole = (Vec<String>, Vec<Vec<Asking>>, bool, [i64; 3]);

type Part = (String, Vec<Vec<Asking>>, bool, [i64; 3]);

fn judge_part(
    policy: &Sketch,
    asked: &Asked,
    requester: Option<&str>,
    groups: &[&str],
    part: &Known,
) -> Option<Part> {
    let looks =
        |conditions: &[(&'static str, Wish)]| look(conditions, asked, requester, groups, part);
    let applying: Vec<&Guard> =
        policy.guardrails.iter().filter(|guard| looks(&guard.conditions) != Tri::No).collect();
    if applying.iter().any(|guard| guard.refuse) {
        return None;
    }
    let needs_people =
        applying.iter().any(|guard| guard.no_pre_approval || guard.at_least.is_some());
    let at_least = applying.iter().filter_map(|guard| guard.at_least).max().unwrap_or(0);
    let (number, rule) = policy.rules.iter().enumerate().find(|(_, rule)| {
        looks(&rule.conditions) == Tri::Yes && (rule.steps.is_some() || !needs_people)
    })?;
    let mut times = DEFAULTS;
    for (at, time) in times.iter_mut().enumerate() {
        *time = rule.times[at].unwrap_or(*time);
        for guard in &applying {
            *time = guard.cap[at].map_or(*time, |cap| cap.min(*time));
        }
    }
    let mut steps = rule.steps.clone().unwrap_or_default();
    for ask in steps.iter_mut().flatten() {
        ask.count = ask.count.max(at_least);
        for group in &mut ask.from {
            if *group == "owner" {
                *group = part.owner;
            }
        }
        ask.from.sort_unstable();
        ask.from.dedup();
    }
    let check = applying.iter().any(|guard| guard.number_check);
    Some((format!("r{number}"), steps, check, times))
}

fn look(
    conditions: &[(&'static str, Wish)],
    asked: &Asked,
    requester: Option<&str>,
    groups: &[&str],
    part: &Known,
) -> Tri {
    let answers: Vec<Tri> = conditions
        .iter()
        .map(|(name, wish)| answer(name, wish, asked, requester, groups, part))
        .collect();
    // One no is no, whatever else is unknown.
    if answers.contains(&Tri::No) {
        Tri::No
    } else if answers.contains(&Tri::Unknown) {
        Tri::Unknown
    } else {
        Tri::Yes
    }
}

/// Every brake of a guardrail that applies to some part, once.
fn brakes(
    policy: &Sketch,
    asked: &Asked,
    requester: Option<&str>,
    groups: &[&str],
    parts: &[Known],
) -> Vec<Slowed> {
    let mut all = Vec::new();
    for (number, guard) in policy.guardrails.iter().enumerate() {
        let look = |part| look(&guard.conditions, asked, requester, groups, part);
        if let Some((counted, most, within)) = guard.brake
            && parts.iter().any(|part| look(part) != Tri::No)
        {
            all.push((format!("g{number}"), counted, most, within));
        }
    }
    all.sort();
    all
}

fn answer(
    name: &str,
    wish: &Wish,
    asked: &Asked,
    requester: Option<&str>,
    groups: &[&str],
    part: &Known,
) -> Tri {
    let text = |value: &str| {
        let Wish::AnyOf(patterns) = wish else { return Tri::No };
        if patterns.iter().any(|pattern| fits(pattern, value)) { Tri::Yes } else { Tri::No }
    };
    match name {
        "scope" | "action" if part.kind == name => text(part.name),
        "access" => text(part.access),
        "risk" => text(part.risk),
        "env" => text("prod"),
        "owner" => text(part.owner),
        "client" => text("shop-web"),
        "client.trust" => text(asked.client_trust.as_str()),
        "requester" => requester.map_or(Tri::Unknown, text),
        "resource.id" => text(asked.resource.as_deref().unwrap_or("orders")),
        "calendar.office" => text(office(asked.opened_at().as_second())),
        "break_glass" => {
            let holds = matches!(wish, Wish::Flag(wanted) if *wanted == asked.emergency);
            if holds { Tri::Yes } else { Tri::No }
        }
        "requester.group" => {
            let known = groups.iter().copied().chain(asked.groups.iter().map(String::as_str));
            if known.into_iter().any(|group| text(group) == Tri::Yes) {
                return Tri::Yes;
            }
            let mut unknown = asked.unknown_groups.iter();
            if unknown.any(|group| text(group) == Tri::Yes) { Tri::Unknown } else { Tri::No }
        }
        "param.currency" if part.kind == "action" => match asked.parameters.get("currency") {
            Some(Value::String(value)) => text(value),
            _ => Tri::No,
        },
        "param.amount" if part.kind == "action" => amount(&asked.parameters, wish),
        _ => Tri::No,
    }
}

fn amount(parameters: &Map<String, Value>, wish: &Wish) -> Tri {
    let amount: Decimal = match parameters.get("amount") {
        Some(Value::Number(number)) => number.to_string().parse().unwrap(),
        Some(Value::String(text)) => text.parse().unwrap(),
        _ => return Tri::No,
    };
    let holds = match wish {
        Wish::Over(edge) => amount > Decimal::from(*edge),
        Wish::AtMost(edge) => amount <= Decimal::from(*edge),
        Wish::AnyOf(_) | Wish::Flag(_) => false,
    };
    if holds { Tri::Yes } else { Tri::No }
}

/// Monday to Friday from nine to five in Berlin, but for the 25th of December 2026. By hand: the
/// days are counted, and from the last Sunday of March to that of October, at one o'clock UTC, it
/// is an hour later than in winter.
fn office(second: i64) -> &'static str {
    let day = second.div_euclid(86_400);
    let (mut year, mut first) = (1970, 0);
    while first + year_long(year) <= day {
        first += year_long(year);
        year += 1;
    }
    let leap = year_long(year) - 365;
    let change = |last_of_month: i64| {
        let last = first + last_of_month + leap - 1;
        // The first of January 1970 was a Thursday: day 3 was a Sunday.
        (last - (last - 3).rem_euclid(7)) * 86_400 + 3_600
    };
    let summer = (change(31 + 28 + 31)..change(365 - 30 - 31)).contains(&second);
    let local = second + if summer { 7_200 } else { 3_600 };
    let (local_day, minute) = (local.div_euclid(86_400), local.rem_euclid(86_400) / 60);
    let christmas = 20_812;
    let workday = (local_day + 3).rem_euclid(7) < 5 && local_day != christmas;
    if workday && (540..1_020).contains(&minute) { "open" } else { "closed" }
}

fn year_long(year: i64) -> i64 {
    if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) { 366 } else { 365 }
}

/// The definition of a pattern, tried out from every place.
fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    fits_from(&pattern, &text)
}

fn fits_from(pattern: &[char], text: &[char]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some(('*', rest)) => (0..=text.len()).any(|at| fits_from(rest, &text[at..])),
        Some((letter, rest)) => text.first() == Some(letter) && fits_from(rest, &text[1..]),
    }
}

/// Whether different people of the file could fill every ask of which the file bounds who may act.
/// Tried out one after the other.
pub(super) fn can_be_filled(
    steps: &[Vec<(Vec<String>, u32, String)>],
    members: &[(&str, &[&str])],
    excluded: Option<&str>,
) -> bool {
    let in_group = |group: &str, person: &str| {
        members.iter().any(|(name, people)| *name == group && people.contains(&person))
    };
    let everybody: Vec<&str> = {
        let mut all: Vec<&str> =
            members.iter().flat_map(|(_, people)| people.iter().copied()).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    let mut seats: Vec<Vec<&str>> = Vec::new();
    for (from, count, _) in steps.iter().flatten() {
        // Of a group that is kept elsewhere nobody knows who is in it.
        let bounding: Vec<&String> =
            from.iter().filter(|group| !ELSEWHERE.contains(&group.as_str())).collect();
        if bounding.is_empty() {
            continue;
        }
        let fitting = everybody.iter().copied().filter(|person| {
            Some(*person) != excluded && bounding.iter().all(|group| in_group(group, person))
        });
        let fitting: Vec<&str> = fitting.collect();
        seats.extend(std::iter::repeat_n(fitting, usize::try_from(*count).unwrap()));
    }
    // More seats than people: no need to try.
    seats.len() <= everybody.len() && seat(&seats, &mut Vec::new())
}

/// Groups of which the policy says that somebody else keeps them.
pub(super) const ELSEWHERE: [&str; 2] = ["security", "finance"];

fn seat<'a>(seats: &[Vec<&'a str>], taken: &mut Vec<&'a str>) -> bool {
    let Some((first, others)) = seats.split_first() else { return true };
    first.iter().any(|person| {
        if taken.contains(person) {
            return false;
        }
        taken.push(person);
        let filled = seat(others, taken);
        taken.pop();
        filled
    })
}

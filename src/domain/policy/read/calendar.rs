//! Reads calendars.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{
    civil::{Date, Weekday},
    tz::{TimeZone, TimeZoneDatabase, TimeZoneName},
};

use crate::domain::{
    calendar::{Calendar, Hours},
    diagnostic::{Diagnostic, suggest},
    yaml::{
        Entry, Node,
        read::{self, Faults, Members},
    },
};

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// Calendars by name.
pub(super) type Calendars = BTreeMap<String, Arc<Calendar>>;

/// A calendar with a fault is named all the same, so that conditions on it are no second fault.
pub(super) fn calendars(node: &Node, faults: &mut Faults) -> Calendars {
    let mut calendars = Calendars::new();
    for Entry { key, node } in read::entries(node, faults).unwrap_or_default() {
        let calendar = calendar(&key.text, node, faults);
        calendars.insert(key.text.clone(), Arc::new(calendar));
    }
    calendars
}

fn calendar(name: &str, node: &Node, faults: &mut Faults) -> Calendar {
    let mut calendar = Calendar {
        name: name.to_owned(),
        zone: TimeZone::UTC,
        days: Vec::new(),
        hours: Vec::new(),
        holidays: [].into(),
    };
    let known = ["zone", "days", "hours", "holidays"];
    let Some(members) = Members::of(node, &known, faults) else { return calendar };
    if let Some(zone) = members.need("zone", faults).and_then(|node| zone(node, faults)) {
        calendar.zone = zone;
    }
    if let Some(node) = members.need("days", faults) {
        let days = some_of(node, faults).iter();
        calendar.days = days.filter_map(|node| read::choice(node, &DAYS, faults)).collect();
    }
    if let Some(node) = members.need("hours", faults) {
        let hours = some_of(node, faults).iter();
        calendar.hours = hours.filter_map(|node| self::hours(node, faults)).collect();
    }
    let holidays = members.get("holidays").map(read::one_or_more).unwrap_or_default();
    calendar.holidays = holidays.iter().filter_map(|node| date(node, faults)).collect();
    calendar
}

/// A calendar that is never open is a slip.
fn some_of<'n>(node: &'n Node, faults: &mut Faults) -> &'n [Node] {
    let nodes = read::one_or_more(node);
    if nodes.is_empty() {
        read::expected::<()>("at least one", node, faults);
    }
    nodes
}

fn zone(node: &Node, faults: &mut Faults) -> Option<TimeZone> {
    let text = read::text(node, faults)?;
    let database = TimeZoneDatabase::bundled();
    if let Ok(zone) = database.get(text) {
        return Some(zone);
    }
    let names: Vec<_> = database.available().collect();
    let help = suggest(text, names.iter().map(TimeZoneName::as_str));
    let help = help.or_else(|| Some("write one such as `Europe/Berlin`".to_owned()));
    let message = format!("unknown time zone `{text}`");
    faults.push(Diagnostic::new(node.span, message).with_help(help));
    None
}

fn hours(node: &Node, faults: &mut Faults) -> Option<Hours> {
    let hours = Hours::parse(read::text(node, faults)?);
    let what =
        "two times of one day such as `09:00-17:00`; what goes over midnight is two stretches";
    hours.or_else(|| read::expected(what, node, faults))
}

fn date(node: &Node, faults: &mut Faults) -> Option<Date> {
    let date = read::text(node, faults)?.parse().ok();
    date.or_else(|| read::expected("a day such as `2026-12-25`", node, faults))
}

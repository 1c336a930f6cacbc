//! Business hours: on which days and between which times somebody works, by the clock on their
//! wall. The rules of the time zones are built in, so that a policy means the same everywhere.

use std::collections::BTreeSet;

use jiff::{
    Timestamp,
    civil::{Date, Weekday},
    tz::TimeZone,
};

/// When a place is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    pub name: String,
    pub zone: TimeZone,
    pub days: Vec<Weekday>,
    pub hours: Vec<Hours>,
    /// Days on which it is closed all the same.
    pub holidays: BTreeSet<Date>,
}

/// A stretch of a day, in minutes since midnight: from the first up to the second, exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    pub from: u16,
    pub to: u16,
}

/// The words of a condition.
pub const OPEN: &str = "open";
pub const CLOSED: &str = "closed";

/// The minutes of a day.
const DAY: u16 = 24 * 60;

impl Calendar {
    /// `open` or `closed`, at an instant.
    pub fn state(&self, at: Timestamp) -> &'static str {
        if self.is_open(at) { OPEN } else { CLOSED }
    }

    fn is_open(&self, at: Timestamp) -> bool {
        let local = self.zone.to_datetime(at);
        let minute = i32::from(local.hour()) * 60 + i32::from(local.minute());
        let within = |hours: &Hours| (i32::from(hours.from)..i32::from(hours.to)).contains(&minute);
        self.days.contains(&local.weekday())
            && !self.holidays.contains(&local.date())
            && self.hours.iter().any(within)
    }
}

impl Hours {
    /// Reads `09:00-17:30`; the end of the day is `24:00`.
    pub fn parse(text: &str) -> Option<Self> {
        let (from, to) = text.split_once('-')?;
        let hours = Self { from: minutes(from.trim())?, to: minutes(to.trim())? };
        (hours.from < hours.to).then_some(hours)
    }
}

fn minutes(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let number = |digits: &str| {
        let is_plain = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_plain.then(|| digits.parse::<u16>().ok()).flatten()
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    let all = hour * 60 + minute;
    (minute < 60 && all <= DAY).then_some(all)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZoneDatabase;

    use super::*;

    fn berlin() -> Calendar {
        Calendar {
            name: "office".to_owned(),
            zone: TimeZoneDatabase::bundled().get("Europe/Berlin").unwrap(),
            days: vec![Weekday::Monday, Weekday::Sunday],
            hours: ["01:00-03:30", "09:00-17:00"].map(|text| Hours::parse(text).unwrap()).to_vec(),
            holidays: BTreeSet::from(["2026-12-28".parse().unwrap()]),
        }
    }

    #[test]
    fn it_goes_by_the_clock_on_the_wall() {
        let cases = [
            ("2026-11-23T07:59:59Z", CLOSED),
            ("2026-11-23T08:00:00Z", OPEN),
            ("2026-11-23T15:59:59Z", OPEN),
            ("2026-11-23T16:00:00Z", CLOSED),
            // In summer the same clock is an hour earlier.
            ("2026-07-06T07:00:00Z", OPEN),
            ("2026-07-06T15:00:00Z", CLOSED),
            // Tuesday, and a holiday.
            ("2026-11-24T10:00:00Z", CLOSED),
            ("2026-12-28T10:00:00Z", CLOSED),
            // It is Monday in Berlin already.
            ("2026-11-23T00:30:00Z", OPEN),
            // The hour from two to three is left out in March, and comes twice in October.
            ("2026-03-29T00:59:00Z", OPEN),
            ("2026-03-29T01:29:00Z", OPEN),
            ("2026-03-29T01:30:00Z", CLOSED),
            ("2026-10-25T00:30:00Z", OPEN),
            ("2026-10-25T01:30:00Z", OPEN),
            ("2026-10-25T02:30:00Z", CLOSED),
        ];
        for (at, state) in cases {
            assert_eq!(berlin().state(at.parse().unwrap()), state, "{at}");
        }
    }

    #[test]
    fn hours_are_two_times_of_one_day() {
        assert_eq!(Hours::parse("00:00-24:00"), Some(Hours { from: 0, to: 1_440 }));
        assert_eq!(Hours::parse("09:00 - 17:30"), Some(Hours { from: 540, to: 1_050 }));
        for bad in [
            "",
            "9-17",
            "9:00-17:00",
            "17:00-09:00",
            "09:00-09:00",
            "09:60-10:00",
            "09:00-24:01",
            "09:00",
        ] {
            assert_eq!(Hours::parse(bad), None, "{bad}");
        }
    }
}

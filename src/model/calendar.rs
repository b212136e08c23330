//! Calendar days of a time zone, each partner's moved by a delay of its own. Pure; the time zone database is in the
//! program, so that every node has the same days whatever its machine knows.

use std::sync::LazyLock;

use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};

use crate::model::ids::PartnerId;

static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// One day of one partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// What the calendar calls it.
    pub date: Date,
    /// Its first moment.
    pub begins: Timestamp,
    /// The first moment of the next.
    pub ends: Timestamp,
}

/// A text that names no time zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no time zone of the IANA database; one is Asia/Tokyo, Europe/Berlin or UTC")]
pub struct NotAZone(String);

/// The database's own name of a time zone.
pub fn zone_name(text: &str) -> Result<String, NotAZone> {
    let zone = DATABASE.get(text).map_err(|_| NotAZone(text.chars().take(64).collect()))?;
    Ok(zone.iana_name().unwrap_or(text).to_owned())
}

/// The delay of a partner's days after midnight, in seconds: from 0 to `most_s`, fixed by the partner's name alone.
pub fn delay_s(partner: &PartnerId, most_s: u32) -> u32 {
    // FNV-1a, so that every node and every release has the same.
    let hash = partner
        .as_str()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    // The low bits of FNV are its weakest.
    let mixed = (hash ^ (hash >> 32)) % (u64::from(most_s) + 1);
    u32::try_from(mixed).unwrap_or(0)
}

/// The day that a moment falls into; a zone that nobody knows counts as UTC.
pub fn day(zone: &str, delay_s: u32, at: Timestamp) -> Day {
    let zone = find(zone);
    let delay = SignedDuration::from_secs(i64::from(delay_s));
    let shifted = at.saturating_sub(delay).unwrap_or(at);
    let date = shifted.to_zoned(zone.clone()).date();
    let begins_on = |date: Date| {
        let midnight = date.to_zoned(zone.clone()).map_or(shifted, |zoned| zoned.timestamp());
        midnight.saturating_add(delay).unwrap_or(midnight)
    };
    Day { date, begins: begins_on(date), ends: begins_on(date.tomorrow().unwrap_or(date)) }
}

fn find(zone: &str) -> TimeZone {
    DATABASE.get(zone).unwrap_or(TimeZone::UTC)
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};
    use proptest::prelude::*;

    use super::{Day, day, delay_s, zone_name};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn hours(day: Day) -> i64 {
        day.ends.duration_since(day.begins).as_hours()
    }

    #[test]
    fn a_day_ends_at_midnight_of_its_zone_and_after_the_partners_delay() {
        let tokyo = day("Asia/Tokyo", 0, at("2026-11-23T14:59:59Z"));
        assert_eq!((tokyo.begins, tokyo.ends), (at("2026-11-22T15:00:00Z"), at("2026-11-23T15:00:00Z")));
        assert_eq!(day("Asia/Tokyo", 0, tokyo.ends).begins, tokyo.ends, "the end belongs to the next day");
        let late = day("Asia/Tokyo", 600, at("2026-11-23T15:09:59Z"));
        assert_eq!((late.date, late.ends), (tokyo.date, at("2026-11-23T15:10:00Z")));
    }

    #[test]
    fn days_on_which_clocks_are_set_have_23_and_25_hours() {
        let berlin = |moment| hours(day("Europe/Berlin", 0, at(moment)));
        assert_eq!(berlin("2026-03-29T12:00:00Z"), 23);
        assert_eq!(berlin("2026-10-25T12:00:00Z"), 25);
        assert_eq!(berlin("2026-10-26T12:00:00Z"), 24);
        // In Cairo midnight itself is skipped: the day begins at one o'clock.
        let cairo = day("Africa/Cairo", 0, at("2026-04-24T12:00:00Z"));
        assert_eq!((cairo.begins, hours(cairo)), (at("2026-04-23T22:00:00Z"), 23));
    }

    #[test]
    fn a_zone_is_known_by_its_name_without_any_file_of_the_machine() {
        assert_eq!(zone_name("asia/shanghai").as_deref(), Ok("Asia/Shanghai"));
        assert!(zone_name("Mars/Olympus").unwrap_err().to_string().contains("Asia/Tokyo"));
    }

    #[test]
    fn partners_days_begin_spread_over_the_time_allowed() {
        let delays: Vec<_> = (0..1_000).map(|n| delay_s(&format!("shop-{n}").parse().unwrap(), 900)).collect();
        assert!(delays.iter().all(|delay| *delay <= 900));
        let minutes: Vec<_> = (0..15).map(|n| delays.iter().filter(|delay| **delay / 60 == n).count()).collect();
        assert!(minutes.iter().all(|count| (30..110).contains(count)), "{minutes:?}");
        assert_eq!(delay_s(&"acme".parse().unwrap(), 0), 0);
    }

    proptest! {
        #[test]
        fn days_follow_each_other_without_gap_or_overlap(
            zone in prop::sample::select(vec!["UTC", "Asia/Tokyo", "Europe/Berlin", "America/New_York", "Africa/Cairo",
                "Australia/Lord_Howe", "America/Santiago", "Pacific/Apia"]),
            second in 1_767_225_600_i64..1_900_000_000,
            delay in 0_u32..900,
        ) {
            let moment = Timestamp::from_second(second).unwrap();
            let today = day(zone, delay, moment);
            prop_assert!(today.begins <= moment && moment < today.ends);
            prop_assert!((22..=26).contains(&hours(today)));
            let tomorrow = day(zone, delay, today.ends);
            prop_assert_eq!(tomorrow.begins, today.ends);
            let yesterday = day(zone, delay, today.begins - SignedDuration::from_millis(1));
            prop_assert_eq!(yesterday.ends, today.begins);
        }
    }
}

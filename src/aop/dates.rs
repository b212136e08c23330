//! Dates on this wire: `yyyyMMddHHmmssSSSZ` in the marketplace's own time for dates, and `yyyy-MM-dd HH:mm:ss` where a
//! field is a plain text. Whatever `_aop_datePattern` asks for, the 22-letter form is answered: all clients read it.

use jiff::civil::{DateTime, date};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

const OFFSET_S: i64 = 8 * 3_600;

fn here(at: Timestamp) -> DateTime {
    let offset = Offset::constant(8);
    TimeZone::fixed(offset).to_datetime(at)
}

/// A date: `20240101000000000+0800`.
pub fn wire(at: Timestamp) -> String {
    let at = here(at);
    format!("{}{:03}+0800", at.strftime("%Y%m%d%H%M%S"), at.millisecond())
}

/// A date as a plain text: `2024-01-01 00:00:00`.
pub fn plain(at: Timestamp) -> String {
    here(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Reads any of the forms that clients send: 22 letters with any offset, milliseconds since 1970, or a plain text.
pub fn read(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    compact(text).or_else(|| spaced(text)).or_else(|| Timestamp::from_millisecond(text.parse().ok()?).ok())
}

fn compact(text: &str) -> Option<Timestamp> {
    if text.len() != 22 || !text.is_ascii() {
        return None;
    }
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i16>().ok().filter(|number| *number >= 0);
    let small = |from: usize, to: usize| i8::try_from(number(from, to)?).ok();
    let day = jiff::civil::Date::new(number(0, 4)?, small(4, 6)?, small(6, 8)?).ok()?;
    let time = jiff::civil::Time::new(small(8, 10)?, small(10, 12)?, small(12, 14)?, 0).ok()?;
    let sign = match text.get(17..18)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let offset_s = sign * (i64::from(number(18, 20)?) * 3_600 + i64::from(number(20, 22)?) * 60);
    moment(day.to_datetime(time), offset_s)?.checked_add(SignedDuration::from_millis(number(14, 17)?.into())).ok()
}

fn spaced(text: &str) -> Option<Timestamp> {
    let read = DateTime::strptime("%Y-%m-%d %H:%M:%S", text).ok();
    let day =
        || jiff::civil::Date::strptime("%Y-%m-%d", text).ok().map(|day| day.to_datetime(jiff::civil::Time::midnight()));
    let packed =
        || jiff::civil::Date::strptime("%Y%m%d", text).ok().map(|day| day.to_datetime(jiff::civil::Time::midnight()));
    let packed = if text.len() == 8 { packed() } else { None };
    moment(read.or_else(day).or(packed)?, OFFSET_S)
}

fn moment(at: DateTime, offset_s: i64) -> Option<Timestamp> {
    let utc = at.checked_sub(SignedDuration::from_secs(offset_s)).ok()?;
    let earliest = date(1970, 1, 1);
    (utc.date() >= earliest).then(|| TimeZone::UTC.to_timestamp(utc).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::{plain, read, wire};

    #[test]
    fn a_date_has_22_letters_in_the_marketplaces_time() {
        let at: Timestamp = "2023-12-31T16:00:00.007Z".parse().unwrap();
        assert_eq!(wire(at), "20240101000000007+0800");
        assert_eq!(plain(at), "2024-01-01 00:00:00");
    }

    #[test]
    fn every_form_that_clients_send_is_read() {
        let at: Timestamp = "2023-12-31T16:00:00Z".parse().unwrap();
        for text in [
            "20240101000000000+0800",
            "20231231090000000-0700",
            "2024-01-01 00:00:00",
            "2024-01-01",
            "20240101",
            "1704038400000",
        ] {
            assert_eq!(read(text), Some(at), "{text}");
        }
        for wrong in ["", "tomorrow", "20241301000000000+0800", "20240101000000000*0800", "2024-02-30 00:00:00"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(ms in 0..4_000_000_000_000_i64) {
            let at = Timestamp::from_millisecond(ms).unwrap();
            prop_assert_eq!(read(&wire(at)), Some(at));
        }

        #[test]
        fn no_text_makes_it_stumble(text in ".{0,30}") {
            let _ = read(&text);
        }
    }
}

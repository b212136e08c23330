//! How the wholesale service writes times, money and flags. Numbers inside the sandbox are unix seconds and fen.

use jiff::{Timestamp, tz::Offset};

/// `"2026-11-23 11:08:48"`: Beijing time without a zone, the only way this service writes a moment.
pub fn beijing(unix_s: i64) -> String {
    let moment = Timestamp::from_second(unix_s).unwrap_or(Timestamp::UNIX_EPOCH);
    Offset::constant(8).to_datetime(moment).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// `"2026-11-23"`: the day in Beijing that a day's first second in UTC belongs to.
pub fn date(unix_s: i64) -> String {
    let moment = Timestamp::from_second(unix_s).unwrap_or(Timestamp::UNIX_EPOCH);
    Offset::constant(8).to_datetime(moment).date().to_string()
}

/// Fen as a yuan string with two decimals: `1230` is `"12.30"`.
pub fn yuan(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    let whole = fen.unsigned_abs();
    format!("{sign}{}.{:02}", whole / 100, whole % 100)
}

/// Reads a yuan string with at most two decimals into fen.
pub fn fen(yuan: &str) -> Option<i64> {
    let (whole, part) = yuan.split_once('.').unwrap_or((yuan, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 12 || part.len() > 2 || !digits(whole) || !digits(part) {
        return None;
    }
    let part: i64 = format!("{part:0<2}").parse().ok()?;
    whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(part)
}

/// `"Y"` or `"N"`, as goods write a flag.
pub fn flag(yes: bool) -> &'static str {
    if yes { "Y" } else { "N" }
}

/// A rating of 46 tenths is `"4.6"`.
pub fn tenths(value: u8) -> String {
    format!("{}.{}", value / 10, value % 10)
}

/// `"32%"`.
pub fn percent(value: u8) -> String {
    format!("{value}%")
}

#[cfg(test)]
mod tests {
    use super::{beijing, fen, yuan};

    #[test]
    fn money_survives_the_way_to_yuan_and_back() {
        for amount in [0, 1, 9, 10, 99, 100, 1230, 123_456_789] {
            assert_eq!(fen(&yuan(amount)), Some(amount));
        }
        assert_eq!(yuan(-50), "-0.50");
        assert_eq!(fen("4.2"), Some(420));
        for wrong in ["", ".5", "1.234", "-1", "1e3", "１"] {
            assert_eq!(fen(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn moments_are_written_in_beijing_time() {
        assert_eq!(beijing(0), "1970-01-01 08:00:00");
        assert_eq!(beijing(1_795_403_328), "2026-11-23 11:08:48");
    }
}

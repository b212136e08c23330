//! Small words of the protocol, as different calls write them: numbers in texts and texts as numbers, yuan as numbers or
//! texts, dates of 22 letters; and how the internal documents want them.

use jiff::tz::Offset;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::Value;

use crate::aop::dates;

/// A text at a place, or a number as one; an empty text is nothing.
pub(super) fn text(told: &Value, at: &str) -> Option<String> {
    match told.pointer(at)? {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A whole number at a place, in quotes or without.
pub(super) fn long(told: &Value, at: &str) -> Option<i64> {
    match told.pointer(at)? {
        Value::Number(number) => number.as_i64().or_else(|| decimal(&number.to_string())?.to_i64()),
        Value::String(text) => text.trim().parse().ok().or_else(|| decimal(text)?.to_i64()),
        _ => None,
    }
}

/// A count at a place; what is less than nothing is no count.
pub(super) fn count<N: TryFrom<i64>>(told: &Value, at: &str) -> Option<N> {
    N::try_from(long(told, at).filter(|number| *number >= 0)?).ok()
}

/// `true`, `"true"`, `"Y"` and their contraries at a place.
pub(super) fn flag(told: &Value, at: &str) -> Option<bool> {
    match told.pointer(at)? {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") || text == "Y" => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") || text == "N" => Some(false),
        _ => None,
    }
}

/// A fraction at a place.
pub(super) fn fraction(told: &Value, at: &str) -> Option<Decimal> {
    decimal(&text(told, at)?)
}

/// Yuan at a place, as fen.
pub(super) fn fen(told: &Value, at: &str) -> Option<i64> {
    (fraction(told, at)? * Decimal::ONE_HUNDRED).round().to_i64()
}

/// Items of a list at a place; none when it is not there.
pub(super) fn list<'a>(told: &'a Value, at: &str) -> &'a [Value] {
    told.pointer(at).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Fen as the internal documents write yuan.
pub(super) fn yuan(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    let whole = fen.unsigned_abs();
    format!("{sign}{}.{:02}", whole / 100, whole % 100)
}

/// A date at a place, as the internal documents write moments.
pub(super) fn beijing(told: &Value, at: &str) -> Option<String> {
    dates::read(&text(told, at)?).map(dates::plain)
}

/// A moment as the internal documents write it.
pub(super) fn beijing_of(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map(dates::plain).unwrap_or_default()
}

/// The day in Beijing, so many days before a moment, as the protocol writes days.
pub(super) fn day(ms: i64, days_before: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(ms.saturating_sub(days_before.saturating_mul(86_400_000)));
    at.map(|at| Offset::constant(8).to_datetime(at).strftime("%Y%m%d").to_string()).unwrap_or_default()
}

/// `Y` or `N`.
pub(super) const fn yes(is: bool) -> &'static str {
    if is { "Y" } else { "N" }
}

fn decimal(text: &str) -> Option<Decimal> {
    let text = text.trim();
    text.parse().ok().or_else(|| Decimal::from_scientific(text).ok())
}

/// The language that the platform is asked in. It does not answer in Chinese: whoever wants that is told the original,
/// which stands beside every translation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tongue {
    /// What it is asked in.
    pub asked: String,
    /// Whether its translations are wanted.
    pub translated: bool,
}

impl Tongue {
    /// The language of a tag.
    pub(super) fn of(tag: &str) -> Self {
        let translated = tag != "zh";
        Self { asked: if translated { tag.to_owned() } else { "en".to_owned() }, translated }
    }

    /// A translation at a place, if it is wanted and is not the original.
    pub(super) fn trans(&self, told: &Value, at: &str, original: &str) -> Option<String> {
        text(told, at).filter(|text| self.translated && text != original)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Tongue, beijing, count, day, fen, flag, long, text, yuan};

    #[test]
    fn numbers_are_read_in_every_spelling() {
        let told = json!({"a": 36, "b": "36", "c": 36.0, "d": " 36.00 ", "e": "x", "f": -1, "g": "", "h": 6.15});
        for at in ["/a", "/b", "/c", "/d"] {
            assert_eq!((long(&told, at), fen(&told, at)), (Some(36), Some(3_600)), "{at}");
        }
        assert_eq!((long(&told, "/e"), fen(&told, "/h"), text(&told, "/g")), (None, Some(615), None));
        assert_eq!((count::<u32>(&told, "/f"), count::<u32>(&told, "/a")), (None, Some(36)));
        assert_eq!((yuan(615), yuan(5), yuan(-50)), ("6.15".into(), "0.05".into(), "-0.50".into()));
    }

    #[test]
    fn flags_and_dates_have_several_forms() {
        let told = json!({"a": true, "b": "true", "c": "FALSE", "d": 1, "e": "20240101000000000+0800",
            "f": "2024-01-01 00:00:00", "g": "20231231090000000-0700"});
        assert_eq!(["/a", "/b", "/c", "/d"].map(|at| flag(&told, at)), [Some(true), Some(true), Some(false), None]);
        for at in ["/e", "/f", "/g"] {
            assert_eq!(beijing(&told, at).as_deref(), Some("2024-01-01 00:00:00"), "{at}");
        }
        assert_eq!((day(1_704_038_400_000, 0), day(1_704_038_400_000, 1)), ("20240101".into(), "20231231".into()));
    }

    #[test]
    fn chinese_is_the_original_of_another_language() {
        let told = json!({"t": "mug", "o": "杯"});
        assert_eq!(Tongue::of("ja").trans(&told, "/t", "杯").as_deref(), Some("mug"));
        assert_eq!(Tongue::of("ja").trans(&told, "/o", "杯"), None);
        assert_eq!((Tongue::of("zh").asked.as_str(), Tongue::of("zh").trans(&told, "/t", "杯")), ("en", None));
    }
}

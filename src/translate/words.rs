//! The wholesale service's small words: Beijing wall clock, yuan strings, percentages, Y and N, badge words.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use rust_decimal::Decimal;

use crate::model::money::{Currency, Money};
use crate::model::offer::{Origin, Text};
use crate::model::supplier::Badge;
use crate::translate::Nonsense;
use crate::upstream::wholesale::wire::trans::Trans;

/// China has had one time zone and no summer time since 1991.
const BEIJING: Offset = Offset::constant(8);

/// `2026-11-23 11:08:48` of Beijing as a moment.
pub fn beijing(text: &str) -> Result<Timestamp, Nonsense> {
    let wrong = || Nonsense::new(format!("`{text}` is no Beijing time"));
    if text.len() != 19 {
        return Err(wrong());
    }
    let civil = DateTime::from_str(text).map_err(|_| wrong())?;
    BEIJING.to_timestamp(civil).map_err(|_| wrong())
}

/// A Beijing time that may be missing.
pub fn beijing_if_any(text: Option<&str>) -> Result<Option<Timestamp>, Nonsense> {
    text.map(beijing).transpose()
}

/// `12.30` yuan as money.
pub fn yuan(text: &str) -> Result<Money, Nonsense> {
    Money::parse(text, Currency::CNY).map_err(|_| Nonsense::new(format!("`{text}` is no yuan price")))
}

/// `0.50` or `-0.50` yuan as a difference in fen.
pub fn yuan_difference(text: &str) -> Result<i64, Nonsense> {
    match text.strip_prefix('-') {
        Some(rest) => yuan(rest).map(|money| -money.minor),
        None => yuan(text).map(|money| money.minor),
    }
}

/// `32%` as 0.32.
pub fn percent(text: &str) -> Result<Decimal, Nonsense> {
    let wrong = || Nonsense::new(format!("`{text}` is no percentage"));
    let number = text.strip_suffix('%').and_then(|digits| Decimal::from_str(digits).ok()).ok_or_else(wrong)?;
    if number < Decimal::ZERO || number > Decimal::ONE_HUNDRED {
        return Err(wrong());
    }
    Ok((number / Decimal::ONE_HUNDRED).normalize())
}

/// `4.6` out of five.
pub fn rating(text: &str) -> Result<Decimal, Nonsense> {
    let number = Decimal::from_str(text).ok().filter(|n| (Decimal::ZERO..=Decimal::from(5)).contains(n));
    number.ok_or_else(|| Nonsense::new(format!("`{text}` is no rating")))
}

/// `Y` or `N`; a missing flag is no.
pub fn flag(text: Option<&str>) -> Result<bool, Nonsense> {
    match text {
        Some("Y") => Ok(true),
        Some("N") | None => Ok(false),
        Some(other) => Err(Nonsense::new(format!("`{other}` is neither Y nor N"))),
    }
}

/// Badges by their words; words we do not know are passed over, new ones appear over there first.
pub fn badges(words: &[String]) -> Vec<Badge> {
    words.iter().filter_map(|word| Badge::ALL.iter().copied().find(|badge| badge.name() == word)).collect()
}

/// A Chinese text with its translation; without one the Chinese is shown.
pub fn text(original: String, shown: Option<Trans>) -> Text {
    match shown.filter(|trans| !trans.text.is_empty()) {
        Some(Trans { text: shown, by }) => {
            let origin = by.as_deref().and_then(Origin::named).unwrap_or(Origin::Catalogue);
            Text { shown, original, origin }
        }
        None => Text { shown: original.clone(), original, origin: Origin::Original },
    }
}

/// The same for texts that may be missing.
pub fn text_if_any(original: Option<String>, shown: Option<Trans>) -> Option<Text> {
    original.filter(|words| !words.is_empty()).map(|original| text(original, shown))
}

#[cfg(test)]
mod tests {
    use super::{badges, beijing, flag, percent, rating, yuan, yuan_difference};
    use crate::model::supplier::Badge;

    #[test]
    fn beijing_is_eight_hours_ahead_of_utc() {
        assert_eq!(beijing("2026-11-23 11:08:48").unwrap().to_string(), "2026-11-23T03:08:48Z");
        assert_eq!(beijing("2026-03-01 02:00:00").unwrap().to_string(), "2026-02-28T18:00:00Z");
        for wrong in ["", "2026-11-23", "2026-13-01 00:00:00", "2026-11-23 11:08:48Z", "23/11/2026 11:08:48"] {
            assert!(beijing(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn prices_percentages_ratings_and_flags_are_read_exactly() {
        assert_eq!(yuan("12.30").unwrap().minor, 1230);
        assert_eq!((yuan_difference("-0.50").unwrap(), yuan_difference("0.50").unwrap()), (-50, 50));
        assert_eq!(percent("32%").unwrap().to_string(), "0.32");
        assert_eq!(percent("100%").unwrap().to_string(), "1");
        assert_eq!(rating("4.6").unwrap().to_string(), "4.6");
        assert!(flag(Some("Y")).unwrap() && !flag(Some("N")).unwrap() && !flag(None).unwrap());
    }

    #[test]
    fn what_is_not_such_a_word_is_nonsense() {
        assert!(yuan("-1.00").is_err() && yuan("1.234").is_err() && yuan_difference("--1").is_err());
        assert!(percent("32").is_err() && percent("-1%").is_err() && percent("101%").is_err());
        assert!(rating("5.1").is_err() && rating("good").is_err());
        assert!(flag(Some("yes")).is_err());
    }

    #[test]
    fn unknown_badges_are_passed_over() {
        assert_eq!(badges(&["super_factory".into(), "shiny".into()]), [Badge::SuperFactory]);
    }
}

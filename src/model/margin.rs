//! What a plan adds when prices are converted, and the name and margin under which a plan's partners see prices.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;
use std::sync::Arc;

use rust_decimal::Decimal;

/// What is added to a rate before prices are converted at it, in hundredths of a per cent; CNY amounts never change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Margin(u16);

impl Margin {
    /// Nothing.
    pub const NONE: Margin = Margin(0);
    /// The largest: 30 %.
    pub const MOST: u16 = 3_000;

    /// So many hundredths of a per cent: 0 to 3 000.
    pub fn of(hundredths: i64) -> Option<Self> {
        u16::try_from(hundredths).ok().filter(|hundredths| *hundredths <= Self::MOST).map(Self)
    }

    /// Hundredths of a per cent.
    pub const fn hundredths(self) -> u16 {
        self.0
    }

    /// A rate with the margin on it.
    pub fn on(self, rate: Decimal) -> Option<Decimal> {
        rate.checked_mul(Decimal::ONE.checked_add(Decimal::new(i64::from(self.0), 4))?)
    }
}

impl fmt::Display for Margin {
    /// Per cent without the sign, e.g. `1.5`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Decimal::new(i64::from(self.0), 2).normalize())
    }
}

impl FromStr for Margin {
    type Err = NotAMargin;
    /// Reads per cent: `1.5`, `1.5%`, `0`.
    fn from_str(text: &str) -> Result<Self, NotAMargin> {
        let text = text.strip_suffix('%').unwrap_or(text).trim_end();
        let plain =
            !text.is_empty() && text.len() <= 6 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let percent = if plain { Decimal::from_str(text).ok() } else { None }.ok_or(NotAMargin)?.normalize();
        let hundredths = percent.checked_mul(Decimal::ONE_HUNDRED).filter(|_| percent.scale() <= 2);
        hundredths.and_then(|whole| Self::of(i64::try_from(whole).ok()?)).ok_or(NotAMargin)
    }
}

/// A text that is no margin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a margin is 0 to 30 per cent with at most two digits after the point, such as 1.5")]
pub struct NotAMargin;

/// How a plan's partners see prices: the tier of what the catalogue shows them, and the margin on converted prices.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tariff {
    /// The tier's name; documents are only shared inside one.
    pub name: Arc<str>,
    /// What is added when prices are converted.
    pub margin: Margin,
}

impl Tariff {
    /// The same tier with another margin.
    #[must_use]
    pub fn with(self, margin: Margin) -> Self {
        Self { margin, ..self }
    }
}

impl From<&str> for Tariff {
    fn from(name: &str) -> Self {
        Self { name: name.into(), margin: Margin::NONE }
    }
}

impl From<String> for Tariff {
    fn from(name: String) -> Self {
        name.as_str().into()
    }
}

impl Deref for Tariff {
    type Target = str;
    fn deref(&self) -> &str {
        &self.name
    }
}

#[cfg(test)]
mod tests {
    use super::Margin;
    use rust_decimal::Decimal;

    #[test]
    fn a_margin_is_read_as_per_cent_and_written_as_it_was_read() {
        for (text, hundredths, shown) in [("1.5", 150, "1.5"), ("0", 0, "0"), ("30%", 3_000, "30"), ("0.01", 1, "0.01")]
        {
            let margin: Margin = text.parse().unwrap();
            assert_eq!((margin.hundredths(), margin.to_string().as_str()), (hundredths, shown), "{text}");
        }
        for wrong in ["", "%", "-1", "30.01", "1.005", "1e1", "many", ".", "1.5.5"] {
            assert!(wrong.parse::<Margin>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_margin_makes_the_converted_price_larger() {
        let margin: Margin = "2.5".parse().unwrap();
        assert_eq!(margin.on(Decimal::new(2_000, 2)).unwrap(), Decimal::new(2_050, 2));
        assert_eq!(Margin::NONE.on(Decimal::ONE), Some(Decimal::ONE));
    }
}

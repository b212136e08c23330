//! Money in minor units with its currency, and its conversion at a dated rate. No float is near it.

use std::fmt;
use std::str::FromStr;

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::model::margin::Margin;

/// Codes that were money once and are none any more.
const WITHDRAWN: [&str; 5] = ["BGN", "CUC", "HRK", "SLL", "ZWL"];
/// Digits kept after the point of a rate with a margin on it.
const RATE_DIGITS: u32 = 8;

/// An ISO 4217 currency that money can be shown in.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// The renminbi, in which the catalogue thinks.
    pub const CNY: Currency = Currency(iso_currency::Currency::CNY);

    /// The three-letter code.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// Digits after the decimal point: 2 for CNY, 0 for JPY, 3 for KWD.
    pub fn exponent(self) -> u32 {
        u32::from(self.0.exponent().unwrap_or(2))
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = UnknownCurrency;
    fn from_str(text: &str) -> Result<Self, UnknownCurrency> {
        let found = iso_currency::Currency::from_code(text).ok_or(UnknownCurrency)?;
        let is_money = found.exponent().is_some() && !WITHDRAWN.contains(&text);
        if is_money { Ok(Self(found)) } else { Err(UnknownCurrency) }
    }
}

/// A text that is not an ISO 4217 code of money one can pay with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a three-letter ISO 4217 code in capitals, such as JPY")]
pub struct UnknownCurrency;

/// An amount in a currency's minor unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    /// The amount in minor units (fen for CNY, yen for JPY).
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// So many minor units of a currency.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// So many fen.
    pub const fn fen(minor: i64) -> Self {
        Self::new(minor, Currency::CNY)
    }

    /// Reads a decimal string such as `12.30`; refuses more digits than the currency has, signs and exponents.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, NotMoney> {
        let plain = !text.is_empty() && text.len() <= 16 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let value = if plain { Decimal::from_str(text).ok() } else { None }.ok_or(NotMoney)?;
        if value.normalize().scale() > currency.exponent() {
            return Err(NotMoney);
        }
        from_decimal(value, currency).ok_or(NotMoney)
    }

    /// The amount as a decimal number.
    pub fn decimal(self) -> Decimal {
        Decimal::new(self.minor, self.currency.exponent())
    }

    /// The amount as a decimal string with the currency's digits, e.g. `12.30`.
    pub fn amount(self) -> String {
        self.decimal().to_string()
    }

    /// This amount so many times; `None` when it no longer fits.
    pub fn times(self, quantity: u32) -> Option<Self> {
        Some(Self { minor: self.minor.checked_mul(i64::from(quantity))?, ..self })
    }

    /// The sum of two amounts of one currency; `None` across currencies or when it no longer fits.
    pub fn plus(self, other: Self) -> Option<Self> {
        if self.currency != other.currency {
            return None;
        }
        Some(Self { minor: self.minor.checked_add(other.minor)?, ..self })
    }
}

/// A text that is not an amount of the currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a decimal string such as \"12.30\" with no more digits after the point than the currency has")]
pub struct NotMoney;

fn from_decimal(value: Decimal, currency: Currency) -> Option<Money> {
    let scaled = value.checked_mul(Decimal::from(10_i64.checked_pow(currency.exponent())?))?;
    let minor = scaled.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero).to_i64()?;
    Some(Money { minor, currency })
}

/// How much of a currency one renminbi buys, since when, and who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The currency that is bought.
    pub currency: Currency,
    /// Units of it for 1 CNY, with the margin on it.
    pub per_cny: Decimal,
    /// The day of the rate.
    pub date: jiff::civil::Date,
    /// Where the rate is from, e.g. `ecb`.
    pub source: String,
    /// The margin that is in it.
    pub margin: Margin,
    /// Whether it is of a day too long ago to be held to.
    pub stale: bool,
}

impl Exchange {
    /// A rate as its source gives it.
    pub fn new(currency: Currency, per_cny: Decimal, date: jiff::civil::Date, source: impl Into<String>) -> Self {
        Self { currency, per_cny, date, source: source.into(), margin: Margin::NONE, stale: false }
    }

    /// One renminbi for one renminbi.
    pub fn identity(date: jiff::civil::Date) -> Self {
        Self::new(Currency::CNY, Decimal::ONE, date, "identity")
    }

    /// The same rate with a margin on it, which must have none yet; renminbi has none, and keeps none.
    #[must_use]
    pub fn with_margin(self, margin: Margin) -> Self {
        if self.currency == Currency::CNY || margin == Margin::NONE {
            return self;
        }
        let per_cny = margin.on(self.per_cny).unwrap_or(self.per_cny);
        // What is so small that rounding would leave nothing keeps its digits.
        let rounded = per_cny.round_dp(RATE_DIGITS);
        let per_cny = if rounded.is_zero() { per_cny } else { rounded }.normalize();
        Self { per_cny, margin, ..self }
    }

    /// An amount of this currency in CNY, rounded to fen.
    pub fn back(&self, foreign: Money) -> Option<Money> {
        if foreign.currency != self.currency {
            return None;
        }
        from_decimal(foreign.decimal().checked_div(self.per_cny)?, Currency::CNY)
    }

    /// A CNY amount in this currency, rounded half away from zero to the currency's digits.
    pub fn convert(&self, cny: Money) -> Option<Money> {
        if self.currency == Currency::CNY {
            return Some(cny);
        }
        from_decimal(self.exact(cny)?, self.currency)
    }

    /// CNY amounts in this currency so that their sum is `whole`, which is the sum of all of them in this currency: each is
    /// rounded down, and what is missing then goes, a minor unit each, to those that lost most. `None` when that cannot
    /// be: they do not make up that sum.
    pub fn apportion(&self, parts: &[Money], whole: Money) -> Option<Vec<Money>> {
        let mut shares = Vec::with_capacity(parts.len());
        let mut left = whole.minor;
        for part in parts {
            let exact = self.exact(*part)?.checked_mul(Decimal::from(10_i64.checked_pow(self.currency.exponent())?))?;
            let minor = exact.floor().to_i64()?;
            left = left.checked_sub(minor)?;
            shares.push((minor, exact.fract()));
        }
        let mut order: Vec<_> = (0..shares.len()).collect();
        // Of equals the first comes first.
        order.sort_by_key(|at| std::cmp::Reverse(shares.get(*at).map(|(_, lost)| *lost)));
        for at in order {
            let Some((minor, lost)) = shares.get_mut(at) else { continue };
            if left > 0 && !lost.is_zero() {
                *minor += 1;
                left -= 1;
            }
        }
        let share = |(minor, _)| Money::new(minor, self.currency);
        (left == 0 && whole.currency == self.currency).then(|| shares.into_iter().map(share).collect())
    }

    /// Units of this currency, with all digits.
    fn exact(&self, cny: Money) -> Option<Decimal> {
        cny.decimal().checked_mul(self.per_cny)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Currency, Exchange, Money};
    use rust_decimal::Decimal;

    /// Every currency there is.
    pub(crate) fn all() -> Vec<Currency> {
        let letters = || b'A'..=b'Z';
        let codes = letters().flat_map(|a| letters().flat_map(move |b| letters().map(move |c| [a, b, c])));
        codes.filter_map(|code| std::str::from_utf8(&code).ok()?.parse().ok()).collect()
    }

    #[test]
    fn amounts_have_the_digits_of_their_currency() {
        let jpy: Currency = "JPY".parse().unwrap();
        assert_eq!(Money::fen(1230).amount(), "12.30");
        assert_eq!(Money::new(67, jpy).amount(), "67");
        assert_eq!(Money::parse("12.3", Currency::CNY).unwrap(), Money::fen(1230));
        assert!(Money::parse("1.5", jpy).is_err());
        for wrong in ["", "-1", "1e3", "12.345", "1,5", "."] {
            assert!(Money::parse(wrong, Currency::CNY).is_err(), "{wrong}");
        }
    }

    #[test]
    fn conversion_rounds_to_the_target_currency() {
        let rate = rate("JPY", Decimal::new(2105, 2));
        assert_eq!(rate.convert(Money::fen(320)).unwrap().amount(), "67");
    }

    fn rate(code: &str, per_cny: Decimal) -> Exchange {
        let date = jiff::civil::date(2026, 11, 20);
        Exchange::new(code.parse().unwrap(), per_cny, date, "test")
    }

    #[test]
    fn what_rounding_loses_goes_to_those_that_lost_most() {
        // 33.3, 33.3, 33.4 and nothing; one by one they would be 99.
        let thirds = [333, 333, 334, 0].map(Money::fen);
        let yen = rate("JPY", Decimal::from(10));
        let shares = yen.apportion(&thirds, yen.convert(Money::fen(1000)).unwrap()).unwrap();
        assert_eq!(shares.iter().map(|share| share.minor).collect::<Vec<_>>(), [33, 33, 34, 0]);
        assert_eq!(yen.apportion(&thirds, Money::new(104, yen.currency)), None, "nobody lost so much");
        assert_eq!(yen.apportion(&thirds, Money::new(98, yen.currency)), None);
        assert_eq!(yen.apportion(&[], Money::new(0, yen.currency)), Some(Vec::new()));
    }

    proptest::proptest! {
        #[test]
        fn shares_make_up_the_whole_and_each_is_within_a_minor_unit(
            fen in proptest::collection::vec(0_i64..100_000_000, 1..60),
            mantissa in 1_i64..100_000_000,
            scale in 0_u32..7,
            currency in proptest::sample::select(all()),
            margin in 0_i64..3_000,
        ) {
            let code = currency.code();
            let per_cny = if code == "CNY" { Decimal::ONE } else { Decimal::new(mantissa, scale) };
            let rate = rate(code, per_cny).with_margin(crate::model::margin::Margin::of(margin).unwrap());
            let per_cny = rate.per_cny;
            let parts: Vec<_> = fen.iter().map(|fen| Money::fen(*fen)).collect();
            // Of hundreds of millions at the highest of rates no currency has a number for the sum.
            let Some(whole) = rate.convert(Money::fen(fen.iter().sum())) else { return Ok(()) };
            let shares = rate.apportion(&parts, whole).unwrap();
            proptest::prop_assert_eq!(shares.iter().map(|share| share.minor).sum::<i64>(), whole.minor);
            for (part, share) in parts.iter().zip(&shares) {
                let exact = part.decimal() * per_cny;
                let off = (share.decimal() - exact).abs();
                proptest::prop_assert!(off < Decimal::new(1, rate.currency.exponent()), "{part:?} {share:?}");
                proptest::prop_assert!(part.minor > 0 || share.minor == 0, "what is free stays free");
            }
            // And again from one of the shares, as goods are shared out among their lines.
            let (goods, freight) = parts.split_at(parts.len() / 2);
            let sum = |of: &[Money]| Money::fen(of.iter().map(|part| part.minor).sum());
            let halves = rate.apportion(&[sum(goods), sum(freight)], whole).unwrap();
            let lines = rate.apportion(goods, halves[0]).unwrap();
            proptest::prop_assert_eq!(lines.iter().map(|line| line.minor).sum::<i64>(), halves[0].minor);
            if code == "CNY" {
                proptest::prop_assert_eq!(shares, parts);
            }
        }
    }

    #[test]
    fn digits_are_those_of_the_iso_table() {
        // ISO 4217, list one: all others of it have two.
        let table = [
            (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
            (3, "BHD IQD JOD KWD LYD OMR TND"),
            (4, "CLF UYW"),
        ];
        let mut others = 0;
        for currency in all() {
            let code = currency.code();
            let wanted = table.iter().find(|(_, codes)| codes.split(' ').any(|one| one == code)).map_or(2, |row| row.0);
            assert_eq!(currency.exponent(), wanted, "{code}");
            others += 1;
        }
        assert!(others > 150, "{others}");
    }

    #[test]
    fn a_margin_is_in_the_rate_once_and_never_in_renminbi() {
        let margin: crate::model::margin::Margin = "2".parse().unwrap();
        let yen = rate("JPY", Decimal::new(2000, 2)).with_margin(margin);
        assert_eq!((yen.per_cny, yen.margin), (Decimal::new(204, 1), margin));
        assert_eq!(yen.convert(Money::fen(10_000)).unwrap().amount(), "2040");
        assert_eq!(yen.back(Money::new(2040, yen.currency)), Some(Money::fen(10_000)));
        let plain = Exchange::identity(jiff::civil::date(2026, 11, 20)).with_margin(margin);
        assert_eq!((plain.per_cny, plain.convert(Money::fen(5))), (Decimal::ONE, Some(Money::fen(5))));
        let tiny = rate("BHD", Decimal::new(1, 9)).with_margin(margin);
        assert!(tiny.per_cny > Decimal::new(1, 9));
    }

    #[test]
    fn unknown_currencies_are_refused() {
        assert!(super::WITHDRAWN.iter().all(|code| code.parse::<Currency>().is_err()));
        assert!("jpy".parse::<Currency>().is_err());
        assert!("XXX".parse::<Currency>().is_err());
        assert!("ABC".parse::<Currency>().is_err());
    }
}

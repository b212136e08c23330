//! Price bounds in the asked currency as bounds in fen: exactly those fen whose shown price keeps the bounds.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::model::money::{Currency, Exchange, Money};

/// The lowest CNY price that is shown as `bound` or more; `None` when it does not fit.
pub(super) fn lowest(bound: Money, exchange: &Exchange) -> Option<Money> {
    if exchange.currency == Currency::CNY {
        return Some(bound);
    }
    let shown = |fen: i64| exchange.convert(Money::fen(fen)).map(|money| money.minor);
    let mut fen = nearby(bound, exchange)?.max(0);
    while fen > 0 && shown(fen - 1)? >= bound.minor {
        fen -= 1;
    }
    while shown(fen)? < bound.minor {
        fen += 1;
    }
    Some(Money::fen(fen))
}

/// The highest CNY price that is shown as `bound` or less; `None` when it does not fit.
pub(super) fn highest(bound: Money, exchange: &Exchange) -> Option<Money> {
    if exchange.currency == Currency::CNY {
        return Some(bound);
    }
    let above = lowest(Money { minor: bound.minor.checked_add(1)?, ..bound }, exchange)?;
    Some(Money::fen((above.minor - 1).max(0)))
}

/// A fen amount within a step or two of the bound: where the shown price rounds up to it.
fn nearby(bound: Money, exchange: &Exchange) -> Option<i64> {
    let half = Decimal::new(5, bound.currency.exponent() + 1);
    let yuan = bound.decimal().checked_sub(half)?.checked_div(exchange.per_cny)?;
    yuan.checked_mul(Decimal::ONE_HUNDRED)?.ceil().to_i64()
}

#[cfg(test)]
mod tests {
    use super::{highest, lowest};
    use crate::model::money::{Currency, Exchange, Money};
    use proptest::prelude::proptest;
    use rust_decimal::Decimal;

    fn exchange(code: &str, units: i64, scale: u32) -> Exchange {
        let currency: Currency = code.parse().unwrap();
        let date = jiff::civil::date(2026, 11, 20);
        Exchange::new(currency, Decimal::new(units, scale), date, "test")
    }

    #[test]
    fn an_offer_shown_at_the_bound_is_found() {
        let yen = exchange("JPY", 2105, 2);
        let bound = Money::new(67, yen.currency);
        assert_eq!(yen.convert(lowest(bound, &yen).unwrap()).unwrap(), bound);
        assert_eq!(yen.convert(highest(bound, &yen).unwrap()).unwrap(), bound);
        assert_eq!((lowest(bound, &yen).unwrap().minor, highest(bound, &yen).unwrap().minor), (316, 320));
    }

    #[test]
    fn renminbi_stay_as_they_are_and_what_does_not_fit_is_none() {
        let cny = Exchange::identity(jiff::civil::date(2026, 11, 20));
        assert_eq!(lowest(Money::fen(123), &cny), Some(Money::fen(123)));
        let dinar = exchange("KWD", 431, 14);
        assert_eq!(lowest(Money::new(i64::MAX, dinar.currency), &dinar), None);
    }

    proptest! {
        #[test]
        fn bounds_keep_exactly_what_is_shown_inside_them(
            fen in 0..10_000_000_i64, bound in 0..3_000_000_i64, units in 1..9_999_999_i64, scale in 2..5_u32,
            code in proptest::sample::select(vec!["JPY", "USD", "KWD", "CNY"]),
        ) {
            let exchange = exchange(code, if code == "CNY" { 10_i64.pow(scale) } else { units }, scale);
            let shown = exchange.convert(Money::fen(fen)).unwrap().minor;
            let bound = Money::new(bound, exchange.currency);
            proptest::prop_assert_eq!(shown >= bound.minor, fen >= lowest(bound, &exchange).unwrap().minor);
            // Highest cannot say "nothing at all": zero is always let in.
            let high = highest(bound, &exchange).unwrap().minor;
            proptest::prop_assert!((shown <= bound.minor) == (fen <= high) || fen == 0);
        }
    }
}

//! Yuan as JSON numbers: the digits of the amount, without a float on the way.

use serde::ser::{Error, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::model::money::Money;

/// An amount in CNY, written as a number with two digits after the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Yuan(pub Money);

impl Serialize for Yuan {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.amount()).map_err(S::Error::custom)?.serialize(to)
    }
}

#[cfg(test)]
mod tests {
    use super::Yuan;
    use crate::model::money::Money;

    #[test]
    fn yuan_are_numbers_to_the_fen() {
        let told = |fen| serde_json::to_string(&Yuan(Money::fen(fen))).unwrap();
        assert_eq!((told(615), told(9_007_199_254_740_993)), ("6.15".into(), "90071992547409.93".into()));
        assert_eq!((told(0), told(5)), ("0.00".into(), "0.05".into()));
    }
}

//! The call for what the road inside the country costs.

use crate::model::freight::{FreightAsked, SentTo};
use crate::upstream::Call;

/// What the road costs → `freight::Estimate`.
pub fn freight(asked: &FreightAsked) -> Call {
    let lines = asked.lines.iter().map(|line| format!("{}:{}", line.sku.number(), line.quantity.get()));
    let call = Call::get("trade.freight", "/trade/freight").with("lines", lines.collect::<Vec<_>>().join(","));
    let call = match &asked.to {
        SentTo::Warehouse(warehouse) => call.with("warehouseCode", warehouse),
        SentTo::Region(region) => call.with("regionCode", region),
    };
    call.with_some("destCountry", asked.ship_to.as_ref().map(|country| country.as_str()))
}

#[cfg(test)]
mod tests {
    use super::freight;
    use crate::model::freight::{FreightAsked, SentTo};
    use crate::model::ids::SkuId;
    use crate::model::quote::{Quantity, Wanted};

    #[test]
    fn lines_are_written_in_their_order() {
        let lines =
            [(7, 10), (8, 1)].map(|(sku, n)| Wanted { sku: SkuId::new(sku), quantity: Quantity::new(n).unwrap() });
        let asked = FreightAsked {
            lines: lines.to_vec(),
            to: SentTo::Region("330782".parse().unwrap()),
            ship_to: Some("JP".parse().unwrap()),
        };
        let told: Vec<_> = freight(&asked).query.into_iter().collect();
        let wanted = [("lines", "7:10,8:1"), ("regionCode", "330782"), ("destCountry", "JP")];
        assert_eq!(told, wanted.map(|(name, value)| (name, value.to_owned())));
        let warehouse = FreightAsked { to: SentTo::Warehouse("YW01".parse().unwrap()), ship_to: None, ..asked };
        assert_eq!(freight(&warehouse).query[1], ("warehouseCode", "YW01".to_owned()));
    }
}

//! Warehouses: the addresses that the account has over there. Their numbers are our codes, after an A.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::upstream::failure::Error;
use crate::upstream::open1688::asked::{Asked, written};
use crate::upstream::open1688::table::ADDRESSES;
use crate::upstream::open1688::words;

/// GB/T 2260 has six digits; the platform's own division numbers have more.
const REGION_DIGITS: usize = 6;

/// Answers `trade.warehouses`.
pub(in crate::upstream::open1688) async fn all(asked: &Asked<'_>) -> Result<Bytes, Error> {
    let told = asked.ask(&ADDRESSES, &[]).await?;
    let site = |address: &Value| {
        let place = words::text(address, "/addressCodeText").unwrap_or_default().replace(' ', "");
        let street = words::text(address, "/address").unwrap_or_default();
        Some(json!({
            "code": format!("A{}", words::long(address, "/id")?),
            "name": words::text(address, "/fullName").unwrap_or_else(|| street.clone()),
            "regionCode": words::text(address, "/addressCode").filter(|code| code.len() == REGION_DIGITS),
            "address": format!("{place}{street}"),
        }))
    };
    let items: Vec<_> = words::list(&told, "/receiveAddressItems").iter().filter_map(site).collect();
    written(&json!({"items": items}))
}

/// The parameters that say where goods are sent. A code that is no number of an address is handed on as it is.
pub(in crate::upstream::open1688) fn parameters(code: &str) -> Vec<(&'static str, String)> {
    match code.strip_prefix('A').and_then(|digits| digits.parse::<i64>().ok()) {
        Some(id) => vec![("addressParam", json!({"addressId": id}).to_string())],
        None => vec![("addressParam", "{}".to_owned()), ("warehouseCode", code.to_owned())],
    }
}

#[cfg(test)]
mod tests {
    use super::parameters;

    #[test]
    fn goods_are_sent_to_an_address_or_to_a_code_that_the_other_side_knows() {
        assert_eq!(parameters("A593861699"), [("addressParam", "{\"addressId\":593861699}".to_owned())]);
        assert_eq!(parameters("YW01")[1], ("warehouseCode", "YW01".to_owned()));
    }
}

//! Ordering once. Our reference is `outOrderId`: an order that is there under it is the order. The platform does not ask
//! what was agreed, so that it is asked for the price once more right before; should it move in between, the order tells
//! its own total, and is paid only if that is agreed to.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::upstream::failure::{Error, Loss};
use crate::upstream::open1688::asked::{Asked, before, refused, written};
use crate::upstream::open1688::names::Kind;
use crate::upstream::open1688::table::CREATE;
use crate::upstream::open1688::trade::preview::{Priced, WantedLine, price};
use crate::upstream::open1688::trade::{order, warehouses};
use crate::upstream::open1688::words;

const FLOW: &str = "general";
const TRADE_TYPE: &str = "assureTrade";
/// What the platform says against an order, in the internal words.
const TROUBLE: &[(&str, &str)] = &[
    ("500_001", "GOODS_OFFLINE"),
    ("500_003", "SKU_NOT_FOUND"),
    ("500_004", "STOCK_NOT_ENOUGH"),
    ("500_005", "BELOW_BEGIN_AMOUNT"),
    ("500_006", "NOT_BATCH_MULTIPLE"),
    ("500_009", "BELOW_BEGIN_AMOUNT"),
];
/// Codes after which it may be ordered all the same.
const PERHAPS: &[&str] = &["", "500", "SYSTEM_ERROR", "TIMEOUT"];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    out_ref: String,
    partner_code: String,
    warehouse_code: String,
    lines: Vec<AgreedLine>,
    total_fen: i64,
    buyer_memo: Option<String>,
    quotation_no: Option<i64>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AgreedLine {
    sku_id: i64,
    quantity: u32,
}

/// Answers `trade.create`.
pub(in crate::upstream::open1688) async fn create(asked: &Asked<'_>) -> Result<Bytes, Error> {
    let wanted: Wanted = asked.body()?;
    if wanted.quotation_no.is_some() {
        let why = "Quotations cannot be ordered at the catalogue behind this gateway.";
        return Err(Error::NotOffered(why.to_owned()));
    }
    let skus: Vec<_> = wanted.lines.iter().map(|line| line.sku_id.to_string()).collect();
    let told = format!("{}\n{}", wanted.partner_code, skus.join(","));
    asked.account.names.keep(Kind::Order, vec![(wanted.out_ref.clone(), told)]).await?;
    if let Some(there) = order::find(asked, &wanted.out_ref).await.map_err(before)? {
        let mut document = order::document(asked, &there).await.map_err(before)?;
        if let Some(members) = document.as_object_mut() {
            members.insert("replayed".into(), true.into());
        }
        return written(&document);
    }
    let lines: Vec<_> =
        wanted.lines.iter().map(|line| WantedLine { sku_id: line.sku_id, quantity: line.quantity }).collect();
    let priced = price(asked, &lines, &wanted.warehouse_code).await.map_err(before)?;
    agreed(&wanted, &priced)?;
    let number = place(asked, &wanted, priced).await?;
    // It is there from here on, whatever can be read of it now.
    let told = order::view(asked, &[("orderId", number)]).await.map_err(placed)?;
    written(&order::document(asked, &told).await.map_err(placed)?)
}

/// Whether it still costs what was agreed.
fn agreed(wanted: &Wanted, priced: &Priced) -> Result<(), Error> {
    if let Some(problem) = priced.problems.first() {
        let code = words::text(problem, "/code").unwrap_or_default();
        let short = priced
            .problems
            .iter()
            .filter(|problem| words::text(problem, "/code").as_deref() == Some("STOCK_NOT_ENOUGH"));
        let lines: Vec<_> = short.map(|one| json!({"skuId": one["skuId"], "stock": one["stock"]})).collect();
        return Err(refused(&code, "the lines cannot be had so", json!({"lines": lines})));
    }
    let [group] = priced.groups.as_slice() else {
        return Err(refused("SELLER_MISMATCH", "the lines belong to several sellers", Value::Null));
    };
    if words::long(group, "/totalFen") == Some(wanted.total_fen) {
        return Ok(());
    }
    let line = |line: &Value| json!({"skuId": line["skuId"], "unitPriceFen": line["unitPriceFen"]});
    let lines: Vec<_> = words::list(group, "/lines").iter().map(line).collect();
    let facts = json!({"lines": lines, "freightFen": group["freightFen"], "totalFen": group["totalFen"]});
    Err(refused("PRICE_CHANGED", "it costs something else now", facts))
}

/// Places the order; gives its number.
async fn place(asked: &Asked<'_>, wanted: &Wanted, priced: Priced) -> Result<String, Error> {
    let mut parameters = warehouses::parameters(&wanted.warehouse_code);
    parameters.extend([
        ("flow", FLOW.to_owned()),
        ("isvBizType", "cross".to_owned()),
        ("cargoParamList", Value::from(priced.cargo).to_string()),
        ("tradeType", priced.trade_type.unwrap_or_else(|| TRADE_TYPE.to_owned())),
        ("outOrderId", wanted.out_ref.clone()),
    ]);
    parameters.extend(wanted.buyer_memo.clone().map(|memo| ("message", memo)));
    let told = asked.ask(&CREATE, &parameters).await.map_err(refusal)?;
    let several = words::list(&told, "/orderList");
    match words::text(&told, "/orderId") {
        Some(number) => Ok(number),
        None if several.len() == 1 => {
            words::text(&told, "/orderList/0/orderId").ok_or_else(|| asked.nonsense("no order"))
        }
        None => Err(asked.nonsense(format_args!("{} orders were made of one", several.len()))),
    }
}

fn refusal(error: Error) -> Error {
    let Error::Refused(refusal) = error else { return error };
    if PERHAPS.contains(&refusal.error_code.as_str()) {
        return Error::Unknown { loss: Loss::Status(500), why: refusal.message };
    }
    let failed = words::list(&refusal.data, "/failedOfferList").first();
    let code = failed.and_then(|offer| words::text(offer, "/errorCode")).unwrap_or_else(|| refusal.error_code.clone());
    match TROUBLE.iter().find(|(theirs, _)| *theirs == code) {
        Some((_, ours)) => refused(ours, refusal.message, Value::Null),
        None => Error::Refused(refusal),
    }
}

/// A failure after the order was placed.
fn placed(error: Error) -> Error {
    Error::Unknown { loss: Loss::Broken, why: format!("the order was placed and cannot be read: {error}") }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Wanted, agreed, refusal};
    use crate::upstream::failure::{Error, Outcome};
    use crate::upstream::open1688::asked::refused;
    use crate::upstream::open1688::trade::preview::Priced;

    fn wanted() -> Wanted {
        serde_json::from_value(json!({"outRef": "ord_1", "partnerCode": "acme", "channel": "CROSS_BORDER",
            "destCountry": "JP", "warehouseCode": "A7", "sellerId": 7, "freightFen": 800, "totalFen": 4000,
            "lines": [{"skuId": 1, "quantity": 10, "unitPriceFen": 320}]}))
        .unwrap()
    }

    fn code(error: Error) -> (String, Value) {
        match error {
            Error::Refused(refusal) => (refusal.error_code, refusal.data),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn nothing_is_ordered_at_another_price_than_agreed() {
        let group = |total: i64| {
            json!({"lines": [{"skuId": 1, "unitPriceFen": 340, "amountFen": 3400}],
            "goodsFen": 3400, "freightFen": 800, "totalFen": total})
        };
        let priced = |groups, problems| Priced { groups, problems, ..Priced::default() };
        assert!(agreed(&wanted(), &priced(vec![group(4_000)], vec![])).is_ok());
        let (told, facts) = code(agreed(&wanted(), &priced(vec![group(4_200)], vec![])).unwrap_err());
        assert_eq!(
            (told.as_str(), &facts["totalFen"], &facts["lines"][0]["unitPriceFen"]),
            ("PRICE_CHANGED", &json!(4_200), &json!(340))
        );
        let short = json!({"skuId": 1, "code": "STOCK_NOT_ENOUGH", "stock": 3});
        let (told, facts) = code(agreed(&wanted(), &priced(vec![], vec![short])).unwrap_err());
        assert_eq!((told.as_str(), &facts["lines"][0]["stock"]), ("STOCK_NOT_ENOUGH", &json!(3)));
        assert!(agreed(&wanted(), &priced(vec![group(2_000), group(2_000)], vec![])).is_err());
    }

    #[test]
    fn a_refusal_that_says_nothing_sure_leaves_the_outcome_open() {
        let told = |code: &str| refusal(refused(code, "x", Value::Null));
        assert_eq!(told("500").outcome(), Outcome::Unknown);
        assert_eq!(told("").outcome(), Outcome::Unknown);
        assert_eq!(code(told("500_004")).0, "STOCK_NOT_ENOUGH");
        assert_eq!(code(told("400")).0, "400");
    }
}

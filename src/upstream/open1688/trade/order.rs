//! Orders as the platform tells them, in the internal words. Amounts are yuan there; that goods reached the warehouse is
//! read from their parcels.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::upstream::failure::Error;
use crate::upstream::open1688::asked::{Asked, refused, renamed, written};
use crate::upstream::open1688::names::Kind;
use crate::upstream::open1688::table::{LIST, VIEW};
use crate::upstream::open1688::words;

const ABSENT: &[(&str, &str)] =
    &[("404", "ORDER_NOT_FOUND"), ("ORDER_NOT_EXIST", "ORDER_NOT_FOUND"), ("order.not.exist", "ORDER_NOT_FOUND")];
/// Their words for where an order stands, in the internal ones.
const STATUS: &[(&str, &str)] = &[
    ("waitbuyerpay", "waitbuyerpay"),
    ("waitsellersend", "waitsellersend"),
    ("waitlogisticstakein", "waitbuyerreceive"),
    ("waitbuyerreceive", "waitbuyerreceive"),
    ("waitbuyersign", "waitbuyerreceive"),
    ("signinsuccess", "warehousesigned"),
    ("confirm_goods", "warehousesigned"),
    ("success", "success"),
    ("cancel", "cancel"),
    ("terminated", "terminated"),
];
/// Their words for refunds that are under way, of orders and of lines.
const OPEN: &[&str] = &["waitselleragree", "waitbuyermodify", "waitbuyersend", "waitsellerreceive"];
/// Payments that were taken: paid, given back, settled.
const TAKEN: &[&str] = &["2", "4", "6"];
const SITE: (&str, &str) = ("webSite", "1688");

/// Asks for an order.
pub(in crate::upstream::open1688) async fn view(
    asked: &Asked<'_>,
    by: &[(&'static str, String)],
) -> Result<Value, Error> {
    let mut parameters = vec![(SITE.0, SITE.1.to_owned())];
    parameters.extend_from_slice(by);
    asked.ask(&VIEW, &parameters).await.map_err(renamed(ABSENT))
}

/// The order under our reference; none when there is none.
pub(in crate::upstream::open1688) async fn find(asked: &Asked<'_>, reference: &str) -> Result<Option<Value>, Error> {
    match view(asked, &[("outOrderId", reference.to_owned())]).await {
        Ok(told) => Ok(Some(told)),
        Err(error) if error.refusal().is_some_and(|refusal| refusal.error_code == "ORDER_NOT_FOUND") => Ok(None),
        Err(other) => Err(other),
    }
}

/// What is remembered of an order of ours.
#[derive(Debug, Default)]
struct Remembered {
    partner: String,
    skus: Vec<i64>,
}

async fn remembered(asked: &Asked<'_>, reference: &str) -> Result<Remembered, Error> {
    let told = asked.account.names.find(Kind::Order, reference).await?;
    let Some((partner, skus)) = told.as_deref().and_then(|told| told.split_once('\n')) else {
        return Ok(Remembered::default());
    };
    let skus = skus.split(',').filter_map(|sku| sku.parse().ok()).collect();
    Ok(Remembered { partner: partner.to_owned(), skus })
}

/// A line of an order over there: our number of it, and theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::upstream::open1688) struct Entry {
    /// From 1, in the order of our lines.
    pub line_no: u32,
    /// Their number.
    pub id: i64,
    /// How many pieces.
    pub quantity: u32,
}

/// The lines of an order with their numbers over there.
pub(in crate::upstream::open1688) async fn entries(asked: &Asked<'_>, told: &Value) -> Result<Vec<Entry>, Error> {
    let reference = words::text(told, "/baseInfo/outOrderId").unwrap_or_default();
    let skus = remembered(asked, &reference).await?.skus;
    let items = words::list(told, "/productItems").iter().enumerate();
    let entry = |(at, item): (usize, &Value)| {
        let id = words::long(item, "/subItemIDString").or_else(|| words::long(item, "/subItemID"))?;
        Some(Entry { line_no: line_no(item, at, &skus), id, quantity: words::count(item, "/quantity").unwrap_or(0) })
    };
    items.map(entry).collect::<Option<_>>().ok_or_else(|| asked.nonsense("a line without a number"))
}

/// Our number of a line: where its variant stood when it was ordered, else where it stands over there.
fn line_no(item: &Value, at: usize, skus: &[i64]) -> u32 {
    let sku = words::long(item, "/skuID");
    let place = skus.iter().position(|known| Some(*known) == sku);
    u32::try_from(place.unwrap_or(at) + 1).unwrap_or(u32::MAX)
}

/// An order in the internal words.
pub(in crate::upstream::open1688) async fn document(asked: &Asked<'_>, told: &Value) -> Result<Value, Error> {
    let reference = words::text(told, "/baseInfo/outOrderId").unwrap_or_default();
    let known = remembered(asked, &reference).await?;
    // Where nothing is remembered the call itself may say whose it is.
    let partner = if known.partner.is_empty() { asked.query("partnerCode").unwrap_or("") } else { &known.partner };
    read(told, partner, &known.skus).ok_or_else(|| asked.nonsense("an order without number, status, sum or time"))
}

fn read(told: &Value, partner: &str, skus: &[i64]) -> Option<Value> {
    let base = told.get("baseInfo")?;
    let total = words::fen(base, "/totalAmount")?;
    let pay_status = words::text(told, "/tradeTerms/0/payStatus");
    let is_paid = base.get("payTime").is_some_and(|at| !at.is_null())
        || pay_status.is_some_and(|status| TAKEN.contains(&status.as_str()));
    let paid = if is_paid { total } else { 0 };
    let back = words::fen(base, "/refund").unwrap_or(0);
    let items = words::list(told, "/productItems");
    let mut lines: Vec<Value> = items.iter().enumerate().filter_map(|(at, item)| line(item, at, skus)).collect();
    lines.sort_by_key(|line| words::long(line, "/lineNo"));
    let created = words::beijing(base, "/createTime")?;
    let status = status(told)?;
    Some(json!({
        "orderNo": words::long(base, "/idOfStr").or_else(|| words::long(base, "/id"))?,
        "outRef": words::text(base, "/outOrderId").unwrap_or_default(),
        "partnerCode": partner,
        "sellerId": words::long(base, "/sellerUserId").unwrap_or(0),
        "status": status,
        "lines": lines,
        "goodsFen": words::fen(base, "/sumProductPayment").unwrap_or(total),
        "freightFen": words::fen(base, "/shippingFee").unwrap_or(0),
        "totalFen": total,
        "paidFen": paid,
        "refundedFen": back,
        "refundStatus": refund_status(told, back, paid),
        "closeReason": close_reason(base, status, back, paid),
        "gmtCreate": created,
        "gmtPay": words::beijing(base, "/payTime"),
        "gmtSend": words::beijing(base, "/allDeliveredTime"),
        "gmtFinish": words::beijing(base, "/completeTime"),
        // A moment, not a number of seconds as some orders have it.
        "payExpire": words::beijing(base, "/payTimeout").filter(|until| *until > created),
    }))
}

fn line(item: &Value, at: usize, skus: &[i64]) -> Option<Value> {
    let quantity: u32 = words::count(item, "/quantity")?;
    let traits = words::list(item, "/skuInfos").iter().filter_map(|one| words::text(one, "/value"));
    let is_sent = matches!(words::long(item, "/logisticsStatus"), Some(2 | 3));
    Some(json!({
        "lineNo": line_no(item, at, skus),
        "skuId": words::long(item, "/skuID").or_else(|| words::long(item, "/productID"))?,
        "goodsId": words::long(item, "/productID")?,
        "subject": words::text(item, "/name").unwrap_or_default(),
        "specText": traits.collect::<Vec<_>>().join("/"),
        "quantity": quantity,
        "unitPriceFen": words::fen(item, "/price")?,
        "amountFen": words::fen(item, "/itemAmount")?,
        "shippedQuantity": if is_sent { quantity } else { 0 },
    }))
}

fn status(told: &Value) -> Option<&'static str> {
    let theirs = words::text(told, "/baseInfo/status")?;
    let (_, status) = STATUS.iter().find(|(known, _)| *known == theirs)?;
    let items = words::list(told, "/productItems").iter();
    let some_sent = items.filter_map(|item| words::long(item, "/logisticsStatus")).any(|sent| matches!(sent, 2 | 5));
    let parcels = words::list(told, "/nativeLogistics/logisticsItems");
    let signed = |parcel: &Value| {
        let status = words::text(parcel, "/status").unwrap_or_default();
        status.eq_ignore_ascii_case("signed") || status.eq_ignore_ascii_case("sign")
    };
    Some(match *status {
        "waitsellersend" if some_sent => "sellerpartsend",
        "waitbuyerreceive" if !parcels.is_empty() && parcels.iter().all(signed) => "warehousesigned",
        status => status,
    })
}

fn refund_status(told: &Value, back: i64, paid: i64) -> &'static str {
    let of_order = words::text(told, "/baseInfo/refundStatus").into_iter();
    let items = words::list(told, "/productItems").iter();
    let of_lines = items.filter_map(|item| words::text(item, "/refundStatus")).map(|status| status.replace('_', ""));
    let is_open = of_order.chain(of_lines).any(|status| OPEN.contains(&status.to_ascii_lowercase().as_str()));
    match (is_open, back) {
        (true, _) => "open",
        (false, 0) => "none",
        (false, back) if back >= paid => "full",
        (false, _) => "part",
    }
}

fn close_reason(base: &Value, status: &str, back: i64, paid: i64) -> Option<&'static str> {
    if !["cancel", "terminated"].contains(&status) {
        return None;
    }
    match words::text(base, "/closeReason").as_deref() {
        Some("buyerCancel") => Some("buyer_cancel"),
        Some("sellerGoodsLack") => Some("seller_goods_lack"),
        _ if paid > 0 && back > 0 => Some("refunded"),
        Some(_) if paid == 0 => Some("pay_timeout"),
        _ => None,
    }
}

/// Answers `trade.get`.
pub(in crate::upstream::open1688) async fn by_number(asked: &Asked<'_>) -> Result<Bytes, Error> {
    let told = view(asked, &[("orderId", asked.id()?.to_string())]).await?;
    written(&document(asked, &told).await?)
}

/// Answers `trade.by_reference`.
pub(in crate::upstream::open1688) async fn by_reference(asked: &Asked<'_>) -> Result<Bytes, Error> {
    let reference = asked.query("outRef").unwrap_or_default();
    let absent = || refused("ORDER_NOT_FOUND", format!("there is no order {reference}"), Value::Null);
    let told = find(asked, reference).await?.ok_or_else(absent)?;
    written(&document(asked, &told).await?)
}

/// Answers `trade.list`: the account's orders, of which only those are the partner's that were placed for it here.
pub(in crate::upstream::open1688) async fn list(asked: &Asked<'_>) -> Result<Bytes, Error> {
    let page: i64 = asked.query("pageToken").and_then(|token| token.parse().ok()).unwrap_or(1);
    let size = asked.number("pageSize").unwrap_or(20);
    let told = asked.ask(&LIST, &[("page", page.to_string()), ("pageSize", size.to_string())]).await?;
    let listed = words::list(&told, "/result");
    let mut items = Vec::new();
    for order in listed {
        let reference = words::text(order, "/baseInfo/outOrderId").unwrap_or_default();
        if Some(remembered(asked, &reference).await?.partner.as_str()) == asked.query("partnerCode") {
            items.push(document(asked, order).await?);
        }
    }
    let all = words::long(&told, "/totalRecord").unwrap_or(0);
    let next = (page.saturating_mul(size) < all && !listed.is_empty()).then(|| (page + 1).to_string());
    written(&json!({"nextPageToken": next, "items": items}))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::read;
    use crate::upstream::wholesale::wire::trade::Order;

    fn told() -> Value {
        json!({
            "baseInfo": {"id": 2_600_000_000_000_000_001_i64, "idOfStr": "2600000000000000001", "outOrderId": "ord_1",
                "status": "waitsellersend", "createTime": "20261123110848000+0800", "payTime": "20261123120000000+0800",
                "totalAmount": 40.0, "sumProductPayment": 32, "shippingFee": "8.00", "refund": 0, "sellerUserId": 7,
                "payTimeout": "20261124110848000+0800"},
            "productItems": [
                {"subItemID": 2, "subItemIDString": "2", "skuID": 12, "productID": 9, "quantity": 5, "price": 3.2,
                 "itemAmount": 16, "name": "杯", "skuInfos": [{"name": "颜色", "value": "红"}], "logisticsStatus": 1},
                {"subItemID": 1, "skuID": 11, "productID": 9, "quantity": 5, "price": 3.2, "itemAmount": 16, "name": "杯",
                 "logisticsStatus": 1}],
            "tradeTerms": [{"payStatus": "2"}],
        })
    }

    fn order(told: &Value) -> Order {
        serde_json::from_value(read(told, "acme", &[11, 12]).unwrap()).unwrap()
    }

    #[test]
    fn an_order_is_told_in_the_internal_words_and_our_lines_order() {
        let order = order(&told());
        assert_eq!(order.lines.iter().map(|line| line.sku_id).collect::<Vec<_>>(), [11, 12]);
        assert_eq!((order.paid_fen, order.total_fen, order.goods_fen, order.freight_fen), (4_000, 4_000, 3_200, 800));
        assert_eq!((order.order_no, order.status.as_str()), (2_600_000_000_000_000_001, "waitsellersend"));
        assert_eq!(order.pay_expire.as_deref(), Some("2026-11-24 11:08:48"));
        assert_eq!((order.lines[1].unit_price_fen, order.lines[1].spec_text.as_deref()), (320, Some("红")));
    }

    #[test]
    fn where_an_order_stands_is_read_from_its_status_lines_and_parcels() {
        let mut told = told();
        told["productItems"][0]["logisticsStatus"] = json!(2);
        assert_eq!(order(&told).status, "sellerpartsend");
        assert_eq!(order(&told).lines[1].shipped_quantity, 5);
        told["baseInfo"]["status"] = json!("waitbuyerreceive");
        assert_eq!(order(&told).status, "waitbuyerreceive");
        told["nativeLogistics"] = json!({"logisticsItems": [{"status": "signed"}, {"status": "SIGN"}]});
        assert_eq!(order(&told).status, "warehousesigned");
        told["nativeLogistics"] = json!({"logisticsItems": [{"status": "signed"}, {"status": "alreadysend"}]});
        assert_eq!(order(&told).status, "waitbuyerreceive");
        told["baseInfo"]["status"] = json!("lost");
        assert_eq!(read(&told, "acme", &[]), None, "a word that is not known is not guessed");
    }

    #[test]
    fn what_was_given_back_and_why_it_ended_are_told() {
        let mut told = told();
        told["baseInfo"]["refundStatus"] = json!("waitselleragree");
        assert_eq!(read(&told, "acme", &[]).unwrap()["refundStatus"], "open");
        told["baseInfo"]["refundStatus"] = json!("refundsuccess");
        told["baseInfo"]["refund"] = json!(40);
        told["baseInfo"]["status"] = json!("terminated");
        let order = read(&told, "acme", &[]).unwrap();
        assert_eq!(
            (&order["refundStatus"], &order["closeReason"], &order["refundedFen"]),
            (&json!("full"), &json!("refunded"), &json!(4_000))
        );
        let mut unpaid = self::told();
        unpaid["baseInfo"]["status"] = json!("cancel");
        unpaid["baseInfo"]["closeReason"] = json!("other");
        unpaid["baseInfo"].as_object_mut().unwrap().remove("payTime");
        unpaid["tradeTerms"] = json!([]);
        assert_eq!(read(&unpaid, "acme", &[]).unwrap()["closeReason"], "pay_timeout");
        assert_eq!(read(&json!({"baseInfo": {}}), "acme", &[]), None);
    }
}

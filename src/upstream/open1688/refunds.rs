//! Refunds. The platform lets nobody name one: what is asked for under our reference is written down before it is asked,
//! carries the reference at the end of its words, and is found by that if the answer is lost.

mod ask;
mod steps;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::aop::dates;
use crate::upstream::failure::Error;
use crate::upstream::open1688::asked::{Asked, refused, written};
use crate::upstream::open1688::names::Kind;
use crate::upstream::open1688::table::{REFUND_VIEW, REFUNDS};
use crate::upstream::open1688::trade::order::{self, Entry};
use crate::upstream::open1688::words;

pub(super) use ask::{create, give_voucher, reasons};
pub(super) use steps::{arbitrate, send_back, withdraw};

/// Their words for where a refund stands, in the internal ones.
const STATUS: &[(&str, &str)] = &[
    ("waitselleragree", "waitselleragree"),
    ("waitbuyermodify", "sellerrefused"),
    ("waitbuyersend", "waitbuyersend"),
    ("waitsellerreceive", "waitsellerreceive"),
    ("refundsuccess", "refundsuccess"),
    ("refundclose", "refundclose"),
];
/// What happened to a refund that the platform was asked to decide about.
const ARBITRATION: i64 = 11;
/// Refunds of an order that are looked through.
const MOST: i64 = 50;
const BEGINS: &str = "TQ";

/// What is remembered of a refund of ours.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Deed {
    reference: String,
    partner: String,
    order: i64,
    /// Their number, once it is known.
    number: Option<i64>,
    description: String,
    vouchers: Vec<i64>,
}

impl Deed {
    /// Remembers it by our reference, and by their number once there is one.
    async fn keep(&self, asked: &Asked<'_>) -> Result<(), Error> {
        let told = serde_json::to_string(self).map_err(|why| Error::Setup(why.to_string()))?;
        let mut names = vec![(self.reference.clone(), told)];
        names.extend(self.number.map(|number| (by_number(number), self.reference.clone())));
        asked.account.names.keep(Kind::Refund, names).await
    }

    async fn find(asked: &Asked<'_>, reference: &str) -> Result<Option<Self>, Error> {
        let told = asked.account.names.find(Kind::Refund, reference).await?;
        Ok(told.and_then(|told| serde_json::from_str(&told).ok()))
    }
}

fn by_number(number: i64) -> String {
    format!("{BEGINS}{number}")
}

/// Our reference of a refund by its number over there.
pub(super) async fn reference(asked: &Asked<'_>, number: i64) -> Result<Option<String>, Error> {
    let told = asked.account.names.find(Kind::Refund, &by_number(number)).await?;
    Ok(told.map(|reference| reference.to_string()))
}

/// The number of a `refundId`.
fn number_of(id: &str) -> Option<i64> {
    id.trim_start_matches(BEGINS).parse().ok().filter(|number| *number > 0)
}

/// The refund as it stands over there, in the internal words.
async fn view(asked: &Asked<'_>, deed: &Deed, number: i64) -> Result<Value, Error> {
    let told = asked.ask(&REFUND_VIEW, &[("refundId", by_number(number))]).await?;
    read(&told, deed).ok_or_else(|| asked.nonsense("a refund without number, status or sums"))
}

fn read(told: &Value, deed: &Deed) -> Option<Value> {
    let theirs = words::text(told, "/status")?;
    let (_, status) = STATUS.iter().find(|(known, _)| *known == theirs)?;
    let operations = words::list(told, "/refundOperationList").iter();
    let is_decided_about =
        operations.filter_map(|one| words::long(one, "/operateTypeInt")).any(|kind| kind == ARBITRATION);
    let status = if *status == "waitselleragree" && is_decided_about { "arbitrating" } else { status };
    let (payment, freight) = (words::long(told, "/applyPayment")?, words::long(told, "/applyCarriage").unwrap_or(0));
    let back = words::long(told, "/refundPayment").unwrap_or(0) + words::long(told, "/refundCarriage").unwrap_or(0);
    let is_over = status == "refundsuccess";
    // Carriers are named by their code here; one that is told by its Chinese name is left out.
    let code = |carrier: &String| carrier.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    let carrier = words::text(told, "/buyerLogisticsName").filter(code);
    let parcel = words::text(told, "/freightBill").zip(carrier);
    let modified = words::text(told, "/gmtModified").and_then(|text| dates::read(&text));
    Some(json!({
        "refundNo": words::text(told, "/refundId").and_then(|id| number_of(&id)).or_else(|| words::long(told, "/id"))?,
        "outRef": deed.reference,
        "orderNo": words::long(told, "/orderId").unwrap_or(deed.order),
        "partnerCode": deed.partner,
        "status": status,
        "applyFen": payment + freight,
        "freightFen": freight,
        "agreedFen": is_over.then_some(back),
        "description": deed.description,
        "voucherIds": deed.vouchers,
        "sellerNote": words::text(told, "/rejectReason"),
        "returnAddress": words::text(told, "/sellerReceiveAddress"),
        "returnShipment": parcel.map(|(bill, carrier)| json!({"carrierCode": carrier, "mailNo": bill})),
        "arbitration": is_decided_about.then(|| json!({"reason": ""})),
        "deadline": words::beijing(told, "/gmtTimeOut"),
        "gmtRefund": words::beijing(told, "/gmtCompleted").filter(|_| is_over),
        "version": modified.map_or(0, |at| at.as_millisecond()),
    }))
}

/// The refunds of an order, as the platform lists them.
async fn list(asked: &Asked<'_>, order: i64) -> Result<Vec<Value>, Error> {
    let parameters =
        [("orderId", order.to_string()), ("currentPageNum", "1".to_owned()), ("pageSize", MOST.to_string())];
    let told = asked.ask(&REFUNDS, &parameters).await?;
    Ok(words::list(&told, "/opOrderRefundModels").to_vec())
}

/// The refund that carries our reference, if the platform has one.
async fn lost(asked: &Asked<'_>, deed: &Deed) -> Result<Option<i64>, Error> {
    let says = |refund: &&Value| refund.to_string().contains(&deed.reference);
    let all = list(asked, deed.order).await?;
    Ok(all.iter().find(says).and_then(|refund| number_of(&words::text(refund, "/refundId")?)))
}

/// Answers `refunds.by_reference`.
pub(super) async fn by_reference(asked: &Asked<'_>) -> Result<Bytes, Error> {
    let reference = asked.query("outRef").unwrap_or_default();
    let absent = || refused("REFUND_NOT_FOUND", format!("there is no refund {reference}"), Value::Null);
    let mut deed = Deed::find(asked, reference).await?.ok_or_else(absent)?;
    if deed.number.is_none() {
        deed.number = Some(lost(asked, &deed).await?.ok_or_else(absent)?);
        deed.keep(asked).await?;
    }
    written(&view(asked, &deed, deed.number.unwrap_or(0)).await?)
}

/// Answers `trade.refunds_of_order`: which pieces they are about.
pub(super) async fn of_order(asked: &Asked<'_>) -> Result<Bytes, Error> {
    let number = asked.number("orderNo").unwrap_or(0);
    let told = order::view(asked, &[("orderId", number.to_string())]).await?;
    let entries = order::entries(asked, &told).await?;
    let refunds = list(asked, number).await?;
    let items: Vec<_> = refunds.iter().filter_map(|refund| in_short(refund, &entries)).collect();
    written(&json!({"items": items}))
}

fn in_short(refund: &Value, entries: &[Entry]) -> Option<Value> {
    let counts = refund.get("orderEntryCountMap").and_then(Value::as_object);
    let line = |entry: &Entry| {
        let quantity = match counts {
            Some(counts) => words::count(&json!({"n": counts.get(&entry.id.to_string())?}), "/n")?,
            None => entry.quantity,
        };
        Some(json!({"lineNo": entry.line_no, "quantity": quantity}))
    };
    let about: Vec<i64> = words::list(refund, "/orderEntryIdList").iter().filter_map(Value::as_i64).collect();
    let lines: Vec<_> = entries.iter().filter(|entry| about.contains(&entry.id)).filter_map(line).collect();
    Some(json!({"status": words::text(refund, "/status")?, "lines": lines}))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Deed, in_short, number_of, read};
    use crate::upstream::open1688::trade::order::Entry;
    use crate::upstream::wholesale::wire::aftersale::Refund;

    #[test]
    fn a_refund_is_told_under_our_reference_in_the_internal_words() {
        let mut told = json!({"refundId": "TQ31", "id": 31, "orderId": 26, "status": "waitbuyermodify",
            "applyPayment": 1000, "applyCarriage": 200, "refundPayment": 0, "refundCarriage": 0,
            "rejectReason": "没坏", "gmtModified": "20261123110848000+0800", "refundOperationList": []});
        let deed = Deed { reference: "rfd_1".into(), partner: "acme".into(), order: 26, ..Deed::default() };
        let refund =
            |told: &serde_json::Value| -> Refund { serde_json::from_value(read(told, &deed).unwrap()).unwrap() };
        let first = refund(&told);
        assert_eq!(
            (first.refund_no, first.status.as_str(), first.apply_fen, first.freight_fen),
            (31, "sellerrefused", 1_200, 200)
        );
        assert_eq!(
            (first.out_ref.as_str(), first.seller_note.as_deref(), first.agreed_fen),
            ("rfd_1", Some("没坏"), None)
        );
        told["status"] = json!("waitselleragree");
        told["refundOperationList"] = json!([{"operateTypeInt": 11}]);
        assert_eq!(refund(&told).status, "arbitrating");
        told["status"] = json!("refundsuccess");
        told["refundPayment"] = json!(1_000);
        assert_eq!(refund(&told).agreed_fen, Some(1_000));
        assert_eq!(
            (number_of("TQ31"), number_of("31"), number_of("TQ"), number_of("x")),
            (Some(31), Some(31), None, None)
        );
    }

    #[test]
    fn pieces_of_a_refund_are_told_by_our_lines() {
        let entries = [(1, 5), (2, 6)].map(|(line_no, id)| Entry { line_no, id, quantity: 10 });
        let refund = json!({"status": "refundsuccess", "orderEntryIdList": [6], "orderEntryCountMap": {"6": 4}});
        let told = in_short(&refund, &entries).unwrap();
        assert_eq!(told["lines"], json!([{"lineNo": 2, "quantity": 4}]));
    }
}

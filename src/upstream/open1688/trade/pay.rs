//! Paying: a page, or the agreed debit. The platform knows a debit by our reference, but tells of none by it: whether money
//! was taken is read from the order, which is paid once at most.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::upstream::failure::{Error, Loss};
use crate::upstream::open1688::asked::{Asked, before, refused, written};
use crate::upstream::open1688::table::{DEBIT, PAY_PAGE};
use crate::upstream::open1688::trade::order;
use crate::upstream::open1688::words;

/// Codes after which it may be paid all the same.
const PERHAPS: &[&str] = &["", "SYSTEM_ERROR", "TIMEOUT"];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    mode: String,
    pay_ref: String,
    total_fen: i64,
}

/// The order as it stands before it is paid, if it can be.
async fn payable(asked: &Asked<'_>, number: i64, total: i64) -> Result<Value, Error> {
    let told = order::view(asked, &[("orderId", number.to_string())]).await.map_err(before)?;
    let stands = order::document(asked, &told).await.map_err(before)?;
    if words::long(&stands, "/paidFen").unwrap_or(0) > 0 {
        return Ok(stands);
    }
    if stands["status"] != "waitbuyerpay" {
        let code = if stands["closeReason"] == "pay_timeout" { "PAY_EXPIRED" } else { "STATUS_NOT_ALLOWED" };
        return Err(refused(code, "it does not wait for money", json!({"status": stands["status"]})));
    }
    if words::long(&stands, "/totalFen") != Some(total) {
        let facts = json!({"lines": [], "freightFen": stands["freightFen"], "totalFen": stands["totalFen"]});
        return Err(refused("PRICE_CHANGED", "it costs something else now", facts));
    }
    Ok(stands)
}

fn is_paid(stands: &Value) -> bool {
    words::long(stands, "/paidFen").unwrap_or(0) > 0
}

/// Answers `trade.pay`.
pub(in crate::upstream::open1688) async fn pay(asked: &Asked<'_>) -> Result<Bytes, Error> {
    let wanted: Wanted = asked.body()?;
    let number = asked.id()?;
    let stands = payable(asked, number, wanted.total_fen).await?;
    if is_paid(&stands) && wanted.mode == "PAGE" {
        return Err(refused("STATUS_NOT_ALLOWED", "it is paid already", json!({"status": stands["status"]})));
    }
    if is_paid(&stands) {
        return written(&json!({"status": "PAID", "paidFen": stands["paidFen"]}));
    }
    if wanted.mode == "PAGE" {
        let told = asked.ask(&PAY_PAGE, &[("orderIdList", json!([number]).to_string())]).await?;
        let page = words::text(&told, "").ok_or_else(|| asked.nonsense("no page"))?;
        return written(&json!({"payUrl": page, "expire": stands["payExpire"]}));
    }
    debit(asked, number, &wanted).await
}

async fn debit(asked: &Asked<'_>, number: i64, wanted: &Wanted) -> Result<Bytes, Error> {
    let param = json!({
        "orderId": number, "payChannel": "alipay", "payAmount": wanted.total_fen, "opRequestId": wanted.pay_ref,
    });
    let told = match asked.ask_json(&DEBIT, "tradeWithholdPreparePayParam", &param).await {
        Err(Error::Refused(refusal)) if PERHAPS.contains(&refusal.error_code.as_str()) => {
            return Err(Error::Unknown { loss: Loss::Status(500), why: refusal.message });
        }
        told => told?,
    };
    // "Not paid" may be said of a debit that is: whoever asks by its reference is told how the order stands.
    match words::flag(&told, "/paySuccess") {
        Some(true) => written(&json!({"status": "PAID", "paidFen": wanted.total_fen})),
        _ => Err(Error::Unknown { loss: Loss::Timeout, why: format!("order {number} may be paid or not") }),
    }
}

/// Answers `trade.payment_by_reference`.
pub(in crate::upstream::open1688) async fn debited(asked: &Asked<'_>) -> Result<Bytes, Error> {
    let number = asked.number("orderNo").unwrap_or(0);
    let told = order::view(asked, &[("orderId", number.to_string())]).await?;
    let stands = order::document(asked, &told).await?;
    if is_paid(&stands) {
        return written(&json!({"orderNo": number, "status": "PAID"}));
    }
    Err(refused("PAYMENT_NOT_FOUND", format!("order {number} is not paid"), Value::Null))
}

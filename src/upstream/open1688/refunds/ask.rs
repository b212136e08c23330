//! Asking for money back once: what can be asked for, the pictures that prove it, and the wish itself.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Deed, lost, number_of, view};
use crate::upstream::failure::{Error, Loss};
use crate::upstream::open1688::asked::{Asked, before, refused, renamed, written};
use crate::upstream::open1688::names::Kind;
use crate::upstream::open1688::table::{REASONS, REFUND, VOUCHER};
use crate::upstream::open1688::trade::order::{self, Entry};
use crate::upstream::open1688::words;

/// What the platform says against a wish, in the internal words.
const REFUSALS: &[(&str, &str)] = &[
    ("5001", "ORDER_NOT_FOUND"),
    ("5002", "ORDER_NOT_FOUND"),
    ("5003", "STATUS_NOT_ALLOWED"),
    ("5004", "REASON_INVALID"),
    ("5005", "VOUCHER_REQUIRED"),
    ("5010", "STATUS_NOT_ALLOWED"),
    ("5011", "AMOUNT_TOO_LARGE"),
    ("5013", "QUANTITY_TOO_LARGE"),
];
/// Codes after which it may be asked for all the same.
const PERHAPS: &[&str] = &["", "500", "4000"];
/// The platform's numbers of reasons, as our codes.
const REASON: &str = "R";
/// Characters of what is said for a refund, the reference included.
const MOST_WORDS: usize = 150;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    out_ref: String,
    partner_code: String,
    order_no: i64,
    #[serde(rename = "type")]
    kind: String,
    reason_code: String,
    apply_fen: i64,
    freight_fen: i64,
    lines: Vec<Pieces>,
    description: String,
    voucher_ids: Vec<i64>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pieces {
    line_no: u32,
    quantity: u32,
}

/// How the goods stand, in the platform's words.
fn goods_status(status: &str, kind: &str) -> &'static str {
    match (status, kind) {
        ("success", _) => "aftersaleBuyerReceived",
        ("waitsellersend" | "sellerpartsend", _) => "refundWaitSellerSend",
        (_, "RETURN") => "refundBuyerReceived",
        _ => "refundWaitBuyerReceive",
    }
}

/// An order with its lines over there.
async fn standing(asked: &Asked<'_>, order: i64) -> Result<(Value, Vec<Entry>), Error> {
    let told = order::view(asked, &[("orderId", order.to_string())]).await?;
    Ok((order::document(asked, &told).await?, order::entries(asked, &told).await?))
}

/// Answers `refunds.reasons`.
pub(in crate::upstream::open1688) async fn reasons(asked: &Asked<'_>) -> Result<Bytes, Error> {
    let order = asked.id()?;
    let (stands, entries) = standing(asked, order).await?;
    let status = words::text(&stands, "/status").unwrap_or_default();
    let ids: Vec<_> = entries.iter().map(|entry| entry.id).collect();
    let parameters = [
        ("orderId", order.to_string()),
        ("orderEntryIds", json!(ids).to_string()),
        ("goodsStatus", goods_status(&status, asked.query("type").unwrap_or("MONEY")).to_owned()),
    ];
    let told = asked.ask(&REASONS, &parameters).await.map_err(renamed(REFUSALS))?;
    let reasons = words::list(&told, "/reasons");
    let reason = |reason: &Value| {
        Some(json!({
            "code": format!("{REASON}{}", words::long(reason, "/id")?),
            "name": words::text(reason, "/name")?,
            "needVoucher": words::flag(reason, "/needVoucher").unwrap_or(false),
        }))
    };
    let items: Vec<_> = reasons.iter().filter_map(reason).collect();
    let keeps_freight = reasons.iter().any(|reason| words::flag(reason, "/noRefundCarriage") == Some(true));
    let fen = |at: &str| words::long(&stands, at).unwrap_or(0);
    let most = (fen("/paidFen") - fen("/refundedFen")).max(0);
    let freight = if keeps_freight || status != "waitsellersend" { 0 } else { fen("/freightFen").min(most) };
    let most = if freight == 0 { (most - fen("/freightFen")).max(0) } else { most };
    written(&json!({"maxFen": most, "freightFen": freight, "items": items}))
}

/// Answers `refunds.create`.
pub(in crate::upstream::open1688) async fn create(asked: &Asked<'_>) -> Result<Bytes, Error> {
    let wanted: Wanted = asked.body()?;
    let mut deed = match Deed::find(asked, &wanted.out_ref).await? {
        Some(deed) => deed,
        None => Deed {
            reference: wanted.out_ref.clone(),
            partner: wanted.partner_code.clone(),
            order: wanted.order_no,
            number: None,
            description: wanted.description.clone(),
            vouchers: wanted.voucher_ids.clone(),
        },
    };
    deed.keep(asked).await?;
    if deed.number.is_none() {
        deed.number = lost(asked, &deed).await.map_err(before)?;
    }
    let number = match deed.number {
        Some(number) => number,
        None => ask(asked, &wanted).await?,
    };
    deed.number = Some(number);
    deed.keep(asked).await.map_err(done)?;
    written(&view(asked, &deed, number).await.map_err(done)?)
}

/// A failure after it was asked for.
fn done(error: Error) -> Error {
    Error::Unknown { loss: Loss::Broken, why: format!("it was asked for, and cannot be read: {error}") }
}

async fn ask(asked: &Asked<'_>, wanted: &Wanted) -> Result<i64, Error> {
    let (stands, entries) = standing(asked, wanted.order_no).await.map_err(before)?;
    let status = words::text(&stands, "/status").unwrap_or_default();
    let pieces = |pieces: &Pieces| {
        let entry = entries.iter().find(|entry| entry.line_no == pieces.line_no)?;
        Some((entry.id, json!({"id": entry.id, "count": pieces.quantity})))
    };
    let pieces: Option<Vec<(i64, Value)>> = wanted.lines.iter().map(pieces).collect();
    let pieces = pieces.ok_or_else(|| refused("QUANTITY_TOO_LARGE", "no such line", Value::Null))?;
    let (ids, counts): (Vec<_>, Vec<_>) = pieces.into_iter().unzip();
    let request = if wanted.kind == "RETURN" { "returnRefund" } else { "refund" };
    let parameters = [
        ("orderId", wanted.order_no.to_string()),
        ("orderEntryIds", json!(ids).to_string()),
        ("disputeRequest", request.to_owned()),
        ("applyPayment", (wanted.apply_fen - wanted.freight_fen).to_string()),
        ("applyCarriage", wanted.freight_fen.to_string()),
        ("applyReasonId", wanted.reason_code.trim_start_matches(REASON).to_owned()),
        ("description", described(&wanted.description, &wanted.out_ref)),
        ("goodsStatus", goods_status(&status, &wanted.kind).to_owned()),
        ("vouchers", addresses(asked, &wanted.voucher_ids).await?.to_string()),
        ("orderEntryCountList", Value::from(counts).to_string()),
    ];
    let told = asked.ask(&REFUND, &parameters).await.map_err(|error| match error {
        Error::Refused(refusal) if PERHAPS.contains(&refusal.error_code.as_str()) => {
            Error::Unknown { loss: Loss::Status(500), why: refusal.message }
        }
        other => renamed(REFUSALS)(other),
    })?;
    let id = words::text(&told, "/refundId").unwrap_or_default();
    number_of(&id).ok_or_else(|| asked.nonsense(format_args!("{id} is no number of a refund")))
}

/// What is said, with our reference at its end.
fn described(description: &str, reference: &str) -> String {
    let plain = description.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    let room = MOST_WORDS.saturating_sub(reference.chars().count() + 1);
    format!("{} {reference}", plain.take(room).collect::<String>().trim())
}

/// The addresses of pictures.
pub(super) async fn addresses(asked: &Asked<'_>, vouchers: &[i64]) -> Result<Value, Error> {
    let mut addresses = Vec::new();
    for voucher in vouchers {
        let told = asked.account.names.find(Kind::Voucher, &voucher.to_string()).await?;
        let absent = || refused("VOUCHER_NOT_FOUND", format!("there is no picture {voucher}"), Value::Null);
        addresses.push(told.ok_or_else(absent)?.to_string());
    }
    Ok(json!(addresses))
}

/// Answers `vouchers.give`: the same bytes are the same picture.
pub(in crate::upstream::open1688) async fn give_voucher(asked: &Asked<'_>) -> Result<Bytes, Error> {
    let bytes = asked.call.body.as_ref().map(|body| body.bytes.clone()).unwrap_or_default();
    let told = asked.ask(&VOUCHER, &[("imageData", STANDARD.encode(&bytes))]).await;
    let told = told.map_err(renamed(&[("4000", "VOUCHER_INVALID")]))?;
    let domain = words::text(&told, "/imageDomain").unwrap_or_default();
    let path = words::text(&told, "/imageRelativeUrl").ok_or_else(|| asked.nonsense("no address of the picture"))?;
    let hash = Sha256::digest(&bytes);
    let head = hash.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let number = i64::try_from(head >> 2).unwrap_or(i64::MAX).max(1);
    let address = format!("{}/{}", domain.trim_end_matches('/'), path.trim_start_matches('/'));
    asked.account.names.keep(Kind::Voucher, vec![(number.to_string(), address)]).await?;
    let sha256: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    written(&json!({"voucherId": number, "sha256": sha256}))
}

#[cfg(test)]
mod tests {
    use super::{described, goods_status};

    #[test]
    fn what_is_said_ends_with_our_reference_and_stays_short_enough() {
        assert_eq!(described("two\nare broken", "rfd_1"), "two are broken rfd_1");
        let long = described(&"杯".repeat(500), "rfd_0123456789");
        assert!(long.ends_with(" rfd_0123456789") && long.chars().count() <= 150);
    }

    #[test]
    fn how_the_goods_stand_depends_on_the_order() {
        assert_eq!(goods_status("waitsellersend", "MONEY"), "refundWaitSellerSend");
        assert_eq!(goods_status("warehousesigned", "RETURN"), "refundBuyerReceived");
        assert_eq!(goods_status("waitbuyerreceive", "MONEY"), "refundWaitBuyerReceive");
        assert_eq!(goods_status("success", "RETURN"), "aftersaleBuyerReceived");
    }
}

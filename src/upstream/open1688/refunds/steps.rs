//! What is done about a refund that is under way; afterwards it is read.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ask::addresses;
use super::{Deed, by_number, reference, view};
use crate::upstream::failure::{Error, Loss};
use crate::upstream::open1688::asked::{Asked, before, refused, renamed, written};
use crate::upstream::open1688::table::{ARBITRATE, Api, SEND_BACK, WITHDRAW};
use crate::upstream::open1688::words;

const REFUSALS: &[(&str, &str)] = &[
    ("4005", "REFUND_NOT_FOUND"),
    ("404", "REFUND_NOT_FOUND"),
    ("4007", "STATUS_NOT_ALLOWED"),
    ("400", "STATUS_NOT_ALLOWED"),
    ("4003", "VOUCHER_NOT_FOUND"),
];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parcel {
    carrier_code: String,
    mail_no: String,
    note: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Plea {
    reason: String,
    #[serde(default)]
    voucher_ids: Vec<i64>,
}

/// What is remembered of the refund that the call names.
async fn deed(asked: &Asked<'_>) -> Result<(Deed, i64), Error> {
    let number = asked.id()?;
    let absent = || refused("REFUND_NOT_FOUND", format!("refund {number} was not asked for here"), Value::Null);
    let reference = reference(asked, number).await?.ok_or_else(absent)?;
    Ok((Deed::find(asked, &reference).await?.ok_or_else(absent)?, number))
}

/// Does it, and reads the refund.
async fn take(asked: &Asked<'_>, api: &Api, parameters: &[(&'static str, String)]) -> Result<Bytes, Error> {
    let (deed, number) = deed(asked).await?;
    match asked.ask(api, parameters).await.map_err(renamed(REFUSALS)) {
        Ok(_) => {}
        Err(Error::Refused(refusal)) if refusal.error_code == "STATUS_NOT_ALLOWED" => {
            let stands = view(asked, &deed, number).await.map_err(before)?;
            return Err(refused("STATUS_NOT_ALLOWED", refusal.message, json!({"status": stands["status"]})));
        }
        Err(other) => return Err(other),
    }
    let done = |error: Error| Error::Unknown {
        loss: Loss::Broken,
        why: format!("it was done, and the refund cannot be read: {error}"),
    };
    written(&view(asked, &deed, number).await.map_err(done)?)
}

/// Answers `refunds.withdraw`.
pub(in crate::upstream::open1688) async fn withdraw(asked: &Asked<'_>) -> Result<Bytes, Error> {
    take(asked, &WITHDRAW, &[("refundId", by_number(asked.id()?))]).await
}

/// Answers `refunds.return`.
pub(in crate::upstream::open1688) async fn send_back(asked: &Asked<'_>) -> Result<Bytes, Error> {
    let parcel: Parcel = asked.body()?;
    let mut parameters = vec![
        ("refundId", by_number(asked.id()?)),
        ("logisticsCompanyNo", parcel.carrier_code),
        ("freightBill", parcel.mail_no),
    ];
    parameters.extend(parcel.note.map(|note| ("description", note)));
    take(asked, &SEND_BACK, &parameters).await
}

/// Answers `refunds.arbitrate`.
pub(in crate::upstream::open1688) async fn arbitrate(asked: &Asked<'_>) -> Result<Bytes, Error> {
    let plea: Plea = asked.body()?;
    let (deed, number) = deed(asked).await?;
    let pictures = addresses(asked, &plea.voucher_ids).await?;
    let pictures: Vec<_> = words::list(&pictures, "").iter().filter_map(Value::as_str).collect();
    let mut param = json!({
        "type": "RefundComplaint", "refundId": by_number(number), "orderId": deed.order, "reasonText": plea.reason,
    });
    if let Some(members) = param.as_object_mut().filter(|_| !pictures.is_empty()) {
        members.insert("picUrlEvidence".into(), pictures.join(",").into());
    }
    take(asked, &ARBITRATE, &[("param", param.to_string())]).await
}

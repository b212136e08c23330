//! What is done about a refund that is under way: sending the goods back, asking the marketplace to decide, taking it back.
//! Each is done once, however often it is said.

use serde::Deserialize;
use serde_json::json;

use crate::aftersale::{Aftersale, Answer as Stored, Declined, Error, Plea, SendBack, Step};
use crate::error::{Code, Failure};
use crate::model::ids::CatalogueRefundId;
use crate::model::refund::{Refund, Rejection};
use crate::orders::Orders;
use crate::param2::aftersale::create;
use crate::param2::asked::{Asked, Told};
use crate::param2::fault::Refusal;
use crate::param2::lenient;
use crate::param2::trade::once::Wish;
use crate::param2::trade::{change, named};

const RETURN: &[(Code, &str)] = &[
    (Code::RefundNotFound, "4005"),
    (Code::RefundStateConflict, "4007"),
    (Code::VoucherNotFound, "4003"),
    (Code::RefundRefused, "5002"),
];
const ARBITRATION: &[(Code, &str)] = &[
    (Code::RefundNotFound, "404"),
    (Code::RefundStateConflict, "400"),
    (Code::VoucherNotFound, "400"),
    (Code::RefundRefused, "500"),
];
const KINDS: &[&str] = &["RefundComplaint", "SafeRefundComplaint", "AfterSalesComplaint", "TradeComplaint"];

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Case {
    #[serde(deserialize_with = "lenient::text")]
    r#type: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    refund_id: Option<String>,
    #[serde(deserialize_with = "lenient::long")]
    order_id: Option<i64>,
    #[serde(deserialize_with = "lenient::text")]
    reason_text: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pic_url_evidence: Option<String>,
}

/// The number of `TQ…`.
pub fn number(text: &str) -> Option<CatalogueRefundId> {
    text.trim().trim_start_matches("TQ").parse().ok()
}

/// The refund of a `refundId`.
pub async fn refund(asked: &Asked, text: &str, table: &'static [(Code, &'static str)]) -> Result<Refund, Refusal> {
    let number = number(text).ok_or_else(|| Refusal::invalid("refundId", "TQ and a number"))?;
    let refund = asked.room::<Aftersale>()?.by_number(&asked.caller, number).await.map_err(named::coded(table))?;
    if asked.is_branch() {
        let orders = asked.room::<Orders>()?;
        let order = orders.get(&asked.caller, &refund.deed.order).await?;
        if !orders.is_seen_by(&asked.caller, &order, &asked.account).await? {
            return Err(named::coded(table)(Error::RefundNotFound));
        }
    }
    Ok(refund)
}

/// Answers `alibaba.trade.refund.returnGoods`.
pub async fn return_goods(asked: Asked) -> Told {
    let carrier = asked.need("logisticsCompanyNo")?.parse();
    let carrier = carrier.map_err(|error| Refusal::invalid("logisticsCompanyNo", error))?;
    let tracking_number = asked.need("freightBill")?.trim().parse();
    let tracking_number = tracking_number.map_err(|error| Refusal::invalid("freightBill", error))?;
    // The pictures that clients may add prove the sending to the platform; ours keeps none of a parcel.
    create::vouchers(&asked, "vouchers", "4003")?;
    let note = create::note(&asked, "description", 200)?;
    let refund = refund(&asked, asked.need("refundId")?, RETURN).await?;
    take(&asked, &refund, Step::SendBack(SendBack { carrier, tracking_number, note }), RETURN).await?;
    asked.answer(&json!({"result": {"success": true}}))
}

/// Answers `alibaba.trade.cancelRefund`.
pub async fn withdraw(asked: Asked) -> Told {
    let refund = refund(&asked, asked.need("refundId")?, RETURN).await?;
    take(&asked, &refund, Step::Withdraw, RETURN).await?;
    asked.answer(&json!({"result": {"success": true}}))
}

/// Answers `trade.arbitration.apply`.
pub async fn arbitrate(asked: Asked) -> Told {
    let case: Case = asked.json("param")?;
    let missing = |member: &str| Refusal::missing(&format!("param.{member}"));
    let kind = case.r#type.as_deref().ok_or_else(|| missing("type"))?;
    if !KINDS.contains(&kind) {
        return Err(Refusal::invalid("param.type", KINDS.join(" | ")));
    }
    let reason =
        change::line("param.reasonText", case.reason_text.as_deref().ok_or_else(|| missing("reasonText"))?, 500)?;
    let order = case.order_id.ok_or_else(|| missing("orderId"))?;
    let refund = refund(&asked, case.refund_id.as_deref().ok_or_else(|| missing("refundId"))?, ARBITRATION).await?;
    if refund.deed.catalogue_order.number() != order {
        return Err(Refusal::own("400", format!("this refund is not of order {order}")));
    }
    let pictures: Vec<_> = case.pic_url_evidence.iter().flat_map(|all| all.split(',')).map(str::to_owned).collect();
    let vouchers = create::voucher_ids(&pictures)
        .ok_or_else(|| Refusal::invalid("param.picUrlEvidence", "an address that uploadRefundVoucher told"))?;
    let refund =
        take(&asked, &refund, Step::Arbitrate(Plea { reason: reason.to_owned(), vouchers }), ARBITRATION).await?;
    // A refund has one case, which is named by the refund's own number.
    asked.answer(&refund.known.catalogue_refund.map(CatalogueRefundId::number))
}

/// Takes a step once; the refund afterwards.
async fn take(
    asked: &Asked,
    refund: &Refund,
    step: Step,
    table: &'static [(Code, &'static str)],
) -> Result<Refund, Refusal> {
    let room = asked.room::<Aftersale>()?;
    let key = Wish::of(asked)?.key();
    let told =
        room.step(&asked.caller, key, refund.deed.id.clone(), &step, &stored).await.map_err(named::coded(table))?;
    if told.answer.status == 200 {
        return Ok(room.get(&asked.caller, &refund.deed.id).await?);
    }
    let why: (String, String) = serde_json::from_slice(&told.answer.body).unwrap_or_default();
    let code = table.iter().find(|(code, _)| code.facts().name == why.0).map_or("500", |(_, theirs)| theirs);
    Err(Refusal::own(code, why.1))
}

/// What is kept of a step for repeats: that it was taken, or why not.
fn stored(refund: &Refund, declined: Option<&Rejection>) -> Stored {
    let (status, body) = match declined {
        None => (200, Vec::new()),
        Some(rejection) => {
            let declined = Declined { rejection: rejection.clone(), state: refund.state };
            let why = (declined.code().facts().name, rejection.detail.clone());
            (409, serde_json::to_vec(&why).unwrap_or_default())
        }
    };
    Stored { status, headers: Vec::new(), body }
}

//! The agreed debit: whether there is one, and paying by it. Whatever is asked twice, money moves once: an order that is
//! paid already is told as paid.

use serde::{Deserialize, Serialize};

use crate::model::money::Money;
use crate::model::order::Paying;
use crate::model::payment::Method;
use crate::orders::Expected;
use crate::param2::asked::{Asked, Told};
use crate::param2::fault::Refusal;
use crate::param2::lenient;
use crate::param2::trade::named;
use crate::param2::trade::once::{self, Wish};
use crate::param2::trade::pay;

const CHANNEL: &str = "alipay";

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Wanted {
    #[serde(deserialize_with = "lenient::long")]
    order_id: Option<i64>,
    #[serde(deserialize_with = "lenient::text")]
    pay_channel: Option<String>,
    #[serde(deserialize_with = "lenient::long")]
    pay_amount: Option<i64>,
    #[serde(deserialize_with = "lenient::text")]
    op_request_id: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Agreements {
    payment_agreements: Vec<Agreement>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Agreement {
    pay_channel: &'static str,
    binding_status: &'static str,
    signed_status: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Debited {
    pay_channel: &'static str,
    pay_success: bool,
}

/// Answers `alibaba.trade.pay.protocolPay.isopen`: the account that was agreed with the marketplace, and no credit.
pub async fn is_open(asked: Asked) -> Told {
    let agreement = |pay_channel, is| Agreement { pay_channel, binding_status: is, signed_status: is };
    asked.answer(&Agreements { payment_agreements: vec![agreement("SHEGOU", "false"), agreement("ALIPAY", "true")] })
}

/// Answers `alibaba.trade.pay.protocolPay.preparePay`.
pub async fn prepare_pay(asked: Asked) -> Told {
    let name = "tradeWithholdPreparePayParam";
    let wanted: Wanted = asked.json(name)?;
    let number = wanted.order_id.ok_or_else(|| Refusal::missing(&format!("{name}.orderId")))?;
    if let Some(channel) = wanted.pay_channel.filter(|channel| !channel.eq_ignore_ascii_case(CHANNEL)) {
        return Err(Refusal::own("500", format!("no debit was agreed by {channel}")));
    }
    let order = named::numbered(&asked, number).await?;
    if matches!(order.paying, Paying::Paid | Paying::Refunded) {
        return asked.answer(&Debited { pay_channel: CHANNEL, pay_success: true });
    }
    let amounts = wanted.pay_amount.map(|fen| (order.deed.id.clone(), Money::fen(fen)));
    let expected = Expected { total: None, amounts: amounts.into_iter().collect() };
    let key = match wanted.op_request_id.as_deref() {
        Some(id) if id.len() > 64 || !id.bytes().all(|byte| byte.is_ascii_graphic()) => {
            return Err(Refusal::invalid(&format!("{name}.opRequestId"), "1 to 64 visible ASCII characters"));
        }
        Some(id) => once::key(&format!("debit:{number}:{id}"), format!("{:?}", wanted.pay_amount).as_bytes()),
        None => Wish::of(&asked)?.key(),
    };
    let part = pay::paid(&asked, &order, Method::Debit, expected, key).await?;
    match part.state.as_str() {
        "paid" => asked.answer(&Debited { pay_channel: CHANNEL, pay_success: true }),
        // Perhaps paid: the platform's own word for it, upon which clients read the order again.
        "pending" | "unknown" => asked.answer(&Debited { pay_channel: CHANNEL, pay_success: false }),
        _ => Err(Refusal::own("500", format!("not paid: {}", part.problem.unwrap_or_default()))),
    }
}

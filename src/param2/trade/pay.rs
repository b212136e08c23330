//! Payment pages and channels. The catalogue has a page for each order, so that a link for several orders is the first
//! one's; the others are told beside it, as the platform tells those that a link does not pay.

use serde::{Deserialize, Serialize};

use crate::model::order::Order;
use crate::model::payment::{Method, Payment};
use crate::orders::{Answer as Stored, Expected, NewPayment, Orders};
use crate::param2::asked::{Asked, Told};
use crate::param2::dates;
use crate::param2::fault::Refusal;
use crate::param2::trade::named;
use crate::param2::trade::once::{self, Wish};

/// The channels of a payment page, by the platform's numbers.
const CHANNELS: &[(i64, &str)] = &[(1, "支付宝"), (20, "跨境宝")];

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Link {
    pay_url: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pay_failure_order_list: Vec<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cant_pay_order_list: Vec<i64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Ways {
    channels: Vec<Channel>,
    order_id: String,
    pay_fee: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<String>,
}

#[derive(Debug, Serialize)]
struct Channel {
    code: i64,
    name: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Analysis {
    order_total_count: usize,
    total_pay_fee: i64,
    order_ids: Vec<i64>,
    pay_channel: Availability,
}

#[derive(Debug, Serialize)]
struct Availability {
    channel: String,
    // The platform's own spelling.
    avaliable: bool,
}

/// How one order's payment stands; what is kept of it for repeats.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Part {
    /// `pending`, `unknown`, `paid` or `failed`.
    pub state: String,
    /// Where to pay.
    pub url: Option<String>,
    /// Why it was not paid: a code's name.
    pub problem: Option<String>,
}

/// Pays one order once, in this way.
pub async fn paid(
    asked: &Asked,
    order: &Order,
    method: Method,
    expected: Expected,
    key: crate::orders::Once,
) -> Result<Part, Refusal> {
    let wish = NewPayment { orders: vec![order.deed.id.clone()], method, expected };
    let told = asked.room::<Orders>()?.pay(&asked.caller, key, wish, &stored).await?;
    serde_json::from_slice(&told.answer.body).map_err(|_| Refusal::own("500", "the payment is of another kind"))
}

fn stored(payment: &Payment) -> Stored {
    let part = payment.parts.first().map(|part| Part {
        state: part.state.name().to_owned(),
        url: part.pay_url.clone(),
        problem: part.problem.clone(),
    });
    Stored { status: 200, headers: Vec::new(), body: serde_json::to_vec(&part).unwrap_or_default() }
}

/// Answers `alibaba.alipay.url.get`.
pub async fn alipay(asked: Asked) -> Told {
    let (pay_url, others) = linked(&asked, 100).await?;
    asked.answer(&Link { pay_url, pay_failure_order_list: others, cant_pay_order_list: Vec::new() })
}

/// Answers `alibaba.crossBorderPay.url.get`.
pub async fn cross_border(asked: Asked) -> Told {
    let (pay_url, others) = linked(&asked, 30).await?;
    asked.answer(&Link { pay_url, pay_failure_order_list: Vec::new(), cant_pay_order_list: others })
}

/// The page of the first order that can be paid, and those that it does not pay.
async fn linked(asked: &Asked, most: usize) -> Result<(String, Vec<i64>), Refusal> {
    let numbers = list(asked, most)?;
    let mut orders = Vec::new();
    for number in &numbers {
        orders.push((*number, named::numbered(asked, *number).await?));
    }
    let wish = Wish::of(asked)?;
    let mut why = None;
    for (number, order) in &orders {
        let key = once::key(&format!("page:{}:{number}", wish.now), b"page");
        let part = paid(asked, order, Method::Page, Expected::default(), key).await?;
        if let Some(url) = part.url {
            return Ok((url, numbers.into_iter().filter(|other| other != number).collect()));
        }
        why = why.or(part.problem);
    }
    let why = why.unwrap_or_else(|| "order_state_conflict".to_owned());
    Err(Refusal::own("400_4", format!("none of the orders can be paid now: {why}")))
}

/// `orderIdList`, so many at most.
pub fn list(asked: &Asked, most: usize) -> Result<Vec<i64>, Refusal> {
    let numbers = named::numbers(asked, "orderIdList")?;
    if numbers.len() > most {
        return Err(Refusal::invalid("orderIdList", format!("at most {most} orders")));
    }
    Ok(numbers)
}

/// Answers `alibaba.trade.payWay.query`.
pub async fn ways(asked: Asked) -> Told {
    let order = named::order(&asked, "orderId").await?;
    let options = asked.room::<Orders>()?.payment_options(&asked.caller, &order.deed.id).await?;
    if let Some(why) = options.why_not {
        return Err(Refusal::own("500_2", why));
    }
    asked.answer(&Ways {
        channels: CHANNELS.iter().map(|(code, name)| Channel { code: *code, name }).collect(),
        order_id: asked.need("orderId")?.trim().to_owned(),
        pay_fee: options.total.minor,
        timeout: options.pay_by.map(dates::plain),
    })
}

/// Answers `trade.orderpay.analysis`.
pub async fn analysis(asked: Asked) -> Told {
    let channel = asked.need("payChannel")?.to_owned();
    if !["alipay", "shegou", "kjpayV2"].contains(&channel.as_str()) {
        return Err(Refusal::invalid("payChannel", "alipay | shegou | kjpayV2"));
    }
    let order_ids = named::numbers(&asked, "orderIds")?;
    let orders = asked.room::<Orders>()?;
    let (mut total_pay_fee, mut payable) = (0_i64, true);
    for number in &order_ids {
        let order = named::numbered(&asked, *number).await?;
        let options = orders.payment_options(&asked.caller, &order.deed.id).await?;
        total_pay_fee = total_pay_fee.saturating_add(options.total.minor);
        payable &= options.why_not.is_none();
    }
    let avaliable = payable && channel != "shegou";
    asked.answer(&Analysis {
        order_total_count: order_ids.len(),
        total_pay_fee,
        order_ids,
        pay_channel: Availability { channel, avaliable },
    })
}

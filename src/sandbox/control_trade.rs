//! Control of what hangs on orders: the other side of refunds, the warehouse, and all orders for a checker.

use actix_web::{get, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::asked::{self, Body};
use super::envelope::{Answer, Envelope, Refusal, Sent};
use super::market::Market;
use super::trade::consignment::wire::ConsignmentWire;
use super::trade::consignment::{Finding, Job, Override};
use super::trade::refund::wire::RefundWire;
use super::trade::refund::{Act, Decision};
use super::trade::wire::{CheckedOrder, CheckedOrders, OrderWire};
use super::trade::{Book, Order};

type Shared = web::Data<Market>;

/// Which orders a checker wants.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct AllAsked {
    /// Only those of this partner.
    partner_code: Option<String>,
    /// Only those with a larger number.
    #[param(value_type = Option<i64>)]
    after: Option<String>,
    /// 1 to 1000; 1000 when absent.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 1000)]
    limit: Option<String>,
}

/// All orders, smallest number first, for whoever compares books.
#[utoipa::path(tag = "control", params(AllAsked), responses((status = 200, description = "One page; ask on after `lastOrderNo` until there are none.", body = Envelope<CheckedOrders>)))]
#[get("/control/orders")]
pub async fn list_all_orders(market: Shared, asked: web::Query<AllAsked>) -> Answer<CheckedOrders> {
    let after = asked::number("after", asked.after.as_deref(), 0..=i64::MAX)?.unwrap_or(0);
    let limit = asked::number("limit", asked.limit.as_deref(), 1..=1000)?.unwrap_or(1000);
    let limit = usize::try_from(limit).unwrap_or(1000);
    let partner = asked.partner_code.as_deref().filter(|partner| !partner.is_empty());
    let find = |book: &mut Book| {
        let orders = book.orders_after(partner, after, limit);
        Ok(orders.into_iter().map(checked).collect::<Vec<_>>())
    };
    let items = market.lasting(find).await?;
    let last_order_no = items.last().map(|item| item.order.order_no);
    Ok(Sent(CheckedOrders { items, last_order_no }))
}

fn checked(order: &Order) -> CheckedOrder {
    CheckedOrder {
        order: OrderWire::new(order, false),
        create_calls: order.create_calls,
        pay_ref: order.payment.as_ref().and_then(|payment| payment.pay_ref.clone()),
        pay_no: order.payment.as_ref().map(|payment| payment.pay_no),
    }
}

/// What the seller or the platform does.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the words are those of the contract")]
pub enum RefundDo {
    Agree,
    Refuse,
    Receive,
    Decide,
}

/// Acts as the other side of a refund.
#[derive(Deserialize, ToSchema)]
pub struct RefundTouched {
    /// `agree`, `refuse` and `receive` as the seller, `decide` as the platform.
    #[serde(rename = "do")]
    what: RefundDo,
    /// How much goes back: of `agree`, or of `decide` with `SPLIT`.
    #[serde(default)]
    #[schema(minimum = 1)]
    fen: Option<i64>,
    /// What is said with it.
    #[serde(default)]
    note: Option<String>,
    /// Whom the platform gives right; of `decide`.
    #[serde(default)]
    decision: Option<Decision>,
}

/// The seller or the platform acts on a refund.
#[utoipa::path(tag = "control", params(("refundNo" = i64, Path, description = "Which refund.")), request_body = RefundTouched, responses((status = 200, description = "The refund, or STATUS_NOT_ALLOWED, REFUND_NOT_FOUND.", body = Envelope<RefundWire>)))]
#[post("/control/refunds/{refundNo}")]
pub async fn act_on_refund(
    market: Shared,
    refund_no: web::Path<i64>,
    asked: Body<RefundTouched>,
) -> Answer<RefundWire> {
    let now_ms = market.clock.now_ms();
    let RefundTouched { what, fen, note, decision } = asked.0;
    let act = match (what, decision, fen) {
        (RefundDo::Agree, None, fen) => Act::Agree(fen),
        (RefundDo::Refuse, None, None) => Act::Refuse,
        (RefundDo::Receive, None, None) => Act::Receive,
        (RefundDo::Decide, Some(Decision::Split), fen) => Act::Decide(Decision::Split, fen),
        (RefundDo::Decide, Some(decision), None) => Act::Decide(decision, None),
        (RefundDo::Decide, Some(_), Some(_)) | (_, None, Some(_)) => return Err(Refusal::param("fen")),
        _ => return Err(Refusal::param("decision")),
    };
    let refund = market.lasting(|book| book.act(&market.shop, *refund_no, &act, note, now_ms)).await?;
    Ok(Sent(RefundWire::new(&refund, false)))
}

/// What the warehouse does.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the words are those of the contract")]
pub enum ConsignmentDo {
    Receive,
    Inspect,
}

/// What is not as expected of a line.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LineTouched {
    /// The order.
    order_no: i64,
    /// Its line.
    line_no: u32,
    /// Pieces that came in all; of an open consignment.
    #[serde(default)]
    received: Option<i64>,
    /// What was found.
    #[serde(default)]
    result: Option<Finding>,
    /// Pieces that passed.
    #[serde(default)]
    passed: Option<i64>,
    /// What the inspector wrote.
    #[serde(default)]
    note: Option<String>,
    /// What the inspector photographed: vouchers.
    #[serde(default)]
    photo_ids: Vec<i64>,
}

/// Has the warehouse receive or inspect.
#[derive(Deserialize, ToSchema)]
pub struct ConsignmentTouched {
    /// `inspect` receives on the way.
    #[serde(rename = "do")]
    what: ConsignmentDo,
    /// What is not as expected.
    #[serde(default)]
    lines: Vec<LineTouched>,
}

/// The warehouse receives or inspects a consignment, whoever operates it.
#[utoipa::path(tag = "control", params(("consignmentNo" = i64, Path, description = "Which consignment.")), request_body = ConsignmentTouched, responses((status = 200, description = "The consignment, or STATUS_NOT_ALLOWED, CONSIGNMENT_NOT_FOUND, VOUCHER_NOT_FOUND, PARAM_INVALID.", body = Envelope<ConsignmentWire>)))]
#[post("/control/consignments/{consignmentNo}")]
pub async fn work_on_consignment(
    market: Shared,
    consignment_no: web::Path<i64>,
    asked: Body<ConsignmentTouched>,
) -> Answer<ConsignmentWire> {
    let now_ms = market.clock.now_ms();
    let job = match asked.0.what {
        ConsignmentDo::Receive => Job::Receive,
        ConsignmentDo::Inspect => Job::Inspect,
    };
    let overrides: Vec<Override> = asked.0.lines.into_iter().map(Override::from).collect();
    let consignment = market.lasting(|book| book.work(*consignment_no, job, &overrides, now_ms)).await?;
    Ok(Sent(ConsignmentWire::new(&consignment, false)))
}

impl From<LineTouched> for Override {
    fn from(line: LineTouched) -> Override {
        Override {
            order_no: line.order_no,
            line_no: line.line_no,
            received: line.received,
            result: line.result,
            passed: line.passed,
            note: line.note,
            photo_ids: line.photo_ids,
        }
    }
}

//! Refunds as the ledger has them: one by its number, those of an order, and in pages.

use serde::Serialize;

use crate::aftersale::{Aftersale, Slice, SoughtRefunds, Span};
use crate::edge::problem::Problem;
use crate::error::Code;
use crate::model::order::Order;
use crate::model::refund::{Refund, State};
use crate::orders::Orders;
use crate::param2::aftersale::steps;
use crate::param2::aftersale::view::{Operation, RefundModel, operations};
use crate::param2::asked::{Asked, Told};
use crate::param2::fault::Refusal;
use crate::param2::trade::{detail, named, words};

const CODES: &[(Code, &str)] = &[(Code::RefundNotFound, "500"), (Code::OrderNotFound, "500")];
/// Refunds that are looked through for those of an order.
const MOST: u32 = 50;

#[derive(Debug, Serialize)]
struct Whole<T> {
    result: T,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    op_order_refund_model_detail: RefundModel,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Models {
    op_order_refund_models: Vec<RefundModel>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    op_order_refund_models: Vec<RefundModel>,
    total_count: i64,
    current_page_num: i64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Operations {
    op_order_refund_operation_models: Vec<Operation>,
}

/// Refunds with the lines of their orders.
async fn models(asked: &Asked, refunds: &[Refund]) -> Result<Vec<RefundModel>, Refusal> {
    let orders = asked.room::<Orders>()?;
    let mut models = Vec::new();
    let mut known: Vec<(Order, String)> = Vec::new();
    for refund in refunds {
        if known.iter().all(|(order, _)| order.deed.id != refund.deed.order) {
            let order = orders.get(&asked.caller, &refund.deed.order).await?;
            let account = named::buyer(asked, &order).await?;
            known.push((order, account));
        }
        let order = known.iter().find(|(order, _)| order.deed.id == refund.deed.order);
        let model = order.and_then(|(order, account)| RefundModel::of(refund, order, account));
        models.push(model.ok_or_else(|| Problem::new(Code::Internal))?);
    }
    Ok(models)
}

/// Answers `alibaba.trade.refund.OpQueryOrderRefund`.
pub async fn one(asked: Asked) -> Told {
    let refund = steps::refund(&asked, asked.need("refundId")?, CODES).await?;
    let model = models(&asked, &[refund]).await?.pop().ok_or_else(|| Problem::new(Code::Internal))?;
    asked.answer(&Whole { result: Detail { op_order_refund_model_detail: model } })
}

/// Answers `alibaba.trade.refund.OpQueryBatchRefundByOrderIdAndStatus`: 1 those that are open, 3 those that succeeded.
pub async fn of_order(asked: Asked) -> Told {
    let fits: fn(State) -> bool = match asked.need("queryType")?.trim() {
        "1" => |state| !state.is_final(),
        "3" => |state| state == State::Succeeded,
        _ => return Err(Refusal::invalid("queryType", "1 | 3")),
    };
    let states = State::ALL.iter().copied().filter(|state| fits(*state)).collect();
    let order = named::order(&asked, "orderId").await?;
    let sought = SoughtRefunds { order: Some(order.deed.id), states, ..SoughtRefunds::default() };
    let slice = Slice { skip: 0, size: MOST };
    let found = asked.room::<Aftersale>()?.search(&asked.caller, &sought, slice).await?;
    let models = models(&asked, &found.items).await?;
    asked.answer(&Whole { result: Models { op_order_refund_models: models } })
}

/// Answers `alibaba.trade.refund.buyer.queryOrderRefundList`.
pub async fn list(asked: Asked) -> Told {
    for name in ["sellerMemberId", "logisticsNo"] {
        if asked.text(name).is_some() {
            return Err(Refusal::invalid(name, "refunds are not listed by it here; leave it out"));
        }
    }
    let order = match asked.text("orderId") {
        Some(_) => Some(named::order(&asked, "orderId").await?.deed.id),
        None => None,
    };
    // Before and after the order ended are one here; nobody asks for a kind that is none.
    if !(0..=2).contains(&asked.long("dipsuteType")?.unwrap_or(0)) {
        return Err(Refusal::invalid("dipsuteType", "0 | 1 | 2"));
    }
    let statuses = named::texts(&asked, "refundStatusSet");
    let states: Option<Vec<State>> = words::refund_states(&statuses);
    let sought = SoughtRefunds {
        order,
        states: states.ok_or_else(|| Refusal::invalid("refundStatusSet", "no such status"))?,
        created: Span { from: asked.date("applyStartTime")?, to: asked.date("applyEndTime")? },
        changed: Span { from: asked.date("modifyStartTime")?, to: asked.date("modifyEndTime")? },
        buyer: asked.is_branch().then(|| asked.account.clone()),
    };
    let current_page_num = asked.long("currentPageNum")?.unwrap_or(0).max(0);
    // 0 and 1 are both the first page, as different clients count.
    let slice = detail::slice(&asked, "currentPageNum", 1)?;
    let found = asked.room::<Aftersale>()?.search(&asked.caller, &sought, slice).await?;
    let models = models(&asked, &found.items).await?;
    asked.answer(&Page { op_order_refund_models: models, total_count: found.total, current_page_num })
}

/// Answers `alibaba.trade.refund.OpQueryOrderRefundOperationList`.
pub async fn history(asked: Asked) -> Told {
    let size = asked.need_long("pageSize")?;
    if !(1..=100).contains(&size) {
        return Err(Refusal::invalid("pageSize", "1 to 100"));
    }
    let before = (asked.need_long("pageNo")?.max(1) - 1).saturating_mul(size);
    let refund = steps::refund(&asked, asked.need("refundId")?, CODES).await?;
    let order = asked.room::<Orders>()?.get(&asked.caller, &refund.deed.order).await?;
    let all = operations(&refund, &named::buyer(&asked, &order).await?).into_iter();
    let page = all.skip(usize::try_from(before).unwrap_or(usize::MAX)).take(usize::try_from(size).unwrap_or(0));
    asked.answer(&Whole { result: Operations { op_order_refund_operation_models: page.collect() } })
}

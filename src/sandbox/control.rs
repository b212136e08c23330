//! Control: what only a sandbox has. Tests and demonstrations move orders, change goods and ask for faults here.

use std::sync::PoisonError;

use actix_web::{delete, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::asked::Body;
use super::envelope::{Answer, Code, Envelope, Refusal, Sent};
use super::faults::Fault;
use super::feed::{Cause, What};
use super::goods::Lang;
use super::goods_http::seller_now;
use super::goods_wire::SellerWire;
use super::market::Market;
use super::shelf::{Changed, HeldFor, Item};
use super::stats::Stats;
use super::trade::wire::OrderWire;
use super::trade::{Book, CloseReason, Status};
use super::words::{fen, yuan};

type Shared = web::Data<Market>;

/// Moves an order on.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdvanceAsked {
    order_no: i64,
    /// Until it has this status; one step when absent.
    #[serde(default)]
    to: Option<Status>,
}

/// Moves an order one step on, or to a status. An unpaid order is paid on the way.
#[utoipa::path(tag = "control", request_body = AdvanceAsked, responses((status = 200, description = "The order, or STATUS_NOT_ALLOWED.", body = Envelope<OrderWire>)))]
#[post("/control/advance")]
pub async fn advance_order(market: Shared, asked: Body<AdvanceAsked>) -> Answer<OrderWire> {
    let now_ms = market.clock.now_ms();
    let AdvanceAsked { order_no, to } = asked.0;
    let step = |book: &mut Book| match to {
        Some(to) => book.step_to(order_no, to, now_ms),
        None => book.step(order_no, now_ms),
    };
    let order = market.lasting(step).await?;
    Ok(Sent(OrderWire::new(&order, false)))
}

/// Whether goods may be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the words are those of the contract")]
pub enum State {
    Open,
    Held,
}

/// Changes a goods; absent fields stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GoodsTouched {
    /// Price of the largest quantity: an amount in yuan, or a change such as `+10%`. Other ranges keep their proportion.
    #[serde(default)]
    #[schema(example = "+10%")]
    price: Option<String>,
    /// What is left of every SKU.
    #[serde(default)]
    #[schema(minimum = 0)]
    stock: Option<u32>,
    /// `held` goods do not exist for callers.
    #[serde(default)]
    state: Option<State>,
    /// With `held`: why; `other` when absent.
    #[serde(default)]
    reason: Option<HeldFor>,
    /// Where it may not be sold from now on, ISO 3166 alpha-2; empty for everywhere.
    #[serde(default)]
    #[schema(example = json!(["US"]))]
    restricted_countries: Option<Vec<String>>,
}

/// A goods after it was changed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GoodsNow {
    /// Which.
    goods_id: i64,
    /// Grew by one for each thing that changed.
    version: i64,
    /// Price of the largest quantity, yuan.
    price: String,
    /// What is left, SKU by SKU.
    stock: Vec<i64>,
    /// Whether it may be seen.
    state: State,
}

/// Changes a goods' price, stock or visibility; each is told in the change feed.
#[utoipa::path(tag = "control", params(("goodsId" = i64, Path, description = "Which goods, held ones too.")), request_body = GoodsTouched, responses((status = 200, description = "The goods as it is now, or GOODS_NOT_FOUND.", body = Envelope<GoodsNow>)))]
#[post("/control/goods/{goodsId}")]
pub async fn touch_goods(market: Shared, goods_id: web::Path<i64>, asked: Body<GoodsTouched>) -> Answer<GoodsNow> {
    let now_ms = market.clock.now_ms();
    let index = market.item(*goods_id)?.index;
    let touch = |book: &mut Book| {
        let look = |book: &Book| book.shelf.item(&market.shop, index);
        if let Some(price) = &asked.0.price {
            let item = look(book);
            let lowest = priced(&item, price).ok_or_else(|| Refusal::param("price"))?;
            let changed = Changed { lowest_fen: Some(lowest), ..item.changed.clone() };
            book.change_goods(&item, changed, What::Price, now_ms);
        }
        if let Some(stock) = asked.0.stock {
            let item = look(book);
            for sku in &item.goods.skus {
                book.set_stock(sku.id, i64::from(stock));
            }
            book.change_goods(&item, item.changed.clone(), What::Stock, now_ms);
        }
        if let Some(state) = asked.0.state {
            let item = look(book);
            let open = state == State::Open;
            let held_for = (!open).then(|| asked.0.reason.unwrap_or(HeldFor::Other));
            if item.held_for() != held_for {
                let changed = Changed { open: Some(open), reason: held_for, ..item.changed.clone() };
                let what = if open { What::Online } else { What::Offline };
                let cause = held_for.map_or(Cause::Cleared, Cause::from);
                book.change_goods_because(&item, changed, what, Some(cause), now_ms);
            }
        }
        if let Some(countries) = &asked.0.restricted_countries {
            let is_country = |code: &String| code.len() == 2 && code.bytes().all(|letter| letter.is_ascii_uppercase());
            if countries.len() > 50 || !countries.iter().all(is_country) {
                return Err(Refusal::param("restrictedCountries"));
            }
            let item = look(book);
            if item.restricted() != countries.iter().map(String::as_str).collect::<Vec<_>>() {
                let changed = Changed { restricted: Some(countries.clone()), ..item.changed.clone() };
                book.change_goods(&item, changed, What::Restricted, now_ms);
            }
        }
        Ok(look(book))
    };
    let item = market.lasting(touch).await?;
    Ok(Sent(GoodsNow {
        goods_id: item.goods.id,
        version: item.version(),
        price: yuan(item.lowest_fen()),
        state: if item.held_for().is_none() { State::Open } else { State::Held },
        stock: item.stock,
    }))
}

/// Reads `"4.20"`, `"+10%"` or `"-5%"`; a price is never below one fen.
fn priced(item: &Item, text: &str) -> Option<i64> {
    let Some(percent) = text.strip_suffix('%') else {
        return fen(text).filter(|fen| *fen > 0);
    };
    let percent: i64 = percent.parse().ok().filter(|percent| (-99..=10_000).contains(percent))?;
    Some((item.lowest_fen().checked_mul(100 + percent)? + 50).div_euclid(100).max(1))
}

/// What buyers think of a seller.
#[derive(Deserialize, ToSchema)]
pub struct SellerTouched {
    /// Stars, 0.0 to 5.0.
    #[schema(example = "4.1")]
    score: String,
}

/// Changes what buyers think of a seller, and tells it in the change feed.
#[utoipa::path(tag = "control", params(("sellerId" = i64, Path, description = "Which seller.")), request_body = SellerTouched, responses((status = 200, description = "The seller as he is now, or SELLER_NOT_FOUND.", body = Envelope<SellerWire>)))]
#[post("/control/sellers/{sellerId}")]
pub async fn touch_seller(market: Shared, seller_id: web::Path<i64>, asked: Body<SellerTouched>) -> Answer<SellerWire> {
    let now_ms = market.clock.now_ms();
    let tenths = asked.0.score.split_once('.').and_then(|(stars, tenths)| {
        let digits = stars.len() == 1 && tenths.len() == 1;
        format!("{stars}{tenths}").parse::<u8>().ok().filter(|tenths| digits && *tenths <= 50)
    });
    let tenths = tenths.ok_or_else(|| Refusal::param("score"))?;
    market.shop.seller(*seller_id).ok_or(Refusal::from(Code::SellerNotFound))?;
    market
        .lasting(|book| {
            book.rate_seller(*seller_id, tenths, now_ms);
            Ok(())
        })
        .await?;
    Ok(Sent(seller_now(&market, *seller_id, Lang::Zh)?))
}

/// Changes an order as its seller would. Exactly one field.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderTouched {
    /// What the whole unpaid order costs from now on.
    #[serde(default)]
    #[schema(minimum = 1)]
    price_fen: Option<i64>,
    /// Closes an order that was not sent yet; what was paid is given back.
    #[serde(default)]
    close: Option<CloseReason>,
}

/// Changes an unpaid order's price, or closes an order.
#[utoipa::path(tag = "control", params(("orderNo" = i64, Path, description = "Which order.")), request_body = OrderTouched, responses((status = 200, description = "The order, or STATUS_NOT_ALLOWED.", body = Envelope<OrderWire>)))]
#[post("/control/orders/{orderNo}")]
pub async fn touch_order(market: Shared, order_no: web::Path<i64>, asked: Body<OrderTouched>) -> Answer<OrderWire> {
    let now_ms = market.clock.now_ms();
    let order = match (asked.0.price_fen, asked.0.close) {
        (Some(price_fen), None) if (1..=1_000_000_000_000).contains(&price_fen) => {
            market.lasting(|book| book.reprice(*order_no, price_fen, now_ms)).await?
        }
        (None, Some(CloseReason::Refunded)) => return Err(Refusal::param("close")),
        (None, Some(why)) => market.lasting(|book| book.terminate(&market.shop, *order_no, why, now_ms)).await?,
        (Some(_), _) => return Err(Refusal::param("priceFen")),
        (None, None) => return Err(Refusal::param("close")),
    };
    Ok(Sent(OrderWire::new(&order, false)))
}

/// What was called how often.
#[utoipa::path(tag = "control", responses((status = 200, description = "Counters since the start.", body = Envelope<Stats>)))]
#[get("/control/stats")]
pub async fn get_stats(market: Shared) -> Answer<Stats> {
    Ok(Sent(market.stats.lock().unwrap_or_else(PoisonError::into_inner).clone()))
}

/// How many faults wait to happen.
#[derive(Serialize, ToSchema)]
pub struct Waiting {
    /// Those that were asked for and did not all happen yet.
    waiting: usize,
}

/// Asks for a fault. The oldest fault that matches a call happens to it.
#[utoipa::path(tag = "control", request_body = Fault, responses((status = 200, description = "How many wait now.", body = Envelope<Waiting>)))]
#[post("/control/faults")]
pub async fn add_fault(market: Shared, asked: Body<Fault>) -> Answer<Waiting> {
    if asked.0.status.is_some_and(|status| !(400..=599).contains(&status)) {
        return Err(Refusal::param("status"));
    }
    let mut faults = market.faults.lock().unwrap_or_else(PoisonError::into_inner);
    faults.add(asked.0);
    Ok(Sent(Waiting { waiting: faults.waiting() }))
}

/// Forgets all faults that did not happen yet.
#[utoipa::path(tag = "control", responses((status = 200, description = "None wait now.", body = Envelope<Waiting>)))]
#[delete("/control/faults")]
pub async fn clear_faults(market: Shared) -> Answer<Waiting> {
    let mut faults = market.faults.lock().unwrap_or_else(PoisonError::into_inner);
    faults.clear();
    Ok(Sent(Waiting { waiting: faults.waiting() }))
}

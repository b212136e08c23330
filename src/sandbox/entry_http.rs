//! Entry of goods into cross-border trade: everything that qualifies at once, or selected goods; and how many are in which
//! state. What is held back can be entered by nobody.

use std::collections::BTreeMap;

use actix_web::{get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::asked::Body;
use super::envelope::{Answer, Code, Envelope, Refusal, Sent};
use super::feed::{Cause, What};
use super::market::Market;
use super::shelf::{Changed, HeldFor, Item};
use super::trade::Book;

type Shared = web::Data<Market>;

/// The most goods that are selected in one call.
const MOST: usize = 1_000;
/// So many are changed before somebody else may use the book.
const AT_ONCE: usize = 200;

/// Which goods: all of a seller or of everybody, or selected ones.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EntryAsked {
    /// Everything that qualifies.
    #[serde(default)]
    all: bool,
    /// With `all`: only this seller's.
    #[serde(default)]
    seller_id: Option<i64>,
    /// Selected goods, 1 to 1,000.
    #[serde(default)]
    goods_ids: Vec<i64>,
}

/// What came of it.
#[derive(Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EntryDone {
    /// Goods that were changed.
    changed: u64,
    /// Goods that were so already.
    already: u64,
    /// Selected goods that could not be.
    refused: Vec<EntryRefused>,
}

/// A goods that could not be entered or taken out.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EntryRefused {
    goods_id: i64,
    /// `GOODS_HELD`, `GOODS_NOT_FOUND` or `GOODS_FOREIGN`.
    error_code: &'static str,
}

/// Goods by their state.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EntryCounts {
    /// They are seen.
    entered: u64,
    /// They qualify and nobody entered them.
    waiting: u64,
    /// Held back, by the reason.
    #[schema(example = json!({"patent": 400, "infringement": 2, "other": 0}))]
    held: BTreeMap<&'static str, u64>,
    /// Of the entered ones: not to be sold everywhere.
    restricted: u64,
}

/// Enters goods into cross-border trade: each is told in the change feed as `online`, cause `entered`.
#[utoipa::path(tag = "entry", request_body = EntryAsked, responses((status = 200, description = "What came of it, or PARAM_INVALID, SELLER_NOT_FOUND.", body = Envelope<EntryDone>)))]
#[post("/entry/enter")]
pub async fn enter_goods(market: Shared, asked: Body<EntryAsked>) -> Answer<EntryDone> {
    set_entered(market, asked.0, true).await
}

/// Takes goods out of cross-border trade: each is told in the change feed as `offline`, cause `withdrawn`.
#[utoipa::path(tag = "entry", request_body = EntryAsked, responses((status = 200, description = "What came of it, or PARAM_INVALID, SELLER_NOT_FOUND. Not for all goods of everybody.", body = Envelope<EntryDone>)))]
#[post("/entry/withdraw")]
pub async fn withdraw_goods(market: Shared, asked: Body<EntryAsked>) -> Answer<EntryDone> {
    if asked.0.all && asked.0.seller_id.is_none() {
        return Err(Refusal::param("sellerId"));
    }
    set_entered(market, asked.0, false).await
}

/// How many goods are in which state.
#[utoipa::path(tag = "entry", responses((status = 200, description = "All goods, each in one state.", body = Envelope<EntryCounts>)))]
#[get("/entry/counts")]
pub async fn count_entries(market: Shared) -> Answer<EntryCounts> {
    let states = web::block(move || market.states()).await.map_err(|_| Refusal::from(Code::SystemError))??;
    Ok(Sent(EntryCounts {
        entered: states.entered,
        waiting: states.waiting,
        held: HeldFor::ALL.iter().zip(states.held).map(|((_, word), count)| (*word, count)).collect(),
        restricted: states.restricted,
    }))
}

async fn set_entered(market: Shared, asked: EntryAsked, entered: bool) -> Answer<EntryDone> {
    let mut done = EntryDone::default();
    let indexes = if asked.all { everything(&market, &asked, entered)? } else { selected(&market, &asked, &mut done)? };
    let now_ms = market.clock.now_ms();
    for some in indexes.chunks(AT_ONCE) {
        let work = |book: &mut Book| {
            let mut counted = (0, 0);
            for index in some {
                let item = book.shelf.item(&market.shop, *index);
                // Of everything only what qualifies; selected ones that are held were refused before.
                if item.held_for().is_some() {
                    continue;
                }
                counted = if set(book, &item, entered, now_ms) {
                    (counted.0 + 1, counted.1)
                } else {
                    (counted.0, counted.1 + 1)
                };
            }
            Ok(counted)
        };
        let (changed, already) = market.lasting(work).await?;
        (done.changed, done.already) = (done.changed + changed, done.already + already);
    }
    Ok(Sent(done))
}

/// True when it was otherwise.
fn set(book: &mut Book, item: &Item, entered: bool, now_ms: i64) -> bool {
    if item.entered == entered {
        return false;
    }
    let changed = Changed { entered: Some(entered), ..item.changed.clone() };
    let (what, cause) = if entered { (What::Online, Cause::Entered) } else { (What::Offline, Cause::Withdrawn) };
    book.change_goods_because(item, changed, what, Some(cause), now_ms);
    true
}

/// All goods that are otherwise now, of a seller or of everybody.
fn everything(market: &Market, asked: &EntryAsked, entered: bool) -> Result<Vec<u32>, Refusal> {
    if !asked.goods_ids.is_empty() {
        return Err(Refusal::param("goodsIds"));
    }
    let all: Vec<u32> = match asked.seller_id {
        Some(seller) if market.shop.seller(seller).is_some() => market.shop.goods_of(seller),
        Some(_) => return Err(Code::SellerNotFound.into()),
        None => (0..market.shop.len()).collect(),
    };
    Ok(market.book(|book| all.into_iter().filter(|index| book.shelf.is_entered(*index) != entered).collect()))
}

/// The selected goods; those that cannot be are refused one by one.
fn selected(market: &Market, asked: &EntryAsked, done: &mut EntryDone) -> Result<Vec<u32>, Refusal> {
    if asked.seller_id.is_some() {
        return Err(Refusal::param("sellerId"));
    }
    if !(1..=MOST).contains(&asked.goods_ids.len()) {
        return Err(Refusal::param("goodsIds"));
    }
    let mut found = Vec::new();
    for goods_id in &asked.goods_ids {
        let refused = match market.item(*goods_id) {
            Ok(item) if item.held_for().is_none() => {
                found.push(item.index);
                continue;
            }
            Ok(_) => Code::GoodsHeld,
            Err(refusal) => refusal.code,
        };
        done.refused.push(EntryRefused { goods_id: *goods_id, error_code: refused.facts().0 });
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

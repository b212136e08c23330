//! `alibaba.trade.get.buyerView` and `alibaba.trade.getBuyerOrderList`: orders as the ledger has them.

use serde::Serialize;

use crate::aftersale::{Aftersale, Slice as RefundSlice, SoughtRefunds};
use crate::edge::problem::Problem;
use crate::error::Code;
use crate::fulfilment::Fulfilment;
use crate::model::ids::CatalogueOrderId;
use crate::model::order::{Order, Paying, Reference};
use crate::model::refund::Refund;
use crate::model::shipment::Shipment;
use crate::orders::{Orders, Slice, Sought, Span};
use crate::param2::asked::{Asked, Told};
use crate::param2::fault::Refusal;
use crate::param2::trade::view::{Known, TradeInfo};
use crate::param2::trade::{named, saved, words};

/// The most orders of a page.
const MOST: i64 = 50;
/// The refunds of an order that are looked at.
const MOST_REFUNDS: u32 = 50;

/// Parameters that would narrow a list here to what is not kept.
const UNKNOWN_FILTERS: &[&str] = &["sellerMemberId", "sellerLoginId", "productName"];

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    result: Vec<TradeInfo>,
    total_record: i64,
}

/// Answers `alibaba.trade.get.buyerView`.
pub async fn buyer_view(asked: Asked) -> Told {
    let order = wanted(&asked).await?;
    let refunds = refunds(&asked, &order).await?;
    let fields = asked.text("includeFields");
    let parcels = match fields.is_none_or(|fields| fields.contains("NativeLogistics")) {
        true => parcels(&asked, &order).await,
        false => None,
    };
    let site = saved::site(&asked, &order.deed.basket.warehouse).await;
    let account = named::buyer(&asked, &order).await?;
    let known =
        Known { order: &order, refunds: &refunds, parcels: parcels.as_deref(), site: site.as_ref(), account: &account };
    let told = TradeInfo::of(&known).ok_or_else(|| Refusal::own("500", unsettled(&order)))?;
    asked.answer(&told)
}

/// The order of `orderId`, else of `outOrderId`.
async fn wanted(asked: &Asked) -> Result<Order, Refusal> {
    match (asked.long("orderId")?, asked.text("outOrderId")) {
        (Some(number), _) => named::numbered(asked, number).await,
        (None, Some(text)) => {
            let reference: Reference = text.parse().map_err(|error| Refusal::invalid("outOrderId", error))?;
            named::referred(asked, &reference).await
        }
        (None, None) => Err(Refusal::missing("orderId")),
    }
}

fn unsettled(order: &Order) -> String {
    let state = order.state;
    format!("outOrderId {} is {state}: it has no number; createCrossOrder under it settles it", order.deed.reference)
}

/// The refunds of an order, newest first; only what was paid has some.
pub async fn refunds(asked: &Asked, order: &Order) -> Result<Vec<Refund>, Refusal> {
    if matches!(order.paying, Paying::None | Paying::Page) {
        return Ok(Vec::new());
    }
    let sought = SoughtRefunds { order: Some(order.deed.id.clone()), ..SoughtRefunds::default() };
    let slice = RefundSlice { skip: 0, size: MOST_REFUNDS };
    Ok(asked.room::<Aftersale>()?.search(&asked.caller, &sought, slice).await?.items)
}

/// The parcels of an order, as far as the catalogue can be asked now: whether it is paid is told all the same.
async fn parcels(asked: &Asked, order: &Order) -> Option<Vec<Shipment>> {
    if matches!(order.paying, Paying::None | Paying::Page) {
        return None;
    }
    let room = asked.room::<Fulfilment>().ok()?;
    room.shipments(&asked.caller, &order.deed.id).await.ok().filter(|parcels| !parcels.is_empty())
}

/// Answers `alibaba.trade.getBuyerOrderList`.
pub async fn list(asked: Asked) -> Told {
    if let Some(name) = UNKNOWN_FILTERS.iter().find(|name| asked.text(name).is_some()) {
        return Err(Refusal::invalid(name, "orders are not listed by it here; leave it out"));
    }
    let (sought, slice) = (sought(&asked)?, slice(&asked, "page", 1)?);
    let found = asked.room::<Orders>()?.search(&asked.caller, &sought, slice).await?;
    let mut result = Vec::new();
    for order in &found.items {
        let (refunds, account) = (refunds(&asked, order).await?, named::buyer(&asked, order).await?);
        let known = Known { order, refunds: &refunds, parcels: None, site: None, account: &account };
        result.push(TradeInfo::of(&known).ok_or_else(|| Problem::new(Code::Internal))?);
    }
    asked.answer(&Listed { result, total_record: found.total })
}

fn sought(asked: &Asked) -> Result<Sought, Refusal> {
    let reference = asked.text("outOrderId").map(str::parse::<Reference>).transpose();
    let statuses = named::texts(asked, "orderStatus");
    let refunds = named::texts(asked, "refundStatus");
    let numbers = match asked.text("orderIds") {
        Some(_) => named::numbers(asked, "orderIds")?,
        None => Vec::new(),
    };
    Ok(Sought {
        states: words::order_states(&statuses).ok_or_else(|| Refusal::invalid("orderStatus", "no such status"))?,
        refunds: words::refund_states(&refunds).ok_or_else(|| Refusal::invalid("refundStatus", "no such status"))?,
        created: Span { from: asked.date("createStartTime")?, to: asked.date("createEndTime")? },
        changed: Span { from: asked.date("modifyStartTime")?, to: asked.date("modifyEndTime")? },
        reference: reference.map_err(|error| Refusal::invalid("outOrderId", error))?,
        numbers: numbers.into_iter().map(CatalogueOrderId::new).collect(),
        buyer: asked.is_branch().then(|| asked.account.clone()),
    })
}

/// The page that is asked for; `first` is the number of the first one.
pub fn slice(asked: &Asked, page: &str, first: i64) -> Result<Slice, Refusal> {
    let size = asked.long("pageSize")?.unwrap_or(20);
    let at = asked.long(page)?.unwrap_or(first).max(first) - first;
    let fits = u32::try_from(size).ok().filter(|size| (1..=MOST).contains(&i64::from(*size)));
    let size = fits.ok_or_else(|| Refusal::invalid("pageSize", format!("1 to {MOST}")))?;
    Ok(Slice { skip: at.saturating_mul(i64::from(size)), size })
}

//! How an order is shown.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::basket::{Figures, LineView, shown};
use crate::api::price::PriceView;
use crate::model::order::{Event, Order};
use crate::model::page::Page;

/// An order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Order)]
pub struct OrderView {
    /// Id.
    #[schema(example = "ord_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    id: String,
    /// Your own number.
    #[schema(example = "PO-2026-0001")]
    reference: String,
    /// Where it stands: `received`, `placing`, `awaiting_payment`, `rejected`, `unknown`, `paid`, `preparing`, `shipped`,
    /// `at_warehouse`, `inspected`, `handed_over`, `completed`, `cancelled`, `refunding`, `refunded` or `closed`.
    #[schema(example = "awaiting_payment")]
    state: &'static str,
    /// `live` or `sandbox`.
    #[schema(example = "live")]
    mode: &'static str,
    /// The quote it was made from.
    quote_id: String,
    /// Who sells.
    supplier_id: String,
    /// Where the supplier sends the goods.
    #[schema(example = "YW01")]
    warehouse: String,
    /// Where they go in the end.
    #[schema(example = "JP")]
    ship_to_country: String,
    /// Your newest note to the supplier.
    note: Option<String>,
    /// What was bought.
    lines: Vec<LineView>,
    /// The sum of the lines.
    goods: PriceView,
    /// Domestic freight to the warehouse.
    freight: PriceView,
    /// Goods and freight.
    total: PriceView,
    /// The catalogue's own number, once it is known.
    #[schema(example = "2600000000000123456")]
    catalogue_order_id: Option<String>,
    /// How far the payment is.
    payment: OrderPaymentView,
    /// Why it was rejected, cancelled, closed or refunded.
    #[schema(example = "price_changed")]
    reason: Option<String>,
    /// When it was received.
    #[schema(format = DateTime)]
    created_at: String,
    /// When its last event was written.
    #[schema(format = DateTime)]
    updated_at: String,
    /// How many events it has; grows with each.
    version: u32,
    /// What happened to it, oldest first; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<Vec<EventView>>,
}

/// How far an order's payment is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderPayment)]
pub struct OrderPaymentView {
    /// `none`, `page` (a payment page was opened), `paid`, or `refunded` (all of it was given back).
    #[schema(example = "none")]
    state: &'static str,
    /// Until when it has to be paid.
    #[schema(format = DateTime)]
    pay_by: Option<String>,
    /// What has to be paid, or was: `total` until the supplier changes it.
    amount: PriceView,
    /// What was given back so far; null when nothing was.
    refunded: Option<PriceView>,
}

/// Something that happened to an order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderEvent)]
pub struct EventView {
    /// Id.
    #[schema(example = "evt_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    id: String,
    /// When it was written down.
    #[schema(format = DateTime)]
    at: String,
    /// Who made it happen: `partner`, `gateway`, `catalogue` or `operator`.
    #[schema(example = "catalogue")]
    actor: &'static str,
    /// Why, in words.
    cause: String,
    /// The state the order was in afterwards.
    #[schema(example = "paid")]
    state: &'static str,
}

/// A page of orders.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderPage)]
pub struct OrderPageView {
    /// The orders, newest first.
    items: Vec<OrderView>,
    /// Where the next page starts; null at the end.
    next_cursor: Option<String>,
}

impl OrderView {
    /// The order with its events.
    pub fn whole(order: &Order) -> Self {
        Self { events: Some(order.events.iter().map(EventView::from).collect()), ..Self::brief(order) }
    }

    /// The order without its events.
    pub fn brief(order: &Order) -> Self {
        let deed = &order.deed;
        let (basket, exchange) = (&deed.basket, &deed.exchange);
        let figures = Figures::of(basket, exchange);
        Self {
            id: deed.id.to_string(),
            reference: deed.reference.to_string(),
            state: order.state.name(),
            mode: deed.mode.name(),
            quote_id: deed.quote.to_string(),
            supplier_id: basket.supplier.to_string(),
            warehouse: basket.warehouse.to_string(),
            ship_to_country: basket.ship_to.to_string(),
            note: order.note.clone(),
            lines: figures.lines,
            goods: figures.goods,
            freight: figures.freight,
            total: figures.total,
            catalogue_order_id: order.catalogue_order.map(|number| number.to_string()),
            payment: OrderPaymentView {
                state: order.paying.name(),
                pay_by: order.pay_by.map(|moment| moment.to_string()),
                amount: shown(order.payable, exchange),
                refunded: Some(order.refunded).filter(|back| back.minor > 0).map(|back| shown(back, exchange)),
            },
            reason: order.reason.clone(),
            created_at: deed.created_at.to_string(),
            updated_at: order.updated_at.to_string(),
            version: order.version,
            events: None,
        }
    }
}

impl From<&Event> for EventView {
    fn from(event: &Event) -> Self {
        Self {
            id: event.id.to_string(),
            at: event.at.to_string(),
            actor: event.actor.name(),
            cause: event.cause.clone(),
            state: event.state.name(),
        }
    }
}

impl From<&Page<Order>> for OrderPageView {
    fn from(page: &Page<Order>) -> Self {
        Self {
            items: page.items.iter().map(OrderView::brief).collect(),
            next_cursor: page.next.as_ref().map(|cursor| cursor.0.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::OrderView;
    use crate::model::order::Order;
    use crate::model::order::tests::deed;

    #[test]
    fn an_order_is_shown_with_the_words_of_the_contract() {
        let order = Order::received(deed("PO-1"), "create_order");
        let shown = serde_json::to_value(OrderView::whole(&order)).unwrap();
        assert_eq!((shown["state"].as_str(), shown["mode"].as_str()), (Some("received"), Some("sandbox")));
        assert_eq!(shown["total"], serde_json::json!({"amount": "40.00", "currency": "CNY"}));
        assert_eq!(shown["lines"][0]["sku_id"], "7");
        assert_eq!(
            shown["payment"],
            serde_json::json!({
                "state": "none", "pay_by": null, "amount": {"amount": "40.00", "currency": "CNY"}, "refunded": null
            })
        );
        assert_eq!(shown["events"][0]["state"], "received");
        assert_eq!(shown["created_at"], "2027-01-15T08:00:00Z");
        let brief = serde_json::to_value(OrderView::brief(&order)).unwrap();
        assert!(brief.get("events").is_none());
    }
}

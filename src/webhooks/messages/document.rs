//! What stands in a message, topic by topic, named and typed as the platform's own documents are.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::told_at;
use crate::ledger::{MessageFacts, Refunding, Traded, Unheard};
use crate::model::topic::{self, Told, Topic};

/// What an event is about.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    pub order: Option<String>,
    pub refund: Option<String>,
}

/// Who asked for the step of a refund, and what the platform calls it. A refund that was closed was withdrawn or decided
/// against; the event does not say which, so that nothing is said of it.
const ACTIONS: &[(&str, &str, &str)] = &[
    ("refund.requested", "BUYER_APPLY_REFUND", "buyer"),
    ("refund.agreed", "SELLER_AGREE_REFUND_PROCOTOL", "seller"),
    ("refund.refused", "SELLER_REJECT_REFUND", "seller"),
    ("refund.return_awaited", "SELLER_AGREE_REFUND_PROCOTOL", "seller"),
    ("refund.return_sent", "BUYER_SEND_GOODS", "buyer"),
    ("refund.arbitrating", "BUYER_APPLY_SUPPORT", "buyer"),
    ("refund.succeeded", "SELLER_AGREE_REFUND", "seller"),
];

/// What a parcel did.
const STEPS: &[(&str, &str)] =
    &[("shipment.dispatched", "CONSIGN"), ("shipment.in_transit", "TRANSPORT"), ("shipment.delivered", "SIGN")];

/// The ids in an event's data.
pub(super) fn named(event: &Unheard) -> Named {
    let Ok(data) = serde_json::from_str::<Value>(&event.data) else { return Named::default() };
    let id = |name: &str| data[name].as_str().map(str::to_owned);
    Named { order: id("order_id"), refund: id("refund_id") }
}

/// An event's topic and document; none when there is none.
pub(super) fn write(event: &Unheard, born: Timestamp, user: &str, facts: &MessageFacts) -> Option<(Topic, Value)> {
    let told = topic::find(&event.kind)?;
    let data: Value = serde_json::from_str(&event.data).ok()?;
    let order = data["order_id"].as_str().and_then(|id| facts.orders.get(id));
    let writing = Writing { told, data: &data, at: told_at(born), born, user };
    match event.kind.split('.').next()? {
        "order" => Some(writing.order(order?)),
        "refund" => Some(writing.refund(order?, facts.refunds.get(data["refund_id"].as_str()?)?)),
        "payment" => Some(writing.payment(order?)),
        "shipment" => Some(writing.parcel(order?)),
        "offer" => Some(writing.offer()),
        _ => None,
    }
}

struct Writing<'a> {
    told: &'static Told,
    data: &'a Value,
    at: String,
    born: Timestamp,
    user: &'a str,
}

impl Writing<'_> {
    fn first(&self) -> Topic {
        self.told.topics.first().copied().unwrap_or_default()
    }

    fn of_order(&self, order: &Traded) -> Value {
        json!({
            "orderId": order.number.number(), "currentStatus": self.told.status, "msgSendTime": &self.at,
            "buyerMemberId": self.user, "sellerMemberId": seller(order),
        })
    }

    fn order(&self, order: &Traded) -> (Topic, Value) {
        let late = self.data["reason"] == "pay_timeout" && self.told.topics.contains(&topic::BOPS_CLOSED);
        (if late { topic::BOPS_CLOSED } else { self.first() }, self.of_order(order))
    }

    fn refund(&self, order: &Traded, refund: &Refunding) -> (Topic, Value) {
        let mut document = self.of_order(order);
        document["refundId"] = format!("TQ{}", refund.number).into();
        if let Some((_, action, operator)) = ACTIONS.iter().find(|(kind, ..)| *kind == self.told.kind) {
            document["refundAction"] = (*action).into();
            document["operator"] = (*operator).into();
        }
        (if refund.after_sales { topic::REFUND_AFTER_SALES } else { topic::REFUND_IN_SALES }, document)
    }

    fn payment(&self, order: &Traded) -> (Topic, Value) {
        let paid = self.told.kind == "payment.paid";
        let status = if paid { "successed" } else { "PARAM_ILLEGAL" };
        (self.first(), json!({"batchPay": [{"orderId": order.number.to_string(), "status": status}]}))
    }

    fn parcel(&self, order: &Traded) -> (Topic, Value) {
        let step = STEPS.iter().find(|(kind, _)| *kind == self.told.kind).map_or("", |(_, step)| step);
        // The event does not say which lines are in the parcel; an order of one line has one, numbered as the order.
        let mut item = json!({"orderId": order.number.number()});
        if order.lines == 1 {
            item["orderEntryId"] = order.number.number().into();
        }
        let text = |name: &str| self.data[name].as_str().unwrap_or_default();
        let model = json!({
            "logisticsId": text("shipment_id"), "cpCode": text("carrier_code"), "mailNo": text("tracking_number"),
            "statusChanged": step, "changeTime": &self.at, "orderLogsItems": [item],
        });
        (self.first(), json!({"OrderLogisticsTracingModel": model}))
    }

    fn offer(&self) -> (Topic, Value) {
        let topic = self.first();
        let offer = self.data["offer_id"].as_str().unwrap_or_default();
        let document = match topic {
            topic::PRICE => json!({"productId": offer, "memberId": self.user, "msgSendTime": &self.at}),
            topic::STOCK => json!({"OfferInventoryChangeList": self.stock(offer)}),
            _ => json!({
                "productIds": offer, "memberId": self.user, "status": self.told.status, "msgSendTime": &self.at,
            }),
        };
        (topic, document)
    }

    /// One row for each variant that changed; one for the offer where none is named.
    fn stock(&self, offer: &str) -> Vec<Value> {
        let (before, now) = (stock_of(&self.data["before"]), stock_of(&self.data["now"]));
        let row = json!({
            "offerId": offer.parse::<i64>().unwrap_or_default(), "offerOnSale": now, "quantity": now - before,
            "bizTime": self.born.as_millisecond().to_string(),
        });
        let skus = self.data["skus"].as_array().map(Vec::as_slice).unwrap_or_default();
        if skus.is_empty() {
            return vec![row];
        }
        let of_sku = |sku: &Value| {
            let mut row = row.clone();
            row["skuId"] = sku["sku_id"].as_str().and_then(|id| id.parse::<i64>().ok()).into();
            row["skuOnSale"] = sku["now"].as_i64().unwrap_or_default().into();
            row
        };
        skus.iter().map(of_sku).collect()
    }
}

fn stock_of(figures: &Value) -> i64 {
    figures["stock"].as_i64().unwrap_or_default()
}

fn seller(order: &Traded) -> String {
    format!("b2b-{}", order.supplier)
}

//! The second half of the walk: webhooks, money back, and goods that leave the country.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{PATIENCE, Told, Walk, text};
use crate::commands::client::Draft;

/// An order that was paid.
pub(super) struct Bought(Value);

impl Told for Bought {
    fn told(&self) -> String {
        format!("{} {}", text(&self.0, "/id"), text(&self.0, "/state"))
    }
}

impl Walk<'_> {
    /// An endpoint on loopback, which the demo's settings allow.
    pub(super) async fn endpoint(&self) -> Result<String> {
        let types = json!(["order.*", "payment.*", "refund.*", "consignment.*"]);
        let body = json!({"url": self.hook.url(), "types": types, "description": "demo --check"});
        let made = self.live.must(&Draft::post("/v1/webhook-endpoints", &body)).await?.json();
        self.hook.expect(&text(&made, "/secret"))?;
        Ok(format!("{} at {}", text(&made, "/id"), self.hook.url()))
    }

    /// Waits until the order's end was told, and looks whether its story was told in order.
    pub(super) async fn heard_of_order(&self, order: &str) -> Result<String> {
        let events = self.hook.wait_for("order_id", order, "order.completed").await?;
        let story = events.iter().filter(|event| text(event, "/type").starts_with("order."));
        let versions: Vec<_> = story.filter_map(|event| event["data"]["version"].as_u64()).collect();
        ensure!(versions.is_sorted(), "the order's events came in the order {versions:?}");
        for kind in ["order.accepted", "order.paid", "order.shipped", "order.reached_warehouse"] {
            ensure!(events.iter().any(|event| event["type"] == kind), "{kind} was not delivered");
        }
        let first = text(events.first().context("no event")?, "/type");
        Ok(format!("{} deliveries, {first} to order.completed", events.len()))
    }

    /// Orders and pays the same once more, under another name.
    pub(super) async fn another(&self, offers: &[Value], name: &str) -> Result<Bought> {
        let quote = self.quote(offers).await?;
        let (order, ..) = self.place(&quote, name, None).await?;
        self.pay(&order).await?;
        Ok(Bought(self.order(&order).await?))
    }

    /// Asks for everything back, for the first reason that needs no picture.
    pub(super) async fn refund(&self, bought: &Bought) -> Result<String> {
        let order = text(&bought.0, "/id");
        let path = format!("/v1/orders/{order}/refund-reasons?type=money&language=ja");
        let options = self.live.must(&Draft::get(path)).await?.json();
        let reasons = options["items"].as_array().cloned().unwrap_or_default();
        let reason = reasons.iter().find(|reason| reason["voucher_required"] == false);
        let reason = reason.with_context(|| format!("every reason needs a picture: {options}"))?;
        let lines: Vec<_> =
            lines_of(&bought.0).map(|line| json!({"sku_id": line["sku_id"], "quantity": line["quantity"]})).collect();
        let body = json!({
            "reference": format!("R-{}", self.run), "order_id": order, "type": "money", "reason": reason["code"],
            "amount": options["max_refundable"], "freight": options["max_freight"], "lines": lines,
            "description": "不需要了",
        });
        let asked = self.live.must(&Draft::post("/v1/refunds", &body).once(format!("refund-{}", self.run))).await?;
        ensure!(asked.status == 201, "answered {}: {}", asked.status, asked.json());
        Ok(text(asked.json(), "/id"))
    }

    pub(super) async fn refunded(&self, refund: &str) -> Result<String> {
        let settled = self.until(&format!("/v1/refunds/{refund}"), "succeeded").await?;
        let events = self.hook.wait_for("refund_id", refund, "refund.succeeded").await?;
        let amount = text(&settled, "/agreed_amount/amount");
        Ok(format!("succeeded, {amount} {}, {} deliveries", text(&settled, "/agreed_amount/currency"), events.len()))
    }

    /// The request that opens a consignment of an order.
    pub(super) fn consignment_of(&self, bought: &Bought) -> Draft {
        let orders = json!([bought.0["id"]]);
        let body = json!({"reference": format!("CO-{}", self.run), "order_ids": orders, "operated_by": "warehouse"});
        Draft::post("/v1/consignments", &body).once(format!("consign-{}", self.run))
    }

    pub(super) async fn consign(&self, bought: &Bought) -> Result<String> {
        let opened = self.live.must(&self.consignment_of(bought)).await?;
        ensure!(opened.status == 201, "answered {}: {}", opened.status, opened.json());
        Ok(text(opened.json(), "/id"))
    }

    pub(super) async fn inspected(&self, consignment: &str) -> Result<String> {
        let whole = self.until(&format!("/v1/consignments/{consignment}"), "inspected").await?;
        let lines: Vec<_> = whole["orders"].as_array().into_iter().flatten().flat_map(lines_of).collect();
        ensure!(lines.iter().all(|line| line["result"].is_string()), "lines without a result: {whole}");
        let sum = |what: &str| lines.iter().filter_map(|line| line[what].as_u64()).sum::<u64>();
        self.hook.wait_for("consignment_id", consignment, "consignment.received").await?;
        let (received, passed) = (sum("received"), sum("passed"));
        Ok(format!("{received} of {} pieces received, {passed} passed", sum("expected")))
    }

    pub(super) async fn hand_over(&self, consignment: &str) -> Result<String> {
        let body = json!({
            "carrier": "DHL", "tracking_number": "JD014600006281230701", "weight_g": 12_400, "pieces": 1,
        });
        let draft = Draft::post(format!("/v1/consignments/{consignment}/handovers"), &body);
        self.live.must(&draft.once(format!("leave-{}", self.run))).await?;
        let whole = self.until(&format!("/v1/consignments/{consignment}"), "handed_over").await?;
        let events = self.hook.wait_for("consignment_id", consignment, "consignment.handed_over").await?;
        Ok(format!("{}, {} deliveries", text(&whole, "/handover/tracking_number"), events.len()))
    }

    /// Reads something until it is in a state.
    async fn until(&self, path: &str, state: &str) -> Result<Value> {
        let until = Instant::now() + PATIENCE;
        loop {
            let seen = self.live.must(&Draft::get(path)).await?.json();
            if seen["state"] == state {
                return Ok(seen);
            }
            ensure!(Instant::now() < until, "after {} s {path} is not {state}: {seen}", PATIENCE.as_secs());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

fn lines_of(whole: &Value) -> impl Iterator<Item = &Value> {
    whole["lines"].as_array().into_iter().flatten()
}

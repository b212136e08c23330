//! What the walk sources: something that is sold today compared with the catalogue, and an inquiry that becomes an order.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::{PATIENCE, Told, Walk, text};
use crate::commands::client::Draft;

/// A supplier's quotation of an inquiry.
pub(super) struct Quoted(Value);

impl Told for Quoted {
    fn told(&self) -> String {
        let line = |path| text(&self.0, path);
        format!("{} CNY for {} until {}", line("/total/amount"), line("/quantity"), line("/valid_until"))
    }
}

impl Walk<'_> {
    /// Compares the first offer's own page, as if it were sold today for twice its price.
    pub(super) async fn source_match(&self, offers: &[Value]) -> Result<String> {
        let offer = self.open(offers.first().context("no offer")?).await?;
        let link = format!("https://detail.1688.com/offer/{}.html", text(&offer, "/id"));
        let price = json!({"amount": text(&offer, "/price/to/amount"), "currency": "JPY"});
        let item = json!({"link": link, "quantity": 100, "price": price});
        let body = json!({"items": [item], "language": "ja", "ship_to_country": "JP"});
        let answer = self.live.must(&Draft::post("/v1/source-matches", &body)).await?;
        let whole = answer.json();
        ensure!(answer.status == 200 && whole["state"] == "finished", "it is not compared: {whole}");
        let candidates = whole["items"][0]["candidates"].as_array().cloned().unwrap_or_default();
        let best = candidates.first().with_context(|| format!("nothing was found: {whole}"))?;
        // 1688's platform does not tell how like a found picture is.
        let wanted: &[&str] =
            if self.through_1688 { &["words", "attributes"] } else { &["picture", "words", "attributes"] };
        let given: Vec<_> = best["reasons"].as_array().into_iter().flatten().map(|one| text(one, "/by")).collect();
        ensure!(given == wanted, "a reason is missing: {best}");
        Ok(format!(
            "{} candidates, best {} at {}, saves {} %",
            candidates.len(),
            text(best, "/confidence"),
            text(best, "/unit_price/amount"),
            text(best, "/saving/percent")
        ))
    }

    /// Asks the suppliers of the found offers, and waits for the first quotation.
    pub(super) async fn inquire(&self, offers: &[Value]) -> Result<(String, Quoted)> {
        let (mut invited, mut quantity): (Vec<Value>, u64) = (Vec::new(), 1);
        for summary in offers {
            let offer = self.open(summary).await?;
            let supplier = text(&offer, "/supplier/id");
            let known = invited.iter().any(|one| text(one, "/supplier_id") == supplier);
            let least = offer["minimum_order"].as_u64().unwrap_or(1);
            if known || least > 200 || offer["order_multiple"].as_u64().is_some() || invited.len() == 6 {
                continue;
            }
            quantity = quantity.max(least);
            invited.push(json!({"supplier_id": supplier, "sku_id": offer["skus"][0]["id"]}));
        }
        ensure!(!invited.is_empty(), "no supplier could be asked");
        let made = self.live.must(&self.inquiry(&invited, quantity)).await?.json();
        let path = format!("/v1/inquiries/{}", text(&made, "/id"));
        let until = Instant::now() + PATIENCE;
        loop {
            let now = self.live.must(&Draft::get(&path)).await?.json();
            let suppliers = now["suppliers"].as_array().cloned().unwrap_or_default();
            if let Some(one) = suppliers.iter().find(|one| one["state"] == "quoted") {
                return Ok((path, Quoted(one["quotation"].clone())));
            }
            if now["state"] != "open" || Instant::now() > until {
                bail!("no supplier quoted: {now}");
            }
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
    }

    /// The request that asks the first offer's supplier.
    pub(super) fn inquiry_about(&self, offers: &[Value]) -> Result<Draft> {
        let offer = offers.first().context("no offer")?;
        Ok(self.inquiry(&[json!({"supplier_id": text(offer, "/supplier/id")})], 100))
    }

    fn inquiry(&self, invited: &[Value], quantity: u64) -> Draft {
        let reference = format!("RFQ-{}", self.run);
        let body = json!({
            "reference": reference, "suppliers": invited, "specification": "花盆，按样品，白色", "quantity": quantity,
            "ship_to_country": "JP", "currency": "JPY",
        });
        Draft::post("/v1/inquiries", &body).once(format!("inquiry-{reference}"))
    }

    /// Accepts a quotation, twice: one order.
    pub(super) async fn accept(&self, asked: &(String, Quoted)) -> Result<String> {
        let (path, Quoted(quotation)) = asked;
        let reference = format!("ACCEPTED-{}", self.run);
        let target = format!("{path}/quotations/{}/accept", text(quotation, "/id"));
        let body = json!({"reference": reference});
        let draft = Draft::post(target, &body).once(format!("accept-{reference}"));
        let first = self.live.must(&draft).await?;
        let again = self.live.must(&draft).await?;
        ensure!(first.status == 201, "answered {}: {}", first.status, first.json());
        ensure!(again.field("idempotency-replayed") == "true" && again.body == first.body, "it is not the same answer");
        let order = first.json();
        let (cost, quoted) = (text(&order, "/payment/amount/cny"), text(quotation, "/total/amount"));
        ensure!(cost == quoted, "the order costs {cost} CNY, quoted were {quoted}");
        let inquiry = self.live.must(&Draft::get(path)).await?.json();
        ensure!(inquiry["order_id"] == order["id"], "the inquiry does not name its order: {inquiry}");
        Ok(format!("{} {} for {cost} CNY", text(&order, "/id"), text(&order, "/state")))
    }
}

impl Told for (String, Quoted) {
    fn told(&self) -> String {
        self.1.told()
    }
}

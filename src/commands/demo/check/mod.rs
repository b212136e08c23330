//! `demo --check`: the main job against the running demo, one line a step with its time; stops at the first step that
//! does not do what it should, and says why.

mod aftercare;
mod hook;
mod pasted;
mod referred;
mod sourcing;

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::commands::client::{Answer, Client, Draft};
use crate::commands::demo::check::hook::Hook;

const LOCALE: &str = "language=ja&currency=JPY";
const PATIENCE: Duration = Duration::from_secs(60);

/// What the walk learns on its way.
struct Walk<'a> {
    live: &'a Client,
    sandbox: &'a Client,
    hook: &'a Hook,
    run: String,
    /// The catalogue is reached in the protocol of 1688's open platform, which cannot carry all of it.
    through_1688: bool,
}

/// Walks from a Japanese search to received goods, through a refund and a consignment with their webhooks, and through
/// the refusals.
pub async fn walk(live: &Client, sandbox: &Client, through_1688: bool) -> Result<()> {
    let run = uuid::Uuid::now_v7().simple().to_string();
    let hook = Hook::listen()?;
    let walked = Walk { live, sandbox, hook: &hook, run, through_1688 }.all().await;
    hook.stop().await;
    walked
}

/// Runs one step, prints its line, and names it when it fails.
async fn step<T: Told>(name: &str, work: impl Future<Output = Result<T>>) -> Result<T> {
    let began = Instant::now();
    let done = work.await.with_context(|| format!("the step \"{name}\" failed"))?;
    say(&format!("ok  {name:<46} {:>7.1} ms  {}", began.elapsed().as_secs_f64() * 1000.0, done.told()))?;
    Ok(done)
}

fn say(line: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

/// What a step has to show for itself.
trait Told {
    fn told(&self) -> String;
}

impl Told for String {
    fn told(&self) -> String {
        self.clone()
    }
}

impl Told for Vec<Value> {
    fn told(&self) -> String {
        format!("{} offers, first: {}", self.len(), text(&self[..], "/0/title"))
    }
}

impl Told for Value {
    fn told(&self) -> String {
        let line = |path| text(self, path);
        format!("{} {} until {}", line("/total/amount"), line("/total/currency"), line("/expires_at"))
    }
}

impl Told for (String, Draft, Answer) {
    fn told(&self) -> String {
        format!("{} as {}", self.0, text(self.2.json(), "/reference"))
    }
}

fn text(value: impl serde::Serialize, path: &str) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    match value.pointer(path) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "?".to_owned(),
    }
}

impl Walk<'_> {
    async fn all(&self) -> Result<()> {
        let began = Instant::now();
        step("make a webhook endpoint", self.endpoint()).await?;
        let offers = step("search in Japanese", self.search()).await?;
        step("open an offer in yen", self.offer(&offers)).await?;
        step("open ten at once, and be told of the wrong one", self.batch(&offers)).await?;
        step("follow an offer, and give it up again", self.follow(&offers)).await?;
        step("find it by its picture, cut and compressed", self.pictured(&offers)).await?;
        step("paste a text with its link", self.pasted(&offers)).await?;
        let quote = step("ask for a quote", self.quote(&offers)).await?;
        let sent = step("send a visitor to the shop", self.visited(&offers)).await?;
        let click = sent.click()?;
        let (order, placed, first) = step("place the order", self.place(&quote, "CHECK", Some(&click))).await?;
        step("send it again: the identical answer", self.again(&placed, &first)).await?;
        step("pay by agreed debit", self.pay(&order)).await?;
        step("see it paid", self.reaches(&order, &["paid", "preparing", "shipped", "at_warehouse"])).await?;
        step("see it shipped, with tracking", self.shipped(&order)).await?;
        step("see it received at the warehouse and confirm", self.received(&order)).await?;
        step("its webhooks: received, verified, in order", self.heard_of_order(&order)).await?;
        let bought = step("order and pay another", self.another(&offers, "BACK")).await?;
        let refund = step("ask for the money back", self.refund(&bought)).await?;
        step("see the refund settled, by webhook too", self.refunded(&refund)).await?;
        self.consigned(&offers).await?;
        step("compare what is sold today", self.source_match(&offers)).await?;
        self.inquired(&offers).await?;
        step("a replayed request is refused", self.replayed()).await?;
        step("an altered body is refused", self.altered(&quote)).await?;
        step("more than the plan allows is answered 429", self.limited(&offers)).await?;
        say(&format!("all of it in {:.1} s", began.elapsed().as_secs_f64()))
    }

    async fn consigned(&self, offers: &[Value]) -> Result<()> {
        let bought = step("order and pay another", self.another(offers, "LEAVE")).await?;
        if self.through_1688 {
            let draft = self.consignment_of(&bought);
            let names = ["consign it, operated by the warehouse", "see it received and inspected", "hand it over"];
            return self.skipped(&names, &draft).await;
        }
        let consignment = step("consign it, operated by the warehouse", self.consign(&bought)).await?;
        step("see it received and inspected", self.inspected(&consignment)).await?;
        step("hand it over, and hear of it", self.hand_over(&consignment)).await?;
        Ok(())
    }

    async fn inquired(&self, offers: &[Value]) -> Result<()> {
        if self.through_1688 {
            let draft = self.inquiry_about(offers)?;
            let names = ["ask suppliers for their price", "accept a quotation: one order"];
            return self.skipped(&names, &draft).await;
        }
        let quoted = step("ask suppliers for their price", self.inquire(offers)).await?;
        step("accept a quotation: one order", self.accept(&quoted)).await?;
        Ok(())
    }

    /// Steps that the protocol cannot carry: the first is tried, and has to be told as not offered; why is told with each.
    async fn skipped(&self, names: &[&str], first: &Draft) -> Result<()> {
        let answer = self.live.ask(first).await?;
        expect(&answer, 501, "upstream_not_offered")?;
        let why = text(answer.json(), "/detail");
        names.iter().try_for_each(|name| say(&format!("--  {name:<46}    skipped  {why}")))
    }

    async fn search(&self) -> Result<Vec<Value>> {
        let words: String = url::form_urlencoded::byte_serialize("植木鉢".as_bytes()).collect();
        let answer = self.live.must(&Draft::get(format!("/v1/offers?q={words}&limit=20&{LOCALE}"))).await?;
        let found = answer.json();
        let items = found["items"].as_array().cloned().unwrap_or_default();
        ensure!(!items.is_empty(), "nothing was found for 植木鉢: {found}");
        ensure!(items.iter().all(|item| text(item, "/price/from/currency") == "JPY"), "prices are not in JPY");
        Ok(items)
    }

    async fn offer(&self, offers: &[Value]) -> Result<String> {
        let offer = self.open(offers.first().context("no offer")?).await?;
        Ok(format!(
            "{} from {} JPY (CNY {})",
            text(&offer, "/title"),
            text(&offer, "/price/from/amount"),
            text(&offer, "/price/from/cny")
        ))
    }

    /// Ten offers and a number of no offer: each has its own outcome, and the list costs by its length.
    async fn batch(&self, offers: &[Value]) -> Result<String> {
        let mut ids: Vec<_> = offers.iter().take(10).map(|offer| text(offer, "/id")).collect();
        let wanted = ids.len();
        ids.push("12345678".to_owned());
        let draft = Draft::post(format!("/v1/offers/batch?{LOCALE}"), &json!({"offer_ids": ids}));
        let told = self.live.must(&draft).await?.json();
        let count = |list: &str| told[list].as_array().map_or(0, Vec::len);
        ensure!((count("items"), count("problems")) == (wanted, 1), "{told}");
        // The older protocol has one word for a number that is none of the marketplace's and one that nobody has yet.
        let code = if self.through_1688 { "offer_not_found" } else { "offer_foreign" };
        ensure!(text(&told, "/problems/0/code") == code, "{}", told["problems"]);
        Ok(format!("{wanted} offers, and {} {}", text(&told, "/problems/0/code"), text(&told, "/problems/0/pointer")))
    }

    async fn follow(&self, offers: &[Value]) -> Result<String> {
        let path = format!("/v1/follows/{}", text(offers.first().context("no offer")?, "/id"));
        let with = |method: &str| Draft { method: method.to_owned(), ..Draft::get(path.clone()) };
        let followed = self.live.must(&with("PUT")).await?.json();
        ensure!(text(&followed, "/state") == "on_sale", "{followed}");
        self.live.must(&with("DELETE")).await?;
        Ok(format!("at {} CNY", text(&followed, "/figures/price_from/amount")))
    }

    async fn open(&self, summary: &Value) -> Result<Value> {
        let path = format!("/v1/offers/{}?{LOCALE}", text(summary, "/id"));
        Ok(self.live.must(&Draft::get(path)).await?.json())
    }

    /// The first offer that can be had in its minimum quantity.
    async fn quote(&self, offers: &[Value]) -> Result<Value> {
        let mut last = Value::Null;
        for summary in offers {
            let offer = self.open(summary).await?;
            let least = offer["minimum_order"].as_u64().unwrap_or(1).max(2);
            let step = offer["order_multiple"].as_u64().unwrap_or(1).max(1);
            let quantity = least.div_ceil(step) * step;
            let skus = offer["skus"].as_array().cloned().unwrap_or_default();
            let Some(sku) = skus.iter().find(|sku| sku["stock"].as_u64().unwrap_or(0) >= quantity) else { continue };
            let body = json!({"lines": [{"sku_id": sku["id"], "quantity": quantity}], "ship_to_country": "JP", "currency": "JPY"});
            let answer = self.live.ask(&Draft::post("/v1/quotes", &body)).await?;
            last = answer.json();
            if answer.status == 201 && last["quotes"].as_array().is_some_and(|quotes| !quotes.is_empty()) {
                return Ok(last["quotes"][0].clone());
            }
        }
        bail!("none of the offers could be quoted; the last answer was {last}")
    }

    async fn place(&self, quote: &Value, name: &str, referral: Option<&str>) -> Result<(String, Draft, Answer)> {
        let reference = format!("{name}-{}", self.run);
        let mut body = json!({"reference": reference, "quote_id": quote["id"]});
        if let Some(click) = referral {
            body["referral"] = json!(click);
        }
        let draft = Draft::post("/v1/orders", &body).once(format!("order-{reference}"));
        let answer = self.live.must(&draft).await?;
        ensure!(answer.status == 201, "answered {}: {}", answer.status, answer.json());
        let placed = answer.json();
        ensure!(placed["state"] == "awaiting_payment", "the order is {}", placed["state"]);
        Ok((text(&placed, "/id"), draft, answer))
    }

    async fn again(&self, draft: &Draft, first: &Answer) -> Result<String> {
        let second = self.live.must(draft).await?;
        ensure!(second.field("idempotency-replayed") == "true", "the answer is not marked as replayed");
        ensure!(second.status == first.status && second.body == first.body, "the answer is another one");
        Ok(format!("{} identical bytes", second.body.len()))
    }

    async fn pay(&self, order: &str) -> Result<String> {
        let body = json!({"order_ids": [order], "method": "debit"});
        let draft = Draft::post("/v1/payments", &body).once(format!("pay-{order}"));
        let payment = self.live.must(&draft).await?.json();
        ensure!(payment["state"] == "paid", "the payment is {payment}");
        Ok(text(&payment, "/id"))
    }

    async fn order(&self, order: &str) -> Result<Value> {
        Ok(self.live.must(&Draft::get(format!("/v1/orders/{order}"))).await?.json())
    }

    /// Waits until the order is in one of these states.
    async fn reaches(&self, order: &str, states: &[&str]) -> Result<String> {
        let until = Instant::now() + PATIENCE;
        loop {
            let state = text(self.order(order).await?, "/state");
            if states.contains(&state.as_str()) {
                return Ok(state);
            }
            ensure!(Instant::now() < until, "after {} s the order is still {state}", PATIENCE.as_secs());
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
    }

    async fn shipped(&self, order: &str) -> Result<String> {
        self.reaches(order, &["shipped", "at_warehouse", "inspected", "handed_over"]).await?;
        let shipments = self.live.must(&Draft::get(format!("/v1/orders/{order}/shipments"))).await?.json();
        let number = text(&shipments, "/items/0/tracking_number");
        ensure!(number != "?", "there is no shipment: {shipments}");
        Ok(format!("{} {number}", text(&shipments, "/items/0/carrier_code")))
    }

    async fn received(&self, order: &str) -> Result<String> {
        self.reaches(order, &["at_warehouse", "inspected", "handed_over", "completed"]).await?;
        let draft = Draft::post(format!("/v1/orders/{order}/confirm-receipt"), &json!({}));
        let draft = Draft { body: Vec::new(), ..draft };
        self.live.must(&draft).await?;
        let state = self.reaches(order, &["completed"]).await?;
        let events = self.order(order).await?["events"].as_array().map_or(0, Vec::len);
        Ok(format!("{state}, {events} events"))
    }

    async fn replayed(&self) -> Result<String> {
        let signed = self.live.sign(&Draft::get("/v1/me"))?;
        let first = self.live.send(&signed).await?;
        ensure!(first.status == 200, "the first time was answered {}", first.status);
        expect(&self.live.send(&signed).await?, 401, "replayed")
    }

    async fn altered(&self, quote: &Value) -> Result<String> {
        let body = json!({"reference": format!("ALTERED-{}", self.run), "quote_id": quote["id"]});
        let mut signed = self.live.sign(&Draft::post("/v1/orders", &body).once(format!("altered-{}", self.run)))?;
        signed.body =
            json!({"reference": format!("ALTERED-{}", self.run), "quote_id": "quo_else"}).to_string().into_bytes();
        expect(&self.live.send(&signed).await?, 401, "digest_mismatch")
    }

    async fn limited(&self, offers: &[Value]) -> Result<String> {
        let path = format!("/v1/offers/{}?{LOCALE}", text(offers.first().context("no offer")?, "/id"));
        let mut admitted = 0;
        for _ in 0..80 {
            let signed = (0..24).map(|_| self.sandbox.sign(&Draft::get(&path))).collect::<Result<Vec<_>>>()?;
            let answers = futures_util::future::join_all(signed.iter().map(|signed| self.sandbox.send(signed))).await;
            for answer in answers {
                let answer = answer?;
                if answer.status == 429 {
                    let code = text(answer.json(), "/code");
                    ensure!(!answer.field("retry-after").is_empty(), "the 429 has no Retry-After");
                    return Ok(format!(
                        "{code} after {admitted}, Retry-After: {} s, RateLimit: {}",
                        answer.field("retry-after"),
                        answer.field("ratelimit")
                    ));
                }
                admitted += 1;
            }
        }
        bail!("{admitted} calls were all admitted")
    }
}

fn expect(answer: &Answer, status: u16, code: &str) -> Result<String> {
    let told = text(answer.json(), "/code");
    ensure!(answer.status == status && told == code, "expected {status} {code}, got {} {told}", answer.status);
    Ok(format!("{status} {code}"))
}

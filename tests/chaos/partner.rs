//! A partner: searches, quotes, orders, repeats, changes its mind, pays, reads; every choice by its own die. A request
//! that must have its effect once is repeated under its key until it has a final answer, as the contract says.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use xunyuan::commands::client::Draft;

use crate::caller::{About, Caller, Said};
use crate::dice::Dice;
use crate::history::Op;

const PATIENCE: Duration = Duration::from_secs(8);
/// Variants a partner has in mind at one time.
const SHELF: usize = 40;
const CURRENCIES: [&str; 4] = ["CNY", "JPY", "EUR", "USD"];
const SORTS: [&str; 3] = ["sold", "newest", "price_asc"];

/// Something that can be ordered.
#[derive(Clone, Debug)]
struct Item {
    sku: String,
    quantity: u64,
}

/// One partner.
pub struct Partner {
    caller: Caller,
    cashier: reqwest::Client,
    categories: Vec<String>,
    shelf: Mutex<Vec<Item>>,
}

/// What became of placing.
struct Placed {
    reference: String,
    id: String,
}

impl Partner {
    /// A partner who has not looked around yet.
    pub fn new(caller: Caller) -> Result<Self> {
        let cashier = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
        Ok(Self { caller, cashier, categories: Vec::new(), shelf: Mutex::new(Vec::new()) })
    }

    /// The partner's signed client.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Looks around: which categories there are, and what is in some.
    pub async fn look_around(&mut self, dice: &mut Dice) -> Result<()> {
        let said = self.read(dice, Op::Search, "/v1/categories", None).await?;
        let items = said.json["items"].as_array().cloned().unwrap_or_default();
        self.categories = items.iter().filter_map(|item| Some(item["id"].as_str()?.to_owned())).collect();
        while self.shelf().len() < SHELF / 2 {
            self.search(dice).await?;
        }
        Ok(())
    }

    /// Orders until no new orders may begin, `at_once` of them side by side, and sees all of them through.
    pub async fn trade(self: Arc<Self>, mut dice: Dice, at_once: usize) -> Result<()> {
        let places = Arc::new(Semaphore::new(at_once));
        let mut visits: JoinSet<Result<()>> = JoinSet::new();
        loop {
            let place = Arc::clone(&places).acquire_owned().await?;
            let Some(number) = self.caller.desk.next() else { break };
            let (this, own) = (Arc::clone(&self), dice.fork());
            visits.spawn(async move {
                let done = this.visit(number, own).await;
                drop(place);
                done
            });
            while let Some(done) = visits.try_join_next() {
                done??;
            }
        }
        while let Some(done) = visits.join_next().await {
            done??;
        }
        Ok(())
    }

    /// One visit: an order, now and then two that are paid together.
    async fn visit(&self, number: u64, mut dice: Dice) -> Result<()> {
        if dice.percent(3) {
            self.search(&mut dice).await?;
        }
        let mut placed = Vec::new();
        placed.extend(self.order(number, &mut dice).await?);
        if dice.percent(8)
            && let Some(another) = self.caller.desk.next()
        {
            placed.extend(self.order(another, &mut dice).await?);
        }
        if placed.is_empty() {
            return Ok(());
        }
        match dice.below(100) {
            0..=11 => self.cancel(&placed[0], &mut dice).await?,
            12..=15 => {
                let mut other = dice.fork();
                let (cancelled, paid) =
                    tokio::join!(self.cancel(&placed[0], &mut other), self.pay(&placed, number, &mut dice));
                cancelled.and(paid)?;
            }
            16..=79 => self.pay(&placed, number, &mut dice).await?,
            _ => {}
        }
        if dice.percent(20) {
            self.read_back(&placed[0], &mut dice).await?;
        }
        if dice.percent(2) {
            self.read(&mut dice, Op::List, "/v1/orders?limit=50", None).await?;
        }
        Ok(())
    }

    /// Quotes and places one order; none when it was refused or never answered.
    async fn order(&self, number: u64, dice: &mut Dice) -> Result<Option<Placed>> {
        let reference = format!("PO-{number:06}-{:04x}", dice.roll() & 0xffff);
        let Some(quote) = self.quote(&reference, dice).await? else { return Ok(None) };
        let mut body = json!({"reference": reference, "quote_id": quote, "note": format!("ref {reference}")});
        let key = format!("order-{reference}");
        let draft = Draft::post("/v1/orders", &body).once(&key);
        let about = About { op: Op::Order, reference: Some(&reference) };
        let Some(said) = self.once(about, &draft, dice).await? else { return Ok(None) };
        self.caller.desk.answered.fetch_add(1, Ordering::Relaxed);
        if said.status == Some(202) {
            self.caller.desk.unknown.fetch_add(1, Ordering::Relaxed);
        }
        if dice.percent(20) {
            self.once(about, &draft, dice).await?;
        }
        if dice.percent(5) {
            body["note"] = json!("something else");
            let other = About { op: Op::OtherBody, ..about };
            self.try_once(other, &Draft::post("/v1/orders", &body).once(&key), dice).await?;
        }
        if said.is_good() && dice.percent(3) {
            let other = About { op: Op::OtherKey, ..about };
            self.try_once(other, &Draft::post("/v1/orders", &body).once(format!("other-{reference}")), dice).await?;
        }
        let id = said.json["id"].as_str().filter(|_| said.is_good());
        Ok(id.map(|id| Placed { reference, id: id.to_owned() }))
    }

    async fn quote(&self, reference: &str, dice: &mut Dice) -> Result<Option<String>> {
        let about = About { op: Op::Quote, reference: Some(reference) };
        while !self.caller.desk.is_over() {
            let items = self.basket(dice);
            let lines: Vec<_> = items.iter().map(|i| json!({"sku_id": i.sku, "quantity": i.quantity})).collect();
            let currency = dice.pick(&CURRENCIES).copied().unwrap_or("CNY");
            let draft = Draft::post("/v1/quotes", &json!({"lines": lines, "currency": currency}));
            let said = self.try_once(about, &draft, dice).await?;
            let quotes = said.json["quotes"].as_array();
            if let Some(id) = quotes.and_then(|quotes| dice.pick(quotes)).and_then(|quote| quote["id"].as_str()) {
                return Ok(Some(id.to_owned()));
            }
            if said.is_final() {
                self.forget(&items);
                self.search(dice).await?;
            }
            pause(&said, dice).await;
        }
        Ok(None)
    }

    /// One variant, sometimes two or three; perhaps of several suppliers, of which one is taken.
    fn basket(&self, dice: &mut Dice) -> Vec<Item> {
        let count = [1, 1, 1, 2, 2, 3].get(dice.below(6)).copied().unwrap_or(1);
        let shelf = self.shelf();
        let mut basket: Vec<Item> = Vec::new();
        for _ in 0..count {
            if let Some(item) = dice.pick(&shelf)
                && basket.iter().all(|there| there.sku != item.sku)
            {
                basket.push(Item { quantity: item.quantity * dice.between(1, 2), ..item.clone() });
            }
        }
        basket
    }

    async fn cancel(&self, order: &Placed, dice: &mut Dice) -> Result<()> {
        let about = About { op: Op::Cancel, reference: Some(&order.reference) };
        let draft = Draft::post(format!("/v1/orders/{}/cancel", order.id), &json!({"reason": "not needed"}));
        for _ in 0..4 {
            let said = self.try_once(about, &draft, dice).await?;
            // While nobody knows whether it was placed it cannot be cancelled: wait, as the detail says.
            let unsettled = matches!(said.json["state"].as_str(), Some("unknown" | "placing"));
            if said.is_final() && !unsettled {
                break;
            }
            pause(&said, dice).await;
        }
        Ok(())
    }

    async fn pay(&self, orders: &[Placed], number: u64, dice: &mut Dice) -> Result<()> {
        let ids: Vec<_> = orders.iter().map(|order| order.id.clone()).collect();
        let page = dice.percent(25);
        let reference = orders.first().map(|order| order.reference.as_str());
        for attempt in 0..3 {
            let body = json!({"order_ids": ids, "method": if page { "page" } else { "debit" }});
            let key = format!("pay-{number:06}-{attempt}");
            let draft = Draft::post("/v1/payments", &body).once(&key);
            let about = About { op: Op::Pay, reference };
            let Some(said) = self.once(about, &draft, dice).await? else { return Ok(()) };
            if dice.percent(20) {
                self.once(about, &draft, dice).await?;
            }
            if dice.percent(4) {
                let other = json!({"order_ids": ids, "method": if page { "debit" } else { "page" }});
                let about = About { op: Op::PayOtherBody, reference };
                self.try_once(about, &Draft::post("/v1/payments", &other).once(&key), dice).await?;
            }
            let parts = said.json["orders"].as_array().cloned().unwrap_or_default();
            for (part, order) in
                parts.iter().filter_map(|part| Some((part, orders.iter().find(|order| part["order_id"] == *order.id)?)))
            {
                self.press(part, order, dice).await?;
            }
            if dice.percent(20)
                && let Some(id) = said.json["id"].as_str()
            {
                self.read(dice, Op::ReadPayment, &format!("/v1/payments/{id}"), reference).await?;
            }
            // Surely not paid, because of a trouble that passes (or the order was not settled yet): say it once more.
            if said.json["state"] != "failed" || dice.percent(50) {
                return Ok(());
            }
            pause(&said, dice).await;
        }
        Ok(())
    }

    /// A person opens the payment page and presses its button, mostly.
    async fn press(&self, part: &Value, order: &Placed, dice: &mut Dice) -> Result<()> {
        let Some(url) = part["pay_url"].as_str().filter(|_| dice.percent(80)) else { return Ok(()) };
        for _ in 0..20 {
            let pressed = self.cashier.post(url).send().await;
            let status = pressed.ok().map(|answer| answer.status().as_u16());
            self.caller.desk.history.write(&json!({
                "at_ms": xunyuan::clock::Clock::System.now_ms(), "took_ms": 0, "partner": self.caller.partner, "node": 0,
                "op": Op::Cashier, "target": url, "reference": order.reference, "status": status, "answer": "",
            }))?;
            if status == Some(200) || self.caller.desk.is_over() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(dice.between(300, 900))).await;
        }
        Ok(())
    }

    async fn read_back(&self, order: &Placed, dice: &mut Dice) -> Result<()> {
        let path = match dice.percent(50) {
            true => format!("/v1/orders/{}", order.id),
            false => format!("/v1/orders/by-reference/{}", order.reference),
        };
        self.read(dice, Op::Read, &path, Some(&order.reference)).await?;
        Ok(())
    }

    /// Reads, a few times if need be.
    async fn read(&self, dice: &mut Dice, op: Op, path: &str, reference: Option<&str>) -> Result<Said> {
        let about = About { op, reference };
        let mut said = self.try_once(about, &Draft::get(path), dice).await?;
        for _ in 0..3 {
            if said.is_final() {
                break;
            }
            pause(&said, dice).await;
            said = self.try_once(about, &Draft::get(path), dice).await?;
        }
        Ok(said)
    }

    /// Searches and puts some of what is found on the shelf.
    async fn search(&self, dice: &mut Dice) -> Result<()> {
        let category = dice.pick(&self.categories).cloned().unwrap_or_default();
        let sort = dice.pick(&SORTS).copied().unwrap_or("sold");
        let path = format!("/v1/offers?category={category}&sort={sort}&limit=50");
        let found = self.read(dice, Op::Search, &path, None).await?;
        let offers = found.json["items"].as_array().cloned().unwrap_or_default();
        for _ in 0..4 {
            let Some(id) = dice.pick(&offers).and_then(|offer| offer["id"].as_str()) else { return Ok(()) };
            let offer = self.read(dice, Op::Search, &format!("/v1/offers/{id}"), None).await?.json;
            let least = offer["minimum_order"].as_u64().unwrap_or(1);
            let step = offer["order_multiple"].as_u64().unwrap_or(1).max(1);
            let quantity = least.div_ceil(step) * step;
            let skus = offer["skus"].as_array().cloned().unwrap_or_default();
            for sku in skus.iter().filter(|sku| sku["stock"].as_u64().unwrap_or(0) > 10 * quantity).take(3) {
                if let Some(sku) = sku["id"].as_str() {
                    self.remember(Item { sku: sku.to_owned(), quantity }, dice);
                }
            }
        }
        Ok(())
    }

    fn shelf(&self) -> Vec<Item> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn remember(&self, item: Item, dice: &mut Dice) {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.retain(|there| there.sku != item.sku);
        if shelf.len() >= SHELF {
            let at = dice.below(shelf.len());
            shelf.swap_remove(at);
        }
        shelf.push(item);
    }

    fn forget(&self, items: &[Item]) {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.retain(|there| items.iter().all(|item| item.sku != there.sku));
    }

    /// Asks once, whatever comes of it.
    async fn try_once(&self, about: About<'_>, draft: &Draft, dice: &mut Dice) -> Result<Said> {
        self.caller.ask(self.caller.desk.node(dice), about, draft, PATIENCE).await
    }

    /// Asks under a key until the answer is final: sometimes twice at a time, sometimes without waiting for the answer.
    async fn once(&self, about: About<'_>, draft: &Draft, dice: &mut Dice) -> Result<Option<Said>> {
        while !self.caller.desk.is_over() {
            let node = self.caller.desk.node(dice);
            let said = match dice.below(100) {
                0..=9 => {
                    let other = self.caller.desk.node(dice);
                    let (one, two) = tokio::join!(
                        self.caller.ask(node, about, draft, PATIENCE),
                        self.caller.ask(other, about, draft, PATIENCE)
                    );
                    let (one, two) = (one?, two?);
                    if one.is_final() { one } else { two }
                }
                10..=14 => {
                    let patience = Duration::from_millis(dice.between(3, 150));
                    self.caller.ask(node, about, draft, patience).await?
                }
                _ => self.caller.ask(node, about, draft, PATIENCE).await?,
            };
            if said.is_final() {
                return Ok(Some(said));
            }
            pause(&said, dice).await;
        }
        Ok(None)
    }
}

/// Waits before the next attempt, as long as the gateway says or less.
async fn pause(said: &Said, dice: &mut Dice) {
    let most = said.wait.map_or(800, |wait| wait.as_millis().min(2_500) as u64).max(60);
    tokio::time::sleep(Duration::from_millis(dice.between(50, most))).await;
}

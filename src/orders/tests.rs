//! The room against the sandbox catalogue, on every engine at hand. `fault_NN` are the contract's fault points.

mod agreed;
mod compare;
mod debits;
mod faults;
mod following;
mod holding;
mod keeping_up;
mod life;
mod lines;
mod notes;
mod overtaken;
mod paying;
mod quotes;
mod refunds;
mod settling;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Answer, Basis, Error, Expected, Filter, NewOrder, NewPayment, NewQuote, Once, Orders, Settings, Told};
use crate::clock::Clock;
use crate::ledger::{Begun, Ledger};
use crate::model::ids::{OrderId, QuoteId, SkuId};
use crate::model::order::{Kind, Order, State};
use crate::model::partner::{Caller, Mode, Partner, Scopes};
use crate::model::payment::{Method, Payment};
use crate::model::plan::Plan;
use crate::model::quote::{Quantity, Quote, Wanted};
use crate::rates::Rates;
use crate::sql::trial;
use crate::upstream::Upstream;
use crate::{rates, sandbox, upstream};

const LEASE_MS: i64 = 30_000;

/// A gateway's room, its ledger, and the catalogue it speaks to.
struct Scene {
    house: trial::House,
    clock: Clock,
    catalogue: sandbox::Running,
    control: reqwest::Client,
    room: Orders,
    caller: Caller,
}

async fn scenes() -> Vec<Scene> {
    let mut scenes = Vec::new();
    for house in trial::houses().await {
        scenes.push(Scene::open(house).await);
    }
    scenes
}

fn upstream(url: &str, token: &str, clock: &Clock) -> Upstream {
    let endpoint = upstream::Endpoint { url: url.parse().unwrap(), token: token.to_owned().into() };
    let settings =
        upstream::Settings { clock: clock.clone(), sandbox: Some(endpoint), ..upstream::Settings::default() };
    Upstream::new(&settings, Arc::default()).unwrap()
}

fn caller() -> Caller {
    let plan = Plan { id: "starter".into(), policies: Vec::new(), in_flight: 8, price_tier: "standard".into() };
    let partner = Partner {
        id: "acme".parse().unwrap(),
        name: "Acme".into(),
        country: "JP".into(),
        suspended: false,
        plan: Arc::new(plan),
    };
    Caller { partner: Arc::new(partner), key_id: "xyk_test".into(), mode: Mode::Sandbox, scopes: Scopes::all() }
}

fn render(order: &Order) -> Answer {
    let status = match order.state {
        State::Unknown => 202,
        State::Rejected => order.refusal().map_or(500, |refusal| refusal.code.facts().status),
        _ => 201,
    };
    let body = format!("{} {} v{}", order.deed.id, order.state, order.version).into_bytes();
    Answer { status, headers: vec![("location".into(), format!("/v1/orders/{}", order.deed.id))], body }
}

fn render_payment(payment: &Payment) -> Answer {
    let body = format!("{} {}", payment.id, payment.state().name());
    Answer { status: 201, headers: Vec::new(), body: body.into_bytes() }
}

fn once(key: &str) -> Once {
    Once { key: key.to_owned(), body_hash: key.as_bytes().to_vec() }
}

impl Scene {
    async fn open(house: trial::House) -> Self {
        let settings = sandbox::Settings { offers: 300, pace: 0.0, workers: 1, ..sandbox::Settings::default() };
        let catalogue = sandbox::start(settings, |_| {}).await.unwrap();
        let clock = Clock::shiftable();
        let ledger = Ledger::new(house.sql.clone(), clock.clone());
        let room = Self::room(ledger, upstream(&catalogue.url(), &catalogue.token, &clock), &clock);
        let control = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { house, clock, catalogue, control, room, caller: caller() }
    }

    fn room(ledger: Ledger, upstream: Upstream, clock: &Clock) -> Orders {
        let settings = Settings {
            quote_valid_s: 1800,
            warehouse: "YW01".parse().unwrap(),
            lease_ms: LEASE_MS,
            reconcile_ms: 2000,
            unknown_bound_s: 3600,
            compare_ms: 3_600_000,
            live_in_cny_only: false,
        };
        let rates = rates::Settings::default();
        Orders::new(settings, ledger, upstream, Rates::open(rates, clock.clone()).unwrap(), clock.clone())
    }

    /// The same gateway as another node of it sees things.
    async fn other_node(&self) -> Orders {
        let ledger = Ledger::new(self.house.another().await, self.clock.clone());
        Self::room(ledger, upstream(&self.catalogue.url(), &self.catalogue.token, &self.clock), &self.clock)
    }

    /// The same gateway while the catalogue cannot be reached.
    fn cut_off(&self) -> Orders {
        let ledger = Ledger::new(self.house.sql.clone(), self.clock.clone());
        Self::room(ledger, upstream("http://127.0.0.1:9", "x", &self.clock), &self.clock)
    }

    async fn say(&self, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.catalogue.url());
        let request = if body.is_null() { self.control.get(url) } else { self.control.post(url).json(&body) };
        let answer = request.header("X-Internal-Token", &self.catalogue.token).send().await.unwrap();
        let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!(answer["success"], true, "{path}: {answer}");
        answer["data"].clone()
    }

    async fn fault(&self, method: &str, path: &str, kind: &str, times: i64) {
        let fault = json!({"match": path, "method": method, "kind": kind, "times": times, "ms": 300, "status": 503});
        self.say("/control/faults", fault).await;
    }

    async fn heal(&self) {
        let url = format!("{}/control/faults", self.catalogue.url());
        self.control.delete(url).header("X-Internal-Token", &self.catalogue.token).send().await.unwrap();
    }

    /// What partners heard of something, in their order.
    async fn told(&self, subject: &str) -> Vec<(String, Value)> {
        const TOLD: &str = "SELECT kind, data FROM events WHERE subject = $1 ORDER BY serial";
        let rows = self.house.sql.fetch_all(TOLD, crate::sql::args![subject]).await.unwrap();
        let told = |row: &crate::sql::Row| {
            (row.text("kind").unwrap(), serde_json::from_str(&row.text("data").unwrap()).unwrap())
        };
        rows.iter().map(told).collect()
    }

    /// Everything the feed said until now was missed.
    async fn miss_the_feed(&self) {
        const MISS: &str = "INSERT INTO feed_cursors (feed, seq) VALUES ('changes/sandbox', $1) \
            ON CONFLICT (feed) DO UPDATE SET seq = excluded.seq";
        let last = self.say("/changes?after=0&limit=1", Value::Null).await["lastSeq"].as_i64().unwrap();
        self.house.sql.execute(MISS, crate::sql::args![last]).await.unwrap();
    }

    /// Lets an order's first event be of another kind.
    async fn rewrite_first_event(&self, order: &Order, kind: &str) {
        const REWRITE: &str = "UPDATE order_events SET kind = $2 WHERE order_id = $1 AND version = 1";
        self.house.sql.execute(REWRITE, crate::sql::args![order.deed.id.as_str(), kind]).await.unwrap();
    }

    /// How many orders the catalogue has.
    async fn placed(&self) -> i64 {
        self.say("/control/stats", Value::Null).await["ordersCreated"].as_i64().unwrap()
    }

    /// Lines that can be bought together from different goods.
    async fn goods(&self, how_many: usize) -> Vec<(i64, Wanted)> {
        let found = self.say("/goods/search?pageSize=50&sort=price_asc", Value::Null).await;
        let mut lines = Vec::new();
        for brief in found["items"].as_array().unwrap() {
            let goods = brief["goodsId"].as_i64().unwrap();
            let detail = self.say(&format!("/goods/{goods}"), Value::Null).await;
            let sku = &detail["skus"][0];
            let least = detail["beginAmount"].as_i64().unwrap();
            let batch = detail["batchAmount"].as_i64().unwrap_or(1);
            let quantity = (least + batch - 1) / batch * batch;
            let restricted = detail["restrictedCountries"].as_array().is_some_and(|all| !all.is_empty());
            if restricted || sku["stock"].as_i64().unwrap() < quantity * 3 {
                continue;
            }
            let sku = SkuId::new(sku["skuId"].as_i64().unwrap());
            lines.push((goods, Wanted { sku, quantity: Quantity::new(quantity).unwrap() }));
            if lines.len() == how_many {
                return lines;
            }
        }
        panic!("the sandbox has too few plain goods")
    }

    async fn quote(&self) -> Quote {
        let line = self.goods(1).await.remove(0).1;
        self.room.quote(&self.caller, wish(vec![line])).await.unwrap().quotes.remove(0)
    }

    async fn order_wish(&self, reference: &str) -> NewOrder {
        by_quote(reference, self.quote().await.id)
    }

    async fn place(&self, key: &str, wish: &NewOrder) -> Result<Told, Error> {
        self.room.place(&self.caller, once(key), wish.clone(), &render).await
    }

    async fn placed_order(&self, reference: &str) -> Order {
        let wish = self.order_wish(reference).await;
        assert_eq!(self.place(&format!("key-{reference}"), &wish).await.unwrap().answer.status, 201);
        self.by_reference(reference).await
    }

    async fn by_reference(&self, reference: &str) -> Order {
        self.room.by_reference(&self.caller, &reference.parse().unwrap()).await.unwrap()
    }

    async fn reconcile_after(&self, ms: i64) -> super::Reconciled {
        self.clock.advance_ms(ms);
        self.room.reconcile(Mode::Sandbox).await.unwrap()
    }

    async fn follow(&self) -> super::Followed {
        self.room.follow(Mode::Sandbox, Duration::ZERO).await.unwrap()
    }

    async fn advance(&self, order: &Order, to: &str) {
        let number = order.catalogue_order.unwrap().number();
        self.say("/control/advance", json!({"orderNo": number, "to": to})).await;
    }

    /// Begins an order and dies before anything else.
    async fn begin_and_die(&self, key: &str, wish: &NewOrder) -> (crate::ledger::Lease, Order) {
        let asked = self.room.key_use(&self.caller, once(key), "create_order");
        match self.room.ledger.begin_order(asked, booked(wish)).await.unwrap() {
            Begun::Fresh(lease, order) => (lease, order),
            other => panic!("{other:?}"),
        }
    }

    async fn pay(&self, key: &str, order: &Order, method: Method) -> Payment {
        let wish = to_pay(vec![order.deed.id.clone()], method);
        let told = self.room.pay(&self.caller, once(key), wish, &render_payment).await.unwrap();
        let text = String::from_utf8(told.answer.body).unwrap();
        let id = text.split(' ').next().unwrap().parse().unwrap();
        self.room.payment(&self.caller, &id).await.unwrap()
    }
}

fn by_quote(reference: &str, quote: QuoteId) -> NewOrder {
    let (reference, note) = (reference.parse().unwrap(), Some("谢谢".into()));
    NewOrder { reference, basis: Basis::Quote(quote), note, expected_total: None }
}

/// The wish as the ledger takes it.
fn booked(wish: &NewOrder) -> crate::ledger::NewOrder {
    let Basis::Quote(quote) = &wish.basis else { panic!("{wish:?}") };
    let (reference, quote, note) = (wish.reference.clone(), quote.clone(), wish.note.clone());
    crate::ledger::NewOrder { reference, quote, note }
}

fn to_pay(orders: Vec<OrderId>, method: Method) -> NewPayment {
    NewPayment { orders, method, expected: Expected::default() }
}

fn wish(lines: Vec<Wanted>) -> NewQuote {
    NewQuote { lines, warehouse: None, ship_to: None, currency: "JPY".parse().unwrap() }
}

fn kinds(order: &Order) -> Vec<Kind> {
    order.events.iter().map(|event| event.kind).collect()
}

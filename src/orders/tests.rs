//! The room against the sandbox catalogue, on every engine at hand. `fault_NN` are the contract's fault points.

mod agreed;
mod compare;
mod following;
mod holding;
mod keeping_up;
mod lines;
mod notes;
mod overtaken;
mod paying;
mod refunds;
mod settling;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{
    Answer, Basis, Error, Expected, Filter, NewOrder, NewPayment, NewQuote, Once, Orders, Refused, Settings, Told,
};
use crate::clock::Clock;
use crate::error::{Code, Failure};
use crate::ledger::{Begun, Ledger};
use crate::model::ids::{OrderId, QuoteId, SkuId};
use crate::model::money::Money;
use crate::model::order::{Kind, Order, State};
use crate::model::page::{Cursor, PageSize};
use crate::model::partner::{Caller, Mode, Partner, Scopes};
use crate::model::payment::{Method, PartState, Payment, Whole};
use crate::model::plan::Plan;
use crate::model::quote::{Quantity, Quote, Trouble, Wanted};
use crate::rates::{self, Rates};
use crate::sandbox;
use crate::sql::trial;
use crate::upstream::wholesale::wire::trade::PayMode;
use crate::upstream::{self, Upstream};

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

fn upstream(url: &str, token: &str) -> Upstream {
    let endpoint = upstream::Endpoint { url: url.parse().unwrap(), token: token.to_owned().into() };
    let settings = upstream::Settings { sandbox: Some(endpoint), ..upstream::Settings::default() };
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
        let room = Self::room(ledger, upstream(&catalogue.url(), &catalogue.token), &clock);
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
        };
        let rates = rates::Settings { source: rates::Source::Embedded, stale_after_days: 7 };
        Orders::new(settings, ledger, upstream, Rates::open(rates, clock.clone()).unwrap(), clock.clone())
    }

    /// The same gateway as another node of it sees things.
    async fn other_node(&self) -> Orders {
        let ledger = Ledger::new(self.house.another().await, self.clock.clone());
        Self::room(ledger, upstream(&self.catalogue.url(), &self.catalogue.token), &self.clock)
    }

    /// The same gateway while the catalogue cannot be reached.
    fn cut_off(&self) -> Orders {
        let ledger = Ledger::new(self.house.sql.clone(), self.clock.clone());
        Self::room(ledger, upstream("http://127.0.0.1:9", "x"), &self.clock)
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

#[tokio::test]
async fn a_quote_holds_what_can_be_had_and_says_why_for_the_rest() {
    for scene in scenes().await {
        let mut lines: Vec<_> = scene.goods(3).await.into_iter().map(|(_, line)| line).collect();
        lines.insert(1, Wanted { sku: SkuId::new(1), quantity: Quantity::new(1).unwrap() });
        lines.push(Wanted { sku: lines[0].sku, quantity: Quantity::new(5).unwrap() });
        let refused = scene.room.quote(&scene.caller, wish(lines.clone())).await.unwrap_err();
        assert_eq!(refused.places()[0].pointer, "#/lines/4/sku_id");
        lines.pop();
        let quoted = scene.room.quote(&scene.caller, wish(lines.clone())).await.unwrap();
        assert_eq!(quoted.problems.len(), 1);
        assert_eq!((quoted.problems[0].line, quoted.problems[0].trouble), (1, Trouble::SkuNotFound));
        let quoted_lines: usize = quoted.quotes.iter().map(|quote| quote.basket.lines.len()).sum();
        assert_eq!(quoted_lines, 3);
        let stored = scene.room.get_quote(&scene.caller, &quoted.quotes[0].id).await.unwrap();
        assert_eq!((&stored.basket, stored.exchange.currency.code()), (&quoted.quotes[0].basket, "JPY"));
        let nothing = scene.room.quote(&scene.caller, wish(vec![lines[1]])).await.unwrap_err();
        assert_eq!((nothing.code(), nothing.places()[0].pointer.as_str()), (Code::NothingToQuote, "#/lines/0"));
        let extras = nothing.extras();
        let problems: Value = serde_json::from_str(&extras[0].1).unwrap();
        assert_eq!((extras[0].0, problems[0]["code"].as_str()), ("problems", Some("sku_not_found")));
        assert_eq!(problems[0]["pointer"], "#/lines/0");
        let nowhere = NewQuote { warehouse: Some("XX99".parse().unwrap()), ..wish(vec![lines[0]]) };
        let nowhere = scene.room.quote(&scene.caller, nowhere).await.unwrap_err();
        assert_eq!(nowhere.places()[0].pointer, "#/warehouse");
    }
}

#[tokio::test]
async fn fault_01_without_a_durable_intent_nothing_is_ordered() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        let broken = scene.other_node().await;
        let closed = scene.house.another().await;
        closed.close().await;
        let broken = Orders { ledger: Ledger::new(closed, scene.clock.clone()), ..broken };
        let failed = broken.place(&scene.caller, once("key-0001"), wish.clone(), &render).await.unwrap_err();
        assert_eq!((failed.code(), failed.retry_after_s()), (Code::LedgerUnavailable, Some(2)));
        assert_eq!(scene.placed().await, 0);
        assert_eq!(scene.place("key-0001", &wish).await.unwrap().answer.status, 201);
        assert_eq!(scene.placed().await, 1);
    }
}

#[tokio::test]
async fn fault_02_an_intent_whose_worker_died_is_resumed_by_the_same_key() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        scene.begin_and_die("key-0001", &wish).await;
        let early = scene.place("key-0001", &wish).await.unwrap_err();
        assert_eq!((early.code(), early.retry_after_s()), (Code::OrderInProgress, Some(2)));
        scene.clock.advance_ms(LEASE_MS + 1);
        assert_eq!(scene.place("key-0001", &wish).await.unwrap().answer.status, 201);
        assert_eq!(scene.placed().await, 1);
    }
}

#[tokio::test]
async fn fault_02_an_intent_that_nobody_repeats_is_placed_by_the_reconciler() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        scene.begin_and_die("key-0001", &wish).await;
        assert_eq!(
            scene.room.reconcile(Mode::Sandbox).await.unwrap(),
            super::Reconciled::default(),
            "its worker may still live"
        );
        assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.settled, 1);
        let order = scene.by_reference("PO-1").await;
        use Kind::{Accepted, PlacingStarted, Received, TriedAgain, Unanswered};
        assert_eq!(kinds(&order), [Received, PlacingStarted, Unanswered, TriedAgain, Accepted]);
        assert_eq!(scene.place("key-0001", &wish).await.unwrap().answer.status, 201);
        assert_eq!(scene.placed().await, 1);
    }
}

#[tokio::test]
async fn fault_03_an_order_whose_answer_was_lost_is_unknown_and_then_found() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        scene.fault("POST", "/trade/orders", "drop_after", 1).await;
        let told = scene.place("key-0001", &wish).await.unwrap();
        assert_eq!((told.answer.status, scene.by_reference("PO-1").await.state), (202, State::Unknown));
        assert_eq!(scene.room.unsettled().await.unwrap().unknown, 1);
        let other_key = scene.place("key-0002", &scene.order_wish("PO-1").await).await.unwrap_err();
        assert_eq!(other_key.code(), Code::ReferenceTaken, "a new key must not order again");
        assert_eq!(scene.reconcile_after(2001).await.settled, 1);
        assert_eq!(scene.by_reference("PO-1").await.state, State::AwaitingPayment);
        assert_eq!((scene.placed().await, scene.room.unsettled().await.unwrap().unknown), (1, 0));
        let again = scene.place("key-0001", &wish).await.unwrap();
        assert_eq!((again.replayed, again.answer), (true, told.answer));
    }
}

#[tokio::test]
async fn fault_03_an_order_that_did_not_arrive_is_placed_again_under_the_same_reference() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        scene.fault("POST", "/trade/orders", "drop_before", 2).await;
        assert_eq!(scene.place("key-0001", &wish).await.unwrap().answer.status, 202);
        assert_eq!(scene.reconcile_after(2001).await.open, 1);
        assert_eq!(scene.placed().await, 0);
        assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.settled, 1);
        let order = scene.by_reference("PO-1").await;
        assert_eq!((order.state, scene.placed().await), (State::AwaitingPayment, 1));
        let there = scene.say(&format!("/trade/orders/{}", order.catalogue_order.unwrap()), Value::Null).await;
        assert_eq!(there["outRef"], order.deed.id.as_str());
        assert_eq!((there["channel"].as_str(), there["destCountry"].as_str()), (Some("CROSS_BORDER"), Some("JP")));
        assert_eq!(
            (there["partnerCode"].as_str(), there["totalFen"].as_i64()),
            (Some("acme"), Some(order.deed.basket.total.minor))
        );
    }
}

#[tokio::test]
async fn fault_04_an_answer_that_was_not_stored_is_asked_for_again() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        let (_, order) = scene.begin_and_die("key-0001", &wish).await;
        assert!(matches!(scene.room.send(&order.deed).await, super::catalogue::Sent::Taken(_)));
        scene.clock.advance_ms(LEASE_MS + 1);
        assert_eq!(scene.place("key-0001", &wish).await.unwrap().answer.status, 201);
        assert_eq!((scene.placed().await, scene.by_reference("PO-1").await.state), (1, State::AwaitingPayment));
    }
}

#[tokio::test]
async fn fault_05_a_lost_answer_is_given_again_byte_for_byte() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        let first = scene.place("key-0001", &wish).await.unwrap();
        let order = scene.by_reference("PO-1").await;
        scene.advance(&order, "waitbuyerreceive").await;
        scene.follow().await;
        scene.clock.advance_ms(3_600_000);
        let again = scene.place("key-0001", &wish).await.unwrap();
        assert_eq!((first.replayed, again.replayed, &again.answer), (false, true, &first.answer));
        assert_eq!(scene.placed().await, 1);
    }
}

#[tokio::test]
async fn fault_06_parallel_calls_with_one_key_on_two_nodes_order_once() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        let other = scene.other_node().await;
        scene.fault("POST", "/trade/orders", "slow", -1).await;
        let calls = (0..6).map(|n| {
            let room = if n % 2 == 0 { &scene.room } else { &other };
            room.place(&scene.caller, once("key-0001"), wish.clone(), &render)
        });
        let told = futures_util::future::join_all(calls).await;
        let good = told.iter().filter(|told| told.as_ref().is_ok_and(|told| told.answer.status == 201)).count();
        let waiting = told.iter().filter(|told| told.as_ref().is_err_and(|e| e.code() == Code::OrderInProgress));
        assert_eq!((good, waiting.count(), scene.placed().await), (1, 5, 1), "{told:?}");
    }
}

#[tokio::test]
async fn fault_07_the_same_key_with_another_body_is_refused() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        scene.place("key-0001", &wish).await.unwrap();
        let other = Once { body_hash: b"other".to_vec(), ..once("key-0001") };
        let refused = scene.room.place(&scene.caller, other, wish, &render).await.unwrap_err();
        assert_eq!((refused.code(), scene.placed().await), (Code::IdempotencyMismatch, 1));
    }
}

#[tokio::test]
async fn fault_08_a_key_reused_after_its_life_does_not_order_again() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        scene.place("key-0001", &wish).await.unwrap();
        let first = scene.by_reference("PO-1").await;
        scene.clock.advance_ms(73 * 3_600_000);
        let refused = scene.place("key-0001", &scene.order_wish("PO-1").await).await.unwrap_err();
        assert_eq!((refused.code(), scene.placed().await), (Code::ReferenceTaken, 1));
        assert_eq!(refused.extras(), [("order_id", format!("\"{}\"", first.deed.id))]);
    }
}

#[tokio::test]
async fn fault_10_two_workers_on_one_key_store_one_answer_and_one_order() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        let other = scene.other_node().await;
        scene.fault("POST", "/trade/orders", "slow", 1).await;
        let slow = scene.place("key-0001", &wish);
        let second = async {
            while scene.room.by_reference(&scene.caller, &"PO-1".parse().unwrap()).await.is_err() {
                tokio::task::yield_now().await;
            }
            scene.clock.advance_ms(LEASE_MS + 1);
            other.place(&scene.caller, once("key-0001"), wish.clone(), &render).await
        };
        let (slow, second) = tokio::join!(slow, second);
        let second = second.unwrap();
        assert_eq!(slow.unwrap_err().code(), Code::OrderInProgress, "the first worker's lease was over");
        assert_eq!((second.answer.status, scene.placed().await), (201, 1));
        assert_eq!(scene.place("key-0001", &wish).await.unwrap().answer, second.answer);
        assert_eq!(kinds(&scene.by_reference("PO-1").await).len(), 5);
    }
}

#[tokio::test]
async fn fault_11_a_changed_price_or_stock_is_refused_with_the_new_figures() {
    for scene in scenes().await {
        let (goods, line) = scene.goods(1).await.remove(0);
        let quoted = scene.room.quote(&scene.caller, wish(vec![line])).await.unwrap().quotes.remove(0);
        scene.say(&format!("/control/goods/{goods}"), json!({"price": "+50%"})).await;
        let order = by_quote("PO-1", quoted.id.clone());
        let told = scene.place("key-0001", &order).await.unwrap();
        let rejected = scene.by_reference("PO-1").await;
        assert_eq!((told.answer.status, rejected.state, scene.placed().await), (409, State::Rejected, 0));
        let refusal = rejected.refusal().unwrap();
        assert_eq!((refusal.code, refusal.lines[0].sku), (Code::PriceChanged, line.sku));
        assert!(refusal.lines[0].unit_price.unwrap().minor > quoted.basket.lines[0].unit_price.minor);
        let new_total = refusal.total.unwrap();
        assert_eq!(scene.place("key-0001", &order).await.unwrap().answer, told.answer, "a refusal is repeated too");

        let fresh = scene.room.quote(&scene.caller, wish(vec![line])).await.unwrap().quotes.remove(0);
        assert_eq!(fresh.basket.total, new_total);
        scene.say(&format!("/control/goods/{goods}"), json!({"stock": 0})).await;
        let order = by_quote("PO-2", fresh.id);
        assert_eq!(scene.place("key-0002", &order).await.unwrap().answer.status, 409);
        let refused = scene.by_reference("PO-2").await;
        let refusal = refused.refusal().unwrap();
        assert_eq!((refusal.code, refusal.lines[0].stock), (Code::OutOfStock, Some(0)));
        let refusal = Refused::of(refusal.clone(), None);
        assert_eq!(refusal.places()[0].pointer, "#/quote_id");
        assert!(refusal.extras().iter().any(|(name, json)| *name == "lines" && json.contains("\"stock\":0")));
    }
}

#[tokio::test]
async fn fault_12_the_feed_may_tell_of_an_order_before_its_answer_is_stored() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        let (lease, order) = scene.begin_and_die("key-0001", &wish).await;
        let sent = scene.room.send(&order.deed).await;
        assert_eq!(scene.follow().await.moved, 1);
        let known = scene.by_reference("PO-1").await;
        assert_eq!((known.state, known.deed.reference.as_str()), (State::AwaitingPayment, "PO-1"));
        let told = scene.room.settle(&lease, order, Some(sent), &render).await.unwrap();
        assert_eq!(told.answer, render(&known));
        assert_eq!(scene.by_reference("PO-1").await, known, "the answer added nothing to the story");
    }
}

#[tokio::test]
async fn fault_13_a_cancel_waits_until_the_placing_is_settled() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        let (_, placing) = scene.begin_and_die("key-0001", &wish).await;
        let id: OrderId = placing.deed.id.clone();
        let early = scene.room.cancel(&scene.caller, &id, None).await.unwrap_err();
        assert_eq!(early.code(), Code::OrderStateConflict);
        assert!(early.detail().unwrap().contains("wait"), "{early:?}");
        scene.fault("POST", "/trade/orders", "drop_after", 1).await;
        assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.open, 1);
        let unknown = scene.room.cancel(&scene.caller, &id, None).await.unwrap_err();
        assert_eq!(unknown.code(), Code::OrderStateConflict);
        assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.settled, 1);
        let cancelled = scene.room.cancel(&scene.caller, &id, Some("changed my mind")).await.unwrap();
        assert_eq!(cancelled.state, State::Cancelled);
        assert_eq!(scene.room.cancel(&scene.caller, &id, None).await.unwrap().version, cancelled.version);
        let there = scene.say(&format!("/trade/orders/{}", cancelled.catalogue_order.unwrap()), Value::Null).await;
        assert_eq!(there["status"], "cancel");
    }
}

#[tokio::test]
async fn an_order_that_surely_was_not_sent_can_be_asked_for_again_and_ends_with_its_quote() {
    for scene in scenes().await {
        let (wish, late) = (scene.order_wish("PO-1").await, scene.order_wish("PO-2").await);
        let off = scene.cut_off();
        for (key, wish) in [("key-0001", &wish), ("key-0001", &wish), ("key-0002", &late)] {
            let refused = off.place(&scene.caller, once(key), wish.clone(), &render).await.unwrap_err();
            assert_eq!((refused.code(), refused.retry_after_s()), (Code::UpstreamUnavailable, Some(2)));
        }
        assert_eq!(scene.by_reference("PO-1").await.state, State::Received);
        assert_eq!(scene.place("key-0001", &wish).await.unwrap().answer.status, 201);
        assert_eq!(scene.placed().await, 1);
        assert_eq!(scene.reconcile_after(1_800_001).await.settled, 1);
        let ended = scene.by_reference("PO-2").await;
        assert_eq!((ended.state, ended.reason.as_deref()), (State::Rejected, Some("quote_expired")));
        assert_eq!((scene.place("key-0002", &late).await.unwrap().answer.status, scene.placed().await), (409, 1));
    }
}

#[tokio::test]
async fn an_order_that_was_given_back_is_not_placed_after_its_quote_expired() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        scene.clock.advance_ms(1_000_000);
        let off = scene.cut_off();
        off.place(&scene.caller, once("key-0001"), wish.clone(), &render).await.unwrap_err();
        scene.clock.advance_ms(900_000);
        assert_eq!(scene.place("key-0001", &wish).await.unwrap().answer.status, 409);
        let ended = scene.by_reference("PO-1").await;
        assert_eq!((ended.state, ended.reason.as_deref()), (State::Rejected, Some("quote_expired")));
        let told = Refused::of(ended.refusal().unwrap().clone(), None).detail().unwrap();
        assert!(told.ends_with(Code::QuoteExpired.facts().advice));
        assert_eq!(scene.placed().await, 0);
    }
}

#[tokio::test]
async fn a_cursor_that_no_page_ended_with_is_refused() {
    for scene in scenes().await {
        scene.placed_order("PO-1").await;
        scene.placed_order("PO-2").await;
        let (filter, size) = (Filter::default(), PageSize::new(1).unwrap());
        let first = scene.room.list(&scene.caller, &filter, None, size).await.unwrap();
        let second = scene.room.list(&scene.caller, &filter, first.next.as_ref(), size).await.unwrap();
        assert_eq!((second.items[0].deed.reference.as_str(), &second.next), ("PO-1", &None));
        for wrong in ["x", "", "1790000000000-ord_1\0", "MTc5MDAwMDAwMDAwMA"] {
            let wrong = scene.room.list(&scene.caller, &filter, Some(&Cursor(wrong.into())), size).await.unwrap_err();
            assert_eq!((wrong.code(), wrong.places()[0].pointer.as_str()), (Code::InvalidRequest, "query:cursor"));
        }
    }
}

#[tokio::test]
async fn a_resumed_attempt_that_is_not_reached_stays_unknown_because_an_earlier_one_may_have_got_through() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        let (_, order) = scene.begin_and_die("key-0001", &wish).await;
        scene.room.send(&order.deed).await;
        scene.clock.advance_ms(LEASE_MS + 1);
        let told = scene.cut_off().place(&scene.caller, once("key-0001"), wish.clone(), &render).await.unwrap();
        assert_eq!((told.answer.status, scene.by_reference("PO-1").await.state), (202, State::Unknown));
        assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.settled, 1);
        assert_eq!(scene.placed().await, 1);
    }
}

#[tokio::test]
async fn an_order_that_cannot_be_asked_about_for_too_long_is_handed_to_a_person_and_ends_when_it_can() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        scene.fault("POST", "/trade/orders", "drop_before", -1).await;
        scene.fault("GET", "/trade/orders/byOutRef", "status", -1).await;
        scene.place("key-0001", &wish).await.unwrap();
        assert_eq!(scene.reconcile_after(3_700_000).await.handed_over, 1);
        assert_eq!(scene.reconcile_after(400_000).await.handed_over, 0);
        let order = scene.by_reference("PO-1").await;
        assert_eq!((order.state, scene.placed().await), (State::Unknown, 0));
        assert_eq!(kinds(&order).iter().filter(|kind| **kind == Kind::HandedToPerson).count(), 1);
        scene.heal().await;
        assert_eq!(scene.reconcile_after(400_000).await.settled, 1);
        let ended = scene.by_reference("PO-1").await;
        assert_eq!((ended.state, ended.refusal().unwrap().code), (State::Rejected, Code::OrderRefused));
        assert_eq!(scene.placed().await, 0);
    }
}

#[tokio::test]
async fn a_repeat_that_is_refused_proves_nothing_while_the_first_call_may_still_get_through() {
    for scene in scenes().await {
        for late in [true, false] {
            let (goods, line) = scene.goods(1).await.remove(0);
            let quote = scene.room.quote(&scene.caller, wish(vec![line])).await.unwrap().quotes.remove(0);
            let name = format!("PO-{late}");
            let order = by_quote(&name, quote.id);
            scene.fault("POST", "/trade/orders", "drop_before", 1).await;
            scene.place(&format!("key-{late}"), &order).await.unwrap();
            scene.say(&format!("/control/goods/{goods}"), json!({"stock": 0})).await;
            assert_eq!(scene.reconcile_after(20_001).await.open, 1);
            let unknown = scene.by_reference(&name).await;
            assert_eq!(unknown.state, State::Unknown, "the first call may still be under way");
            if late {
                scene.say(&format!("/control/goods/{goods}"), json!({"stock": 9000})).await;
                scene.room.send(&unknown.deed).await;
            }
            let second = NewOrder { reference: format!("{name}-b").parse().unwrap(), ..order };
            let second = scene.place(&format!("key-b-{late}"), &second).await.unwrap_err();
            assert_eq!(second.code(), Code::QuoteUsed);
            assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.settled, 1);
            let state = scene.by_reference(&name).await.state;
            assert_eq!(state, if late { State::AwaitingPayment } else { State::Rejected });
            scene.say(&format!("/control/goods/{goods}"), json!({"stock": 9000})).await;
        }
        assert_eq!(scene.placed().await, 1);
    }
}

#[tokio::test]
async fn an_order_rejected_here_that_is_alive_at_the_catalogue_is_taken_back_there() {
    for scene in scenes().await {
        let (goods, line) = scene.goods(1).await.remove(0);
        let quote = scene.room.quote(&scene.caller, wish(vec![line])).await.unwrap().quotes.remove(0);
        scene.say(&format!("/control/goods/{goods}"), json!({"stock": 0})).await;
        let order = by_quote("PO-1", quote.id);
        assert_eq!(scene.place("key-0001", &order).await.unwrap().answer.status, 409);
        scene.say(&format!("/control/goods/{goods}"), json!({"stock": 9000})).await;
        let rejected = scene.by_reference("PO-1").await;
        let super::catalogue::Sent::Taken(late) = scene.room.send(&rejected.deed).await else { panic!("not taken") };
        scene.follow().await;
        let there = scene.say(&format!("/trade/orders/{}", late.number), Value::Null).await;
        assert_eq!(
            (there["status"].as_str(), scene.by_reference("PO-1").await.state),
            (Some("cancel"), State::Rejected)
        );
    }
}

#[tokio::test]
async fn nothing_is_paid_but_the_amount_that_the_order_shows() {
    for scene in scenes().await {
        let order = scene.placed_order("PO-1").await;
        let number = order.catalogue_order.unwrap();
        scene.say(&format!("/control/orders/{number}"), json!({"priceFen": 500_000})).await;
        for method in [Method::Debit, Method::Page] {
            let late = scene.placed_order(&format!("PO-{}", method.name())).await;
            let number = late.catalogue_order.unwrap();
            scene.say(&format!("/control/orders/{number}"), json!({"priceFen": 500_000})).await;
            let payment = scene.pay(&format!("key-{}", method.name()), &late, method).await;
            let part = &payment.parts[0];
            assert_eq!((part.state, part.problem.as_deref()), (PartState::Failed, Some("price_changed")));
            let there = scene.say(&format!("/trade/orders/{number}"), Value::Null).await;
            assert_eq!((there["status"].as_str(), there["paidFen"].as_i64()), (Some("waitbuyerpay"), Some(0)));
            assert_eq!(kinds(&scene.by_reference(late.deed.reference.as_str()).await).last(), Some(&Kind::Repriced));
        }
        let until = std::time::Instant::now() + Duration::from_secs(9);
        let old = scene
            .room
            .ask_to_pay(Mode::Sandbox, number, PayMode::Debit, "pay_1", order.payable, until)
            .await
            .unwrap_err();
        assert!(old.to_string().contains("PRICE_CHANGED"), "{old}");
        scene.follow().await;
        let shown = scene.by_reference("PO-1").await;
        assert_eq!((shown.state, shown.payable), (State::AwaitingPayment, Money::fen(500_000)));
        let listed = scene.room.list(&scene.caller, &Filter::default(), None, PageSize::default()).await.unwrap();
        assert!(listed.items.iter().all(|order| order.payable == Money::fen(500_000)));
        assert_eq!(scene.room.payment_options(&scene.caller, &shown.deed.id).await.unwrap().total, shown.payable);
        assert_eq!(scene.pay("key-agreed", &shown, Method::Debit).await.state(), Whole::Paid);
        let there = scene.say(&format!("/trade/orders/{number}"), Value::Null).await;
        assert_eq!(there["paidFen"], 500_000);
    }
}

#[tokio::test]
async fn a_debit_that_was_agreed_to_before_the_price_changed_is_not_said_again() {
    for scene in scenes().await {
        let order = scene.placed_order("PO-1").await;
        let asked = scene.room.key_use(&scene.caller, once("key-pay1"), "create_payment");
        let id = order.deed.id.clone();
        let begun = scene.room.ledger.begin_payment(asked, Method::Debit, vec![(id, None)]).await.unwrap();
        let Begun::Fresh(_, payment) = begun else { panic!("{begun:?}") };
        scene.clock.advance_ms(1);
        let number = order.catalogue_order.unwrap();
        scene.say(&format!("/control/orders/{number}"), json!({"priceFen": 500_000})).await;
        scene.follow().await;
        assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.debits, 1);
        let payment = scene.room.payment(&scene.caller, &payment.id).await.unwrap();
        assert_eq!(payment.parts[0].problem.as_deref(), Some("price_changed"));
        assert_eq!(scene.by_reference("PO-1").await.state, State::AwaitingPayment);
    }
}

#[tokio::test]
async fn a_refusal_that_is_not_about_the_state_is_not_called_a_state_conflict() {
    for scene in scenes().await {
        let order = scene.placed_order("PO-1").await;
        scene.fault("POST", "/trade/orders/{orderNo}/cancel", "refuse", 1).await;
        let refused = scene.room.cancel(&scene.caller, &order.deed.id, None).await.unwrap_err();
        assert_eq!(refused.code(), Code::UpstreamRefused);
        scene.fault("POST", "/trade/orders/{orderNo}/pay", "refuse", 1).await;
        let payment = scene.pay("key-pay1", &order, Method::Debit).await;
        assert_eq!(payment.parts[0].problem.as_deref(), Some("upstream_refused"));
    }
}

#[tokio::test]
async fn a_payment_that_could_not_be_finished_can_be_asked_for_again_at_once() {
    for scene in scenes().await {
        let order = scene.placed_order("PO-1").await;
        let wish = || to_pay(vec![order.deed.id.clone()], Method::Debit);
        let asked = scene.room.key_use(&scene.caller, once("key-pay1"), "create_payment");
        scene.room.ledger.begin_payment(asked, Method::Debit, vec![(order.deed.id.clone(), None)]).await.unwrap();
        scene.clock.advance_ms(LEASE_MS + 1);
        scene.fault("GET", "/trade/orders/byOutRef", "status", -1).await;
        let failed = scene.room.pay(&scene.caller, once("key-pay1"), wish(), &render_payment).await.unwrap_err();
        assert_eq!(failed.code(), Code::UpstreamUnavailable);
        scene.heal().await;
        let told = scene.room.pay(&scene.caller, once("key-pay1"), wish(), &render_payment).await.unwrap();
        assert!(String::from_utf8(told.answer.body).unwrap().ends_with("paid"));
    }
}

#[tokio::test]
async fn an_order_that_cannot_be_understood_does_not_stop_the_feed() {
    for scene in scenes().await {
        let orders = [scene.placed_order("PO-1").await, scene.placed_order("PO-2").await];
        scene.follow().await;
        for order in &orders {
            scene.advance(order, "waitsellersend").await;
        }
        scene.fault("GET", "/trade/orders/byOutRef", "garbage", 1).await;
        assert_eq!(scene.follow().await, super::Followed { seen: 2, moved: 1, left_out: 1, more: false });
        assert_eq!(scene.follow().await, super::Followed::default());
        // They are looked up side by side, so that either may have met the garbage.
        let states = [scene.by_reference("PO-1").await.state, scene.by_reference("PO-2").await.state];
        assert_eq!(states.iter().filter(|state| **state == State::Paid).count(), 1, "{states:?}");
    }
}

#[tokio::test]
async fn the_feed_moves_an_order_through_its_whole_life_once() {
    for scene in scenes().await {
        let order = scene.placed_order("PO-1").await;
        scene.follow().await;
        let other = scene.other_node().await;
        let mut last = order.state;
        for (word, state) in [
            ("waitsellersend", State::Paid),
            ("waitbuyerreceive", State::Shipped),
            ("warehousesigned", State::AtWarehouse),
            ("inspected", State::Inspected),
            ("handedover", State::HandedOver),
            ("success", State::Completed),
        ] {
            assert!(last != state);
            scene.advance(&order, word).await;
            let nodes = tokio::join!(scene.follow(), other.follow(Mode::Sandbox, Duration::ZERO));
            assert!(nodes.0.moved + nodes.1.unwrap().moved >= 1, "{word}");
            last = scene.by_reference("PO-1").await.state;
            assert_eq!(last, state);
        }
        assert_eq!(scene.follow().await, super::Followed::default());
        let done = scene.by_reference("PO-1").await;
        let listed = scene.room.list(&scene.caller, &Filter::default(), None, PageSize::default()).await.unwrap();
        assert_eq!((listed.items.len(), listed.items[0].version), (1, done.version));
    }
}

#[tokio::test]
async fn changes_that_were_missed_are_made_up_for_in_one_step() {
    for scene in scenes().await {
        let order = scene.placed_order("PO-1").await;
        scene.advance(&order, "success").await;
        assert_eq!(scene.follow().await.moved, 1);
        let done = scene.by_reference("PO-1").await;
        use Kind::{Accepted, Completed, Paid, PlacingStarted, ReachedWarehouse, Received, Shipped};
        assert_eq!(kinds(&done), [Received, PlacingStarted, Accepted, Paid, Shipped, ReachedWarehouse, Completed]);
        let lost = scene.placed_order("PO-2").await;
        let number = lost.catalogue_order.unwrap();
        scene.say(&format!("/control/orders/{number}"), json!({"close": "seller_goods_lack"})).await;
        scene.follow().await;
        let closed = scene.by_reference("PO-2").await;
        assert_eq!((closed.state, closed.reason.as_deref()), (State::Closed, Some("seller_goods_lack")));
    }
}

#[tokio::test]
async fn a_pass_that_cannot_read_an_order_leaves_the_cursor_where_it_was() {
    for scene in scenes().await {
        let order = scene.placed_order("PO-1").await;
        scene.follow().await;
        scene.advance(&order, "waitsellersend").await;
        scene.fault("GET", "/trade/orders/byOutRef", "status", -1).await;
        assert!(scene.room.follow(Mode::Sandbox, Duration::ZERO).await.is_err());
        scene.heal().await;
        assert_eq!(scene.follow().await.moved, 1);
        assert_eq!(scene.by_reference("PO-1").await.state, State::Paid);
    }
}

#[tokio::test]
async fn receipt_is_confirmed_once_the_goods_are_there_even_if_nobody_told_us() {
    for scene in scenes().await {
        let order = scene.placed_order("PO-1").await;
        let id = &order.deed.id;
        assert_eq!(scene.room.confirm_receipt(&scene.caller, id).await.unwrap_err().code(), Code::OrderStateConflict);
        scene.advance(&order, "waitsellersend").await;
        scene.follow().await;
        assert_eq!(scene.room.confirm_receipt(&scene.caller, id).await.unwrap_err().code(), Code::OrderStateConflict);
        scene.advance(&order, "warehousesigned").await;
        let done = scene.room.confirm_receipt(&scene.caller, id).await.unwrap();
        assert_eq!(done.state, State::Completed);
        assert_eq!(scene.room.confirm_receipt(&scene.caller, id).await.unwrap().version, done.version);
        assert_eq!(scene.room.cancel(&scene.caller, id, None).await.unwrap_err().code(), Code::OrderStateConflict);
    }
}

#[tokio::test]
async fn a_cancel_whose_answer_was_lost_is_read_back() {
    for scene in scenes().await {
        let order = scene.placed_order("PO-1").await;
        scene.fault("POST", "/trade/orders/{orderNo}/cancel", "drop_after", 1).await;
        let cancelled = scene.room.cancel(&scene.caller, &order.deed.id, None).await.unwrap();
        assert_eq!(cancelled.state, State::Cancelled);
        let other = scene.placed_order("PO-2").await;
        scene.fault("POST", "/trade/orders/{orderNo}/cancel", "drop_before", 1).await;
        let lost = scene.room.cancel(&scene.caller, &other.deed.id, None).await.unwrap_err();
        assert_eq!(lost.code(), Code::UpstreamUnavailable);
        assert_eq!(scene.by_reference("PO-2").await.state, State::AwaitingPayment);
    }
}

#[tokio::test]
async fn a_debit_whose_answer_was_lost_is_read_back_and_never_taken_twice() {
    for scene in scenes().await {
        let order = scene.placed_order("PO-1").await;
        scene.fault("POST", "/trade/orders/{orderNo}/pay", "drop_after", 1).await;
        let payment = scene.pay("key-pay1", &order, Method::Debit).await;
        assert_eq!(payment.state(), Whole::Paid);
        assert_eq!(scene.by_reference("PO-1").await.state, State::Paid);

        let second = scene.placed_order("PO-2").await;
        scene.fault("POST", "/trade/orders/{orderNo}/pay", "slow", 1).await;
        let cut = async {
            let paying = |stats: Value| stats["calls"]["POST /trade/orders/{orderNo}/pay"].as_i64();
            while paying(scene.say("/control/stats", Value::Null).await) < Some(2) {}
            scene.fault("GET", "/trade/orders/byOutRef", "status", -1).await;
        };
        let (payment, ()) = tokio::join!(scene.pay("key-pay2", &second, Method::Debit), cut);
        assert_eq!((payment.state(), payment.parts[0].state), (Whole::Pending, PartState::Unknown));
        scene.heal().await;
        assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.debits, 1);
        let settled = scene.room.payment(&scene.caller, &payment.id).await.unwrap();
        assert_eq!((settled.state(), scene.by_reference("PO-2").await.state), (Whole::Paid, State::Paid));
        assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.debits, 0);
    }
}

#[tokio::test]
async fn several_orders_are_paid_in_one_payment_and_each_says_how_it_went() {
    for scene in scenes().await {
        let orders =
            [scene.placed_order("PO-1").await, scene.placed_order("PO-2").await, scene.placed_order("PO-3").await];
        scene.room.cancel(&scene.caller, &orders[1].deed.id, None).await.unwrap();
        let wish = || to_pay(orders.iter().map(|order| order.deed.id.clone()).collect(), Method::Debit);
        let told = scene.room.pay(&scene.caller, once("key-pay1"), wish(), &render_payment).await.unwrap();
        let again = scene.room.pay(&scene.caller, once("key-pay1"), wish(), &render_payment).await.unwrap();
        assert_eq!((again.replayed, &again.answer), (true, &told.answer));
        let text = String::from_utf8(told.answer.body).unwrap();
        let id = text.split(' ').next().unwrap().parse().unwrap();
        let payment = scene.room.payment(&scene.caller, &id).await.unwrap();
        let states: Vec<_> = payment.parts.iter().map(|part| part.state).collect();
        assert_eq!(states, [PartState::Paid, PartState::Failed, PartState::Paid]);
        let twice = to_pay(vec![orders[0].deed.id.clone(); 2], Method::Page);
        let twice = scene.room.pay(&scene.caller, once("key-pay2"), twice, &render_payment).await.unwrap_err();
        assert_eq!(twice.places()[0].pointer, "#/order_ids/1");
    }
}

#[tokio::test]
async fn a_payment_page_settles_when_the_order_is_paid_there() {
    for scene in scenes().await {
        let order = scene.placed_order("PO-1").await;
        let options = scene.room.payment_options(&scene.caller, &order.deed.id).await.unwrap();
        assert_eq!((options.methods, options.total), (Method::ALL, order.deed.basket.total));
        let payment = scene.pay("key-pay1", &order, Method::Page).await;
        let url = payment.parts[0].pay_url.clone().unwrap();
        assert!(url.contains("/cashier/") && payment.state() == Whole::Pending);
        assert_eq!(scene.control.post(&url).send().await.unwrap().status(), 200);
        scene.follow().await;
        let paid = scene.room.payment(&scene.caller, &payment.id).await.unwrap();
        assert_eq!((paid.state(), scene.by_reference("PO-1").await.state), (Whole::Paid, State::Paid));
        let options = scene.room.payment_options(&scene.caller, &order.deed.id).await.unwrap();
        assert!(options.methods.is_empty());
    }
}

#[tokio::test]
async fn another_partners_and_another_worlds_orders_are_not_there() {
    for scene in scenes().await {
        let order = scene.placed_order("PO-1").await;
        let live = Caller { mode: Mode::Live, ..scene.caller.clone() };
        let other = Partner { id: "other".parse().unwrap(), ..(*scene.caller.partner).clone() };
        let other = Caller { partner: Arc::new(other), ..scene.caller.clone() };
        for stranger in [live, other] {
            let ask = &stranger;
            let id = &order.deed.id;
            let codes = [
                scene.room.get(ask, id).await.unwrap_err().code(),
                scene.room.by_reference(ask, &order.deed.reference).await.unwrap_err().code(),
                scene.room.cancel(ask, id, None).await.unwrap_err().code(),
            ];
            assert_eq!(codes, [Code::OrderNotFound; 3]);
            let wish = to_pay(vec![id.clone()], Method::Debit);
            let pay = scene.room.pay(ask, once("key-0009"), wish, &render_payment).await.unwrap_err();
            assert_eq!(pay.code(), Code::OrderNotFound);
        }
    }
}

//! The operator's hand on orders, as typed: what it shows, what it does, what it refuses, and what the audit keeps.

mod by_hand;
mod left_out;
mod shown;

use std::sync::Arc;

use clap::Parser;
use serde_json::{Value, json};

use super::{Asked, Desk, run};
use crate::clock::Clock;
use crate::ledger::Ledger;
use crate::model::ids::SkuId;
use crate::model::order::{Order, State};
use crate::model::partner::{Caller, Mode, Partner, Scopes};
use crate::model::payment::Payment;
use crate::model::plan::Plan;
use crate::model::quote::{Quantity, Wanted};
use crate::orders::{Answer, Basis, NewOrder, NewQuote, Once, Orders, Settings};
use crate::rates::Rates;
use crate::sql::trial;
use crate::upstream::Upstream;
use crate::{rates, sandbox, upstream};

const LEASE_MS: i64 = 30_000;
/// Longer than any call to the catalogue may be under way.
const QUIET_MS: i64 = LEASE_MS + 1;
/// Longer than an order may stay unknown before it is handed to a person.
const BOUND_MS: i64 = 3_700_000;

#[derive(Parser)]
enum Typed {
    Order(Asked),
}

/// The operator's desk over one ledger, and the catalogue behind it.
struct Office {
    desk: Desk,
    clock: Clock,
    catalogue: sandbox::Running,
    http: reqwest::Client,
    _house: trial::House,
}

async fn offices() -> Vec<Office> {
    let mut offices = Vec::new();
    for house in trial::houses().await {
        offices.push(Office::open(house).await);
    }
    offices
}

fn caller(partner: &str) -> Caller {
    let plan = Plan { id: "starter".into(), policies: Vec::new(), in_flight: 8, price_tier: "standard".into() };
    let id = partner.parse().unwrap();
    let partner = Partner { id, name: partner.into(), country: "JP".into(), suspended: false, plan: Arc::new(plan) };
    Caller { partner: Arc::new(partner), key_id: "xyk_test".into(), mode: Mode::Sandbox, scopes: Scopes::all() }
}

fn render(order: &Order) -> Answer {
    let status = if order.state == State::Unknown { 202 } else { 201 };
    Answer { status, headers: Vec::new(), body: order.deed.id.to_string().into_bytes() }
}

fn render_payment(payment: &Payment) -> Answer {
    Answer { status: 201, headers: Vec::new(), body: payment.id.to_string().into_bytes() }
}

fn once(key: &str) -> Once {
    Once { key: key.to_owned(), body_hash: key.as_bytes().to_vec() }
}

async fn catalogue() -> sandbox::Running {
    let settings = sandbox::Settings { offers: 300, pace: 0.0, workers: 1, ..sandbox::Settings::default() };
    sandbox::start(settings, |_| {}).await.unwrap()
}

fn room(catalogue: &sandbox::Running, ledger: &Ledger, clock: &Clock) -> Orders {
    let endpoint = upstream::Endpoint { url: catalogue.url().parse().unwrap(), token: catalogue.token.clone().into() };
    let settings =
        upstream::Settings { clock: clock.clone(), sandbox: Some(endpoint), ..upstream::Settings::default() };
    let upstream = Upstream::new(&settings, Arc::default()).unwrap();
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
    let rates = Rates::open(rates, clock.clone()).unwrap();
    Orders::new(settings, ledger.clone(), upstream, rates, clock.clone())
}

impl Office {
    async fn open(house: trial::House) -> Self {
        let (catalogue, clock) = (catalogue().await, Clock::shiftable());
        let ledger = Ledger::new(house.sql.clone(), clock.clone());
        let orders = room(&catalogue, &ledger, &clock);
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let partners = ["acme", "bravo"].map(str::to_owned).to_vec();
        Self { desk: Desk { orders, ledger, partners }, clock, catalogue, http, _house: house }
    }

    /// Tells the catalogue something, or asks it when there is nothing to tell.
    async fn tell(&self, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.catalogue.url());
        let request = if body.is_null() { self.http.get(url) } else { self.http.post(url).json(&body) };
        let answer = request.header("X-Internal-Token", &self.catalogue.token).send().await.unwrap();
        let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!(answer["success"], true, "{path}: {answer}");
        answer["data"].clone()
    }

    /// A line that can be bought.
    async fn line(&self) -> Wanted {
        let found = self.tell("/goods/search?pageSize=50&sort=price_asc", Value::Null).await;
        for brief in found["items"].as_array().unwrap() {
            let detail = self.tell(&format!("/goods/{}", brief["goodsId"]), Value::Null).await;
            let (least, batch) = (detail["beginAmount"].as_i64().unwrap(), detail["batchAmount"].as_i64().unwrap_or(1));
            let quantity = (least + batch - 1) / batch * batch;
            let restricted = detail["restrictedCountries"].as_array().is_some_and(|all| !all.is_empty());
            let sku = &detail["skus"][0];
            if !restricted && sku["stock"].as_i64().unwrap() > quantity * 5 {
                let sku = SkuId::new(sku["skuId"].as_i64().unwrap());
                return Wanted { sku, quantity: Quantity::new(quantity).unwrap() };
            }
        }
        panic!("the sandbox has too few plain goods")
    }

    /// Orders something under a reference; gives status and id.
    async fn order(&self, partner: &str, reference: &str) -> (u16, String) {
        let caller = caller(partner);
        let wish = NewQuote {
            lines: vec![self.line().await],
            warehouse: None,
            ship_to: None,
            currency: "JPY".parse().unwrap(),
        };
        let quote = self.desk.orders.quote(&caller, wish).await.unwrap().quotes.remove(0);
        let basis = Basis::Quote(quote.id);
        let wish = NewOrder { reference: reference.parse().unwrap(), basis, note: None, expected_total: None };
        let key = once(&format!("key-{reference}"));
        let told = self.desk.orders.place(&caller, key, wish, &render).await.unwrap();
        (told.answer.status, String::from_utf8(told.answer.body).unwrap())
    }

    async fn say(&self, line: &str) -> Result<String, String> {
        let (out, error) = self.said(line).await;
        error.map_or(Ok(out), |error| Err(format!("{error:#}")))
    }

    /// What was written, and the error it ended with.
    async fn said(&self, line: &str) -> (String, Option<anyhow::Error>) {
        let typed = Typed::try_parse_from(
            ["xunyuan", "order"].into_iter().chain(line.split(' ').filter(|word| !word.is_empty())),
        );
        let mut out = Vec::new();
        let done = match typed {
            Ok(Typed::Order(asked)) => run(asked, &self.desk, &mut out).await,
            Err(wrong) => Err(wrong.into()),
        };
        (String::from_utf8(out).unwrap(), done.err())
    }

    async fn json(&self, line: &str) -> Value {
        let (out, error) = self.said(&format!("{line} --json")).await;
        assert!(error.is_none(), "{line}: {error:?}");
        serde_json::from_str(&out).unwrap()
    }

    async fn show(&self, order: &str) -> Value {
        self.json(&format!("show {order}")).await
    }

    async fn fault(&self, method: &str, path: &str, kind: &str, times: i64) {
        let fault = json!({"match": path, "method": method, "kind": kind, "times": times, "ms": 0, "status": 503});
        self.tell("/control/faults", fault).await;
    }

    async fn heal(&self) {
        let asked = self.http.delete(format!("{}/control/faults", self.catalogue.url()));
        assert!(asked.header("X-Internal-Token", &self.catalogue.token).send().await.unwrap().status().is_success());
    }

    /// An order that the catalogue executed (`drop_after`) or not (`drop_before`) without an answer.
    async fn unknown(&self, reference: &str, kind: &str) -> String {
        self.fault("POST", "/trade/orders", kind, 1).await;
        let (status, id) = self.order("acme", reference).await;
        assert_eq!(status, 202);
        id
    }

    /// The catalogue cannot be asked for too long: what is unknown is handed to a person.
    async fn wait_in_vain(&self, how_many: usize) {
        self.fault("GET", "/trade/orders/byOutRef", "status", -1).await;
        self.clock.advance_ms(BOUND_MS);
        assert_eq!(self.desk.orders.reconcile(Mode::Sandbox).await.unwrap().handed_over, how_many);
    }

    /// An order that the catalogue never got, handed to a person.
    async fn handed_over(&self, reference: &str) -> String {
        let id = self.unknown(reference, "drop_before").await;
        self.wait_in_vain(1).await;
        id
    }

    /// How often the catalogue took an order.
    async fn placed(&self) -> i64 {
        self.tell("/control/stats", Value::Null).await["ordersCreated"].as_i64().unwrap()
    }
}

/// Actor and kind of every event.
fn story(shown: &Value) -> Vec<(String, String)> {
    let events = shown["events"].as_array().unwrap().iter();
    events.map(|event| (text(&event["actor"]), text(&event["kind"]))).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn audited(shown: &Value) -> Vec<(String, String)> {
    let rows = shown["audit"].as_array().unwrap().iter();
    rows.map(|row| (text(&row["actor"]), text(&row["action"]))).collect()
}

fn by(actor: &str, what: &str) -> (String, String) {
    (actor.to_owned(), what.to_owned())
}

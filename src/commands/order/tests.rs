//! The operator's hand on orders, as typed: what it shows, what it does, what it refuses, and what the audit keeps.

use std::sync::Arc;

use clap::Parser;
use serde_json::{Value, json};

use super::{Asked, Desk, run};
use crate::clock::Clock;
use crate::commands::StillOpen;
use crate::ledger::{Ledger, NewEndpoint, Settled, StoredSecret, Verdict};
use crate::model::ids::{EndpointId, SkuId};
use crate::model::order::{Order, State};
use crate::model::partner::{Caller, Mode, Partner, Scopes};
use crate::model::payment::{Method, Payment};
use crate::model::plan::Plan;
use crate::model::quote::{Quantity, Wanted};
use crate::model::webhook::Attempt;
use crate::orders::{Answer, Basis, Expected, NewOrder, NewPayment, NewQuote, Once, Orders, Settings};
use crate::rates::{self, Rates};
use crate::sandbox;
use crate::sql::trial;
use crate::upstream::{self, Upstream};

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
    let settings = upstream::Settings { sandbox: Some(endpoint), ..upstream::Settings::default() };
    let upstream = Upstream::new(&settings, Arc::default()).unwrap();
    let settings = Settings {
        quote_valid_s: 1800,
        warehouse: "YW01".parse().unwrap(),
        lease_ms: LEASE_MS,
        reconcile_ms: 2000,
        unknown_bound_s: 3600,
        compare_ms: 3_600_000,
    };
    let rates = rates::Settings { source: rates::Source::Embedded, stale_after_days: 7 };
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

#[tokio::test]
async fn an_order_is_shown_whole_by_its_id_and_by_its_reference() {
    for office in offices().await {
        let (_, id) = office.order("acme", "PO-1").await;
        let wish =
            NewPayment { orders: vec![id.parse().unwrap()], method: Method::Debit, expected: Expected::default() };
        let paid = office.desk.orders.pay(&caller("acme"), once("pay-0001"), wish, &render_payment).await.unwrap();
        let payment = String::from_utf8(paid.answer.body).unwrap();
        let shown = office.show("PO-1").await;
        assert_eq!(
            (text(&shown["id"]), text(&shown["partner"]), text(&shown["state"])),
            (id.clone(), "acme".into(), "paid".into())
        );
        assert!(shown["catalogue_order_id"].is_string() && shown["payments"][0]["payment_id"] == payment.as_str());
        let keys: Vec<_> = shown["keys"].as_array().unwrap().iter().map(|key| text(&key["key"])).collect();
        assert_eq!(keys, ["key-PO-1", "pay-0001"], "the order's and its payment's");
        assert!(shown["keys"][0]["status"] == 201 && shown["told"].as_array().unwrap().len() >= 3, "{shown}");
        assert_eq!(story(&shown).first(), Some(&by("partner", "received")));
        let table = office.say(&format!("show {id}")).await.unwrap();
        for part in ["PO-1", "acme (sandbox)", "catalogue's number", "events", "key-PO-1", "what the partner is told"] {
            assert!(table.contains(part), "{part} is missing:\n{table}");
        }
        assert_eq!(office.show(&id).await["version"], shown["version"], "looking changes nothing");
        assert!(office.say("show PO-9").await.unwrap_err().contains("there is no order"));
    }
}

#[tokio::test]
async fn a_reference_of_several_partners_has_to_be_named_by_its_owner() {
    for office in offices().await {
        office.order("acme", "PO-1").await;
        let (_, other) = office.order("bravo", "PO-1").await;
        let refused = office.say("show PO-1").await.unwrap_err();
        assert!(refused.contains("several") && refused.contains("bravo (sandbox)"), "{refused}");
        assert_eq!(office.json("show PO-1 --partner bravo").await["id"], other.as_str());
    }
}

#[tokio::test]
async fn lists_find_what_waits_the_oldest_first() {
    for office in offices().await {
        let handed = office.handed_over("PO-1").await;
        office.heal().await;
        office.clock.advance_ms(1);
        let unknown = office.unknown("PO-2", "drop_after").await;
        office.clock.advance_ms(1);
        let (_, fine) = office.order("acme", "PO-3").await;
        let ids = async |line: &str| -> Vec<String> {
            office.json(line).await.as_array().unwrap().iter().map(|order| text(&order["id"])).collect()
        };
        assert_eq!(ids("list").await, [fine.clone(), unknown.clone(), handed.clone()]);
        assert_eq!(ids("list --unknown").await, [handed.clone(), unknown]);
        assert_eq!(ids("list --attention").await, std::slice::from_ref(&handed));
        assert_eq!(ids("list --state awaiting_payment --partner acme").await, [fine]);
        assert!(ids("list --partner bravo").await.is_empty() && ids("list --mode live").await.is_empty());
        assert_eq!(ids("list --limit 1").await.len(), 1);
        let table = office.say("list --attention").await.unwrap();
        assert!(table.starts_with("ID ") && table.contains(&handed) && table.contains("acme (sandbox)"), "{table}");
        assert!(office.say("list --state lost").await.unwrap_err().contains("awaiting_payment"));
    }
}

#[tokio::test]
async fn a_look_takes_in_what_the_catalogue_says_and_is_audited_with_its_event() {
    for office in offices().await {
        let id = office.unknown("PO-1", "drop_after").await;
        let looked = office.json(&format!("look {id} --actor li")).await;
        assert_eq!((&looked["state"], &looked["written"]), (&json!("awaiting_payment"), &json!(["accepted"])));
        let shown = office.show(&id).await;
        assert_eq!(story(&shown).last(), Some(&by("operator", "accepted")));
        assert_eq!(audited(&shown), [by("operator:li", "order.look")]);
        let again = office.say(&format!("look {id}")).await.unwrap();
        assert!(again.contains("nothing new"), "{again}");
    }
}

#[tokio::test]
async fn a_look_at_what_the_catalogue_does_not_have_leaves_it_unknown_and_says_so() {
    for office in offices().await {
        let id = office.unknown("PO-1", "drop_before").await;
        let (out, error) = office.said(&format!("look {id}")).await;
        assert!(out.contains("does not have it") && error.unwrap().is::<StillOpen>(), "{out}");
        office.fault("GET", "/trade/orders/byOutRef", "status", -1).await;
        let refused = office.say(&format!("look {id}")).await.unwrap_err();
        assert!(refused.contains("nothing was changed"), "{refused}");
        assert_eq!(audited(&office.show(&id).await).len(), 1, "what was not done is not audited");
    }
}

#[tokio::test]
async fn an_order_handed_to_a_person_is_rejected_once_the_catalogue_was_asked_again() {
    for office in offices().await {
        let id = office.handed_over("PO-1").await;
        let settle = format!("settle {id} --as rejected --reason phoned --actor li");
        assert!(office.say(&settle).await.unwrap_err().contains("could not be asked"));
        office.heal().await;
        let settled = office.json(&settle).await;
        assert_eq!((&settled["state"], &settled["written"]), (&json!("rejected"), &json!(["refused"])));
        let shown = office.show(&id).await;
        assert_eq!(story(&shown).last(), Some(&by("operator", "refused")));
        assert_eq!(audited(&shown), [by("operator:li", "order.settle")]);
        assert_eq!(shown["audit"][0]["detail"], "as rejected: phoned");
        assert_eq!(shown["reason"], "order_refused");
        let told = [&shown["events"], &shown["told"]].map(Value::to_string).concat();
        assert!(!told.contains("phoned"), "the reason is the operator's own");
        assert_eq!(office.placed().await, 0);
        assert!(office.say(&settle).await.unwrap_err().contains("only unknown orders are settled by hand"));
    }
}

#[tokio::test]
async fn an_order_is_not_settled_before_its_time_nor_against_the_catalogue() {
    for office in offices().await {
        let settle = |id: &str| format!("settle {id} --as rejected --reason impatient");
        let young = office.unknown("PO-1", "drop_before").await;
        assert!(office.say(&settle(&young)).await.unwrap_err().contains("not handed to a person yet"));
        let there = office.unknown("PO-2", "drop_after").await;
        office.wait_in_vain(2).await;
        office.heal().await;
        let refused = office.say(&settle(&there)).await.unwrap_err();
        assert!(refused.contains("the catalogue has order") && refused.contains("order look"), "{refused}");
        let shown = office.show(&there).await;
        assert_eq!((text(&shown["state"]), audited(&shown).len()), ("unknown".to_owned(), 0));
        assert!(office.say(&format!("settle {there} --as paid --reason why")).await.is_err());
        assert!(
            office.say(&format!("settle {there} --as rejected --reason x")).await.is_err(),
            "a reason says something"
        );
    }
}

#[tokio::test]
async fn a_retry_places_under_the_same_id_what_the_catalogue_does_not_have() {
    for office in offices().await {
        let id = office.handed_over("PO-1").await;
        office.heal().await;
        let tried = office.json(&format!("retry {id} --actor li")).await;
        let expected = (&json!("awaiting_payment"), &json!(["tried_again", "accepted"]));
        assert_eq!((&tried["state"], &tried["written"]), expected);
        let shown = office.show(&id).await;
        let story = story(&shown);
        assert!(story.ends_with(&[by("operator", "tried_again"), by("catalogue", "accepted")]), "{story:?}");
        assert_eq!((audited(&shown), office.placed().await), (vec![by("operator:li", "order.retry")], 1));
        assert!(office.say(&format!("retry {id}")).await.unwrap_err().contains("order look"));
    }
}

#[tokio::test]
async fn a_retry_never_doubles_and_stays_unknown_when_no_answer_comes_again() {
    for office in offices().await {
        let id = office.unknown("PO-1", "drop_after").await;
        let tried = office.json(&format!("retry {id}")).await;
        assert_eq!((&tried["written"], office.placed().await), (&json!(["accepted"]), 1), "it was there");
        let lost = office.unknown("PO-2", "drop_before").await;
        office.clock.advance_ms(QUIET_MS);
        office.fault("POST", "/trade/orders", "drop_after", 1).await;
        let (out, error) = office.said(&format!("retry {lost} --json")).await;
        let told: Value = serde_json::from_str(&out).unwrap();
        assert!(error.unwrap().is::<StillOpen>() && text(&told["remark"]).contains("again"), "{out}");
        let looked = office.json(&format!("look {lost}")).await;
        assert_eq!((text(&looked["state"]), office.placed().await), ("awaiting_payment".to_owned(), 2));
    }
}

#[tokio::test]
async fn a_refused_retry_is_the_end_only_when_no_earlier_call_can_be_under_way() {
    for office in offices().await {
        for (reference, waited, state) in [("PO-1", 0, "unknown"), ("PO-2", QUIET_MS, "rejected")] {
            let id = office.unknown(reference, "drop_before").await;
            let offer = text(&office.show(&id).await["lines"][0]["offer_id"]);
            office.tell(&format!("/control/goods/{offer}"), json!({"stock": 0})).await;
            office.clock.advance_ms(waited);
            let (out, _) = office.said(&format!("retry {id} --json")).await;
            let told: Value = serde_json::from_str(&out).unwrap();
            assert_eq!(told["state"], state, "{told}");
            assert!(text(&told["remark"]).contains("refuse"), "{told}");
            office.tell(&format!("/control/goods/{offer}"), json!({"stock": 9000})).await;
        }
        assert_eq!(office.placed().await, 0);
    }
}

#[tokio::test]
async fn an_order_of_which_a_call_may_be_under_way_is_left_alone() {
    for office in offices().await {
        let id = office.handed_over("PO-1").await;
        office.heal().await;
        office.fault("POST", "/trade/orders", "drop_before", 1).await;
        let (_, error) = office.said(&format!("retry {id}")).await;
        assert!(error.unwrap().is::<StillOpen>());
        let settle = format!("settle {id} --as rejected --reason phoned");
        let refused = office.say(&settle).await.unwrap_err();
        assert!(refused.contains("may still be under way") && refused.contains("settle it then"), "{refused}");
        office.clock.advance_ms(QUIET_MS);
        assert_eq!(office.json(&settle).await["state"], "rejected");
    }
}

#[tokio::test]
async fn a_partner_or_state_that_does_not_exist_is_refused_and_not_found_empty() {
    for office in offices().await {
        office.order("acme", "PO-1").await;
        for line in ["list --partner acmee", "show PO-1 --partner acmee"] {
            let told = office.say(line).await.unwrap_err();
            assert!(told.contains("there is no partner \"acmee\": there is acme, bravo"), "{told}");
        }
        let told = office.say("list --state payd").await.unwrap_err();
        assert!(told.contains("awaiting_payment") && told.contains("payd"), "{told}");
    }
}

#[tokio::test]
async fn what_went_missing_is_cleared_by_hand_once_and_for_all() {
    for office in offices().await {
        let (_, id) = office.order("acme", "PO-1").await;
        let nothing = office.say(&format!("clear {id} --reason seen-to")).await.unwrap_err();
        assert!(nothing.contains("nobody is asked to look"), "{nothing}");
        // The catalogue loses its memory: an empty one is in its place.
        let empty = catalogue().await;
        let elsewhere = room(&empty, &office.desk.ledger, &office.clock);
        let compare = async || {
            office.clock.advance_ms(3_600_000);
            elsewhere.compare(Mode::Sandbox).await.unwrap().unwrap();
        };
        compare().await;
        let waiting = office.json("list --attention").await;
        assert_eq!(waiting[0]["attention"], "went_missing", "{waiting}");
        let told = office.say(&format!("clear {id} --reason asked-there --actor li")).await.unwrap();
        assert!(told.contains("waits for nobody any more"), "{told}");
        let shown = office.show(&id).await;
        assert_eq!(story(&shown).last(), Some(&by("operator", "cleared")));
        assert_eq!(audited(&shown), [by("operator:li", "order.clear")]);
        compare().await;
        assert_eq!(office.json("list --attention").await, json!([]), "seen to is seen to");
        assert_eq!(office.show(&id).await["version"], shown["version"]);
    }
}

#[tokio::test]
async fn what_became_of_an_orders_events_at_its_partners_endpoints_is_shown() {
    for office in offices().await {
        let ledger = &office.desk.ledger;
        let wanted = NewEndpoint {
            id: EndpointId::fresh(),
            url: "https://shop.example/hooks".into(),
            description: String::new(),
            patterns: vec!["order.*".parse().unwrap()],
            secret: StoredSecret { master_version: 1, wrapped_key: vec![1], ciphertext: vec![2] },
        };
        let endpoint = ledger.append_endpoint(&caller("acme"), wanted, 20).await.unwrap().unwrap();
        let (_, id) = office.order("acme", "PO-1").await;
        assert!(office.say("show PO-1").await.unwrap().contains("nothing was sent"), "it is not published yet");
        ledger.publish(100).await.unwrap();
        let delivery = async || office.show(&id).await["deliveries"][0].clone();
        let fresh = delivery().await;
        assert_eq!(
            (&fresh["state"], &fresh["attempts"], &fresh["status"]),
            (&json!("pending"), &json!(0), &json!(null))
        );
        for (status, problem, verdict) in
            [(Some(503), Some("answered 503"), Verdict::Again(0)), (Some(204), None, Verdict::Delivered)]
        {
            office.clock.advance_ms(1_000);
            let turn = ledger.take_turn(Vec::new(), 9, LEASE_MS, &EndpointId::fresh()).await.unwrap();
            let made = turn.claimed.into_iter().next().unwrap().made;
            let (at, problem) = (office.clock.now(), problem.map(str::to_owned));
            let attempt = Attempt { at, duration_ms: 5, status, problem, answer: String::new() };
            let settled = Settled { made, attempt, verdict };
            ledger.take_turn(vec![settled], 0, LEASE_MS, &EndpointId::fresh()).await.unwrap();
            let tried = delivery().await;
            assert_eq!(
                (tried["status"].as_u64(), tried["url"].as_str()),
                (status.map(u64::from), Some("https://shop.example/hooks"))
            );
        }
        let shown = delivery().await;
        assert_eq!((&shown["type"], &shown["endpoint_id"]), (&json!("order.accepted"), &json!(endpoint.id.as_str())));
        assert_eq!(
            (&shown["state"], &shown["attempts"], &shown["problem"]),
            (&json!("delivered"), &json!(2), &json!(null))
        );
        let table = office.say(&format!("show {id}")).await.unwrap();
        assert!(table.contains("https://shop.example/hooks") && table.contains("delivered"), "{table}");
    }
}

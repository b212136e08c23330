//! The room against the sandbox catalogue, on every engine at hand.

mod overtaken;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Answer, Error, Fulfilment, NewConsignment, Once, Settings, Told};
use crate::clock::Clock;
use crate::error::{Code, Failure};
use crate::ledger::trial::{order_of, paid};
use crate::ledger::{Begun, Ledger};
use crate::model::consignment::{
    Consignment, Counted, InspectedLine, Inspection, Kind, OperatedBy, Report, ReportState, Said, State, Verdict,
};
use crate::model::ids::{ConsignmentId, OrderId};
use crate::model::order::Order;
use crate::model::partner::{Caller, Mode, Partner, Scopes};
use crate::model::plan::Plan;
use crate::sandbox;
use crate::sql::{args, trial};
use crate::upstream::{self, Upstream};

const LEASE_MS: i64 = 30_000;

/// A gateway's room, its ledger, and the catalogue it speaks to.
struct Scene {
    house: trial::House,
    clock: Clock,
    catalogue: sandbox::Running,
    control: reqwest::Client,
    room: Fulfilment,
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

fn caller(name: &str) -> Caller {
    let plan = Plan { id: "starter".into(), policies: Vec::new(), in_flight: 8, price_tier: "standard".into() };
    let partner = Partner {
        id: name.parse().unwrap(),
        name: name.into(),
        country: "JP".into(),
        suspended: false,
        plan: Arc::new(plan),
    };
    Caller { partner: Arc::new(partner), key_id: "xyk_test".into(), mode: Mode::Sandbox, scopes: Scopes::all() }
}

fn render(consignment: &Consignment) -> Answer {
    let status = match consignment.state {
        State::Unknown => 202,
        State::Rejected => consignment.refusal().map_or(500, |refusal| refusal.code().facts().status),
        _ => 201,
    };
    let body = format!("{} {} v{}", consignment.deed.id, consignment.state, consignment.version).into_bytes();
    Answer { status, headers: Vec::new(), body }
}

fn render_report(consignment: &Consignment, report: &Report, pending: &[Report]) -> Answer {
    let status = match (report.state, &report.refusal) {
        (ReportState::Taken, _) => 200,
        (ReportState::Refused, Some(refusal)) => refusal.code().facts().status,
        _ => 202,
    };
    let body = format!("{} v{} {}", consignment.state, consignment.version, pending.len()).into_bytes();
    Answer { status, headers: Vec::new(), body }
}

fn once(key: &str) -> Once {
    Once { key: key.to_owned(), body_hash: key.as_bytes().to_vec() }
}

fn kinds(consignment: &Consignment) -> Vec<Kind> {
    consignment.events.iter().map(|event| event.kind).collect()
}

impl Scene {
    async fn open(house: trial::House) -> Self {
        let settings = sandbox::Settings { offers: 300, pace: 0.0, workers: 1, ..sandbox::Settings::default() };
        let catalogue = sandbox::start(settings, |_| {}).await.unwrap();
        let clock = Clock::shiftable();
        let ledger = Ledger::new(house.sql.clone(), clock.clone());
        let room = Self::room(ledger, upstream(&catalogue.url(), &catalogue.token), &clock);
        let control = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { house, clock, catalogue, control, room, caller: caller("acme") }
    }

    fn room(ledger: Ledger, upstream: Upstream, clock: &Clock) -> Fulfilment {
        let settings = Settings { lease_ms: LEASE_MS, reconcile_ms: 2000, unknown_bound_s: 3600, compare_ms: 600_000 };
        Fulfilment::new(settings, ledger, upstream, clock.clone())
    }

    /// The same gateway while the catalogue cannot be reached.
    fn cut_off(&self) -> Fulfilment {
        let ledger = Ledger::new(self.house.sql.clone(), self.clock.clone());
        Self::room(ledger, upstream("http://127.0.0.1:9", "x"), &self.clock)
    }

    /// The same gateway as another node of it sees things.
    async fn other_node(&self) -> Fulfilment {
        let ledger = Ledger::new(self.house.another().await, self.clock.clone());
        Self::room(ledger, upstream(&self.catalogue.url(), &self.catalogue.token), &self.clock)
    }

    async fn say(&self, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.catalogue.url());
        let request = if body.is_null() { self.control.get(url) } else { self.control.post(url).json(&body) };
        let answer = request.header("X-Internal-Token", &self.catalogue.token).send().await.unwrap();
        let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!(answer["success"], true, "{path}: {answer}");
        answer["data"].clone()
    }

    async fn fault(&self, path: &str, kind: &str, times: i64) {
        let fault = json!({"match": path, "method": "POST", "kind": kind, "times": times, "ms": 300, "status": 503});
        self.say("/control/faults", fault).await;
    }

    async fn heal(&self) {
        let url = format!("{}/control/faults", self.catalogue.url());
        self.control.delete(url).header("X-Internal-Token", &self.catalogue.token).send().await.unwrap();
    }

    /// A paid order with two lines of one seller, placed at the catalogue and written down here.
    async fn paid_order(&self, reference: &str) -> Order {
        self.paid_order_of("acme", reference).await
    }

    async fn paid_order_of(&self, partner: &str, reference: &str) -> Order {
        let lines = self.goods().await;
        let asked = json!({"lines": lines, "warehouseCode": "YW01", "destCountry": "JP"});
        let preview = self.say("/trade/preview", asked).await;
        let group = &preview["groups"][0];
        let order = order_of(&self.room.ledger, &self.clock, partner, reference, group).await;
        let new = crate::translate::trade::new_order(&order.deed);
        let placed = self.say("/trade/orders", serde_json::to_value(new).unwrap()).await;
        let number = placed["orderNo"].as_i64().unwrap();
        self.say(&format!("/trade/orders/{number}/pay"), json!({"mode": "DEBIT", "payRef": reference})).await;
        paid(&self.room.ledger, &self.clock, order, number).await
    }

    /// Something of one seller that can be bought.
    async fn goods(&self) -> Value {
        let found = self.say("/goods/search?pageSize=50&sort=price_asc", Value::Null).await;
        for brief in found["items"].as_array().unwrap() {
            let goods = brief["goodsId"].as_i64().unwrap();
            let detail = self.say(&format!("/goods/{goods}"), Value::Null).await;
            let least = detail["beginAmount"].as_i64().unwrap();
            let batch = detail["batchAmount"].as_i64().unwrap_or(1);
            let quantity = (least + batch - 1) / batch * batch;
            let free = detail["restrictedCountries"].as_array().is_none_or(|all| all.is_empty());
            let skus: Vec<_> = detail["skus"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|sku| sku["stock"].as_i64().unwrap() > quantity * 9)
                .collect();
            if free && quantity > 1 && skus.len() > 1 {
                return json!(
                    skus[..2]
                        .iter()
                        .map(|sku| json!({"skuId": sku["skuId"], "quantity": quantity}))
                        .collect::<Vec<_>>()
                );
            }
        }
        panic!("the sandbox has too few plain goods")
    }

    async fn open_one(&self, reference: &str, orders: &[&Order], operated_by: OperatedBy) -> Result<Told, Error> {
        let orders = orders.iter().map(|order| order.deed.id.clone()).collect();
        let wish = NewConsignment { reference: reference.parse().unwrap(), orders, operated_by };
        self.room.open(&self.caller, once(&format!("open-{reference}")), wish, &render).await
    }

    async fn opened(&self, reference: &str, orders: &[&Order], operated_by: OperatedBy) -> Consignment {
        let told = self.open_one(reference, orders, operated_by).await.unwrap();
        assert_eq!(told.answer.status, 201, "{}", String::from_utf8_lossy(&told.answer.body));
        self.by_reference(reference).await
    }

    async fn by_reference(&self, reference: &str) -> Consignment {
        self.room.by_reference(&self.caller, &reference.parse().unwrap()).await.unwrap().consignment
    }

    async fn report(&self, key: &str, of: &Consignment, said: Said) -> Result<Told, Error> {
        self.room.report(&self.caller, once(key), &of.deed.id, said, "create_receipt", &render_report).await
    }

    async fn sent(&self, order: &Order) {
        let number = order.catalogue_order.unwrap().number();
        self.say("/control/advance", json!({"orderNo": number, "to": "waitbuyerreceive"})).await;
    }

    /// A picture the catalogue has of a partner: its number.
    async fn photo_number(&self, of: &Caller) -> i64 {
        let picture =
            self.control.get(format!("{}/goods/{}/picture.png?size=16", self.catalogue.url(), self.any_goods().await));
        let picture =
            picture.header("X-Internal-Token", &self.catalogue.token).send().await.unwrap().bytes().await.unwrap();
        let upload = self.control.post(format!("{}/trade/vouchers", self.catalogue.url())).body(picture);
        let upload = upload.header("X-Internal-Token", &self.catalogue.token).header("Content-Type", "image/png");
        let taken = upload.header("X-Partner-Code", of.partner.id.as_str()).send().await.unwrap().text().await.unwrap();
        let taken: Value = serde_json::from_str(&taken).unwrap();
        taken["data"]["voucherId"].as_i64().unwrap_or_else(|| panic!("{taken}"))
    }

    async fn any_goods(&self) -> i64 {
        self.say("/goods/search?pageSize=1", Value::Null).await["items"][0]["goodsId"].as_i64().unwrap()
    }

    /// The same by our id.
    async fn photo(&self, of: &Caller) -> crate::model::ids::VoucherId {
        let number = self.photo_number(of).await;
        self.room.ledger.adopt_voucher(&of.partner.id, Mode::Sandbox, number).await.unwrap()
    }

    async fn follow(&self) -> super::Followed {
        self.room.follow(Mode::Sandbox, Duration::ZERO).await.unwrap()
    }

    async fn reconcile_after(&self, ms: i64) -> super::Reconciled {
        self.clock.advance_ms(ms);
        self.room.reconcile(Mode::Sandbox).await.unwrap()
    }

    /// How many consignments the catalogue has of the partner.
    async fn theirs(&self) -> usize {
        self.say("/trade/consignments?partnerCode=acme", Value::Null).await["items"].as_array().unwrap().len()
    }

    async fn told(&self, prefix: &str) -> Vec<String> {
        let rows = self.house.sql.fetch_all("SELECT kind FROM events ORDER BY serial", args![]).await.unwrap();
        let kinds = rows.iter().map(|row| row.text("kind").unwrap());
        kinds.filter_map(|kind| kind.strip_prefix(prefix).map(str::to_owned)).collect()
    }
}

fn everything(of: &Consignment) -> Said {
    let line = |line: &crate::model::consignment::Line| Counted {
        order: line.order.clone(),
        sku: line.sku,
        quantity: line.expected,
    };
    Said::Receipt { lines: of.lines.iter().map(line).collect(), complete: false }
}

fn all_pass(of: &Consignment) -> Said {
    let line = |line: &crate::model::consignment::Line| InspectedLine {
        order: line.order.clone(),
        sku: line.sku,
        inspection: Inspection { verdict: Verdict::Pass, passed: line.expected, note: None, photos: Vec::new() },
    };
    Said::Inspection { lines: of.lines.iter().map(line).collect() }
}

fn handover() -> Said {
    Said::Handover { carrier: "DHL".into(), tracking_number: "JD01".into(), weight_g: 12_000, pieces: 2 }
}

#[tokio::test]
async fn a_parcel_is_told_step_by_step_whoever_looks_first() {
    for scene in scenes().await {
        let order = scene.paid_order("PO-1").await;
        assert!(scene.room.shipments(&scene.caller, &order.deed.id).await.unwrap().is_empty());
        scene.sent(&order).await;
        let parcels = scene.room.shipments(&scene.caller, &order.deed.id).await.unwrap();
        let count = parcels.len();
        assert_eq!(scene.told("shipment.").await, vec!["dispatched"; count], "a partner who looks hears at once");
        assert_eq!(scene.follow().await.moved, 0, "what was told is not told again");
        let (of, parcel) = scene.room.shipment(&scene.caller, parcels[0].id).await.unwrap();
        assert_eq!((of, parcel.packed[0].sku), (order.deed.id.clone(), order.deed.basket.lines[0].sku));
        scene
            .say(
                "/control/advance",
                json!({"orderNo": order.catalogue_order.unwrap().number(), "to": "warehousesigned"}),
            )
            .await;
        let other = scene.other_node().await;
        let both = tokio::join!(scene.follow(), other.follow(Mode::Sandbox, Duration::ZERO));
        assert!(both.0.moved + both.1.unwrap().moved >= 1);
        let told = scene.told("shipment.").await;
        for step in ["dispatched", "in_transit", "delivered"] {
            assert_eq!(told.iter().filter(|one| *one == step).count(), count, "{told:?}");
        }
        for stranger in [caller("other"), Caller { mode: Mode::Live, ..scene.caller.clone() }] {
            let codes = [
                scene.room.shipments(&stranger, &order.deed.id).await.unwrap_err().code(),
                scene.room.shipment(&stranger, parcel.id).await.unwrap_err().code(),
            ];
            assert_eq!(codes, [Code::OrderNotFound, Code::ShipmentNotFound]);
        }
    }
}

#[tokio::test]
async fn the_partners_own_staff_reports_from_the_first_parcel_to_the_handover() {
    for scene in scenes().await {
        let (one, two) = (scene.paid_order("PO-1").await, scene.paid_order("PO-2").await);
        let opened = scene.opened("CO-1", &[&one, &two], OperatedBy::Partner).await;
        assert_eq!((opened.state, opened.lines.len()), (State::Open, 4));
        let early = scene.report("key-0001", &opened, everything(&opened)).await.unwrap();
        assert_eq!(early.answer.status, 409, "nothing was sent yet");
        scene.sent(&one).await;
        scene.sent(&two).await;
        let Said::Receipt { lines, .. } = everything(&opened) else { panic!() };
        let part = Said::Receipt { lines: lines[..1].to_vec(), complete: false };
        assert_eq!(scene.report("key-0002", &opened, part).await.unwrap().answer.status, 200);
        let rest = Said::Receipt { lines: lines[1..].to_vec(), complete: false };
        let told = scene.report("key-0003", &opened, rest.clone()).await.unwrap();
        assert_eq!((told.answer.status, told.answer.body.starts_with(b"received")), (200, true));
        let again = scene.report("key-0003", &opened, rest).await.unwrap();
        assert_eq!((again.answer, again.replayed), (told.answer, true));
        let received = scene.by_reference("CO-1").await;
        let Said::Inspection { mut lines } = all_pass(&received) else { panic!() };
        let photo = scene.photo(&scene.caller).await;
        lines[0].inspection = Inspection {
            verdict: Verdict::Damaged,
            passed: received.lines[0].received - 1,
            note: Some("杯口有缺".into()),
            photos: vec![photo.clone()],
        };
        let stranger = scene.photo(&caller("other")).await;
        let mut wrong = lines.clone();
        wrong[1].inspection.photos = vec![stranger];
        wrong[2].inspection.passed += 1;
        let refused = scene.report("key-0004", &received, Said::Inspection { lines: wrong }).await.unwrap_err();
        let places: Vec<_> = refused.places().into_iter().map(|place| place.pointer).collect();
        assert_eq!(places, ["#/lines/2/passed", "#/lines/1/voucher_ids/0"]);
        let told = scene.report("key-0004", &received, Said::Inspection { lines }).await.unwrap();
        assert_eq!(told.answer.status, 200, "{}", String::from_utf8_lossy(&told.answer.body));
        let inspected = scene.by_reference("CO-1").await;
        assert_eq!(inspected.lines[0].inspection.as_ref().unwrap().photos, [photo]);
        assert_eq!(scene.report("key-0005", &inspected, handover()).await.unwrap().answer.status, 200);
        let done = scene.by_reference("CO-1").await;
        use Kind::{Discrepancy, HandedOver, Inspected, Opened, OpeningStarted, PartReceived, Received, Requested};
        let story = [Requested, OpeningStarted, Opened, PartReceived, Received, Inspected, Discrepancy, HandedOver];
        assert_eq!(kinds(&done), story);
        assert_eq!(done.handover.unwrap().tracking_number, "JD01");
        scene.follow().await;
        assert_eq!(scene.by_reference("CO-1").await.version, 8, "the feed brings nothing new");
        let heard = ["opened", "part_received", "received", "inspected", "discrepancy", "handed_over"];
        assert_eq!(scene.told("consignment.").await, heard);
    }
}

#[tokio::test]
async fn what_the_warehouse_does_is_followed_and_its_photos_are_seen() {
    for scene in scenes().await {
        let order = scene.paid_order("PO-1").await;
        let opened = scene.opened("CO-1", &[&order], OperatedBy::Warehouse).await;
        let mine = scene.report("key-0001", &opened, everything(&opened)).await.unwrap_err();
        assert_eq!(mine.code(), Code::ConsignmentStateConflict);
        let number = opened.number.unwrap().number();
        let photo = scene.photo_number(&scene.caller).await;
        let line = json!({"orderNo": order.catalogue_order.unwrap().number(), "lineNo": 1, "result": "DAMAGED",
            "passed": 1, "note": "破损", "photoIds": [photo]});
        let path = format!("/control/consignments/{number}");
        scene.say(&path, json!({"do": "receive"})).await;
        scene.follow().await;
        assert_eq!(scene.by_reference("CO-1").await.state, State::Received);
        scene.say(&path, json!({"do": "inspect", "lines": [line]})).await;
        let other = scene.other_node().await;
        let both = tokio::join!(scene.follow(), other.follow(Mode::Sandbox, Duration::ZERO));
        assert!(both.0.moved + both.1.unwrap().moved >= 1);
        let inspected = scene.by_reference("CO-1").await;
        assert_eq!(inspected.state, State::Inspected);
        let finding = inspected.lines[0].inspection.as_ref().unwrap();
        assert_eq!((finding.verdict, finding.passed, finding.photos.len()), (Verdict::Damaged, 1, 1));
        let known = scene.room.ledger.find_vouchers(&scene.caller.partner.id, Mode::Sandbox, &finding.photos).await;
        assert_eq!(known.unwrap()[0].1, photo);
        assert_eq!(scene.report("key-0002", &inspected, handover()).await.unwrap().answer.status, 200);
        let heard = ["opened", "received", "inspected", "discrepancy", "handed_over"];
        assert_eq!(scene.told("consignment.").await, heard, "each of two nodes followed, and one told");
    }
}

#[tokio::test]
async fn a_lost_answer_to_an_opening_is_looked_up_and_never_opened_twice() {
    for kind in ["drop_after", "drop_before", "garbage"] {
        for scene in scenes().await {
            let order = scene.paid_order("PO-1").await;
            scene.fault("/trade/consignments", kind, 1).await;
            let told = scene.open_one("CO-1", &[&order], OperatedBy::Partner).await.unwrap();
            assert_eq!(told.answer.status, 202, "{kind}");
            let unknown = scene.by_reference("CO-1").await;
            assert_eq!((unknown.state, scene.room.waiting().await.unwrap().unknown), (State::Unknown, 1));
            assert_eq!(scene.reconcile_after(2001).await.settled, 1, "{kind}");
            assert_eq!((scene.by_reference("CO-1").await.state, scene.theirs().await), (State::Open, 1));
            let again = scene.open_one("CO-1", &[&order], OperatedBy::Partner).await.unwrap();
            assert_eq!((again.answer, again.replayed), (told.answer, true));
            assert_eq!(scene.told("consignment.").await, ["opened"]);
        }
    }
}

#[tokio::test]
async fn an_opening_whose_worker_died_is_resumed_by_the_key_or_the_reconciler() {
    for scene in scenes().await {
        for (reference, by_key) in [("CO-1", true), ("CO-2", false)] {
            let order = scene.paid_order(&format!("PO-{reference}")).await;
            let wish = NewConsignment {
                reference: reference.parse().unwrap(),
                orders: vec![order.deed.id.clone()],
                operated_by: OperatedBy::Partner,
            };
            let asked = scene.room.key_use(&scene.caller, once(&format!("open-{reference}")), "create_consignment");
            let begun = scene.room.ledger.begin_consignment(asked, wish).await.unwrap();
            assert!(matches!(begun, Begun::Fresh(..)));
            let early = scene.open_one(reference, &[&order], OperatedBy::Partner).await.unwrap_err();
            assert_eq!(early.code(), Code::OrderInProgress);
            assert_eq!(scene.reconcile_after(0).await, super::Reconciled::default(), "its worker may still live");
            scene.clock.advance_ms(LEASE_MS + 1);
            if !by_key {
                assert_eq!(scene.reconcile_after(0).await.settled, 1);
            }
            let told = scene.open_one(reference, &[&order], OperatedBy::Partner).await.unwrap();
            assert_eq!((told.answer.status, scene.by_reference(reference).await.state), (201, State::Open));
        }
        assert_eq!(scene.theirs().await, 2);
    }
}

#[tokio::test]
async fn an_opening_that_never_went_out_starts_again_with_its_key_or_is_let_go() {
    for scene in scenes().await {
        let order = scene.paid_order("PO-1").await;
        let wish = NewConsignment {
            reference: "CO-1".parse().unwrap(),
            orders: vec![order.deed.id.clone()],
            operated_by: OperatedBy::Partner,
        };
        let cut_off = scene.cut_off();
        let failed = cut_off.open(&scene.caller, once("open-CO-1"), wish, &render).await.unwrap_err();
        assert_eq!(
            (failed.code(), scene.by_reference("CO-1").await.state),
            (Code::UpstreamUnavailable, State::Requested)
        );
        assert_eq!(scene.open_one("CO-1", &[&order], OperatedBy::Partner).await.unwrap().answer.status, 201);
        let other = scene.paid_order("PO-2").await;
        let wish = NewConsignment {
            reference: "CO-2".parse().unwrap(),
            orders: vec![other.deed.id.clone()],
            operated_by: OperatedBy::Partner,
        };
        cut_off.open(&scene.caller, once("open-CO-2"), wish, &render).await.unwrap_err();
        assert_eq!(scene.reconcile_after(3_600_001).await.settled, 1);
        let gone = scene.by_reference("CO-2").await;
        assert_eq!((gone.state, gone.reason.as_deref()), (State::Rejected, Some("consignment_refused")));
        assert_eq!(scene.open_one("CO-2", &[&other], OperatedBy::Partner).await.unwrap().answer.status, 409);
        assert_eq!(scene.opened("CO-3", &[&other], OperatedBy::Partner).await.state, State::Open, "the order is free");
    }
}

#[tokio::test]
async fn the_catalogues_refusal_of_an_opening_is_final_and_repeats_alike() {
    for scene in scenes().await {
        let order = scene.paid_order("PO-1").await;
        let number = order.catalogue_order.unwrap().number();
        scene.say(&format!("/control/orders/{number}"), json!({"close": "seller_goods_lack"})).await;
        let told = scene.open_one("CO-1", &[&order], OperatedBy::Partner).await.unwrap();
        assert_eq!(told.answer.status, 409, "the catalogue knows better than we do");
        let refused = scene.by_reference("CO-1").await;
        assert_eq!((refused.state, refused.reason.as_deref()), (State::Rejected, Some("order_state_conflict")));
        assert_eq!(refused.refusal().unwrap().places[0].pointer, "#/order_ids/0");
        let again = scene.open_one("CO-1", &[&order], OperatedBy::Partner).await.unwrap();
        assert_eq!((again.answer, again.replayed), (told.answer, true));
    }
}

#[tokio::test]
async fn a_lost_answer_to_a_report_is_looked_up_at_once() {
    for kind in ["drop_after", "garbage"] {
        for scene in scenes().await {
            let order = scene.paid_order("PO-1").await;
            let opened = scene.opened("CO-1", &[&order], OperatedBy::Partner).await;
            scene.sent(&order).await;
            let steps = [
                ("receipts", everything(&opened), State::Received),
                ("inspections", all_pass(&opened), State::Inspected),
                ("handovers", handover(), State::HandedOver),
            ];
            for (path, said, state) in steps {
                scene.fault("/trade/consignments/*", kind, 1).await;
                let key = format!("key-{path}");
                let told = scene.report(&key, &opened, said.clone()).await.unwrap();
                assert_eq!((told.answer.status, scene.by_reference("CO-1").await.state), (200, state), "{path}");
                let again = scene.report(&key, &opened, said).await.unwrap();
                assert_eq!((again.answer, again.replayed), (told.answer, true));
                scene.heal().await;
            }
            let heard = ["opened", "received", "inspected", "handed_over"];
            assert_eq!(scene.told("consignment.").await, heard);
        }
    }
}

#[tokio::test]
async fn a_report_that_did_not_get_through_is_said_again_under_its_own_id() {
    for scene in scenes().await {
        let order = scene.paid_order("PO-1").await;
        let opened = scene.opened("CO-1", &[&order], OperatedBy::Partner).await;
        scene.sent(&order).await;
        scene.fault("/trade/consignments/*", "drop_before", 1).await;
        let told = scene.report("key-0001", &opened, everything(&opened)).await.unwrap();
        assert_eq!((told.answer.status, told.answer.body.ends_with(b" 1")), (202, true), "it is told as pending");
        assert_eq!(scene.room.waiting().await.unwrap().unknown, 1);
        assert_eq!(scene.reconcile_after(2001).await.settled, 1);
        let received = scene.by_reference("CO-1").await;
        assert_eq!((received.state, received.receipts.len()), (State::Received, 1));
        let again = scene.report("key-0001", &opened, everything(&opened)).await.unwrap();
        assert_eq!((again.answer, again.replayed), (told.answer, true), "the first answer is what repeats get");
        assert_eq!(scene.room.waiting().await.unwrap().unknown, 0);
    }
}

#[tokio::test]
async fn a_report_whose_worker_died_is_settled_by_the_key_or_the_reconciler() {
    for scene in scenes().await {
        for (reference, by_key) in [("CO-1", true), ("CO-2", false)] {
            for after_the_call in [false, true] {
                let reference = format!("{reference}-{after_the_call}");
                let order = scene.paid_order(&format!("PO-{reference}")).await;
                let opened = scene.opened(&reference, &[&order], OperatedBy::Partner).await;
                scene.sent(&order).await;
                let key = format!("key-{reference}");
                let asked =
                    Once { body_hash: [key.as_bytes(), opened.deed.id.as_str().as_bytes()].concat(), ..once(&key) };
                let asked = scene.room.key_use(&scene.caller, asked, "create_receipt");
                let begun = scene.room.ledger.begin_report(asked, opened.deed.id.clone(), everything(&opened)).await;
                let Begun::Fresh(_, report) = begun.unwrap() else { panic!() };
                if after_the_call {
                    let sent = scene.room.say(&opened, opened.number.unwrap(), &report).await;
                    assert!(matches!(sent, super::catalogue::Sent::Taken(_)), "{sent:?}");
                }
                scene.clock.advance_ms(LEASE_MS + 1);
                if !by_key {
                    assert!(scene.reconcile_after(0).await.settled >= 1);
                    assert_eq!(scene.by_reference(&reference).await.state, State::Received);
                }
                let told = scene.report(&key, &opened, everything(&opened)).await.unwrap();
                assert_eq!((told.answer.status, told.replayed), (200, false), "{reference}");
                let received = scene.by_reference(&reference).await;
                assert_eq!((received.state, received.receipts.len()), (State::Received, 1));
            }
        }
    }
}

#[tokio::test]
async fn a_report_that_never_went_out_starts_again_with_its_key() {
    for scene in scenes().await {
        let order = scene.paid_order("PO-1").await;
        let opened = scene.opened("CO-1", &[&order], OperatedBy::Partner).await;
        scene.sent(&order).await;
        let (id, said) = (opened.deed.id.clone(), everything(&opened));
        let cut_off = scene.cut_off();
        let failed =
            cut_off.report(&scene.caller, once("key-0001"), &id, said.clone(), "create_receipt", &render_report).await;
        assert_eq!(failed.unwrap_err().code(), Code::UpstreamUnavailable);
        assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.settled, 0, "nobody says it who was not asked again");
        assert_eq!(scene.report("key-0001", &opened, said).await.unwrap().answer.status, 200);
    }
}

#[tokio::test]
async fn a_consignment_is_given_up_and_its_orders_are_free_again() {
    for scene in scenes().await {
        let order = scene.paid_order("PO-1").await;
        let opened = scene.opened("CO-1", &[&order], OperatedBy::Warehouse).await;
        let twice = scene.open_one("CO-2", &[&order], OperatedBy::Partner).await.unwrap_err();
        assert_eq!((twice.code(), twice.places()[0].pointer.as_str()), (Code::OrderConsigned, "#/order_ids/0"));
        let cancel = Said::Cancellation { reason: Some("leaves with the next one".into()) };
        scene.fault("/trade/consignments/*", "drop_after", 1).await;
        assert_eq!(scene.report("key-0001", &opened, cancel).await.unwrap().answer.status, 200);
        let gone = scene.by_reference("CO-1").await;
        assert_eq!((gone.state, gone.reason.as_deref()), (State::Cancelled, Some("leaves with the next one")));
        assert_eq!(scene.opened("CO-2", &[&order], OperatedBy::Partner).await.state, State::Open);
        let late = scene.report("key-0002", &gone, handover()).await.unwrap_err();
        assert_eq!(late.code(), Code::ConsignmentStateConflict);
        assert!(late.extras().contains(&("state", "\"cancelled\"".to_owned())));
    }
}

#[tokio::test]
async fn what_the_feed_missed_is_made_up_for_by_the_comparison() {
    for scene in scenes().await {
        let order = scene.paid_order("PO-1").await;
        let opened = scene.opened("CO-1", &[&order], OperatedBy::Warehouse).await;
        let number = opened.number.unwrap().number();
        scene.say(&format!("/control/consignments/{number}"), json!({"do": "inspect"})).await;
        assert_eq!(scene.reconcile_after(1000).await.compared, 0, "its time has not come");
        assert_eq!(scene.reconcile_after(600_001).await.compared, 1);
        assert_eq!(scene.by_reference("CO-1").await.state, State::Inspected);
        assert_eq!(scene.reconcile_after(1000).await.compared, 0);
    }
}

#[tokio::test]
async fn consignments_and_orders_of_others_are_not_there() {
    for scene in scenes().await {
        let (own, foreign) = (scene.paid_order("PO-1").await, scene.paid_order_of("other", "PO-1").await);
        let refused = scene.open_one("CO-1", &[&own, &foreign], OperatedBy::Partner).await.unwrap_err();
        assert_eq!((refused.code(), refused.places()[0].pointer.as_str()), (Code::OrderNotFound, "#/order_ids/1"));
        let opened = scene.opened("CO-1", &[&own], OperatedBy::Partner).await;
        for stranger in [caller("other"), Caller { mode: Mode::Live, ..scene.caller.clone() }] {
            let id: &ConsignmentId = &opened.deed.id;
            let reported =
                scene.room.report(&stranger, once("key-0009"), id, handover(), "create_handover", &render_report).await;
            let codes = [
                scene.room.get(&stranger, id).await.unwrap_err().code(),
                scene.room.by_reference(&stranger, &opened.deed.reference).await.unwrap_err().code(),
                reported.unwrap_err().code(),
            ];
            assert_eq!(codes, [Code::ConsignmentNotFound; 3]);
            assert!(scene.room.list(&stranger, None, None, Default::default()).await.unwrap().items.is_empty());
        }
        let too_many: Vec<OrderId> = (0..101).map(|_| own.deed.id.clone()).collect();
        let wish =
            NewConsignment { reference: "CO-9".parse().unwrap(), orders: too_many, operated_by: OperatedBy::Partner };
        let refused = scene.room.open(&scene.caller, once("key-0010"), wish, &render).await.unwrap_err();
        assert_eq!(refused.places()[0].pointer, "#/order_ids");
        let strange = Said::Receipt {
            lines: vec![Counted { order: foreign.deed.id.clone(), sku: own.deed.basket.lines[0].sku, quantity: 1 }],
            complete: false,
        };
        let refused = scene.report("key-0011", &opened, strange).await.unwrap_err();
        assert_eq!(refused.places()[0].pointer, "#/lines/0/order_id");
    }
}

#[tokio::test]
async fn what_was_never_opened_is_given_up_here_even_when_the_worker_dies() {
    for scene in scenes().await {
        for (reference, worker_lives) in [("CO-1", true), ("CO-2", false)] {
            let order = scene.paid_order(&format!("PO-{reference}")).await;
            let wish = NewConsignment {
                reference: reference.parse().unwrap(),
                orders: vec![order.deed.id.clone()],
                operated_by: OperatedBy::Partner,
            };
            scene.cut_off().open(&scene.caller, once(reference), wish, &render).await.unwrap_err();
            let waiting = scene.by_reference(reference).await;
            let cancel = Said::Cancellation { reason: None };
            if worker_lives {
                let told = scene.report("cancel-0001", &waiting, cancel).await.unwrap();
                assert_eq!(told.answer.status, 200);
            } else {
                let asked = scene.room.key_use(&scene.caller, once("cancel-0002"), "cancel_consignment");
                scene.room.ledger.begin_report(asked, waiting.deed.id.clone(), cancel).await.unwrap();
                assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.settled, 1);
            }
            assert_eq!(scene.by_reference(reference).await.state, State::Cancelled);
            let next = format!("{reference}-next");
            assert_eq!(scene.opened(&next, &[&order], OperatedBy::Partner).await.state, State::Open);
        }
        assert_eq!(scene.theirs().await, 2);
    }
}

#[tokio::test]
async fn a_report_that_is_refused_when_nobody_waits_any_more_is_an_event() {
    for scene in scenes().await {
        let order = scene.paid_order("PO-1").await;
        let opened = scene.opened("CO-1", &[&order], OperatedBy::Partner).await;
        // Nothing was sent yet, so that it would be refused if it got through.
        scene.fault("/trade/consignments/*", "drop_before", 1).await;
        let told = scene.report("key-0001", &opened, everything(&opened)).await.unwrap();
        assert_eq!(told.answer.status, 202);
        assert_eq!(scene.reconcile_after(2001).await.settled, 0, "an earlier call may still be under way");
        assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.settled, 1);
        let shown = scene.room.get(&scene.caller, &opened.deed.id).await.unwrap();
        assert_eq!((shown.consignment.state, shown.pending.len()), (State::Open, 0));
        let last = shown.consignment.events.last().unwrap();
        assert_eq!((last.kind, last.facts.report.is_some()), (Kind::ReportRefused, true));
        assert_eq!(last.facts.refusal.as_ref().unwrap().code, Code::ConsignmentRefused);
        assert_eq!(scene.told("consignment.").await, ["opened", "report_refused"]);
    }
}

#[tokio::test]
async fn a_consignment_that_ended_here_and_is_open_at_the_catalogue_is_given_up_there() {
    for scene in scenes().await {
        let order = scene.paid_order("PO-1").await;
        let wish = NewConsignment {
            reference: "CO-1".parse().unwrap(),
            orders: vec![order.deed.id.clone()],
            operated_by: OperatedBy::Partner,
        };
        // It is halted before it sends, given up meanwhile, and sends it then.
        scene.cut_off().open(&scene.caller, once("open-CO-1"), wish, &render).await.unwrap_err();
        let halted = scene.by_reference("CO-1").await;
        scene.report("key-0001", &halted, Said::Cancellation { reason: None }).await.unwrap();
        assert_eq!(scene.by_reference("CO-1").await.state, State::Cancelled);
        scene.room.send(&halted.deed).await;
        let open = async || {
            let all = scene.say("/trade/consignments?partnerCode=acme", Value::Null).await;
            let all = all["items"].as_array().unwrap().clone();
            all.iter().filter(|one| one["status"] != "cancel").count()
        };
        assert_eq!(open().await, 1);
        scene.follow().await;
        assert_eq!(open().await, 0);
        assert_eq!(scene.by_reference("CO-1").await.state, State::Cancelled);
        assert_eq!(scene.follow().await.left_out, 0);
        assert_eq!(
            scene.opened("CO-2", &[&order], OperatedBy::Partner).await.state,
            State::Open,
            "its orders are free"
        );
    }
}

#[tokio::test]
async fn parcels_that_the_feed_missed_are_found_by_the_comparison() {
    for scene in scenes().await {
        let order = scene.paid_order("PO-1").await;
        scene.reconcile_after(0).await;
        scene.sent(&order).await;
        let number = order.catalogue_order.unwrap().number();
        scene.say("/control/advance", json!({"orderNo": number, "to": "warehousesigned"})).await;
        let shipped = "UPDATE orders SET state = 'shipped' WHERE id = $1";
        scene.house.sql.execute(shipped, args![order.deed.id.as_str()]).await.unwrap();
        assert_eq!((scene.reconcile_after(1000).await.parcels, scene.told("shipment.").await.len()), (0, 0));
        assert_eq!(scene.reconcile_after(3_600_001).await.parcels, 1);
        assert!(scene.told("shipment.").await.iter().any(|step| step == "delivered"));
        assert_eq!(scene.reconcile_after(1000).await.parcels, 0, "it is not time again");
        // While the catalogue cannot be asked, the walk waits where it is.
        scene.clock.advance_ms(3_600_001);
        assert!(scene.cut_off().reconcile(Mode::Sandbox).await.is_err());
        assert_eq!(scene.reconcile_after(30_001).await.parcels, 1);
    }
}

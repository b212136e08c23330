//! Who may say how a debit went: several nodes look at one payment, their clocks differ, and calls take long.

use std::time::Duration;

use serde_json::json;

use super::{LEASE_MS, Scene, once, render_payment, scenes, to_pay};
use crate::clock::Clock;
use crate::ledger::Ledger;
use crate::model::order::State;
use crate::model::partner::Mode;
use crate::model::payment::{Method, PartState, Whole};
use crate::orders::Orders;
use crate::upstream::{self, Upstream};

/// Another node, whose clock is ahead, with so much patience for the catalogue.
pub(super) async fn node(scene: &Scene, ahead_ms: i64, patience: Duration) -> Orders {
    let clock = Clock::shiftable();
    clock.advance_ms(ahead_ms);
    let endpoint =
        upstream::Endpoint { url: scene.catalogue.url().parse().unwrap(), token: scene.catalogue.token.clone().into() };
    let settings = upstream::Settings {
        clock: clock.clone(),
        sandbox: Some(endpoint),
        deadline: patience,
        order_deadline: patience,
        ..upstream::Settings::default()
    };
    let ledger = Ledger::new(scene.house.another().await, clock.clone());
    Scene::room(ledger, Upstream::new(&settings, Default::default()).unwrap(), &clock)
}

impl Scene {
    async fn slow_reads(&self, times: i64, ms: i64) {
        let fault =
            json!({"match": "/trade/orders/byOutRef", "method": "GET", "kind": "slow", "times": times, "ms": ms});
        self.say("/control/faults", fault).await;
    }

    async fn reads(&self) -> i64 {
        let stats = self.say("/control/stats", serde_json::Value::Null).await;
        stats["calls"]["GET /trade/orders/byOutRef"].as_i64().unwrap_or(0)
    }

    async fn kinds_told(&self, payment: &str) -> Vec<String> {
        self.told(payment).await.into_iter().map(|(kind, _)| kind).collect()
    }
}

#[tokio::test]
async fn a_debit_that_another_node_took_over_is_not_called_failed() {
    for scene in scenes().await {
        let order = scene.placed_order("PO-1").await;
        let before = scene.reads().await;
        let (hasty, ahead) = (
            node(&scene, 0, Duration::from_millis(400)).await,
            node(&scene, LEASE_MS + 8_000, Duration::from_secs(8)).await,
        );
        scene.slow_reads(2, 1_500).await;
        let wish = to_pay(vec![order.deed.id.clone()], Method::Debit);
        let takes_over = async {
            while scene.reads().await == before {}
            ahead.reconcile(Mode::Sandbox).await.unwrap()
        };
        let (told, looked) =
            tokio::join!(hasty.pay(&scene.caller, once("key-pay1"), wish, &render_payment), takes_over);
        assert_eq!((looked.debits, scene.by_reference("PO-1").await.state), (1, State::Paid));
        let text = String::from_utf8(told.unwrap().answer.body).unwrap();
        let (id, whole) = text.split_once(' ').unwrap();
        assert_eq!(whole, "pending", "who lost its hold does not know");
        let payment = scene.room.payment(&scene.caller, &id.parse().unwrap()).await.unwrap();
        assert_eq!((payment.state(), scene.kinds_told(id).await), (Whole::Paid, vec!["payment.paid".to_owned()]));
    }
}

#[tokio::test]
async fn a_debit_is_not_called_failed_while_an_earlier_one_may_still_get_through() {
    for scene in scenes().await {
        let order = scene.placed_order("PO-1").await;
        scene.fault("POST", "/trade/orders/{orderNo}/pay", "drop_before", 1).await;
        let payment = scene.pay("key-pay1", &order, Method::Debit).await;
        assert_eq!(payment.parts[0].state, PartState::Unknown);
        scene.fault("POST", "/trade/orders/{orderNo}/pay", "refuse", -1).await;
        assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.debits, 1);
        let part = async || scene.room.payment(&scene.caller, &payment.id).await.unwrap().parts.remove(0);
        assert_eq!(part().await.state, PartState::Unknown, "its clock may be ahead, and the first call under way");
        assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.debits, 1);
        assert_eq!(part().await.problem.as_deref(), Some("upstream_refused"), "all calls are over");
        assert_eq!(scene.kinds_told(payment.id.as_str()).await, ["payment.unknown", "payment.failed"]);
    }
}

#[tokio::test]
async fn a_part_called_failed_whose_debit_was_taken_all_the_same_becomes_paid_and_tells_it() {
    for scene in scenes().await {
        let (one, two) = (scene.placed_order("PO-1").await, scene.placed_order("PO-2").await);
        scene.fault("POST", "/trade/orders/{orderNo}/pay", "refuse", 2).await;
        let (late, other) =
            (scene.pay("key-pay1", &one, Method::Debit).await, scene.pay("key-pay2", &two, Method::Debit).await);
        assert_eq!((late.state(), other.state()), (Whole::Failed, Whole::Failed));
        for (order, reference) in [(&one, late.id.as_str()), (&two, "pay_of_somebody_else")] {
            let path = format!("/trade/orders/{}/pay", order.catalogue_order.unwrap());
            scene.say(&path, json!({"mode": "DEBIT", "payRef": reference})).await;
        }
        scene.follow().await;
        scene.fault("GET", "/trade/payments/byRef", "status", -1).await;
        scene.reconcile_after(1).await;
        scene.heal().await;
        scene.reconcile_after(LEASE_MS + 1).await;
        let state = async |payment| scene.room.payment(&scene.caller, payment).await.unwrap().parts.remove(0);
        let (settled, refused) = (state(&late.id).await, state(&other.id).await);
        assert_eq!((settled.state, settled.problem), (PartState::Paid, None));
        assert_eq!(scene.kinds_told(late.id.as_str()).await, ["payment.failed", "payment.paid"]);
        assert_eq!(refused.state, PartState::Failed, "paid under another reference");
        assert_eq!(scene.kinds_told(other.id.as_str()).await, ["payment.failed"]);
        assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.debits, 0, "looked at once");
    }
}

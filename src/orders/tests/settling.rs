//! Many open orders: settled side by side, by several nodes, within a minute of the catalogue's return.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{LEASE_MS, Scene, booked, by_quote, once, scenes, wish};
use crate::ledger::{Begun, Ledger};
use crate::model::order::{Order, State};
use crate::model::partner::{Caller, Mode};
use crate::upstream::trial::Doorway;
use crate::upstream::{self, Upstream};

impl Scene {
    /// So many orders whose worker died before the call.
    async fn left_behind(&self, how_many: usize) -> Vec<Order> {
        let goods = self.goods(1).await.remove(0).0;
        self.say(&format!("/control/goods/{goods}"), json!({"stock": 100_000})).await;
        let mut orders = Vec::new();
        for number in 0..how_many {
            let wish = self.order_wish(&format!("PO-{number}")).await;
            orders.push(self.begin_and_die(&format!("key-left-{number}"), &wish).await.1);
        }
        orders
    }

    async fn look_ups(&self) -> i64 {
        let stats = self.say("/control/stats", Value::Null).await;
        stats["calls"]["GET /trade/orders/byOutRef"].as_i64().unwrap_or(0)
    }
}

#[tokio::test]
async fn a_slow_catalogue_does_not_make_open_orders_wait_for_each_other() {
    for scene in scenes().await {
        scene.left_behind(24).await;
        scene.clock.advance_ms(LEASE_MS + 1);
        let (room, door) = scene.behind_a_doorway().await;
        door.hold("GET /trade/orders/byOutRef");
        let others = async {
            door.held().await;
            // All others that are claimed together with it.
            while scene.placed().await < 15 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            door.open();
        };
        // If they waited for it, they would wait until the call is given up, and it would not be settled.
        let (told, ()) = tokio::join!(room.reconcile(Mode::Sandbox), others);
        assert_eq!((told.unwrap().settled, scene.placed().await), (24, 24), "all in one pass");
    }
}

#[tokio::test]
async fn several_nodes_share_the_open_orders_and_each_is_looked_up_once() {
    for scene in scenes().await {
        let orders = scene.left_behind(20).await;
        let (two, three) = (scene.other_node().await, scene.other_node().await);
        scene.clock.advance_ms(LEASE_MS + 1);
        let (before, world) = (scene.look_ups().await, Mode::Sandbox);
        let told = tokio::join!(scene.room.reconcile(world), two.reconcile(world), three.reconcile(world));
        let settled = [told.0, told.1, told.2].map(|told| told.unwrap().settled);
        assert_eq!((settled.iter().sum::<usize>(), scene.look_ups().await - before), (20, 20), "{settled:?}");
        for order in orders {
            assert_eq!(scene.by_reference(order.deed.reference.as_str()).await.state, State::AwaitingPayment);
        }
    }
}

#[tokio::test]
async fn whatever_was_open_is_settled_within_a_minute_of_the_catalogues_return() {
    for scene in scenes().await {
        // Left by a worker that died; unknown and there; unknown and not there; unknown, not there, and refused now.
        scene.left_behind(2).await;
        for (reference, kind) in [("PO-there", "drop_after"), ("PO-not", "drop_before"), ("PO-refused", "drop_before")]
        {
            let wish = scene.order_wish(reference).await;
            scene.fault("POST", "/trade/orders", kind, 1).await;
            assert_eq!(scene.place(&format!("key-{reference}"), &wish).await.unwrap().answer.status, 202);
        }
        // For ten minutes nothing gets through.
        scene.fault("GET", "/trade/orders/byOutRef", "status", -1).await;
        for _ in 0..120 {
            scene.reconcile_after(5_000).await;
        }
        assert!(scene.room.unsettled().await.unwrap().oldest_s > 600);
        let offer = scene.by_reference("PO-refused").await.deed.basket.lines[0].offer;
        scene.say(&format!("/control/goods/{offer}"), json!({"price": "+50%"})).await;
        scene.heal().await;
        let healed = scene.clock.now_ms();
        while scene.room.unsettled().await.unwrap().unknown > 0 {
            // As often as a node with the default settings does.
            scene.reconcile_after(2_000).await;
            assert!(scene.clock.now_ms() - healed <= 60_000, "{:?}", scene.room.unsettled().await.unwrap());
        }
        assert_eq!(scene.by_reference("PO-there").await.state, State::AwaitingPayment);
    }
}

#[tokio::test]
async fn after_hours_without_the_catalogue_orders_are_with_a_person_and_still_settled_soon() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        scene.fault("POST", "/trade/orders", "drop_after", 1).await;
        scene.place("key-0001", &wish).await.unwrap();
        scene.fault("GET", "/trade/orders/byOutRef", "status", -1).await;
        for _ in 0..10 {
            scene.reconcile_after(600_000).await;
        }
        let (order, why) = (scene.by_reference("PO-1").await, Some(crate::model::order::Attention::Unknown));
        assert_eq!((order.state, order.attention), (State::Unknown, why));
        assert_eq!(scene.room.needing_attention(9).await.unwrap().len(), 1);
        scene.heal().await;
        assert_eq!(scene.reconcile_after(30_001).await.settled, 1);
        assert!(scene.room.needing_attention(9).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn the_sandbox_world_never_delays_the_live_one() {
    for scene in scenes().await {
        let live = Caller { mode: Mode::Live, ..scene.caller.clone() };
        let elsewhere = scenes().await.remove(0);
        let door = Doorway::to(&scene.catalogue.url()).await;
        let end = |url: &str, scene: &Scene| upstream::Endpoint {
            url: url.parse().unwrap(),
            token: scene.catalogue.token.clone().into(),
        };
        // The sandbox world's catalogue is `scene.catalogue`, one of whose answers does not come; the live one answers.
        let settings = upstream::Settings {
            clock: scene.clock.clone(),
            live: Some(end(&elsewhere.catalogue.url(), &elsewhere)),
            sandbox: Some(end(door.url(), &scene)),
            deadline: Duration::from_secs(60),
            ..upstream::Settings::default()
        };
        let both = Upstream::new(&settings, Arc::default()).unwrap();
        let room = Scene::room(Ledger::new(scene.house.sql.clone(), scene.clock.clone()), both, &scene.clock);
        scene.left_behind(20).await;
        let line = scene.goods(1).await.remove(0).1;
        let quote = room.quote(&live, wish(vec![line])).await.unwrap().quotes.remove(0);
        let asked = room.key_use(&live, once("key-live"), "create_order");
        let begun = room.ledger.begin_order(asked, booked(&by_quote("PO-live", quote.id))).await.unwrap();
        assert!(matches!(begun, Begun::Fresh(..)));
        scene.clock.advance_ms(LEASE_MS + 1);
        door.hold("GET /trade/orders/byOutRef");
        let live = async {
            door.held().await;
            let told = room.reconcile(Mode::Live).await;
            door.open();
            told
        };
        let (stuck, live) = tokio::join!(room.reconcile(Mode::Sandbox), live);
        assert_eq!((stuck.unwrap().settled, live.unwrap().settled), (20, 1));
    }
}

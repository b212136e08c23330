//! What the catalogue said is old by the time it is heard: somebody else wrote what it said later.

use serde_json::json;

use super::lines::by_lines;
use super::{Expected, LEASE_MS, NewPayment, Scene, kinds, once, render, render_payment, scenes, to_pay, upstream};
use crate::ledger::Ledger;
use crate::model::money::Money;
use crate::model::order::{Kind, State};
use crate::model::partner::Mode;
use crate::model::payment::Method;
use crate::orders::Orders;
use crate::upstream::trial::Doorway;

impl Scene {
    /// The same gateway, to which the catalogue speaks through a doorway.
    pub(super) async fn behind_a_doorway(&self) -> (Orders, Doorway) {
        let door = Doorway::to(&self.catalogue.url()).await;
        let ledger = Ledger::new(self.house.sql.clone(), self.clock.clone());
        (Self::room(ledger, upstream(door.url(), &self.catalogue.token, &self.clock), &self.clock), door)
    }
}

#[tokio::test]
async fn an_older_price_is_not_written_over_a_newer_one() {
    for scene in scenes().await {
        let order = scene.placed_order("PO-1").await;
        let (room, door) = scene.behind_a_doorway().await;
        let path = format!("/control/orders/{}", order.catalogue_order.unwrap());
        scene.say(&path, json!({"priceFen": 400_000})).await;
        door.hold("GET /trade/orders/byOutRef");
        let wish = to_pay(vec![order.deed.id.clone()], Method::Debit);
        let overtakes = async {
            door.held().await;
            scene.say(&path, json!({"priceFen": 500_000})).await;
            scene.follow().await;
            door.open();
        };
        let pay = room.pay(&scene.caller, once("key-pay1"), wish, &render_payment);
        let (told, ()) = tokio::join!(pay, overtakes);
        assert!(String::from_utf8_lossy(&told.unwrap().answer.body).ends_with(" failed"));
        let order = scene.by_reference("PO-1").await;
        assert_eq!(order.payable, Money::fen(500_000));
        assert_eq!(kinds(&order).iter().filter(|kind| **kind == Kind::Repriced).count(), 1);
    }
}

#[tokio::test]
async fn a_refusal_is_not_written_over_another_try() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        let (room, door) = scene.behind_a_doorway().await;
        scene.fault("POST", "/trade/orders", "refuse", 1).await;
        door.hold("POST /trade/orders");
        let overtakes = async {
            door.held().await;
            // Its lease runs out, and the reconciler sends it again; nobody hears what becomes of that.
            scene.fault("POST", "/trade/orders", "drop_before", 1).await;
            scene.reconcile_after(LEASE_MS + 1).await;
            door.open();
        };
        let place = room.place(&scene.caller, once("key-0001"), wish.clone(), &render);
        let (told, ()) = tokio::join!(place, overtakes);
        assert_eq!(told.unwrap().answer.status, 202, "the other try may still get through");
        assert_eq!(scene.by_reference("PO-1").await.state, State::Unknown);
        scene.clock.advance_ms(LEASE_MS + 1);
        assert_eq!(scene.room.reconcile(Mode::Sandbox).await.unwrap().settled, 1);
        assert_eq!((scene.by_reference("PO-1").await.state, scene.placed().await), (State::AwaitingPayment, 1));
    }
}

#[tokio::test]
async fn an_order_by_lines_that_the_same_request_overtook_is_told_what_came_of_that() {
    for scene in scenes().await {
        let line = scene.goods(1).await.remove(0).1;
        let wish = by_lines("PO-1", vec![line]);
        let (room, door) = scene.behind_a_doorway().await;
        scene.fault("POST", "/trade/preview", "refuse", 1).await;
        door.hold("POST /trade/preview");
        let overtakes = async {
            door.held().await;
            let first = scene.place("key-0001", &wish).await.unwrap();
            door.open();
            first
        };
        let (second, first) =
            tokio::join!(room.place(&scene.caller, once("key-0001"), wish.clone(), &render), overtakes);
        let second = second.unwrap();
        assert_eq!((second.replayed, second.answer, scene.placed().await), (true, first.answer, 1));
    }
}

#[tokio::test]
async fn a_payment_that_the_same_request_overtook_is_told_what_came_of_that() {
    for scene in scenes().await {
        let orders = [scene.placed_order("PO-1").await, scene.placed_order("PO-2").await];
        let total = orders[0].payable.plus(orders[1].payable);
        let expected = Expected { total, ..Expected::default() };
        let ids = orders.iter().map(|order| order.deed.id.clone()).collect();
        let wish = NewPayment { expected, ..to_pay(ids, Method::Debit) };
        let (room, door) = scene.behind_a_doorway().await;
        door.hold("GET /trade/orders/byOutRef");
        let overtakes = async {
            door.held().await;
            let first = scene.room.pay(&scene.caller, once("key-pay1"), wish.clone(), &render_payment).await.unwrap();
            door.open();
            first
        };
        let second = room.pay(&scene.caller, once("key-pay1"), wish.clone(), &render_payment);
        let (second, first) = tokio::join!(second, overtakes);
        assert!(String::from_utf8_lossy(&first.answer.body).ends_with(" paid"));
        let second = second.unwrap();
        assert_eq!((second.replayed, second.answer), (true, first.answer));
    }
}

//! The full comparison, and what it leaves for people.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Scene, by_quote, caller, kinds, once, render, scenes, upstream, wish};
use crate::error::Code;
use crate::ledger::Ledger;
use crate::model::order::{Attention, Kind, State};
use crate::model::partner::{Caller, Mode, Partner};
use crate::orders::Compared;
use crate::orders::catalogue::Sent;
use crate::orders::place::outcome;

const EVERY_MS: i64 = 3_600_000;

impl Scene {
    async fn compare(&self) -> Compared {
        self.clock.advance_ms(EVERY_MS);
        self.room.compare(Mode::Sandbox).await.unwrap().expect("it is time")
    }

    async fn order_wish_of(&self, caller: &Caller, reference: &str) -> crate::orders::NewOrder {
        let line = self.goods(1).await.remove(0).1;
        by_quote(reference, self.room.quote(caller, wish(vec![line])).await.unwrap().quotes.remove(0).id)
    }

    async fn attention(&self) -> Vec<(String, Option<Attention>)> {
        let orders = self.room.needing_attention(9).await.unwrap();
        orders.into_iter().map(|order| (order.deed.reference.to_string(), order.attention)).collect()
    }
}

#[tokio::test]
async fn what_the_feed_missed_is_repaired_and_counted() {
    for scene in scenes().await {
        let orders =
            [scene.placed_order("PO-1").await, scene.placed_order("PO-2").await, scene.placed_order("PO-3").await];
        scene.advance(&orders[0], "warehousesigned").await;
        scene
            .say(
                &format!("/control/orders/{}", orders[1].catalogue_order.unwrap()),
                json!({"close": "seller_goods_lack"}),
            )
            .await;
        scene.miss_the_feed().await;
        assert_eq!(scene.follow().await.moved, 0);
        let found = scene.compare().await;
        assert_eq!((found.seen, found.moved), (3, 2), "{found:?}");
        assert_eq!(scene.by_reference("PO-1").await.state, State::AtWarehouse);
        assert_eq!(scene.by_reference("PO-2").await.state, State::Closed);
        assert_eq!(scene.compare().await, Compared { seen: 3, ..Compared::default() });
        assert_eq!(scene.room.compared()[0], ("moved", 2));
    }
}

#[tokio::test]
async fn one_node_compares_when_it_is_time_and_one_that_failed_is_made_up_for() {
    for scene in scenes().await {
        scene.placed_order("PO-1").await;
        let other = scene.other_node().await;
        let (one, two) = tokio::join!(scene.room.compare(Mode::Sandbox), other.compare(Mode::Sandbox));
        assert_eq!([one.unwrap(), two.unwrap()].iter().flatten().count(), 1);
        assert_eq!(scene.room.compare(Mode::Sandbox).await.unwrap(), None, "it is not time");
        assert!(scene.room.compare(Mode::Live).await.unwrap().is_some(), "the other world has its own time");
        scene.clock.advance_ms(EVERY_MS);
        scene.fault("GET", "/trade/orders", "status", -1).await;
        assert!(scene.room.compare(Mode::Sandbox).await.is_err());
        scene.heal().await;
        assert!(scene.room.compare(Mode::Sandbox).await.unwrap().is_some(), "what was not looked at does not wait");
    }
}

#[tokio::test]
async fn an_order_that_ended_here_and_was_paid_there_waits_for_a_person_until_the_money_went_back() {
    for scene in scenes().await {
        let (lease, order) = {
            let wish = scene.order_wish("PO-1").await;
            scene.begin_and_die("key-0001", &wish).await
        };
        // It arrived, was paid there, and nobody here ever heard of it: here it ends as never placed.
        scene.room.send(&order.deed).await;
        let number =
            scene.say(&format!("/trade/orders/byOutRef?partnerCode=acme&outRef={}", order.deed.id), Value::Null).await;
        let number = number["orderNo"].as_i64().unwrap();
        scene.say("/control/advance", json!({"orderNo": number, "to": "waitsellersend"})).await;
        scene.miss_the_feed().await;
        let refused = outcome(&order, &Sent::Refused(gone()));
        let ended = scene.room.write(&order, refused).await.unwrap().unwrap();
        assert_eq!(ended.state, State::Rejected);
        drop(lease);
        for _ in 0..2 {
            assert_eq!(scene.compare().await.went_on, 1);
        }
        let marked = scene.by_reference("PO-1").await;
        assert_eq!(kinds(&marked).iter().filter(|kind| **kind == Kind::WentOn).count(), 1, "marked once");
        assert_eq!(marked.catalogue_order.map(|number| number.number()), Some(number));
        assert_eq!(scene.attention().await, [("PO-1".to_owned(), Some(Attention::WentOn))]);
        assert_eq!(scene.room.count_attention().await.unwrap(), [(Attention::WentOn, 1)]);
        assert!(scene.told(marked.deed.id.as_str()).await.iter().all(|(kind, _)| kind == "order.refused"));
        scene.say(&format!("/control/orders/{number}"), json!({"close": "seller_goods_lack"})).await;
        scene.follow().await;
        assert_eq!((scene.attention().await, scene.by_reference("PO-1").await.state), (vec![], State::Rejected));
    }
}

fn gone() -> crate::model::order::Refusal {
    crate::model::order::Refusal::plain(Code::OrderRefused, "x")
}

#[tokio::test]
async fn an_order_that_ended_here_and_is_unpaid_there_is_taken_back() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        let (_, order) = scene.begin_and_die("key-0001", &wish).await;
        scene.room.send(&order.deed).await;
        scene.miss_the_feed().await;
        let refused = outcome(&order, &Sent::Refused(gone()));
        scene.room.write(&order, refused).await.unwrap().unwrap();
        scene.compare().await;
        let there =
            scene.say(&format!("/trade/orders/byOutRef?partnerCode=acme&outRef={}", order.deed.id), Value::Null).await;
        assert_eq!((there["status"].as_str(), scene.attention().await), (Some("cancel"), vec![]));
    }
}

#[tokio::test]
async fn orders_that_only_one_side_has_are_told_apart() {
    for scene in scenes().await {
        let order = scene.placed_order("PO-1").await;
        let line = &order.deed.basket.lines[0];
        let basket = &order.deed.basket;
        let foreign = json!({
            "outRef": "somebody-elses", "partnerCode": "acme", "channel": "CROSS_BORDER", "destCountry": "JP",
            "warehouseCode": "YW01", "sellerId": basket.supplier.number(), "freightFen": basket.freight.minor,
            "totalFen": basket.total.minor, "lines": [{
                "skuId": line.sku.number(), "quantity": line.quantity.get(), "unitPriceFen": line.unit_price.minor,
            }],
        });
        scene.say("/trade/orders", foreign).await;
        let found = scene.compare().await;
        assert_eq!((found.seen, found.unknown_here, found.missing_there), (2, 1, 0), "{found:?}");
        // The catalogue loses its memory: another one is in its place.
        let empty = scenes().await.remove(0);
        let ledger = Ledger::new(scene.house.sql.clone(), scene.clock.clone());
        let elsewhere =
            Scene::room(ledger, upstream(&empty.catalogue.url(), &empty.catalogue.token, &scene.clock), &scene.clock);
        for _ in 0..2 {
            scene.clock.advance_ms(EVERY_MS);
            let found = elsewhere.compare(Mode::Sandbox).await.unwrap().unwrap();
            assert_eq!((found.seen, found.missing_there), (0, 1), "{found:?}");
        }
        let lost = scene.by_reference("PO-1").await;
        assert_eq!((lost.state, kinds(&lost).last()), (State::AwaitingPayment, Some(&Kind::WentMissing)));
        assert_eq!(scene.attention().await, [("PO-1".to_owned(), Some(Attention::WentMissing))]);
        scene.compare().await;
        assert_eq!((scene.attention().await, scene.by_reference("PO-1").await.state), (vec![], State::AwaitingPayment));
    }
}

#[tokio::test]
async fn a_partner_whose_page_cannot_be_read_does_not_keep_the_next_from_being_compared() {
    for scene in scenes().await {
        let first = scene.placed_order("PO-1").await;
        let later = Caller {
            partner: Arc::new(Partner { id: "zeta".parse().unwrap(), ..(*caller().partner).clone() }),
            ..caller()
        };
        let wish = scene.order_wish_of(&later, "PO-2").await;
        assert_eq!(scene.room.place(&later, once("key-PO-2"), wish, &render).await.unwrap().answer.status, 201);
        let second = scene.room.by_reference(&later, &"PO-2".parse().unwrap()).await.unwrap();
        for order in [&first, &second] {
            scene.advance(order, "warehousesigned").await;
        }
        scene.miss_the_feed().await;
        scene.fault("GET", "/trade/orders", "garbage", 1).await;
        let found = scene.compare().await;
        assert_eq!((found.unreadable, found.moved), (1, 2), "what is open is asked for one by one: {found:?}");
        for order in [&first, &second] {
            scene.advance(order, "inspected").await;
        }
        scene.miss_the_feed().await;
        // The first partner's list brings no answer; the client asks twice more.
        scene.fault("GET", "/trade/orders", "status", 3).await;
        scene.clock.advance_ms(EVERY_MS);
        assert!(scene.room.compare(Mode::Sandbox).await.is_err(), "told at the end");
        assert_eq!(scene.room.by_reference(&later, &"PO-2".parse().unwrap()).await.unwrap().state, State::Inspected);
        scene.heal().await;
        assert!(scene.room.compare(Mode::Sandbox).await.unwrap().is_none(), "not all of it at once again");
        scene.clock.advance_ms(EVERY_MS / 12);
        assert_eq!(scene.room.compare(Mode::Sandbox).await.unwrap().unwrap().moved, 1);
        assert_eq!(scene.by_reference("PO-1").await.state, State::Inspected);
    }
}

//! The life of an order after it was placed, as the catalogue tells it and as its partner sees it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::{kinds, once, render_payment, scenes, to_pay};
use crate::error::{Code, Failure};
use crate::model::order::{Kind, State};
use crate::model::page::{Cursor, PageSize};
use crate::model::partner::{Caller, Mode, Partner};
use crate::model::payment::Method;
use crate::orders::Filter;

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
        assert_eq!(scene.follow().await, crate::orders::Followed::default());
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
async fn an_order_that_cannot_be_understood_does_not_stop_the_feed() {
    for scene in scenes().await {
        let orders = [scene.placed_order("PO-1").await, scene.placed_order("PO-2").await];
        scene.follow().await;
        for order in &orders {
            scene.advance(order, "waitsellersend").await;
        }
        scene.fault("GET", "/trade/orders/byOutRef", "garbage", 1).await;
        assert_eq!(scene.follow().await, crate::orders::Followed { seen: 2, moved: 1, left_out: 1, more: false });
        assert_eq!(scene.follow().await, crate::orders::Followed::default());
        // They are looked up side by side, so that either may have met the garbage.
        let states = [scene.by_reference("PO-1").await.state, scene.by_reference("PO-2").await.state];
        assert_eq!(states.iter().filter(|state| **state == State::Paid).count(), 1, "{states:?}");
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

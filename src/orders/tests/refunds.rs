//! What refunds do to orders; the refunds themselves are another room's.

use std::time::Duration;

use serde_json::json;

use super::{Filter, Scene, kinds, scenes};
use crate::model::money::Money;
use crate::model::order::{Kind, Order, State};
use crate::model::page::PageSize;
use crate::model::partner::Mode;
use crate::model::payment::Method;

/// Applies at the catalogue for so many pieces and so much; gives the refund's number.
async fn apply(scene: &Scene, order: &Order, out_ref: &str, pieces: u32, fen: i64, freight: i64) -> i64 {
    let body = json!({
        "outRef": out_ref, "partnerCode": "acme", "orderNo": order.catalogue_order.unwrap().number(), "type": "MONEY",
        "reasonCode": "AGREED", "applyFen": fen, "freightFen": freight, "lines": [{"lineNo": 1, "quantity": pieces}],
        "description": "test", "voucherIds": [],
    });
    scene.say("/trade/refunds", body).await["refundNo"].as_i64().unwrap()
}

async fn paid(scene: &Scene, reference: &str) -> Order {
    let order = scene.placed_order(reference).await;
    scene.pay(&format!("key-{reference}-pay"), &order, Method::Debit).await;
    scene.by_reference(reference).await
}

async fn settle(scene: &Scene, refund: i64, what: &str) {
    scene.say(&format!("/control/refunds/{refund}"), json!({"do": what})).await;
}

fn pieces(order: &Order) -> u32 {
    order.deed.basket.lines[0].quantity.get()
}

#[tokio::test]
async fn a_refund_of_everything_interrupts_an_order_until_it_is_withdrawn_or_succeeds() {
    for scene in scenes().await {
        let order = paid(&scene, "PO-1").await;
        let (all, basket) = (pieces(&order), order.deed.basket.clone());
        let first = apply(&scene, &order, "r-1", all, basket.total.minor, basket.freight.minor).await;
        assert_eq!(scene.follow().await.moved, 1);
        assert_eq!(scene.by_reference("PO-1").await.state, State::Refunding);
        scene.say(&format!("/trade/refunds/{first}/withdraw"), json!({})).await;
        assert_eq!(scene.follow().await.moved, 1);
        let back = scene.by_reference("PO-1").await;
        assert_eq!((back.state, kinds(&back).last()), (State::Paid, Some(&Kind::RefundEnded)));

        let second = apply(&scene, &order, "r-2", all, basket.total.minor, basket.freight.minor).await;
        scene.follow().await;
        settle(&scene, second, "agree").await;
        assert_eq!(scene.follow().await.moved, 1);
        let done = scene.by_reference("PO-1").await;
        assert_eq!(
            (done.state, done.refunded, done.reason.as_deref()),
            (State::Refunded, basket.total, Some("refunded"))
        );
        let listed = scene.room.list(&scene.caller, &Filter::default(), None, PageSize::default()).await.unwrap();
        assert_eq!((listed.items[0].refunded, listed.items[0].paying), (done.refunded, done.paying));
        assert_eq!(scene.follow().await, crate::orders::Followed::default());
        let told = scene.told(done.deed.id.as_str()).await;
        let kinds: Vec<_> = told.iter().map(|(kind, _)| kind.as_str()).collect();
        let hears = ["accepted", "paid", "refund_opened", "refund_ended", "refund_opened", "refunded"];
        assert_eq!(kinds, hears.map(|kind| format!("order.{kind}")));
        let (_, last) = told.last().unwrap();
        assert_eq!((&last["reference"], &last["state"]), (&json!("PO-1"), &json!("refunded")));
        assert_eq!(last["refunded"]["amount"], basket.total.amount());
    }
}

#[tokio::test]
async fn a_refund_of_a_part_leaves_the_order_where_it_is_and_tells_each_amount_once() {
    for scene in scenes().await {
        let order = paid(&scene, "PO-1").await;
        let other = scene.other_node().await;
        scene.advance(&order, "warehousesigned").await;
        scene.follow().await;
        let refund = apply(&scene, &order, "r-1", 1, 1, 0).await;
        scene.follow().await;
        assert_eq!(scene.by_reference("PO-1").await.state, State::AtWarehouse, "it is not about everything");
        settle(&scene, refund, "agree").await;
        let nodes = tokio::join!(scene.follow(), other.follow(Mode::Sandbox, Duration::ZERO));
        assert!(nodes.0.moved + nodes.1.unwrap().moved >= 1);
        let part = scene.by_reference("PO-1").await;
        assert_eq!((part.state, part.refunded), (State::AtWarehouse, Money::fen(1)));
        scene.follow().await;
        scene.advance(&order, "success").await;
        scene.follow().await;
        let done = scene.by_reference("PO-1").await;
        assert_eq!((done.state, done.refunded), (State::Completed, Money::fen(1)));
        assert_eq!(kinds(&done).iter().filter(|kind| **kind == Kind::PartRefunded).count(), 1);
    }
}

#[tokio::test]
async fn the_money_of_an_order_that_its_supplier_closed_shows_as_given_back() {
    for scene in scenes().await {
        let order = paid(&scene, "PO-1").await;
        let number = order.catalogue_order.unwrap();
        scene.say(&format!("/control/orders/{number}"), json!({"close": "seller_goods_lack"})).await;
        scene.follow().await;
        let closed = scene.by_reference("PO-1").await;
        assert_eq!((closed.state, closed.reason.as_deref()), (State::Refunded, Some("seller_goods_lack")));
        assert_eq!((closed.refunded, closed.paying.name()), (closed.payable, "refunded"));
        let kinds = kinds(&closed);
        assert_eq!(&kinds[kinds.len() - 2..], [Kind::Closed, Kind::Refunded]);
        let pay = scene.pay("key-again", &closed, Method::Debit).await;
        assert_eq!(pay.parts[0].problem.as_deref(), Some("order_state_conflict"));
    }
}

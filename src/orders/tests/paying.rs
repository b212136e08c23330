//! Payments: what partners expect and hear, and debits that are read back.

use serde_json::{Value, json};

use super::{Expected, LEASE_MS, NewPayment, Scene, once, render_payment, scenes, to_pay};
use crate::error::{Code, Failure};
use crate::model::ids::OrderId;
use crate::model::money::Money;
use crate::model::order::{Order, State};
use crate::model::payment::{Method, PartState, Whole};

fn expecting(orders: &[&Order], method: Method, expected: Money) -> NewPayment {
    let expected = Expected { total: Some(expected), ..Expected::default() };
    NewPayment { expected, ..to_pay(orders.iter().map(|o| o.deed.id.clone()).collect(), method) }
}

impl Scene {
    async fn pay_calls(&self) -> i64 {
        let stats = self.say("/control/stats", Value::Null).await;
        stats["calls"]["POST /trade/orders/{orderNo}/pay"].as_i64().unwrap_or(0)
    }
}

#[tokio::test]
async fn a_sum_that_is_not_the_expected_one_is_told_before_anything_is_asked() {
    for scene in scenes().await {
        let (one, two) = (scene.placed_order("PO-1").await, scene.placed_order("PO-2").await);
        let sum = one.payable.plus(two.payable).unwrap();
        // The supplier changed one of them, and nobody told us.
        let number = two.catalogue_order.unwrap();
        scene.say(&format!("/control/orders/{number}"), json!({"priceFen": two.payable.minor + 100})).await;
        let wish = |expected| expecting(&[&one, &two], Method::Debit, expected);
        let refused = scene.room.pay(&scene.caller, once("key-pay1"), wish(sum), &render_payment).await.unwrap_err();
        assert_eq!((refused.code(), scene.pay_calls().await), (Code::PriceChanged, 0));
        let new = Money::fen(sum.minor + 100);
        let extras = refused.extras();
        assert!(extras[0].1.contains(&new.amount()), "{extras:?}");
        let parts: Value = serde_json::from_str(&extras.last().unwrap().1).unwrap();
        assert_eq!(parts[1]["amount"]["amount"], Money::fen(two.payable.minor + 100).amount());
        let told = scene.room.pay(&scene.caller, once("key-pay1"), wish(new), &render_payment).await.unwrap();
        assert!(String::from_utf8(told.answer.body.clone()).unwrap().ends_with("paid"));
        let again = scene.room.pay(&scene.caller, once("key-pay1"), wish(sum), &render_payment).await.unwrap();
        assert_eq!((again.replayed, again.answer), (true, told.answer), "a repeat is not judged anew");
        let stranger = NewPayment { orders: vec![OrderId::fresh()], ..wish(new) };
        let refused = scene.room.pay(&scene.caller, once("key-pay2"), stranger, &render_payment).await.unwrap_err();
        assert_eq!(refused.code(), Code::OrderNotFound);
    }
}

#[tokio::test]
async fn a_sum_may_be_expected_in_the_currency_the_orders_were_quoted_in() {
    for scene in scenes().await {
        let order = scene.placed_order("PO-1").await;
        let yen = order.deed.exchange.convert(order.payable).unwrap();
        let wrong = expecting(&[&order], Method::Debit, Money::new(yen.minor + 1, yen.currency));
        let refused = scene.room.pay(&scene.caller, once("key-pay1"), wrong, &render_payment).await.unwrap_err();
        assert!(refused.extras().iter().any(|(name, json)| *name == "total_converted" && json.contains(&yen.amount())));
        let dollars = expecting(&[&order], Method::Debit, Money::new(1, "USD".parse().unwrap()));
        let refused = scene.room.pay(&scene.caller, once("key-pay1"), dollars, &render_payment).await.unwrap_err();
        assert_eq!(refused.places()[0].pointer, "#/expected_total/currency");
        let right = expecting(&[&order], Method::Debit, yen);
        scene.room.pay(&scene.caller, once("key-pay1"), right, &render_payment).await.unwrap();
        assert_eq!(scene.by_reference("PO-1").await.state, State::Paid);
    }
}

#[tokio::test]
async fn what_one_order_costs_more_another_does_not_make_up_for() {
    for scene in scenes().await {
        let (one, two) = (scene.placed_order("PO-1").await, scene.placed_order("PO-2").await);
        let amounts = |one_more: i64, two_more: i64| {
            let of = |order: &Order, more: i64| (order.deed.id.clone(), Money::fen(order.payable.minor + more));
            vec![of(&one, one_more), of(&two, two_more)]
        };
        let wish = |amounts| {
            let expected = Expected { total: one.payable.plus(two.payable), amounts };
            NewPayment { expected, ..to_pay(vec![one.deed.id.clone(), two.deed.id.clone()], Method::Debit) }
        };
        for (order, more) in [(&one, 100), (&two, -100)] {
            let number = order.catalogue_order.unwrap();
            scene.say(&format!("/control/orders/{number}"), json!({"priceFen": order.payable.minor + more})).await;
        }
        let pay = async |amounts| scene.room.pay(&scene.caller, once("key-pay1"), wish(amounts), &render_payment).await;
        let refused = pay(amounts(0, 0)).await.unwrap_err();
        assert_eq!((refused.code(), scene.pay_calls().await), (Code::PriceChanged, 0));
        let pointers: Vec<_> = refused.places().into_iter().map(|place| place.pointer).collect();
        assert_eq!(pointers, ["#/expected_amounts/0/amount", "#/expected_amounts/1/amount"]);
        let now: Value = serde_json::from_str(&refused.extras().last().unwrap().1).unwrap();
        assert_eq!(now[0]["amount"]["amount"], Money::fen(one.payable.minor + 100).amount());
        let half = pay(amounts(100, 0)).await.unwrap_err();
        assert_eq!(half.places()[0].pointer, "#/expected_amounts/1/amount");
        let told = pay(amounts(100, -100)).await.unwrap();
        assert!(String::from_utf8(told.answer.body).unwrap().ends_with("paid"));
    }
}

#[tokio::test]
async fn an_expected_amount_is_of_an_order_of_the_payment_in_a_currency_that_it_has() {
    for scene in scenes().await {
        let order = scene.placed_order("PO-1").await;
        let yen = order.deed.exchange.convert(order.payable).unwrap();
        let pay = async |amounts: Vec<(OrderId, Money)>| {
            let expected = Expected { total: None, amounts };
            let wish = NewPayment { expected, ..to_pay(vec![order.deed.id.clone()], Method::Debit) };
            scene.room.pay(&scene.caller, once("key-pay1"), wish, &render_payment).await
        };
        let own = order.deed.id.clone();
        let stranger = pay(vec![(own.clone(), yen), (OrderId::fresh(), yen), (own.clone(), yen)]).await.unwrap_err();
        let pointers: Vec<_> = stranger.places().into_iter().map(|place| place.pointer).collect();
        assert_eq!(pointers, ["#/expected_amounts/1/order_id", "#/expected_amounts/2/order_id"]);
        let dollars = pay(vec![(own.clone(), Money::new(1, "USD".parse().unwrap()))]).await.unwrap_err();
        assert_eq!(dollars.places()[0].pointer, "#/expected_amounts/0/amount/currency");
        pay(vec![(own, yen)]).await.unwrap();
        assert_eq!(scene.by_reference("PO-1").await.state, State::Paid);
    }
}

#[tokio::test]
async fn partners_hear_how_each_part_of_a_payment_goes_once() {
    for scene in scenes().await {
        let (one, two) = (scene.placed_order("PO-1").await, scene.placed_order("PO-2").await);
        scene.room.cancel(&scene.caller, &two.deed.id, None).await.unwrap();
        let both = to_pay(vec![one.deed.id.clone(), two.deed.id.clone()], Method::Debit);
        let told = scene.room.pay(&scene.caller, once("key-pay1"), both, &render_payment).await.unwrap();
        let text = String::from_utf8(told.answer.body).unwrap();
        let (id, whole) = text.split_once(' ').unwrap();
        assert_eq!(whole, "partly_paid");
        scene.follow().await;
        let heard = scene.told(id).await;
        let kinds: Vec<_> = heard.iter().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(kinds, ["payment.paid", "payment.failed"]);
        assert_eq!((&heard[0].1["reference"], &heard[0].1["order_id"]), (&json!("PO-1"), &json!(one.deed.id.as_str())));
        assert_eq!((&heard[1].1["problem"], &heard[1].1["state"]), (&json!("order_state_conflict"), &json!("failed")));
    }
}

#[tokio::test]
async fn a_page_that_is_asked_for_twice_is_opened_once_in_the_story() {
    for scene in scenes().await {
        let order = scene.placed_order("PO-1").await;
        let first = scene.pay("key-pay1", &order, Method::Page).await;
        let opened = scene.by_reference("PO-1").await;
        let second = scene.pay("key-pay2", &order, Method::Page).await;
        assert_eq!(first.parts[0].pay_url, second.parts[0].pay_url);
        assert_eq!(scene.by_reference("PO-1").await.version, opened.version);
        let url = first.parts[0].pay_url.clone().unwrap();
        assert_eq!(scene.control.post(&url).send().await.unwrap().status(), 200);
        scene.follow().await;
        for payment in [first, second] {
            let kinds: Vec<_> = scene.told(payment.id.as_str()).await.into_iter().map(|(kind, _)| kind).collect();
            assert_eq!(kinds, ["payment.page_opened", "payment.paid"]);
        }
    }
}

#[tokio::test]
async fn an_ambiguous_debit_is_read_back_by_its_reference_and_not_repeated() {
    for scene in scenes().await {
        let order = scene.placed_order("PO-1").await;
        scene.fault("POST", "/trade/orders/{orderNo}/pay", "drop_after", 1).await;
        // The order itself cannot be read for a while, so that nobody knows; the debit was taken.
        let unreadable = async {
            while scene.pay_calls().await < 1 {}
            scene.fault("GET", "/trade/orders/byOutRef", "status", -1).await;
        };
        let (payment, ()) = tokio::join!(scene.pay("key-pay1", &order, Method::Debit), unreadable);
        scene.heal().await;
        if payment.state() == Whole::Pending {
            assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.debits, 1);
        }
        let settled = scene.room.payment(&scene.caller, &payment.id).await.unwrap();
        assert_eq!((settled.state(), scene.pay_calls().await), (Whole::Paid, 1), "it was said once");
    }
}

#[tokio::test]
async fn a_debit_that_did_not_arrive_is_said_again_only_after_it_was_read_back() {
    for scene in scenes().await {
        let order = scene.placed_order("PO-1").await;
        scene.fault("POST", "/trade/orders/{orderNo}/pay", "drop_before", 1).await;
        let payment = scene.pay("key-pay1", &order, Method::Debit).await;
        assert_eq!((payment.state(), payment.parts[0].state), (Whole::Pending, PartState::Unknown));
        assert_eq!(scene.told(payment.id.as_str()).await[0].0, "payment.unknown");
        // As long as it cannot be read back, nothing is said again.
        scene.fault("GET", "/trade/payments/byRef", "status", -1).await;
        assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.debits, 1);
        assert_eq!((scene.pay_calls().await, scene.by_reference("PO-1").await.state), (1, State::AwaitingPayment));
        scene.heal().await;
        assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.debits, 1);
        assert_eq!((scene.pay_calls().await, scene.by_reference("PO-1").await.state), (2, State::Paid));
        let kinds: Vec<_> = scene.told(payment.id.as_str()).await.into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(kinds, ["payment.unknown", "payment.paid"]);
    }
}

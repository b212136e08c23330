//! Paying: what the order shows is what is paid, and an answer that was lost is read back.

use std::time::Duration;

use serde_json::{Value, json};

use super::{LEASE_MS, kinds, once, render_payment, scenes, to_pay};
use crate::error::{Code, Failure};
use crate::ledger::Begun;
use crate::model::money::Money;
use crate::model::order::{Kind, State};
use crate::model::page::PageSize;
use crate::model::partner::Mode;
use crate::model::payment::{Method, PartState, Whole};
use crate::orders::Filter;
use crate::upstream::wholesale::wire::trade::PayMode;

#[tokio::test]
async fn nothing_is_paid_but_the_amount_that_the_order_shows() {
    for scene in scenes().await {
        let order = scene.placed_order("PO-1").await;
        let number = order.catalogue_order.unwrap();
        scene.say(&format!("/control/orders/{number}"), json!({"priceFen": 500_000})).await;
        for method in [Method::Debit, Method::Page] {
            let late = scene.placed_order(&format!("PO-{}", method.name())).await;
            let number = late.catalogue_order.unwrap();
            scene.say(&format!("/control/orders/{number}"), json!({"priceFen": 500_000})).await;
            let payment = scene.pay(&format!("key-{}", method.name()), &late, method).await;
            let part = &payment.parts[0];
            assert_eq!((part.state, part.problem.as_deref()), (PartState::Failed, Some("price_changed")));
            let there = scene.say(&format!("/trade/orders/{number}"), Value::Null).await;
            assert_eq!((there["status"].as_str(), there["paidFen"].as_i64()), (Some("waitbuyerpay"), Some(0)));
            assert_eq!(kinds(&scene.by_reference(late.deed.reference.as_str()).await).last(), Some(&Kind::Repriced));
        }
        let until = std::time::Instant::now() + Duration::from_secs(9);
        let old = scene
            .room
            .ask_to_pay(Mode::Sandbox, number, PayMode::Debit, "pay_1", order.payable, until)
            .await
            .unwrap_err();
        assert!(old.to_string().contains("PRICE_CHANGED"), "{old}");
        scene.follow().await;
        let shown = scene.by_reference("PO-1").await;
        assert_eq!((shown.state, shown.payable), (State::AwaitingPayment, Money::fen(500_000)));
        let listed = scene.room.list(&scene.caller, &Filter::default(), None, PageSize::default()).await.unwrap();
        assert!(listed.items.iter().all(|order| order.payable == Money::fen(500_000)));
        assert_eq!(scene.room.payment_options(&scene.caller, &shown.deed.id).await.unwrap().total, shown.payable);
        assert_eq!(scene.pay("key-agreed", &shown, Method::Debit).await.state(), Whole::Paid);
        let there = scene.say(&format!("/trade/orders/{number}"), Value::Null).await;
        assert_eq!(there["paidFen"], 500_000);
    }
}

#[tokio::test]
async fn a_debit_that_was_agreed_to_before_the_price_changed_is_not_said_again() {
    for scene in scenes().await {
        let order = scene.placed_order("PO-1").await;
        let asked = scene.room.key_use(&scene.caller, once("key-pay1"), "create_payment");
        let id = order.deed.id.clone();
        let begun = scene.room.ledger.begin_payment(asked, Method::Debit, vec![(id, None)]).await.unwrap();
        let Begun::Fresh(_, payment) = begun else { panic!("{begun:?}") };
        scene.clock.advance_ms(1);
        let number = order.catalogue_order.unwrap();
        scene.say(&format!("/control/orders/{number}"), json!({"priceFen": 500_000})).await;
        scene.follow().await;
        assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.debits, 1);
        let payment = scene.room.payment(&scene.caller, &payment.id).await.unwrap();
        assert_eq!(payment.parts[0].problem.as_deref(), Some("price_changed"));
        assert_eq!(scene.by_reference("PO-1").await.state, State::AwaitingPayment);
    }
}

#[tokio::test]
async fn a_refusal_that_is_not_about_the_state_is_not_called_a_state_conflict() {
    for scene in scenes().await {
        let order = scene.placed_order("PO-1").await;
        scene.fault("POST", "/trade/orders/{orderNo}/cancel", "refuse", 1).await;
        let refused = scene.room.cancel(&scene.caller, &order.deed.id, None).await.unwrap_err();
        assert_eq!(refused.code(), Code::UpstreamRefused);
        scene.fault("POST", "/trade/orders/{orderNo}/pay", "refuse", 1).await;
        let payment = scene.pay("key-pay1", &order, Method::Debit).await;
        assert_eq!(payment.parts[0].problem.as_deref(), Some("upstream_refused"));
    }
}

#[tokio::test]
async fn a_payment_that_could_not_be_finished_can_be_asked_for_again_at_once() {
    for scene in scenes().await {
        let order = scene.placed_order("PO-1").await;
        let wish = || to_pay(vec![order.deed.id.clone()], Method::Debit);
        let asked = scene.room.key_use(&scene.caller, once("key-pay1"), "create_payment");
        scene.room.ledger.begin_payment(asked, Method::Debit, vec![(order.deed.id.clone(), None)]).await.unwrap();
        scene.clock.advance_ms(LEASE_MS + 1);
        scene.fault("GET", "/trade/orders/byOutRef", "status", -1).await;
        let failed = scene.room.pay(&scene.caller, once("key-pay1"), wish(), &render_payment).await.unwrap_err();
        assert_eq!(failed.code(), Code::UpstreamUnavailable);
        scene.heal().await;
        let told = scene.room.pay(&scene.caller, once("key-pay1"), wish(), &render_payment).await.unwrap();
        assert!(String::from_utf8(told.answer.body).unwrap().ends_with("paid"));
    }
}

#[tokio::test]
async fn a_debit_whose_answer_was_lost_is_read_back_and_never_taken_twice() {
    for scene in scenes().await {
        let order = scene.placed_order("PO-1").await;
        scene.fault("POST", "/trade/orders/{orderNo}/pay", "drop_after", 1).await;
        let payment = scene.pay("key-pay1", &order, Method::Debit).await;
        assert_eq!(payment.state(), Whole::Paid);
        assert_eq!(scene.by_reference("PO-1").await.state, State::Paid);

        let second = scene.placed_order("PO-2").await;
        scene.fault("POST", "/trade/orders/{orderNo}/pay", "slow", 1).await;
        let cut = async {
            let paying = |stats: Value| stats["calls"]["POST /trade/orders/{orderNo}/pay"].as_i64();
            while paying(scene.say("/control/stats", Value::Null).await) < Some(2) {}
            scene.fault("GET", "/trade/orders/byOutRef", "status", -1).await;
        };
        let (payment, ()) = tokio::join!(scene.pay("key-pay2", &second, Method::Debit), cut);
        assert_eq!((payment.state(), payment.parts[0].state), (Whole::Pending, PartState::Unknown));
        scene.heal().await;
        assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.debits, 1);
        let settled = scene.room.payment(&scene.caller, &payment.id).await.unwrap();
        assert_eq!((settled.state(), scene.by_reference("PO-2").await.state), (Whole::Paid, State::Paid));
        assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.debits, 0);
    }
}

#[tokio::test]
async fn several_orders_are_paid_in_one_payment_and_each_says_how_it_went() {
    for scene in scenes().await {
        let orders =
            [scene.placed_order("PO-1").await, scene.placed_order("PO-2").await, scene.placed_order("PO-3").await];
        scene.room.cancel(&scene.caller, &orders[1].deed.id, None).await.unwrap();
        let wish = || to_pay(orders.iter().map(|order| order.deed.id.clone()).collect(), Method::Debit);
        let told = scene.room.pay(&scene.caller, once("key-pay1"), wish(), &render_payment).await.unwrap();
        let again = scene.room.pay(&scene.caller, once("key-pay1"), wish(), &render_payment).await.unwrap();
        assert_eq!((again.replayed, &again.answer), (true, &told.answer));
        let text = String::from_utf8(told.answer.body).unwrap();
        let id = text.split(' ').next().unwrap().parse().unwrap();
        let payment = scene.room.payment(&scene.caller, &id).await.unwrap();
        let states: Vec<_> = payment.parts.iter().map(|part| part.state).collect();
        assert_eq!(states, [PartState::Paid, PartState::Failed, PartState::Paid]);
        let twice = to_pay(vec![orders[0].deed.id.clone(); 2], Method::Page);
        let twice = scene.room.pay(&scene.caller, once("key-pay2"), twice, &render_payment).await.unwrap_err();
        assert_eq!(twice.places()[0].pointer, "#/order_ids/1");
    }
}

#[tokio::test]
async fn a_payment_page_settles_when_the_order_is_paid_there() {
    for scene in scenes().await {
        let order = scene.placed_order("PO-1").await;
        let options = scene.room.payment_options(&scene.caller, &order.deed.id).await.unwrap();
        assert_eq!((options.methods, options.total), (Method::ALL, order.deed.basket.total));
        let payment = scene.pay("key-pay1", &order, Method::Page).await;
        let url = payment.parts[0].pay_url.clone().unwrap();
        assert!(url.contains("/cashier/") && payment.state() == Whole::Pending);
        assert_eq!(scene.control.post(&url).send().await.unwrap().status(), 200);
        scene.follow().await;
        let paid = scene.room.payment(&scene.caller, &payment.id).await.unwrap();
        assert_eq!((paid.state(), scene.by_reference("PO-1").await.state), (Whole::Paid, State::Paid));
        let options = scene.room.payment_options(&scene.caller, &order.deed.id).await.unwrap();
        assert!(options.methods.is_empty());
    }
}

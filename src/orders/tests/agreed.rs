//! What was agreed is what is paid, and only what paid an order is called paid.

use serde_json::{Value, json};

use super::holding::node;
use super::{Expected, LEASE_MS, NewPayment, Scene, once, render_payment, scenes, to_pay};
use crate::error::{Code, Failure};
use crate::ledger::Begun;
use crate::model::ids::PaymentId;
use crate::model::money::Money;
use crate::model::order::{Order, State};
use crate::model::partner::Mode;
use crate::model::payment::{Method, Part, PartState, Payment};

impl Scene {
    /// Begins a payment and dies before anything else.
    async fn begin_to_pay(&self, key: &str, order: &Order, method: Method) -> Payment {
        let asked = self.room.key_use(&self.caller, once(key), "create_payment");
        let begun = self.room.ledger.begin_payment(asked, method, vec![(order.deed.id.clone(), None)]).await.unwrap();
        let Begun::Fresh(_, payment) = begun else { panic!("{begun:?}") };
        payment
    }

    async fn reprice(&self, order: &Order, fen: i64) {
        let number = order.catalogue_order.unwrap();
        self.say(&format!("/control/orders/{number}"), json!({"priceFen": fen})).await;
    }

    /// Pays at the catalogue, under this reference and not through the room.
    async fn debit_there(&self, order: &Order, reference: &str) {
        let path = format!("/trade/orders/{}/pay", order.catalogue_order.unwrap());
        self.say(&path, json!({"mode": "DEBIT", "payRef": reference})).await;
    }

    async fn part(&self, payment: &PaymentId) -> Part {
        self.room.payment(&self.caller, payment).await.unwrap().parts.remove(0)
    }

    async fn problem(&self, payment: &PaymentId) -> (PartState, Option<String>) {
        let part = self.part(payment).await;
        (part.state, part.problem)
    }
}

fn conflict() -> (PartState, Option<String>) {
    (PartState::Failed, Some("order_state_conflict".to_owned()))
}

#[tokio::test]
async fn a_price_that_a_node_with_a_slow_clock_heard_of_later_was_not_agreed_to() {
    for scene in scenes().await {
        let order = scene.placed_order("PO-1").await;
        // The clock of every other node is behind now.
        scene.clock.advance_ms(20_000);
        let behind = node(&scene, 0, std::time::Duration::from_secs(8)).await;
        let payment = scene.begin_to_pay("key-pay1", &order, Method::Debit).await;
        scene.reprice(&order, 500_000).await;
        behind.follow(Mode::Sandbox, std::time::Duration::ZERO).await.unwrap();
        let dearer = scene.by_reference("PO-1").await;
        assert!(dearer.payable == Money::fen(500_000) && dearer.updated_at < payment.created_at);
        scene.reconcile_after(LEASE_MS + 1).await;
        assert_eq!(scene.part(&payment.id).await.problem.as_deref(), Some("price_changed"));
        let there = scene.say(&format!("/trade/orders/{}", order.catalogue_order.unwrap()), Value::Null).await;
        assert_eq!(there["paidFen"], 0);
    }
}

#[tokio::test]
async fn an_order_that_somebody_else_paid_does_not_make_a_debit_paid() {
    for scene in scenes().await {
        let order = scene.placed_order("PO-1").await;
        let page = scene.pay("key-page", &order, Method::Page).await;
        scene.fault("POST", "/trade/orders/{orderNo}/pay", "drop_before", 1).await;
        let lost = scene.pay("key-pay1", &order, Method::Debit).await;
        assert_eq!(lost.parts[0].state, PartState::Unknown);
        let silent = scene.begin_to_pay("key-pay2", &order, Method::Debit).await;
        scene.debit_there(&order, "pay_of_somebody_else").await;
        scene.follow().await;
        assert_eq!(scene.part(&page.id).await.state, PartState::Paid, "somebody may have paid there");
        assert_eq!(scene.part(&lost.id).await.state, PartState::Unknown, "nobody asked yet whether it was this one");
        scene.reconcile_after(LEASE_MS + 1).await;
        for debit in [&lost.id, &silent.id] {
            assert_eq!(scene.problem(debit).await, conflict());
        }
        let kinds: Vec<_> = scene.told(lost.id.as_str()).await.into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(kinds, ["payment.unknown", "payment.failed"]);
        assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.debits, 0);
    }
}

#[tokio::test]
async fn a_debit_that_paid_an_order_is_paid_whoever_hears_of_it_first_and_even_if_the_order_was_closed_since() {
    for scene in scenes().await {
        for close in [false, true] {
            let reference = if close { "PO-2" } else { "PO-1" };
            let order = scene.placed_order(reference).await;
            scene.fault("POST", "/trade/orders/{orderNo}/pay", "drop_before", 1).await;
            let lost = scene.pay(&format!("pay-of-{reference}"), &order, Method::Debit).await;
            // What was sent gets there late.
            scene.debit_there(&order, lost.id.as_str()).await;
            if close {
                let number = order.catalogue_order.unwrap();
                scene.say(&format!("/control/orders/{number}"), json!({"close": "seller_goods_lack"})).await;
            }
            scene.follow().await;
            scene.reconcile_after(1).await;
            assert_eq!(scene.problem(&lost.id).await, (PartState::Paid, None), "closed: {close}");
            let kinds: Vec<_> = scene.told(lost.id.as_str()).await.into_iter().map(|(kind, _)| kind).collect();
            assert_eq!(kinds, ["payment.unknown", "payment.paid"]);
        }
    }
}

#[tokio::test]
async fn paying_what_is_paid_fails_and_a_repeat_is_told_what_was_told() {
    for scene in scenes().await {
        let order = scene.placed_order("PO-1").await;
        let wish = || to_pay(vec![order.deed.id.clone()], Method::Debit);
        let first = scene.room.pay(&scene.caller, once("key-pay1"), wish(), &render_payment).await.unwrap();
        assert!(String::from_utf8_lossy(&first.answer.body).ends_with(" paid"));
        for method in [Method::Debit, Method::Page] {
            let second = scene.pay(&format!("key-{}", method.name()), &order, method).await;
            assert_eq!(scene.problem(&second.id).await, conflict());
        }
        let again = scene.room.pay(&scene.caller, once("key-pay1"), wish(), &render_payment).await.unwrap();
        assert_eq!((again.replayed, again.answer), (true, first.answer));

        // It was paid at the catalogue, and nobody here has heard of it yet.
        let other = scene.placed_order("PO-2").await;
        scene.debit_there(&other, "pay_of_somebody_else").await;
        for (key, method) in [("key-pay3", Method::Debit), ("key-pay4", Method::Page)] {
            let late = scene.pay(key, &other, method).await;
            assert_eq!(scene.problem(&late.id).await, conflict());
        }
    }
}

#[tokio::test]
async fn a_payment_that_is_resumed_knows_its_own_debit() {
    for scene in scenes().await {
        for (reference, own) in [("PO-1", true), ("PO-2", false)] {
            let (order, key) = (scene.placed_order(reference).await, format!("pay-of-{reference}"));
            let payment = scene.begin_to_pay(&key, &order, Method::Debit).await;
            let by = if own { payment.id.as_str() } else { "pay_of_somebody_else" };
            scene.debit_there(&order, by).await;
            scene.follow().await;
            scene.clock.advance_ms(LEASE_MS + 1);
            let resumed = scene.pay(&key, &order, Method::Debit).await;
            assert_eq!(resumed.id, payment.id);
            let expected = if own { (PartState::Paid, None) } else { conflict() };
            assert_eq!(scene.problem(&payment.id).await, expected);
        }
    }
}

#[tokio::test]
async fn where_an_order_stands_is_told_before_what_it_costs() {
    for scene in scenes().await {
        let (cancelled, paid) = (scene.placed_order("PO-1").await, scene.placed_order("PO-2").await);
        let open = scene.placed_order("PO-3").await;
        scene.room.cancel(&scene.caller, &cancelled.deed.id, None).await.unwrap();
        scene.debit_there(&paid, "pay_of_somebody_else").await;
        for order in [&cancelled, &paid] {
            for fen in [1, order.payable.plus(open.payable).unwrap().minor] {
                let orders = vec![open.deed.id.clone(), order.deed.id.clone()];
                let expected = Expected { total: Some(Money::fen(fen)), ..Expected::default() };
                let wish = NewPayment { expected, ..to_pay(orders, Method::Debit) };
                let refused = scene.room.pay(&scene.caller, once("key-pay1"), wish, &render_payment).await.unwrap_err();
                assert_eq!(refused.code(), Code::OrderStateConflict);
                assert!(refused.detail().unwrap().contains(order.deed.id.as_str()), "{:?}", refused.detail());
            }
        }
        assert_eq!(scene.by_reference("PO-3").await.state, State::AwaitingPayment);
    }
}

#[tokio::test]
async fn a_quote_that_cannot_be_ordered_says_so_before_what_it_costs() {
    for scene in scenes().await {
        let wrong = |mut wish: super::NewOrder, reference: &str| {
            (wish.expected_total, wish.reference) = (Some(Money::fen(1)), reference.parse().unwrap());
            wish
        };
        let used = scene.order_wish("PO-1").await;
        scene.place("key-0001", &used).await.unwrap();
        let refused = scene.place("key-0002", &wrong(used, "PO-2")).await.unwrap_err();
        assert_eq!(refused.code(), Code::QuoteUsed);
        let expired = scene.order_wish("PO-3").await;
        let dear = scene.place("key-0003", &wrong(expired.clone(), "PO-3")).await.unwrap_err();
        assert_eq!(dear.code(), Code::PriceChanged);
        scene.clock.advance_ms(1_800_001);
        let refused = scene.place("key-0003", &wrong(expired, "PO-3")).await.unwrap_err();
        assert_eq!(refused.code(), Code::QuoteExpired);
    }
}

#[tokio::test]
async fn what_cannot_be_paid_any_more_has_no_time_to_pay_by_and_says_why() {
    for scene in scenes().await {
        let options = async |order: &Order| scene.room.payment_options(&scene.caller, &order.deed.id).await.unwrap();
        let order = scene.placed_order("PO-1").await;
        let open = options(&order).await;
        assert_eq!((open.methods, open.pay_by, open.state), (Method::ALL, order.pay_by, State::AwaitingPayment));
        assert!(order.pay_by.is_some() && open.why_not.is_none());
        scene.room.cancel(&scene.caller, &order.deed.id, None).await.unwrap();
        let gone = options(&order).await;
        assert_eq!((gone.methods.len(), gone.pay_by, gone.state), (0, None, State::Cancelled));
        assert!(gone.why_not.unwrap().starts_with("It ended without having been paid"), "{gone:?}");
        let paid = scene.placed_order("PO-2").await;
        scene.pay("key-pay1", &paid, Method::Debit).await;
        assert_eq!(options(&paid).await.why_not, Some("It is paid already."));
        let late = scene.placed_order("PO-3").await;
        let left_ms = late.pay_by.unwrap().as_millisecond() - scene.clock.now_ms();
        scene.clock.advance_ms(left_ms + 1);
        assert!(options(&late).await.why_not.unwrap().starts_with("The time to pay is over"));
    }
}

//! The fault points of an order, one test each, and what else may happen between us and the catalogue while one is placed.

use serde_json::{Value, json};

use super::{LEASE_MS, by_quote, kinds, once, render, scenes, wish};
use crate::error::{Code, Failure};
use crate::ledger::Ledger;
use crate::model::ids::OrderId;
use crate::model::order::{Kind, State};
use crate::model::partner::Mode;
use crate::orders::{NewOrder, Once, Orders, Refused};

#[tokio::test]
async fn fault_01_without_a_durable_intent_nothing_is_ordered() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        let broken = scene.other_node().await;
        let closed = scene.house.another().await;
        closed.close().await;
        let broken = Orders { ledger: Ledger::new(closed, scene.clock.clone()), ..broken };
        let failed = broken.place(&scene.caller, once("key-0001"), wish.clone(), &render).await.unwrap_err();
        assert_eq!((failed.code(), failed.retry_after_s()), (Code::LedgerUnavailable, Some(2)));
        assert_eq!(scene.placed().await, 0);
        assert_eq!(scene.place("key-0001", &wish).await.unwrap().answer.status, 201);
        assert_eq!(scene.placed().await, 1);
    }
}

#[tokio::test]
async fn fault_02_an_intent_whose_worker_died_is_resumed_by_the_same_key() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        scene.begin_and_die("key-0001", &wish).await;
        let early = scene.place("key-0001", &wish).await.unwrap_err();
        assert_eq!((early.code(), early.retry_after_s()), (Code::OrderInProgress, Some(2)));
        scene.clock.advance_ms(LEASE_MS + 1);
        assert_eq!(scene.place("key-0001", &wish).await.unwrap().answer.status, 201);
        assert_eq!(scene.placed().await, 1);
    }
}

#[tokio::test]
async fn fault_02_an_intent_that_nobody_repeats_is_placed_by_the_reconciler() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        scene.begin_and_die("key-0001", &wish).await;
        assert_eq!(
            scene.room.reconcile(Mode::Sandbox).await.unwrap(),
            crate::orders::Reconciled::default(),
            "its worker may still live"
        );
        assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.settled, 1);
        let order = scene.by_reference("PO-1").await;
        use Kind::{Accepted, PlacingStarted, Received, TriedAgain, Unanswered};
        assert_eq!(kinds(&order), [Received, PlacingStarted, Unanswered, TriedAgain, Accepted]);
        assert_eq!(scene.place("key-0001", &wish).await.unwrap().answer.status, 201);
        assert_eq!(scene.placed().await, 1);
    }
}

#[tokio::test]
async fn fault_03_an_order_whose_answer_was_lost_is_unknown_and_then_found() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        scene.fault("POST", "/trade/orders", "drop_after", 1).await;
        let told = scene.place("key-0001", &wish).await.unwrap();
        assert_eq!((told.answer.status, scene.by_reference("PO-1").await.state), (202, State::Unknown));
        assert_eq!(scene.room.unsettled().await.unwrap().unknown, 1);
        let other_key = scene.place("key-0002", &scene.order_wish("PO-1").await).await.unwrap_err();
        assert_eq!(other_key.code(), Code::ReferenceTaken, "a new key must not order again");
        assert_eq!(scene.reconcile_after(2001).await.settled, 1);
        assert_eq!(scene.by_reference("PO-1").await.state, State::AwaitingPayment);
        assert_eq!((scene.placed().await, scene.room.unsettled().await.unwrap().unknown), (1, 0));
        let again = scene.place("key-0001", &wish).await.unwrap();
        assert_eq!((again.replayed, again.answer), (true, told.answer));
    }
}

#[tokio::test]
async fn fault_03_an_order_that_did_not_arrive_is_placed_again_under_the_same_reference() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        scene.fault("POST", "/trade/orders", "drop_before", 2).await;
        assert_eq!(scene.place("key-0001", &wish).await.unwrap().answer.status, 202);
        assert_eq!(scene.reconcile_after(2001).await.open, 1);
        assert_eq!(scene.placed().await, 0);
        assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.settled, 1);
        let order = scene.by_reference("PO-1").await;
        assert_eq!((order.state, scene.placed().await), (State::AwaitingPayment, 1));
        let there = scene.say(&format!("/trade/orders/{}", order.catalogue_order.unwrap()), Value::Null).await;
        assert_eq!(there["outRef"], order.deed.id.as_str());
        assert_eq!((there["channel"].as_str(), there["destCountry"].as_str()), (Some("CROSS_BORDER"), Some("JP")));
        assert_eq!(
            (there["partnerCode"].as_str(), there["totalFen"].as_i64()),
            (Some("acme"), Some(order.deed.basket.total.minor))
        );
    }
}

#[tokio::test]
async fn fault_04_an_answer_that_was_not_stored_is_asked_for_again() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        let (_, order) = scene.begin_and_die("key-0001", &wish).await;
        assert!(matches!(scene.room.send(&order.deed).await, crate::orders::catalogue::Sent::Taken(_)));
        scene.clock.advance_ms(LEASE_MS + 1);
        assert_eq!(scene.place("key-0001", &wish).await.unwrap().answer.status, 201);
        assert_eq!((scene.placed().await, scene.by_reference("PO-1").await.state), (1, State::AwaitingPayment));
    }
}

#[tokio::test]
async fn fault_05_a_lost_answer_is_given_again_byte_for_byte() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        let first = scene.place("key-0001", &wish).await.unwrap();
        let order = scene.by_reference("PO-1").await;
        scene.advance(&order, "waitbuyerreceive").await;
        scene.follow().await;
        scene.clock.advance_ms(3_600_000);
        let again = scene.place("key-0001", &wish).await.unwrap();
        assert_eq!((first.replayed, again.replayed, &again.answer), (false, true, &first.answer));
        assert_eq!(scene.placed().await, 1);
    }
}

#[tokio::test]
async fn fault_06_parallel_calls_with_one_key_on_two_nodes_order_once() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        let other = scene.other_node().await;
        scene.fault("POST", "/trade/orders", "slow", -1).await;
        let calls = (0..6).map(|n| {
            let room = if n % 2 == 0 { &scene.room } else { &other };
            room.place(&scene.caller, once("key-0001"), wish.clone(), &render)
        });
        let told = futures_util::future::join_all(calls).await;
        let good = told.iter().filter(|told| told.as_ref().is_ok_and(|told| told.answer.status == 201)).count();
        let waiting = told.iter().filter(|told| told.as_ref().is_err_and(|e| e.code() == Code::OrderInProgress));
        assert_eq!((good, waiting.count(), scene.placed().await), (1, 5, 1), "{told:?}");
    }
}

#[tokio::test]
async fn fault_07_the_same_key_with_another_body_is_refused() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        scene.place("key-0001", &wish).await.unwrap();
        let other = Once { body_hash: b"other".to_vec(), ..once("key-0001") };
        let refused = scene.room.place(&scene.caller, other, wish, &render).await.unwrap_err();
        assert_eq!((refused.code(), scene.placed().await), (Code::IdempotencyMismatch, 1));
    }
}

#[tokio::test]
async fn fault_08_a_key_reused_after_its_life_does_not_order_again() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        scene.place("key-0001", &wish).await.unwrap();
        let first = scene.by_reference("PO-1").await;
        scene.clock.advance_ms(73 * 3_600_000);
        let refused = scene.place("key-0001", &scene.order_wish("PO-1").await).await.unwrap_err();
        assert_eq!((refused.code(), scene.placed().await), (Code::ReferenceTaken, 1));
        assert_eq!(refused.extras(), [("order_id", format!("\"{}\"", first.deed.id))]);
    }
}

#[tokio::test]
async fn fault_10_two_workers_on_one_key_store_one_answer_and_one_order() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        let other = scene.other_node().await;
        scene.fault("POST", "/trade/orders", "slow", 1).await;
        let slow = scene.place("key-0001", &wish);
        let second = async {
            while scene.room.by_reference(&scene.caller, &"PO-1".parse().unwrap()).await.is_err() {
                tokio::task::yield_now().await;
            }
            scene.clock.advance_ms(LEASE_MS + 1);
            other.place(&scene.caller, once("key-0001"), wish.clone(), &render).await
        };
        let (slow, second) = tokio::join!(slow, second);
        let second = second.unwrap();
        assert_eq!(slow.unwrap_err().code(), Code::OrderInProgress, "the first worker's lease was over");
        assert_eq!((second.answer.status, scene.placed().await), (201, 1));
        assert_eq!(scene.place("key-0001", &wish).await.unwrap().answer, second.answer);
        assert_eq!(kinds(&scene.by_reference("PO-1").await).len(), 5);
    }
}

#[tokio::test]
async fn fault_11_a_changed_price_or_stock_is_refused_with_the_new_figures() {
    for scene in scenes().await {
        let (goods, line) = scene.goods(1).await.remove(0);
        let quoted = scene.room.quote(&scene.caller, wish(vec![line])).await.unwrap().quotes.remove(0);
        scene.say(&format!("/control/goods/{goods}"), json!({"price": "+50%"})).await;
        let order = by_quote("PO-1", quoted.id.clone());
        let told = scene.place("key-0001", &order).await.unwrap();
        let rejected = scene.by_reference("PO-1").await;
        assert_eq!((told.answer.status, rejected.state, scene.placed().await), (409, State::Rejected, 0));
        let refusal = rejected.refusal().unwrap();
        assert_eq!((refusal.code, refusal.lines[0].sku), (Code::PriceChanged, line.sku));
        assert!(refusal.lines[0].unit_price.unwrap().minor > quoted.basket.lines[0].unit_price.minor);
        let new_total = refusal.total.unwrap();
        assert_eq!(scene.place("key-0001", &order).await.unwrap().answer, told.answer, "a refusal is repeated too");

        let fresh = scene.room.quote(&scene.caller, wish(vec![line])).await.unwrap().quotes.remove(0);
        assert_eq!(fresh.basket.total, new_total);
        scene.say(&format!("/control/goods/{goods}"), json!({"stock": 0})).await;
        let order = by_quote("PO-2", fresh.id);
        assert_eq!(scene.place("key-0002", &order).await.unwrap().answer.status, 409);
        let refused = scene.by_reference("PO-2").await;
        let refusal = refused.refusal().unwrap();
        assert_eq!((refusal.code, refusal.lines[0].stock), (Code::OutOfStock, Some(0)));
        let refusal = Refused::of(refusal.clone(), None);
        assert_eq!(refusal.places()[0].pointer, "#/quote_id");
        assert!(refusal.extras().iter().any(|(name, json)| *name == "lines" && json.contains("\"stock\":0")));
    }
}

#[tokio::test]
async fn fault_12_the_feed_may_tell_of_an_order_before_its_answer_is_stored() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        let (lease, order) = scene.begin_and_die("key-0001", &wish).await;
        let sent = scene.room.send(&order.deed).await;
        assert_eq!(scene.follow().await.moved, 1);
        let known = scene.by_reference("PO-1").await;
        assert_eq!((known.state, known.deed.reference.as_str()), (State::AwaitingPayment, "PO-1"));
        let told = scene.room.settle(&lease, order, Some(sent), &render).await.unwrap();
        assert_eq!(told.answer, render(&known));
        assert_eq!(scene.by_reference("PO-1").await, known, "the answer added nothing to the story");
    }
}

#[tokio::test]
async fn fault_13_a_cancel_waits_until_the_placing_is_settled() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        let (_, placing) = scene.begin_and_die("key-0001", &wish).await;
        let id: OrderId = placing.deed.id.clone();
        let early = scene.room.cancel(&scene.caller, &id, None).await.unwrap_err();
        assert_eq!(early.code(), Code::OrderStateConflict);
        assert!(early.detail().unwrap().contains("wait"), "{early:?}");
        scene.fault("POST", "/trade/orders", "drop_after", 1).await;
        assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.open, 1);
        let unknown = scene.room.cancel(&scene.caller, &id, None).await.unwrap_err();
        assert_eq!(unknown.code(), Code::OrderStateConflict);
        assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.settled, 1);
        let cancelled = scene.room.cancel(&scene.caller, &id, Some("changed my mind")).await.unwrap();
        assert_eq!(cancelled.state, State::Cancelled);
        assert_eq!(scene.room.cancel(&scene.caller, &id, None).await.unwrap().version, cancelled.version);
        let there = scene.say(&format!("/trade/orders/{}", cancelled.catalogue_order.unwrap()), Value::Null).await;
        assert_eq!(there["status"], "cancel");
    }
}

#[tokio::test]
async fn an_order_that_surely_was_not_sent_can_be_asked_for_again_and_ends_with_its_quote() {
    for scene in scenes().await {
        let (wish, late) = (scene.order_wish("PO-1").await, scene.order_wish("PO-2").await);
        let off = scene.cut_off();
        for (key, wish) in [("key-0001", &wish), ("key-0001", &wish), ("key-0002", &late)] {
            let refused = off.place(&scene.caller, once(key), wish.clone(), &render).await.unwrap_err();
            assert_eq!((refused.code(), refused.retry_after_s()), (Code::UpstreamUnavailable, Some(2)));
        }
        assert_eq!(scene.by_reference("PO-1").await.state, State::Received);
        assert_eq!(scene.place("key-0001", &wish).await.unwrap().answer.status, 201);
        assert_eq!(scene.placed().await, 1);
        assert_eq!(scene.reconcile_after(1_800_001).await.settled, 1);
        let ended = scene.by_reference("PO-2").await;
        assert_eq!((ended.state, ended.reason.as_deref()), (State::Rejected, Some("quote_expired")));
        assert_eq!((scene.place("key-0002", &late).await.unwrap().answer.status, scene.placed().await), (409, 1));
    }
}

#[tokio::test]
async fn an_order_that_was_given_back_is_not_placed_after_its_quote_expired() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        scene.clock.advance_ms(1_000_000);
        let off = scene.cut_off();
        off.place(&scene.caller, once("key-0001"), wish.clone(), &render).await.unwrap_err();
        scene.clock.advance_ms(900_000);
        assert_eq!(scene.place("key-0001", &wish).await.unwrap().answer.status, 409);
        let ended = scene.by_reference("PO-1").await;
        assert_eq!((ended.state, ended.reason.as_deref()), (State::Rejected, Some("quote_expired")));
        let told = Refused::of(ended.refusal().unwrap().clone(), None).detail().unwrap();
        assert!(told.ends_with(Code::QuoteExpired.facts().advice));
        assert_eq!(scene.placed().await, 0);
    }
}

#[tokio::test]
async fn a_resumed_attempt_that_is_not_reached_stays_unknown_because_an_earlier_one_may_have_got_through() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        let (_, order) = scene.begin_and_die("key-0001", &wish).await;
        scene.room.send(&order.deed).await;
        scene.clock.advance_ms(LEASE_MS + 1);
        let told = scene.cut_off().place(&scene.caller, once("key-0001"), wish.clone(), &render).await.unwrap();
        assert_eq!((told.answer.status, scene.by_reference("PO-1").await.state), (202, State::Unknown));
        assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.settled, 1);
        assert_eq!(scene.placed().await, 1);
    }
}

#[tokio::test]
async fn an_order_that_cannot_be_asked_about_for_too_long_is_handed_to_a_person_and_ends_when_it_can() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        scene.fault("POST", "/trade/orders", "drop_before", -1).await;
        scene.fault("GET", "/trade/orders/byOutRef", "status", -1).await;
        scene.place("key-0001", &wish).await.unwrap();
        assert_eq!(scene.reconcile_after(3_700_000).await.handed_over, 1);
        assert_eq!(scene.reconcile_after(400_000).await.handed_over, 0);
        let order = scene.by_reference("PO-1").await;
        assert_eq!((order.state, scene.placed().await), (State::Unknown, 0));
        assert_eq!(kinds(&order).iter().filter(|kind| **kind == Kind::HandedToPerson).count(), 1);
        scene.heal().await;
        assert_eq!(scene.reconcile_after(400_000).await.settled, 1);
        let ended = scene.by_reference("PO-1").await;
        assert_eq!((ended.state, ended.refusal().unwrap().code), (State::Rejected, Code::OrderRefused));
        assert_eq!(scene.placed().await, 0);
    }
}

#[tokio::test]
async fn a_repeat_that_is_refused_proves_nothing_while_the_first_call_may_still_get_through() {
    for scene in scenes().await {
        for late in [true, false] {
            let (goods, line) = scene.goods(1).await.remove(0);
            let quote = scene.room.quote(&scene.caller, wish(vec![line])).await.unwrap().quotes.remove(0);
            let name = format!("PO-{late}");
            let order = by_quote(&name, quote.id);
            scene.fault("POST", "/trade/orders", "drop_before", 1).await;
            scene.place(&format!("key-{late}"), &order).await.unwrap();
            scene.say(&format!("/control/goods/{goods}"), json!({"stock": 0})).await;
            assert_eq!(scene.reconcile_after(20_001).await.open, 1);
            let unknown = scene.by_reference(&name).await;
            assert_eq!(unknown.state, State::Unknown, "the first call may still be under way");
            if late {
                scene.say(&format!("/control/goods/{goods}"), json!({"stock": 9000})).await;
                scene.room.send(&unknown.deed).await;
            }
            let second = NewOrder { reference: format!("{name}-b").parse().unwrap(), ..order };
            let second = scene.place(&format!("key-b-{late}"), &second).await.unwrap_err();
            assert_eq!(second.code(), Code::QuoteUsed);
            assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.settled, 1);
            let state = scene.by_reference(&name).await.state;
            assert_eq!(state, if late { State::AwaitingPayment } else { State::Rejected });
            scene.say(&format!("/control/goods/{goods}"), json!({"stock": 9000})).await;
        }
        assert_eq!(scene.placed().await, 1);
    }
}

#[tokio::test]
async fn an_order_rejected_here_that_is_alive_at_the_catalogue_is_taken_back_there() {
    for scene in scenes().await {
        let (goods, line) = scene.goods(1).await.remove(0);
        let quote = scene.room.quote(&scene.caller, wish(vec![line])).await.unwrap().quotes.remove(0);
        scene.say(&format!("/control/goods/{goods}"), json!({"stock": 0})).await;
        let order = by_quote("PO-1", quote.id);
        assert_eq!(scene.place("key-0001", &order).await.unwrap().answer.status, 409);
        scene.say(&format!("/control/goods/{goods}"), json!({"stock": 9000})).await;
        let rejected = scene.by_reference("PO-1").await;
        let crate::orders::catalogue::Sent::Taken(late) = scene.room.send(&rejected.deed).await else {
            panic!("not taken")
        };
        scene.follow().await;
        let there = scene.say(&format!("/trade/orders/{}", late.number), Value::Null).await;
        assert_eq!(
            (there["status"].as_str(), scene.by_reference("PO-1").await.state),
            (Some("cancel"), State::Rejected)
        );
    }
}

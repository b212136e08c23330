//! Idempotency keys: one answer a key, one order a reference, and no word of a worker whose lease ran out.

use super::{LEASE_MS, answer, books, key};
use crate::ledger::{Begun, Error, KeyUse, Ledger, NewOrder};
use crate::model::order::{Facts, Kind, State};
use crate::model::payment::Method;

#[tokio::test]
async fn fault_05_a_repeat_gets_the_stored_bytes() {
    for book in books().await {
        let (lease, order) = book.begun("key-0001", "PO-1").await;
        assert_eq!((order.state, order.version), (State::Placing, 2));
        let after = book.accepted(&order, 26);
        book.ledger.commit(&lease, &after, order.version, 0, &answer("one")).await.unwrap();
        let wish = NewOrder {
            reference: "PO-1".parse().unwrap(),
            quote: order.deed.quote.clone(),
            note: None,
            referral: None,
        };
        match book.ledger.begin_order(key("key-0001", "PO-1"), wish).await.unwrap() {
            Begun::Seen(seen) => assert_eq!(seen, answer("one")),
            other => panic!("{other:?}"),
        }
        let stored = book.ledger.get_order(&order.deed.id).await.unwrap();
        assert_eq!((stored.state, stored.version, stored.events.len()), (State::AwaitingPayment, 3, 3));
        assert_eq!(stored.deed.note.as_deref(), Some("谢谢"));
        assert_eq!(book.count("SELECT COUNT(*) AS n FROM events").await, 1, "the gateway's own steps are not told");
    }
}

#[tokio::test]
async fn fault_06_of_parallel_calls_with_one_key_on_two_nodes_one_does_the_work() {
    for book in books().await {
        let wish = book.wish("PO-1").await;
        let other = Ledger::new(book.house.another().await, book.clock.clone());
        let calls = (0..8).map(|n| {
            let ledger = if n % 2 == 0 { &book.ledger } else { &other };
            ledger.begin_order(key("key-0001", "PO-1"), wish.clone())
        });
        let results = futures_util::future::join_all(calls).await;
        let fresh = results.iter().filter(|result| matches!(result, Ok(Begun::Fresh(..)))).count();
        let waiting = results.iter().filter(|result| matches!(result, Err(Error::InProgress { .. }))).count();
        assert_eq!((fresh, waiting), (1, 7), "{results:?}");
        assert_eq!(book.count("SELECT COUNT(*) AS n FROM orders").await, 1);
    }
}

#[tokio::test]
async fn parallel_calls_with_different_keys_cannot_take_one_reference_twice() {
    for book in books().await {
        let other = Ledger::new(book.house.another().await, book.clock.clone());
        let wishes = [book.wish("PO-1").await, book.wish("PO-1").await];
        let one = book.ledger.begin_order(key("key-0001", "a"), wishes[0].clone());
        let two = other.begin_order(key("key-0002", "b"), wishes[1].clone());
        let (one, two) = tokio::join!(one, two);
        let (first, refused) = if one.is_ok() { (one, two) } else { (two, one) };
        let Ok(Begun::Fresh(_, order)) = first else { panic!("{first:?}") };
        assert!(matches!(refused, Err(Error::ReferenceTaken { first }) if first == order.deed.id));
        assert_eq!(book.count("SELECT COUNT(*) AS n FROM idempotency").await, 1, "the refused key is not used up");
    }
}

#[tokio::test]
async fn fault_07_the_same_key_with_another_body_or_operation_is_refused() {
    for book in books().await {
        let (_, order) = book.begun("key-0001", "PO-1").await;
        let again = book.ledger.begin_order(key("key-0001", "other"), book.wish("PO-2").await).await;
        assert!(matches!(again, Err(Error::KeyMismatch)), "{again:?}");
        let pay = KeyUse { operation: "create_payment", ..key("key-0001", "PO-1") };
        let pay = book.ledger.begin_payment(pay, Method::Page, vec![(order.deed.id, None)]).await;
        assert!(matches!(pay, Err(Error::KeyMismatch)), "{pay:?}");
    }
}

#[tokio::test]
async fn fault_08_a_key_reused_after_its_life_meets_the_reference() {
    for book in books().await {
        let (lease, order) = book.begun("key-0001", "PO-1").await;
        book.ledger.commit(&lease, &book.accepted(&order, 1), 2, 0, &answer("one")).await.unwrap();
        book.clock.advance_ms(73 * 3_600_000);
        let again = book.ledger.begin_order(key("key-0001", "PO-1"), book.wish("PO-1").await).await;
        assert!(matches!(again, Err(Error::ReferenceTaken { first }) if first == order.deed.id));
        assert!(book.ledger.tidy().await.unwrap() >= 1);
        assert_eq!(book.count("SELECT COUNT(*) AS n FROM idempotency").await, 0);
    }
}

#[tokio::test]
async fn a_key_whose_life_is_over_is_as_good_as_new_and_its_first_worker_is_locked_out() {
    for book in books().await {
        let (slow, order) = book.begun("key-0001", "PO-1").await;
        book.clock.advance_ms(72 * 3_600_000);
        let (lease, second) = book.begun("key-0001", "PO-2").await;
        assert_ne!(second.deed.id, order.deed.id);
        let late = book.ledger.commit(&slow, &book.accepted(&order, 1), 2, 0, &answer("late")).await;
        assert!(matches!(late, Err(Error::LeaseLost)), "{late:?}");
        book.ledger.commit(&lease, &book.accepted(&second, 2), 2, 0, &answer("two")).await.unwrap();
        let wish =
            NewOrder { reference: "PO-2".parse().unwrap(), quote: second.deed.quote, note: None, referral: None };
        match book.ledger.begin_order(key("key-0001", "PO-2"), wish).await.unwrap() {
            Begun::Seen(seen) => assert_eq!(seen, answer("two")),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn fault_10_a_worker_whose_lease_ran_out_cannot_write() {
    for book in books().await {
        let (slow, order) = book.begun("key-0001", "PO-1").await;
        let wish = NewOrder {
            reference: "PO-1".parse().unwrap(),
            quote: order.deed.quote.clone(),
            note: None,
            referral: None,
        };
        let early = book.ledger.begin_order(key("key-0001", "PO-1"), wish.clone()).await;
        assert!(matches!(early, Err(Error::InProgress { retry_after_s: 1..=31 })), "{early:?}");
        book.clock.advance_ms(LEASE_MS + 1);
        let Begun::Resumed(second, left) = book.ledger.begin_order(key("key-0001", "PO-1"), wish).await.unwrap() else {
            panic!("the second worker did not take over")
        };
        assert_eq!(left, order);
        let after = book.accepted(&order, 26);
        let late = book.ledger.commit(&slow, &after, 2, 0, &answer("slow")).await;
        assert!(matches!(late, Err(Error::LeaseLost)), "{late:?}");
        assert_eq!(book.ledger.get_order(&order.deed.id).await.unwrap().version, 2, "its event was written");
        book.ledger.commit(&second, &after, 2, 0, &answer("second")).await.unwrap();
    }
}

#[tokio::test]
async fn a_released_key_starts_again_where_it_ended() {
    for book in books().await {
        let (lease, order) = book.begun("key-0001", "PO-1").await;
        let back = book.after(&order, Kind::NotReached, Facts::default());
        book.ledger.release(&lease, &back, 2, i64::MAX).await.unwrap();
        let wish = NewOrder {
            reference: "PO-1".parse().unwrap(),
            quote: order.deed.quote.clone(),
            note: None,
            referral: None,
        };
        match book.ledger.begin_order(key("key-0001", "PO-1"), wish).await.unwrap() {
            Begun::Resumed(_, left) => assert_eq!((left.state, left.version), (State::Received, 3)),
            other => panic!("{other:?}"),
        }
    }
}

//! The parts of payments: who may write them, and what an order's events make of them.

use super::{acme, answer, books, key};
use crate::ledger::{Begun, Error, Hold, KeyUse};
use crate::model::order::{Facts, Kind};
use crate::model::partner::Mode;
use crate::model::payment::{Method, Part, PartState, Whole};

#[tokio::test]
async fn a_payment_follows_its_orders_and_never_changes_once_settled() {
    for book in books().await {
        let (_, order) = book.begun("key-0001", "PO-1").await;
        let waiting = book.accepted(&order, 1);
        book.ledger.append(&waiting, 2, 0).await.unwrap();
        let asked = || KeyUse { operation: "create_payment", ..key("key-0002", "pay") };
        let foreign = crate::model::ids::OrderId::fresh();
        let refused = book.ledger.begin_payment(asked(), Method::Debit, vec![(foreign, None)]).await;
        assert!(matches!(refused, Err(Error::OrderNotFound(_))), "{refused:?}");
        let begun =
            book.ledger.begin_payment(asked(), Method::Debit, vec![(order.deed.id.clone(), None)]).await.unwrap();
        let Begun::Fresh(lease, payment) = begun else { panic!("{begun:?}") };
        assert_eq!(payment.state(), Whole::Pending);
        book.clock.advance_ms(60_000);
        let silent = async |ms| book.ledger.claim_silent_debits(Mode::Sandbox, ms, 9).await.unwrap().len();
        let held = Hold::of_fresh(&payment).remove(0);
        assert_eq!((silent(30_000).await, silent(30_000).await), (1, 0), "claimed by one, and quiet for a while then");
        book.ledger.append(&book.after(&waiting, Kind::Paid, Facts::default()), 3, 0).await.unwrap();
        let doubted = book.ledger.claim_doubted(Mode::Sandbox, 30_000, 9).await.unwrap();
        assert_eq!((doubted.len(), &doubted[0].payment), (1, &payment.id), "whose debit it was is to be asked");
        assert!(!book.ledger.end_doubt(&doubted[0], true).await.unwrap(), "it was not called failed before");
        let failed = Part {
            order: order.deed.id.clone(),
            state: PartState::Failed,
            pay_url: None,
            problem: Some("x".into()),
            agreed: None,
        };
        assert!(!book.ledger.settle_part(&held, &failed).await.unwrap(), "it is settled");
        let paid = book.ledger.find_payment(&acme(), Mode::Sandbox, &payment.id).await.unwrap().unwrap();
        assert_eq!((paid.state(), paid.parts[0].problem.as_deref()), (Whole::Paid, None));
        assert_eq!(silent(0).await, 0);
        book.ledger.commit_payment(&lease, &answer("paid")).await.unwrap();
        let again = book.ledger.begin_payment(asked(), Method::Debit, vec![(order.deed.id, None)]).await.unwrap();
        assert!(matches!(again, Begun::Seen(seen) if seen == answer("paid")));
    }
}

#[tokio::test]
async fn a_debit_of_an_order_that_ended_here_and_goes_on_there_is_asked_for() {
    for book in books().await {
        let (_, order) = book.begun("key-0001", "PO-1").await;
        let waiting = book.accepted(&order, 1);
        book.ledger.append(&waiting, 2, 0).await.unwrap();
        let asked = KeyUse { operation: "create_payment", ..key("key-0002", "pay") };
        let begun = book.ledger.begin_payment(asked, Method::Debit, vec![(order.deed.id.clone(), None)]).await.unwrap();
        let Begun::Fresh(_, payment) = begun else { panic!("{begun:?}") };
        let part = async || {
            let found = book.ledger.find_payment(&acme(), Mode::Sandbox, &payment.id).await.unwrap();
            found.unwrap().parts.remove(0)
        };
        let agreed = part().await.agreed.unwrap();
        assert_eq!((agreed.amount, agreed.version), (waiting.payable, waiting.version));
        let cancelled = book.after(&waiting, Kind::Cancelled, Facts::default());
        book.ledger.append(&cancelled, 3, 0).await.unwrap();
        assert_eq!(part().await.state, PartState::Failed);
        let doubted = async || book.ledger.claim_doubted(Mode::Sandbox, 30_000, 9).await.unwrap();
        assert!(doubted().await.is_empty(), "it ended unpaid");
        book.ledger.append(&book.after(&cancelled, Kind::WentOn, Facts::default()), 4, 0).await.unwrap();
        let doubted = doubted().await;
        assert!(book.ledger.end_doubt(&doubted[0], true).await.unwrap(), "it was called failed");
        assert_eq!((part().await.state, part().await.problem), (PartState::Paid, None));
    }
}

#[tokio::test]
async fn only_the_newest_holder_of_a_part_may_debit_and_say_how_it_went() {
    for book in books().await {
        let (_, order) = book.begun("key-0001", "PO-1").await;
        let (_, other) = book.begun("key-0003", "PO-2").await;
        for (order, number) in [(&order, 1), (&other, 2)] {
            book.ledger.append(&book.accepted(order, number), 2, 0).await.unwrap();
        }
        let asked = KeyUse { operation: "create_payment", ..key("key-0002", "pay") };
        let both = vec![(order.deed.id.clone(), None), (other.deed.id.clone(), None)];
        let begun = book.ledger.begin_payment(asked, Method::Debit, both).await.unwrap();
        let Begun::Fresh(_, payment) = begun else { panic!("{begun:?}") };
        let first = Hold::of_fresh(&payment);
        book.clock.advance_ms(60_000);
        book.ledger.renew_holds(&first[1..]).await.unwrap();
        let mut taken = book.ledger.claim_silent_debits(Mode::Sandbox, 30_000, 9).await.unwrap();
        assert_eq!((taken.len(), &taken[0].order), (1, &order.deed.id), "what is held on is not silent");
        let second = taken.remove(0);
        assert!((second.asked.is_none(), second.is_first()) == (true, false));
        let part = |state| Part { order: order.deed.id.clone(), state, pay_url: None, problem: None, agreed: None };
        let settle = async |hold: &Hold, state| book.ledger.settle_part(hold, &part(state)).await.unwrap();
        assert_eq!(book.ledger.mark_asked(&first[0]).await.unwrap(), None);
        assert!(!settle(&first[0], PartState::Failed).await && !settle(&first[0], PartState::Pending).await);
        let at = book.ledger.mark_asked(&second).await.unwrap();
        assert!(at.is_some());
        let third = book.ledger.take_parts(&payment.id).await.unwrap();
        assert_eq!(third.iter().map(|hold| &hold.order).collect::<Vec<_>>(), [&order.deed.id, &other.deed.id]);
        assert_eq!((third[0].asked, third[1].asked), (at, None), "a debit may be under way");
        assert!(!settle(&second, PartState::Unknown).await);
        assert!(settle(&third[0], PartState::Unknown).await && settle(&third[0], PartState::Failed).await);
        assert!(!settle(&third[0], PartState::Unknown).await, "it is settled");
        assert_eq!(book.ledger.mark_asked(&third[0]).await.unwrap(), None);
        assert!(book.ledger.mark_asked(&third[1]).await.unwrap().is_some());
    }
}

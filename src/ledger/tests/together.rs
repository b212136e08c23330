//! Orders of many callers at the same moment: written together, told apart.

use futures_util::future::join_all;

use super::{Book, LEASE_MS, answer, books, key};
use crate::ledger::{Begun, Error, NewOrder};
use crate::model::ids::QuoteId;
use crate::model::order::{Facts, Kind, Order, State};

const PLAIN: usize = 40;

impl Book {
    async fn plain(&self, from: usize) -> Vec<(String, NewOrder)> {
        let mut wishes = Vec::new();
        for number in from..from + PLAIN {
            let reference = format!("PO-{number}");
            wishes.push((format!("key-{number}"), self.wish(&reference).await));
        }
        wishes
    }

    async fn all_begun(&self, wishes: Vec<(String, NewOrder)>) -> Vec<Result<Begun<Order>, Error>> {
        let begun = wishes.into_iter().map(|(name, wish)| {
            let asked = key(&name, &wish.reference.to_string());
            self.ledger.begin_order(asked, wish)
        });
        join_all(begun.collect::<Vec<_>>()).await
    }
}

#[tokio::test]
async fn orders_begun_at_one_moment_are_all_written_as_they_are_told() {
    for book in books().await {
        let begun = book.all_begun(book.plain(0).await).await;
        for begun in begun {
            let Ok(Begun::Fresh(_, order)) = begun else { panic!("{begun:?}") };
            assert_eq!((order.state, order.version), (State::Placing, 2));
            assert_eq!(order, book.ledger.get_order(&order.deed.id).await.unwrap(), "told otherwise than stored");
        }
        assert_eq!(book.count("SELECT COUNT(*) AS n FROM orders").await, PLAIN as i64);
        assert_eq!(book.count("SELECT COUNT(*) AS n FROM order_events").await, 2 * PLAIN as i64);
        assert_eq!(book.count("SELECT COUNT(*) AS n FROM idempotency").await, PLAIN as i64);
    }
}

#[tokio::test]
async fn who_is_in_the_way_of_others_hears_what_it_would_have_heard_alone() {
    for book in books().await {
        let (_, first) = book.begun("first", "PO-first").await;
        let (lease, done) = book.begun("done", "PO-done").await;
        book.ledger.commit(&lease, &book.accepted(&done, 7), done.version, 0, &answer("done")).await.unwrap();
        book.clock.advance_ms(LEASE_MS + 1);
        let (_, busy) = book.begun("busy", "PO-busy").await;
        let of = |order: &Order, reference: &str| NewOrder {
            reference: reference.parse().unwrap(),
            quote: order.deed.quote.clone(),
            note: None,
        };
        let twice = book.wish("PO-twice").await;
        let [one, other] = [book.wish("PO-same").await, book.wish("PO-same").await];
        let missing = NewOrder { quote: QuoteId::fresh(), ..book.wish("PO-missing").await };
        let odd = vec![
            ("taken".to_owned(), book.wish("PO-first").await),
            ("used".to_owned(), of(&first, "PO-used")),
            ("done".to_owned(), of(&done, "PO-done")),
            ("busy".to_owned(), of(&busy, "PO-busy")),
            ("busy".to_owned(), of(&busy, "PO-another-body")),
            ("missing".to_owned(), missing),
            ("first".to_owned(), of(&first, "PO-first")),
            ("twice".to_owned(), twice.clone()),
            ("twice".to_owned(), twice),
            ("one".to_owned(), one),
            ("other".to_owned(), other),
        ];
        // Odd ones stand between plain ones.
        let mut wishes = book.plain(0).await;
        for (at, odd) in odd.into_iter().enumerate() {
            wishes.insert(3 * at + 1, odd);
        }
        let names: Vec<_> = wishes.iter().map(|(name, _)| name.clone()).collect();
        let begun = book.all_begun(wishes).await;
        let told = |name: &str| {
            let words = |begun: &Result<Begun<Order>, Error>| match begun {
                Ok(Begun::Fresh(..)) => "fresh".to_owned(),
                Ok(Begun::Resumed(_, order)) => format!("resumed {}", order.deed.reference),
                Ok(Begun::Seen(answer)) => String::from_utf8(answer.body.clone()).unwrap(),
                Err(Error::ReferenceTaken { first }) => format!("taken by {first}"),
                Err(Error::QuoteUsed { order }) => format!("used by {order}"),
                Err(Error::InProgress { .. }) => "in progress".to_owned(),
                Err(other) => format!("{other:?}"),
            };
            let mut all: Vec<_> =
                names.iter().zip(&begun).filter(|(one, _)| *one == name).map(|(_, begun)| words(begun)).collect();
            all.sort();
            all
        };
        assert!((0..PLAIN).all(|number| told(&format!("key-{number}")) == ["fresh"]));
        assert_eq!(told("taken"), [format!("taken by {}", first.deed.id)]);
        assert_eq!(told("used"), [format!("used by {}", first.deed.id)]);
        assert_eq!(told("done"), ["done"]);
        assert_eq!(told("busy"), ["KeyMismatch", "in progress"]);
        assert_eq!(told("missing"), ["QuoteNotFound"]);
        assert_eq!(told("first"), ["resumed PO-first"], "its lease ran out");
        assert_eq!(told("twice"), ["fresh", "in progress"]);
        let mut same = [told("one").remove(0), told("other").remove(0)];
        same.sort();
        assert!(same[0] == "fresh" && same[1].starts_with("taken by"), "{same:?}");
        let written = PLAIN as i64 + 3 + 2;
        assert_eq!(book.count("SELECT COUNT(*) AS n FROM orders").await, written);
        assert_eq!(book.count("SELECT COUNT(*) AS n FROM idempotency").await, written, "refused keys are not used up");
    }
}

#[tokio::test]
async fn outcomes_of_one_moment_are_written_each_with_its_answer_or_not_at_all() {
    for book in books().await {
        let mut orders = Vec::new();
        for begun in book.all_begun(book.plain(0).await).await {
            let Ok(Begun::Fresh(lease, order)) = begun else { panic!("{begun:?}") };
            orders.push((lease, order));
        }
        // One moves on meanwhile, and of another a repeat takes over.
        let moved = book.after(&orders[5].1, Kind::Unanswered, Facts::default());
        book.ledger.append(&moved, 2, 0).await.unwrap();
        book.clock.advance_ms(LEASE_MS + 1);
        let repeat = NewOrder {
            reference: "PO-9".parse().unwrap(),
            quote: orders[9].1.deed.quote.clone(),
            note: orders[9].1.deed.note.clone(),
        };
        let again = book.ledger.begin_order(key("key-9", "PO-9"), repeat).await;
        assert!(matches!(again, Ok(Begun::Resumed(..))), "{again:?}");
        let ends = orders.iter().zip(0_i64..).map(|((lease, order), number)| {
            let (after, answer) = (book.accepted(order, 1_000 + number), answer(&format!("answer {number}")));
            let ledger = &book.ledger;
            async move { ledger.commit(lease, &after, order.version, 0, &answer).await }
        });
        let ends = join_all(ends.collect::<Vec<_>>()).await;
        for (number, end) in ends.iter().enumerate() {
            let stored = book.ledger.get_order(&orders[number].1.deed.id).await.unwrap();
            match number {
                5 => assert!(matches!(end, Err(Error::Moved)) && stored == moved, "{end:?}"),
                9 => assert!(matches!(end, Err(Error::LeaseLost)) && stored == orders[9].1, "{end:?}"),
                _ => assert_eq!(
                    (end.is_ok(), stored.state, stored.version),
                    (true, State::AwaitingPayment, 3),
                    "{end:?}"
                ),
            }
        }
        assert_eq!(book.count("SELECT COUNT(*) AS n FROM idempotency WHERE status = 201").await, PLAIN as i64 - 2);
        for (number, begun) in book.all_begun(again_all(&orders)).await.into_iter().enumerate() {
            match begun {
                Ok(Begun::Seen(seen)) => assert_eq!(seen, answer(&format!("answer {number}"))),
                other => assert!([5, 9].contains(&number), "{number}: {other:?}"),
            }
        }
    }
}

fn again_all<L>(orders: &[(L, Order)]) -> Vec<(String, NewOrder)> {
    let again = |(number, (_, order)): (usize, &(L, Order))| {
        let deed = &order.deed;
        let wish = NewOrder { reference: deed.reference.clone(), quote: deed.quote.clone(), note: deed.note.clone() };
        (format!("key-{number}"), wish)
    };
    orders.iter().enumerate().map(again).collect()
}

//! The turn of a feed, and what was left out of it.

use super::books;
use crate::model::partner::Mode;

#[tokio::test]
async fn a_feed_is_followed_by_one_node_until_it_is_gone() {
    for book in books().await {
        let ledger = &book.ledger;
        let (one, two) = tokio::join!(ledger.take_feed("live", "a"), ledger.take_feed("live", "b"));
        let (one, two) = (one.unwrap(), two.unwrap());
        let (mut turn, first, second) = match (one, two) {
            (Some(turn), None) => (turn, "a", "b"),
            (None, Some(turn)) => (turn, "b", "a"),
            both => panic!("both begin in the same moment, one may: {both:?}"),
        };
        assert!(ledger.advance_feed(&mut turn, Mode::Live, 7, Vec::new()).await.unwrap());
        assert!(ledger.take_feed("live", second).await.unwrap().is_none());
        assert_eq!(ledger.take_feed("live", first).await.unwrap().unwrap().from, 7, "it keeps its turn");
        assert!(ledger.take_feed("sandbox", second).await.unwrap().is_some(), "feeds are apart");
        book.clock.advance_ms(15_001);
        let mut next = ledger.take_feed("live", second).await.unwrap().unwrap();
        assert_eq!(next.from, 7);
        let left = crate::ledger::LeftOut { kind: "order".into(), reference: "ord_1".into(), why: "garbled".into() };
        assert!(!ledger.advance_feed(&mut turn, Mode::Live, 9, vec![left.clone()]).await.unwrap(), "it was halted");
        assert!(ledger.list_left_out(9).await.unwrap().is_empty(), "what is not passed is not left out");
        assert!(ledger.advance_feed(&mut next, Mode::Live, 8, vec![left.clone()]).await.unwrap());
        assert_eq!((ledger.feed_cursor("live").await.unwrap(), ledger.feed_cursor("other").await.unwrap()), (8, 0));
        assert_eq!(ledger.list_left_out(9).await.unwrap()[0].what, left);
        ledger.release_feed("live", second).await.unwrap();
        assert_eq!(ledger.take_feed("live", first).await.unwrap().unwrap().from, 8, "given up, and taken at once");
        // A node whose clock was a day ahead held it last.
        book.clock.advance_ms(86_400_000);
        ledger.take_feed("live", first).await.unwrap().unwrap();
        book.clock.advance_ms(-86_400_000);
        assert!(ledger.take_feed("live", second).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn what_is_left_out_is_looked_up_with_growing_pauses_until_it_is_settled() {
    for book in books().await {
        let ledger = &book.ledger;
        let mut turn = ledger.take_feed("live", "a").await.unwrap().unwrap();
        let left = crate::ledger::LeftOut { kind: "refund".into(), reference: "ref_1".into(), why: "謎".repeat(900) };
        assert!(ledger.advance_feed(&mut turn, Mode::Live, 3, vec![left.clone()]).await.unwrap());
        assert!(ledger.list_due_left_out("live", 9).await.unwrap().is_empty(), "not at once");
        for pause in [5_000, 10_000, 20_000] {
            book.clock.advance_ms(pause - 1_000);
            assert!(ledger.list_due_left_out("live", 9).await.unwrap().is_empty(), "{pause}");
            book.clock.advance_ms(1_001);
            let due = ledger.list_due_left_out("live", 9).await.unwrap();
            assert!(ledger.list_due_left_out("sandbox", 9).await.unwrap().is_empty());
            ledger.put_left_out_off(&due[0], "still").await.unwrap();
            assert!(!ledger.settle_left_out(&due[0]).await.unwrap(), "it is another entry by now");
        }
        let count = &ledger.count_left_out().await.unwrap()[0];
        assert_eq!((count.kind.as_str(), count.count, count.oldest_s >= 35), ("refund", 1, true));
        let before = ledger.list_left_out(9).await.unwrap().remove(0);
        assert_eq!((before.tries, before.what.why.as_str()), (3, "still"));
        assert!(ledger.advance_feed(&mut turn, Mode::Live, 4, vec![left]).await.unwrap());
        assert!(!ledger.settle_left_out(&before).await.unwrap(), "it changed again meanwhile, and was left out again");
        let now = ledger.list_left_out(9).await.unwrap().remove(0);
        assert_eq!((now.first_seen, now.tries), (before.first_seen, 3));
        assert!(ledger.settle_left_out(&now).await.unwrap());
        assert!(ledger.count_left_out().await.unwrap().is_empty());
    }
}

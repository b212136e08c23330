//! Following the feed: one node at a time, nothing skipped for ever, and no outage mistaken for a matter of one order.

use std::time::Duration;

use super::{Scene, scenes};
use crate::feed::{Fault, Follows, Seen};
use crate::model::order::{Order, State};
use crate::model::partner::Mode;
use crate::orders::{Error, Followed, Orders};

const NOW: Duration = Duration::ZERO;

impl Scene {
    async fn paid_there(&self, count: usize) -> Vec<Order> {
        let mut orders = Vec::new();
        for n in 0..count {
            orders.push(self.placed_order(&format!("PO-{n}")).await);
        }
        self.follow().await;
        for order in &orders {
            self.advance(order, "waitsellersend").await;
        }
        orders
    }

    async fn count(&self, state: State) -> usize {
        let filter = crate::orders::Filter { state: Some(state), ..Default::default() };
        let size = crate::model::page::PageSize::new(50).unwrap();
        self.room.list(&self.caller, &filter, None, size).await.unwrap().items.len()
    }

    async fn cursor(&self) -> i64 {
        self.room.ledger.feed_cursor("changes/sandbox").await.unwrap()
    }
}

async fn follow(room: &Orders) -> Followed {
    room.follow(Mode::Sandbox, NOW).await.unwrap()
}

#[tokio::test]
async fn what_was_left_out_is_looked_up_again_and_taken_in() {
    for scene in scenes().await {
        scene.paid_there(3).await;
        scene.fault("GET", "/trade/orders/byOutRef", "garbage", 1).await;
        let first = follow(&scene.room).await;
        assert_eq!((first.moved, first.left_out), (2, 1));
        let left = scene.room.ledger.list_left_out(9).await.unwrap();
        assert_eq!((left.len(), left[0].feed.as_str(), left[0].what.kind.as_str()), (1, "changes/sandbox", "order"));
        assert_eq!(follow(&scene.room).await, Followed::default(), "not at once");
        scene.clock.advance_ms(5_001);
        scene.fault("GET", "/trade/orders/byOutRef", "garbage", 1).await;
        assert_eq!(follow(&scene.room).await.moved, 0);
        scene.clock.advance_ms(5_001);
        assert_eq!(follow(&scene.room).await.moved, 0, "the pause grows");
        scene.clock.advance_ms(5_001);
        assert_eq!(follow(&scene.room).await.moved, 1);
        assert_eq!(scene.count(State::Paid).await, 3);
        assert!(scene.room.ledger.list_left_out(9).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn that_the_catalogue_has_what_was_placed_from_here_is_no_news() {
    for scene in scenes().await {
        let order = scene.placed_order("PO-1").await;
        // Whoever looked it up would stumble.
        scene.fault("GET", "/trade/orders/byOutRef", "garbage", 1).await;
        let followed = follow(&scene.room).await;
        assert_eq!((followed.seen, followed.moved, followed.left_out), (1, 0, 0));
        scene.advance(&order, "waitsellersend").await;
        assert_eq!(follow(&scene.room).await.left_out, 1, "what went on is looked up");
    }
}

#[tokio::test]
async fn a_story_that_cannot_be_read_back_is_left_out_until_it_can() {
    for scene in scenes().await {
        let orders = scene.paid_there(2).await;
        scene.rewrite_first_event(&orders[0], "of a later program").await;
        let first = follow(&scene.room).await;
        assert_eq!((first.moved, first.left_out), (1, 1));
        scene.rewrite_first_event(&orders[0], "received").await;
        scene.clock.advance_ms(5_001);
        assert_eq!(follow(&scene.room).await.moved, 1);
        assert_eq!(scene.count(State::Paid).await, 2);
    }
}

#[tokio::test]
async fn a_catalogue_that_answers_nothing_but_garbage_stops_the_cursor() {
    for scene in scenes().await {
        scene.paid_there(7).await;
        let before = scene.cursor().await;
        scene.fault("GET", "/trade/orders/byOutRef", "garbage", -1).await;
        assert!(scene.room.follow(Mode::Sandbox, NOW).await.is_err());
        assert_eq!(scene.cursor().await, before);
        assert!(scene.room.ledger.list_left_out(9).await.unwrap().is_empty());
        scene.heal().await;
        assert_eq!(follow(&scene.room).await.moved, 7);
    }
}

#[tokio::test]
async fn one_order_that_brings_no_answer_does_not_hold_up_the_others() {
    for scene in scenes().await {
        scene.paid_there(3).await;
        // The client asks twice more by itself.
        scene.fault("GET", "/trade/orders/byOutRef", "refuse", 1).await;
        let first = follow(&scene.room).await;
        assert_eq!((first.moved, first.left_out), (2, 1), "what is refused is about one");
        scene.clock.advance_ms(5_001);
        assert_eq!(follow(&scene.room).await.moved, 1);
    }
}

#[tokio::test]
async fn one_node_follows_and_another_takes_over_when_it_is_gone_or_fails() {
    for scene in scenes().await {
        let other = scene.other_node().await;
        let orders = scene.paid_there(2).await;
        assert_eq!(follow(&other).await, Followed::default(), "it is not its turn");
        // The first is not heard of any more.
        scene.clock.advance_ms(15_001);
        assert_eq!(follow(&other).await.moved, 2);
        scene.advance(&orders[0], "waitbuyerreceive").await;
        assert_eq!(follow(&scene.room).await, Followed::default());
        other.stop_following(Mode::Sandbox).await;
        assert_eq!(follow(&scene.room).await.moved, 1, "given up, taken at once");
        // A node without a way to the catalogue does not keep the turn.
        scene.room.stop_following(Mode::Sandbox).await;
        assert!(scene.cut_off().follow(Mode::Sandbox, NOW).await.is_err());
        scene.advance(&orders[1], "waitbuyerreceive").await;
        assert_eq!(follow(&other).await.moved, 1);
    }
}

/// Somebody to whom each look takes a second.
struct Slow<'a>(&'a Scene);

impl Follows for Slow<'_> {
    type Error = Error;
    const FEED: &'static str = Orders::FEED;
    const KINDS: &'static str = Orders::KINDS;

    async fn take_in(&self, kind: &str, reference: &str, mode: Mode) -> Result<Seen, Error> {
        self.0.clock.advance_ms(1_000);
        self.0.room.take_in(kind, reference, mode).await
    }

    fn fault(error: &Error) -> Fault {
        Orders::fault(error)
    }
}

#[tokio::test]
async fn a_pass_that_took_long_begins_nothing_new_and_the_next_goes_on_at_once() {
    for scene in scenes().await {
        scene.paid_there(20).await;
        let first = scene.room.feed.follow(&Slow(&scene), Mode::Sandbox, NOW).await.unwrap();
        assert_eq!((first.moved, first.more), (16, true), "those that were begun together are finished");
        let second = follow(&scene.room).await;
        assert_eq!((second.moved, second.more), (4, false));
        assert_eq!(scene.count(State::Paid).await, 20);
    }
}

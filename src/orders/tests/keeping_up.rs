//! How fast changed orders are followed: a measurement to be run alone, because a busy machine says nothing about us.
//! `cargo nextest run --lib --run-ignored only following_keeps_up --no-capture`

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use serde_json::json;

use super::{Scene, by_quote, scenes, wish};
use crate::model::order::State;
use crate::model::partner::Mode;

const ORDERS: usize = 200;

impl Scene {
    /// So many orders that were paid at the catalogue without our having heard of it.
    async fn paid_unheard(&self, count: usize) {
        let (goods, line) = self.goods(1).await.remove(0);
        self.say(&format!("/control/goods/{goods}"), json!({"stock": 1_000_000})).await;
        let place = async |n: usize| {
            let quote = self.room.quote(&self.caller, wish(vec![line])).await.unwrap().quotes.remove(0);
            let wish = by_quote(&format!("PO-{n}"), quote.id);
            assert_eq!(self.place(&format!("key-{n:04}"), &wish).await.unwrap().answer.status, 201);
            let order = self.by_reference(&format!("PO-{n}")).await;
            self.advance(&order, "waitsellersend").await;
        };
        stream::iter(0..count).map(place).buffer_unordered(8).collect::<Vec<()>>().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement, to be run alone"]
async fn following_keeps_up_with_trade() {
    for scene in scenes().await {
        let begun = Instant::now();
        scene.paid_unheard(ORDERS).await;
        println!("{}: placed in {:?}", scene.house.sql.engine_name(), begun.elapsed());
        let nodes = [scene.other_node().await, scene.other_node().await, scene.other_node().await];
        let begun = Instant::now();
        let run = async |node: &crate::orders::Orders| {
            // The first to have the turn reads all of it; the others would wait for theirs.
            while node.follow(Mode::Sandbox, Duration::ZERO).await.unwrap().seen > 0 {}
        };
        join_all(nodes.iter().map(run)).await;
        let took = begun.elapsed();
        let rate = ORDERS as f64 / took.as_secs_f64();
        println!("{}: {ORDERS} orders in {took:?} by 3 nodes, {rate:.0} a second", scene.house.sql.engine_name());
        let mut paid = 0;
        for n in 0..ORDERS {
            paid += usize::from(scene.by_reference(&format!("PO-{n}")).await.state == State::Paid);
        }
        assert_eq!(paid, ORDERS);
    }
}

//! Many changed orders at once, with several nodes that follow.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use super::{Scene, by_quote, kinds, scenes, wish};
use crate::model::order::{Kind, State};
use crate::model::partner::Mode;
use crate::orders::Orders;

const ORDERS: usize = 24;

impl Scene {
    /// So many orders that were paid at the catalogue without our having heard of it.
    async fn paid_unheard(&self, count: usize) {
        let (goods, line) = self.goods(1).await.remove(0);
        self.say(&format!("/control/goods/{goods}"), json!({"stock": 1_000_000})).await;
        for n in 0..count {
            let quote = self.room.quote(&self.caller, wish(vec![line])).await.unwrap().quotes.remove(0);
            let wish = by_quote(&format!("PO-{n}"), quote.id);
            assert_eq!(self.place(&format!("key-{n:04}"), &wish).await.unwrap().answer.status, 201);
            let order = self.by_reference(&format!("PO-{n}")).await;
            self.advance(&order, "waitsellersend").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whichever_of_three_nodes_follows_each_order_is_moved_once() {
    for scene in scenes().await {
        scene.paid_unheard(ORDERS).await;
        let nodes = [scene.other_node().await, scene.other_node().await, scene.other_node().await];
        let run = async |node: &Orders| {
            let mut moved = 0;
            // The first to have the turn reads all of it; the others find nothing.
            loop {
                let told = node.follow(Mode::Sandbox, Duration::ZERO).await.unwrap();
                moved += told.moved;
                if told.seen == 0 {
                    return moved;
                }
            }
        };
        let moved = join_all(nodes.iter().map(run)).await;
        assert_eq!((moved.iter().sum::<usize>(), moved.iter().max()), (ORDERS, Some(&ORDERS)), "{moved:?}");
        for n in 0..ORDERS {
            let order = scene.by_reference(&format!("PO-{n}")).await;
            let paid = kinds(&order).iter().filter(|kind| **kind == Kind::Paid).count();
            assert_eq!((order.state, paid), (State::Paid, 1));
        }
    }
}

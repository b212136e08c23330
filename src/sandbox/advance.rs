//! The one background task: it moves on the orders that are due.

use std::time::Duration;

use actix_web::web;

use super::market::Market;

/// How often the book is looked at; the shortest step that a pace can ask for.
const EVERY: Duration = Duration::from_millis(50);

/// Runs until the service stops.
pub async fn advance(market: web::Data<Market>) {
    let mut closing = market.closing();
    let mut beat = tokio::time::interval(EVERY);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            _ = beat.tick() => { market.tick(); }
            _ = closing.changed() => return,
        }
    }
}

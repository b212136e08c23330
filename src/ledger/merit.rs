//! What partners have earned: their paid orders, counted. What an order earns is told elsewhere.

use jiff::Timestamp;

use super::{Error, Ledger};
use crate::model::ids::PartnerId;
use crate::model::order::State;
use crate::model::partner::Mode;
use crate::sql::args;

/// Orders are paid within so long after they were placed, if ever.
const PAID_WITHIN_MS: i64 = 30 * 86_400_000;

impl Ledger {
    /// A partner's live orders that were paid since a moment; those whose money was given back do not count.
    pub async fn count_paid(&self, partner: &PartnerId, since: Timestamp) -> Result<u64, Error> {
        const COUNT: &str = "SELECT COUNT(*) AS paid FROM orders \
            WHERE partner = $1 AND mode = $2 AND created_at >= $3 AND updated_at >= $4 AND state <> $5 AND EXISTS \
            (SELECT 1 FROM order_events AS e WHERE e.order_id = orders.id AND e.kind = 'paid' AND e.at >= $4)";
        let since = since.as_millisecond();
        let row = args![partner.as_str(), Mode::Live.name(), since - PAID_WITHIN_MS, since, State::Refunded.name()];
        let row = self.sql.fetch_optional(COUNT, row).await?;
        row.map_or(Ok(0), |row| Ok(u64::try_from(row.int("paid")?).unwrap_or(0)))
    }
}

#[cfg(test)]
mod tests {
    use crate::clock::Clock;
    use crate::ledger::Ledger;
    use crate::model::partner::Mode;
    use crate::sql::{args, trial};

    #[tokio::test]
    async fn live_orders_paid_since_a_moment_are_counted_and_no_others() {
        for house in trial::houses().await {
            let clock = Clock::shiftable();
            let ledger = Ledger::new(house.sql.clone(), clock.clone());
            let now = clock.now_ms();
            let rows = [
                ("a", Mode::Live, "paid", "paid", now - 1_000),
                ("b", Mode::Live, "shipped", "paid", now - 1_000),
                ("too-early", Mode::Live, "paid", "paid", now - 90_000),
                ("not-paid", Mode::Live, "awaiting_payment", "accepted", now),
                ("given-back", Mode::Live, "refunded", "paid", now - 1_000),
                ("only-tried", Mode::Sandbox, "paid", "paid", now - 1_000),
            ];
            for (id, mode, state, kind, at) in rows {
                let order = "INSERT INTO orders (id, partner, mode, reference, quote, document, created_at, state, version, \
                    paying, updated_at, look_at) VALUES ($1, 'acme', $2, $1, $1, '{}', $3, $4, 1, 'none', $5, 0)";
                house.sql.execute(order, args![id, mode.name(), now - 100_000, state, now]).await.unwrap();
                let event = "INSERT INTO order_events (order_id, version, id, kind, state, actor, cause, facts, at) \
                    VALUES ($1, 1, $1, $2, $3, 'catalogue', '', '{}', $4)";
                house.sql.execute(event, args![id, kind, state, at]).await.unwrap();
            }
            let since = jiff::Timestamp::from_millisecond(now - 60_000).unwrap();
            assert_eq!(ledger.count_paid(&"acme".parse().unwrap(), since).await.unwrap(), 2);
            assert_eq!(ledger.count_paid(&"bolt".parse().unwrap(), since).await.unwrap(), 0);
        }
    }
}

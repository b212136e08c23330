//! What the rooms count, under the names Prometheus sees.

use std::sync::Arc;

use crate::model::order::Attention;
use crate::ops::readings::Readings;
use crate::server::house::{House, Rooms};
use crate::telemetry::metrics::Reading;

/// The readings of a house.
pub fn of(house: &Arc<House>, rooms: &Rooms) -> Readings {
    let (house, orders) = (Arc::clone(house), rooms.orders.clone());
    Readings::by(move || {
        let (house, orders) = (Arc::clone(&house), orders.clone());
        async move {
            let mut all = counted(&house);
            if let Ok(unsettled) = orders.unsettled().await {
                all.push(one("xunyuan_orders_unknown", "Orders whose outcome is unknown.", unsettled.unknown));
                all.push((
                    "xunyuan_orders_unknown_oldest_seconds",
                    "Age of the oldest unknown order; alert above 300.",
                    vec![(String::new(), unsettled.oldest_s as f64)],
                ));
            }
            if let Ok(attention) = orders.count_attention().await {
                let all_of =
                    |why: Attention| attention.iter().filter(|(one, _)| *one == why).map(|(_, count)| count).sum();
                all.push(rows(
                    "xunyuan_orders_attention",
                    "Orders that somebody has to look at, by why; `xunyuan order list --attention` shows them.",
                    "why",
                    &Attention::ALL.iter().map(|why| (why.name(), all_of(*why))).collect::<Vec<_>>(),
                ));
            }
            all.push(rows(
                "xunyuan_orders_compared_total",
                "What full comparisons with the catalogue found, by kind.",
                "found",
                &orders.compared(),
            ));
            all
        }
    })
}

fn counted(house: &House) -> Vec<Reading> {
    let (documents, rendered) = house.cache.weights();
    let redis_down = house.counters.redis().is_some_and(|redis| redis.is_down());
    let redis_calls = house.counters.redis().map_or(0, |redis| redis.calls());
    vec![
        rows(
            "xunyuan_limits_total",
            "Decisions of the limiter, by outcome.",
            "outcome",
            &house.gate.limits.tally().read(),
        ),
        rows("xunyuan_cache_total", "Lookups of the cache, by outcome.", "outcome", &house.cache.tally().rows()),
        rows(
            "xunyuan_upstream_total",
            "Calls to the wholesale service, by outcome.",
            "outcome",
            &house.upstream_tally.rows(),
        ),
        one("xunyuan_cache_documents_bytes", "Bytes of kept documents.", documents),
        one("xunyuan_cache_rendered_bytes", "Bytes of rendered answers.", rendered),
        one("xunyuan_nonces", "Signatures remembered against replay.", house.nonces.remembered() as u64),
        one(
            "xunyuan_nonces_local_fallback_total",
            "Nonces that only this node could remember.",
            house.nonces.local_fallback(),
        ),
        one(
            "xunyuan_nonces_crowded_out_total",
            "Nonces forgotten before their time for want of room.",
            house.nonces.crowded_out(),
        ),
        one("xunyuan_redis_down", "1 while Redis does not answer.", u64::from(redis_down)),
        one("xunyuan_redis_calls_total", "Calls to Redis for limits and nonces.", redis_calls),
        one("xunyuan_access_log_lost_total", "Access log lines dropped.", house.books.log.lost()),
        one(
            "xunyuan_directory_failed_refreshes_total",
            "Times partners and keys could not be read again.",
            house.directory.failed_refreshes(),
        ),
        one(
            "xunyuan_rates_age_days",
            "Age of the exchange rates.",
            u64::try_from(house.rates.age_days().unwrap_or(0)).unwrap_or(0),
        ),
    ]
}

fn one(name: &'static str, help: &'static str, value: u64) -> Reading {
    (name, help, vec![(String::new(), value as f64)])
}

fn rows(name: &'static str, help: &'static str, label: &str, counted: &[(&'static str, u64)]) -> Reading {
    (name, help, counted.iter().map(|(what, count)| (format!("{label}=\"{what}\""), *count as f64)).collect())
}

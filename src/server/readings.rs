//! What the rooms count, under the names Prometheus sees.

use std::sync::Arc;

use crate::limits;
use crate::model::order::Attention;
use crate::model::partner::{Caller, Scopes};
use crate::ops::readings::Readings;
use crate::orders::Orders;
use crate::server::house::{House, Rooms};
use crate::server::passes::Pass;
use crate::sourcing::Answers;
use crate::telemetry::metrics::Reading;
use crate::upstream;
use crate::usage::{Gauges, Sample, SampledCounters};
use crate::webhooks::Webhooks;

/// The readings of a house.
pub fn of(house: &Arc<House>, rooms: &Rooms) -> Readings {
    let (house, rooms) = (Arc::clone(house), rooms.clone());
    Readings::by(move || {
        let (house, rooms) = (Arc::clone(&house), rooms.clone());
        async move {
            let mut all = counted(&house);
            all.extend(of_passes(&house));
            all.push(one(
                "xunyuan_ledger_up",
                "1 while this node can ask the database.",
                u64::from(house.sql.ping().await.is_ok()),
            ));
            if let Ok(unsettled) = rooms.orders.unsettled().await {
                all.push(one("xunyuan_orders_unknown", "Orders whose outcome is unknown.", unsettled.unknown));
                all.push((
                    "xunyuan_orders_unknown_oldest_seconds",
                    "Age of the oldest unknown order; alert above 300.",
                    vec![(String::new(), unsettled.oldest_s as f64)],
                ));
            }
            all.extend(of_webhooks(&house.webhooks).await);
            all.push(limited_partners(&house));
            all.extend(of_usage(&house).await);
            if let Ok(unsettled) = rooms.aftersale.unsettled().await {
                all.push(one("xunyuan_refunds_unknown", "Refunds whose outcome is unknown.", unsettled.unknown));
                all.push((
                    "xunyuan_refunds_unknown_oldest_seconds",
                    "Age of the oldest unknown refund; alert above 300.",
                    vec![(String::new(), unsettled.oldest_s as f64)],
                ));
            }
            if let Ok(unsettled) = rooms.sourcing.unsettled().await {
                all.push(one("xunyuan_inquiries_unknown", "Inquiries whose outcome is unknown.", unsettled.unknown));
                all.push((
                    "xunyuan_inquiries_unknown_oldest_seconds",
                    "Age of the oldest unknown inquiry; alert above 300.",
                    vec![(String::new(), unsettled.oldest_s as f64)],
                ));
            }
            all.extend(of_suppliers(&rooms).await);
            if let Ok(waiting) = rooms.fulfilment.unsettled().await {
                let help = "Consignments, and reports about them, whose outcome is unknown.";
                all.push(one("xunyuan_consignments_unknown", help, waiting.unknown));
                all.push((
                    "xunyuan_consignments_unknown_oldest_seconds",
                    "Age of the oldest unknown consignment or report; alert above 300.",
                    vec![(String::new(), waiting.oldest_s as f64)],
                ));
            }
            if let Ok(attention) = rooms.orders.count_attention().await {
                let all_of =
                    |why: Attention| attention.iter().filter(|(one, _)| *one == why).map(|(_, count)| count).sum();
                all.push(rows(
                    "xunyuan_orders_attention",
                    "Orders that somebody has to look at, by why; `xunyuan order list --attention` shows them.",
                    "why",
                    &Attention::ALL.iter().map(|why| (why.name(), all_of(*why))).collect::<Vec<_>>(),
                ));
            }
            if let Ok(left_out) = house.ledger.count_left_out().await {
                let of = |kind: &str| left_out.iter().filter(|left| left.kind == kind).map(|left| left.count).sum();
                all.push(rows(
                    "xunyuan_changes_left_out",
                    "Changes of the catalogue that could not be taken in yet and are looked up again, by what changed.",
                    "kind",
                    &["order", "shipment", "consignment", "refund", "inquiry"].map(|kind| (kind, of(kind))),
                ));
                let oldest_s = left_out.iter().map(|left| left.oldest_s).max().unwrap_or(0);
                all.push((
                    "xunyuan_changes_left_out_oldest_seconds",
                    "Age of the oldest change that could not be taken in; alert above 600.",
                    vec![(String::new(), oldest_s as f64)],
                ));
            }
            all.push(rows(
                "xunyuan_orders_compared_total",
                "What full comparisons with the catalogue found, by kind.",
                "found",
                &rooms.orders.compared(),
            ));
            all
        }
    })
}

/// What the rooms count and how things stand, for the hour that `usage` keeps. What cannot be read counts as nothing.
pub async fn sample(house: &House, orders: &Orders) -> Sample {
    let count = |rows: &[(&'static str, u64)], name: &str| {
        rows.iter().find(|(known, _)| *known == name).map_or(0, |(_, count)| *count)
    };
    let (cache, catalogue) = (house.cache.tally().rows(), house.upstream_tally.rows());
    let redis = house.counters.redis();
    let counters = SampledCounters {
        hits_process: count(&cache, "hits_process"),
        hits_redis: count(&cache, "hits_redis"),
        misses: count(&cache, "misses"),
        coalesced: count(&cache, "coalesced"),
        stale: count(&cache, "stale"),
        catalogue_calls: count(&catalogue, "calls"),
        catalogue_lost: count(&catalogue, "unknown") + count(&catalogue, "not_sent"),
        catalogue_us: count(&catalogue, "micros"),
        redis_calls: redis.map_or(0, |redis| redis.calls()),
    };
    let (unsettled, pending) = (orders.unsettled().await.ok(), house.webhooks.undelivered().await.ok());
    let gauges = Gauges {
        redis_down: redis.is_some_and(|redis| redis.is_down()),
        catalogue_down: house.catalogue_trouble.load().is_some(),
        orders_unknown: unsettled.as_ref().map_or(0, |unsettled| unsettled.unknown),
        orders_unknown_oldest_s: unsettled.as_ref().map_or(0, |unsettled| unsettled.oldest_s),
        webhooks_pending: pending.as_ref().map_or(0, |pending| pending.pending),
        webhooks_oldest_s: pending.as_ref().map_or(0, |pending| pending.oldest_s),
    };
    Sample { counters, gauges }
}

/// How suppliers answer inquiries.
async fn of_suppliers(rooms: &Rooms) -> Vec<Reading> {
    let Ok((answers, longest_s)) = rooms.sourcing.answers().await else { return Vec::new() };
    let row =
        |one: &Answers| (format!("mode=\"{}\",answer=\"{}\"", one.mode.name(), plain(&one.answer)), one.count as f64);
    vec![
        (
            "xunyuan_inquiry_suppliers",
            "Suppliers asked by inquiries of the last 30 days, by what they answered first; `silent` said nothing for three \
             days, or until the inquiry ended.",
            answers.iter().map(row).collect(),
        ),
        one(
            "xunyuan_inquiry_wait_oldest_seconds",
            "For how long the longest answer of a supplier has been waited for, in inquiries that are open.",
            longest_s,
        ),
    ]
}

fn limited_partners(house: &House) -> Reading {
    let row = |(partner, policy, calls): (String, String, u64)| {
        (format!("partner=\"{}\",policy=\"{}\"", plain(&partner), plain(&policy)), calls as f64)
    };
    (
        "xunyuan_partner_limited_total",
        "Calls refused by a policy, by partner (those limited first, others together) and policy.",
        house.usage.limited().into_iter().map(row).collect(),
    )
}

/// Accounts whose standing is told: those that called most in the last five minutes.
const MOST_STANDINGS: usize = 50;

/// What all nodes did in the last seconds, who is near a limit, and what is other than in the plans.
async fn of_usage(house: &House) -> [Reading; 4] {
    let series = house.usage.series();
    let newest = series.iter().rev().find_map(|point| point.own_p50_us.zip(point.own_p99_us));
    let quantile = |name: &str, micros: u64| (format!("quantile=\"{name}\""), micros as f64 / 1e6);
    let own = newest.map(|(half, most)| vec![quantile("0.5", half), quantile("0.99", most)]);
    let snapshot = house.directory.snapshot();
    let overridden = |shadow: bool| {
        let policies = snapshot.partners().flat_map(|partner| &partner.plan.policies);
        policies.filter(|policy| policy.overridden.is_some() && policy.shadow == shadow).count() as u64
    };
    [
        (
            "xunyuan_gateway_seconds",
            "Time to answer without waiting for the catalogue, of all nodes, in the last ten seconds with requests.",
            own.unwrap_or_default(),
        ),
        (
            "xunyuan_partner_used_percent",
            "How much of each policy is used, of the accounts that called most in the last five minutes.",
            used(house).await,
        ),
        rows(
            "xunyuan_overrides_in_force",
            "Policies for which partners have figures of their own: held to, or on trial.",
            "kind",
            &[("held", overridden(false)), ("trial", overridden(true))],
        ),
        one(
            "xunyuan_nodes_heard",
            "Nodes whose numbers this one knows, itself included.",
            house.usage.nodes().len() as u64,
        ),
    ]
}

async fn used(house: &House) -> Vec<(String, f64)> {
    let callers = house.usage.busiest(MOST_STANDINGS).into_iter().filter_map(|(partner, mode)| {
        let partner = house.directory.find_partner(&partner)?;
        Some(Caller { partner, key_id: "metrics".into(), mode, scopes: Scopes::default() })
    });
    let standings = callers.map(|caller| async move {
        let standing = house.gate.limits.standing(&caller).await;
        let row = |row: limits::Row<'_>| {
            let (partner, policy) = (plain(caller.partner.id.as_str()), plain(row.name));
            let labels = format!("partner=\"{partner}\",mode=\"{}\",policy=\"{policy}\"", caller.mode.name());
            (labels, 100.0 * (1.0 - f64::from(row.remaining) / f64::from(row.burst.max(1))))
        };
        standing.rows().map(row).collect::<Vec<_>>()
    });
    futures_util::future::join_all(standings).await.into_iter().flatten().collect()
}

/// Partners' names are plain; names of policies are the operator's and may hold anything.
fn plain(name: &str) -> String {
    name.chars().filter(|letter| !matches!(letter, '"' | '\\' | '\n')).collect()
}

fn of_passes(house: &House) -> Vec<Reading> {
    let known = house.passes.read();
    let labels = |(task, mode): Pass| format!("task=\"{task}\",mode=\"{mode}\"");
    let outcomes = known.iter().flat_map(|(pass, fares)| {
        let labels = labels(*pass);
        let row = move |outcome: &str, count: u64| (format!("{labels},outcome=\"{outcome}\""), count as f64);
        [row("ok", fares.ok), row("failed", fares.failed)]
    });
    let last = known.iter().map(|(pass, fares)| (labels(*pass), fares.last_ok_s as f64));
    vec![
        ("xunyuan_passes_total", "Passes of background tasks, by task, world and outcome.", outcomes.collect()),
        (
            "xunyuan_pass_last_success_timestamp_seconds",
            "When a background task last went well, in seconds since 1970.",
            last.collect(),
        ),
    ]
}

async fn of_webhooks(webhooks: &Webhooks) -> Vec<Reading> {
    let tally = webhooks.tally();
    let mut all = vec![
        rows("xunyuan_webhook_attempts_total", "Attempts to deliver, by outcome.", "outcome", &tally.attempts()),
        one("xunyuan_webhook_attempts_under_way", "Attempts to deliver under way.", tally.under_way()),
        one(
            "xunyuan_webhook_endpoints_disabled_total",
            "Endpoints this node disabled because they failed; tell their partners.",
            tally.endpoints_disabled(),
        ),
    ];
    if let Ok(open) = webhooks.undelivered().await {
        let oldest_s = u64::try_from(open.oldest_s).unwrap_or(0);
        all.push(one("xunyuan_webhook_pending", "Deliveries not delivered yet.", open.pending));
        all.push(one("xunyuan_webhook_pending_oldest_seconds", "Age of the oldest of them.", oldest_s));
    }
    if let Ok(disabled) = webhooks.disabled().await {
        let counted: Vec<_> = disabled.iter().map(|(why, count)| (why.name(), *count)).collect();
        all.push(rows("xunyuan_webhook_endpoints_off", "Endpoints that are disabled now.", "reason", &counted));
    }
    all
}

fn counted(house: &House) -> Vec<Reading> {
    let (documents, rendered) = house.cache.weights();
    let redis_down = house.counters.redis().is_some_and(|redis| redis.is_down());
    let pressure = house.gate.limits.pressure();
    let redis_calls = house.counters.redis().map_or(0, |redis| redis.calls());
    vec![
        rows(
            "xunyuan_limits_total",
            "Decisions of the limiter, by outcome.",
            "outcome",
            &house.gate.limits.tally().read(),
        ),
        one("xunyuan_calls_in_flight", "Calls of partners that this node is answering.", u64::from(pressure.calls())),
        (
            "xunyuan_calls_wait_seconds",
            "How long calls wait inside the node before anything is done for them, on average.",
            vec![(String::new(), pressure.wait(house.clock.now_ms()).as_secs_f64())],
        ),
        rows("xunyuan_cache_total", "Lookups of the cache, by outcome.", "outcome", &house.cache.tally().rows()),
        rows(
            "xunyuan_upstream_total",
            "Calls to the wholesale service, by outcome.",
            "outcome",
            &house.upstream_tally.rows(),
        ),
        rows(
            "xunyuan_cache_entries",
            "What is kept in this process.",
            "of",
            &[("documents", house.cache.counts().0), ("rendered", house.cache.counts().1)],
        ),
        one(
            "xunyuan_cache_out_of_touch",
            "1 while nobody tells this node what changes in the catalogue.",
            u64::from(house.cache.is_out_of_touch()),
        ),
        one(
            "xunyuan_cache_redis_down",
            "1 while the cache leaves Redis alone because it does not answer.",
            u64::from(house.cache.is_redis_down()),
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
        one("xunyuan_connections", "Connections of partners.", house.crowd.connections() as u64),
        rows(
            "xunyuan_connections_ended_total",
            "Connections ended by this node: too many of one address, or nothing got done on them.",
            "why",
            &[("crowded", house.crowd.refused()), ("stuck", house.crowd.cut())],
        ),
        breakers(house),
        one("xunyuan_access_log_lost_total", "Access log lines dropped.", house.books.log.lost()),
        one(
            "xunyuan_directory_failed_refreshes_total",
            "Times partners and keys could not be read again.",
            house.directory.failed_refreshes(),
        ),
        one("xunyuan_rates_failures_total", "Times exchange rates could not be taken over.", house.rates.failures()),
        one(
            "xunyuan_rates_age_days",
            "Age of the exchange rates.",
            u64::try_from(house.rates.age_days().unwrap_or(0)).unwrap_or(0),
        ),
        one(
            "xunyuan_landed_failures_total",
            "Times the tables of landed costs could not be taken over.",
            house.landed.failures(),
        ),
        one(
            "xunyuan_landed_is_behind",
            "1 while the file of landed costs cannot be used and the tables before it are.",
            u64::from(house.landed.trouble().is_some()),
        ),
    ]
}

fn breakers(house: &House) -> Reading {
    let row = |row: upstream::BreakerReading| {
        let open = row.state != upstream::BreakerState::Closed;
        (format!("mode=\"{}\",class=\"{}\"", row.mode.name(), row.class.name()), f64::from(u8::from(open)))
    };
    let rows = house.upstream_tally.breakers.readings().into_iter().map(row).collect();
    ("xunyuan_upstream_breaker_open", "1 while calls of this class are held back from the wholesale service.", rows)
}

fn one(name: &'static str, help: &'static str, value: u64) -> Reading {
    (name, help, vec![(String::new(), value as f64)])
}

fn rows(name: &'static str, help: &'static str, label: &str, counted: &[(&'static str, u64)]) -> Reading {
    (name, help, counted.iter().map(|(what, count)| (format!("{label}=\"{what}\""), *count as f64)).collect())
}

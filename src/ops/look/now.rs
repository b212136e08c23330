//! How this node is right now, and what it was asked since it started.

use serde::Serialize;
use utoipa::ToSchema;

use crate::ops::Meters;
use crate::ops::health::{Check, Health};
use crate::ops::look::counted::{self, Group};
use crate::ops::look::traffic::Traffic;
use crate::ops::look::{At, Books, Trouble, figures};
use crate::telemetry::metrics::Reading;

/// An order that is unknown for longer wants a person.
const UNKNOWN_TOO_LONG_S: i64 = 300;

/// How a node is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NowView {
    /// When this was true.
    pub at: At,
    /// Whether the node takes traffic.
    pub ready: bool,
    /// What readiness looks at.
    pub checks: Vec<Check>,
    /// The large figures.
    pub tiles: Vec<Tile>,
    /// What the node was asked since it started.
    pub traffic: Traffic,
    /// What the rooms counted since then.
    pub counted: Vec<Group>,
}

/// One large figure.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Tile {
    /// What it is.
    pub name: &'static str,
    /// The figure, written for people.
    pub figure: String,
    /// What belongs to it.
    pub below: String,
    /// `""`, `warn` or `bad`.
    pub look: &'static str,
    /// Where more of it is to be seen.
    #[serde(skip)]
    pub link: Option<&'static str>,
}

/// Reads it.
pub async fn now(books: &Books, health: &Health, meters: &Meters) -> Result<NowView, Trouble> {
    let readings = meters.readings.take().await;
    let traffic = Traffic::read(&meters.metrics.text(&[]));
    let checks = health.checks().await;
    Ok(NowView {
        at: At(books.clock.now()),
        ready: checks.iter().all(Check::lets_in),
        checks,
        tiles: tiles(books, &readings, &traffic).await,
        counted: counted::groups(&readings),
        traffic,
    })
}

async fn tiles(books: &Books, readings: &[Reading], traffic: &Traffic) -> Vec<Tile> {
    let total = &traffic.total;
    let up = figures::span(books.clock.now().as_second() - books.started.as_second());
    let plain = |name, figure, below| Tile { name, figure, below, look: "", link: None };
    let requests = plain(
        "Requests",
        figures::count(total.requests),
        format!("in {up} since the start; {} under way", figures::count(traffic.active)),
    );
    let time = plain("Time to answer, p50", total.quantile(0.5), format!("p99 {}", total.quantile(0.99)));
    let limited = plain(
        "Over the limit, 429",
        total.limited_share(),
        format!("{} of {} requests", figures::count(total.limited), figures::count(total.requests)),
    );
    let failed = plain(
        "Failed, 5xx",
        figures::count(total.failed),
        format!("{} of all", figures::share(total.failed, total.requests)),
    );
    let failed = Tile { look: if total.failed > 0.0 { "warn" } else { "" }, ..failed };
    vec![
        requests,
        time,
        limited,
        failed,
        hits(readings),
        calls(readings),
        unknown(books).await,
        webhooks(books).await,
        rates(books),
    ]
}

fn hits(readings: &[Reading]) -> Tile {
    let count = |outcome| counted::value(readings, "xunyuan_cache_total", outcome);
    let found = count("hits_process") + count("hits_redis");
    let lookups = found + count("misses") + count("coalesced");
    let kept = counted::value(readings, "xunyuan_cache_documents_bytes", "")
        + counted::value(readings, "xunyuan_cache_rendered_bytes", "");
    Tile {
        name: "Found in the cache",
        figure: figures::share(found, lookups),
        below: format!("of {} lookups; {} kept", figures::count(lookups), figures::bytes(kept)),
        look: "",
        link: Some("/console/cache"),
    }
}

fn calls(readings: &[Reading]) -> Tile {
    let count = |outcome| counted::value(readings, "xunyuan_upstream_total", outcome);
    let (calls, lost) = (count("calls"), count("unknown") + count("not_sent"));
    Tile {
        name: "Calls to the catalogue",
        figure: figures::count(calls),
        below: format!("{} under way; {} failed", figures::count(count("in_flight")), figures::count(lost)),
        look: if lost > 0.0 { "warn" } else { "" },
        link: Some("/console/catalogue"),
    }
}

async fn unknown(books: &Books) -> Tile {
    let (name, link) = ("Unknown orders", Some("/console/orders"));
    match books.ledger.unsettled().await {
        Ok(unsettled) => {
            let too_long = unsettled.unknown > 0 && unsettled.oldest_s > UNKNOWN_TOO_LONG_S;
            let oldest = format!("the oldest for {}", figures::span(unsettled.oldest_s));
            let (look, below) = match (unsettled.unknown, too_long) {
                (0, _) => ("", "every outcome is known".to_owned()),
                (_, true) => ("bad", oldest),
                (_, false) => ("warn", oldest),
            };
            Tile { name, figure: figures::grouped(unsettled.unknown), below, look, link }
        }
        Err(error) => silent(name, link, error.into()),
    }
}

async fn webhooks(books: &Books) -> Tile {
    let (name, link) = ("Webhooks waiting", Some("/console/webhooks"));
    match books.ledger.undelivered().await {
        Ok(open) => {
            let below = match open.pending {
                0 => "everything is delivered".to_owned(),
                _ => format!("the oldest for {}", figures::span(open.oldest_s)),
            };
            let look = if open.pending > 0 && open.oldest_s > UNKNOWN_TOO_LONG_S { "warn" } else { "" };
            Tile { name, figure: figures::grouped(open.pending), below, look, link }
        }
        Err(error) => silent(name, link, error.into()),
    }
}

fn silent(name: &'static str, link: Option<&'static str>, trouble: Trouble) -> Tile {
    Tile { name, figure: "?".to_owned(), below: trouble.logged().to_string(), look: "bad", link }
}

fn rates(books: &Books) -> Tile {
    let (age, stale) = (books.rates.age_days(), books.rates_stale_after_days);
    let (look, below) = match (age, stale) {
        (None, _) => ("bad", "there are none, so no quotes".to_owned()),
        (Some(age), Some(stale)) if age > stale => ("bad", format!("no quotes: older than {stale} days")),
        (Some(_), Some(stale)) => ("", format!("no quotes once older than {stale} days")),
        (Some(_), None) => ("", "built-in rates, which are for trials".to_owned()),
    };
    let figure = match age {
        Some(1) => "1 day".to_owned(),
        Some(days) => format!("{days} days"),
        None => "–".to_owned(),
    };
    Tile { name: "Age of the rates", figure, below, look, link: None }
}

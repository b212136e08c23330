//! How this node is right now, and what it was asked since it started.

use serde::Serialize;
use utoipa::ToSchema;

use crate::ops::Meters;
use crate::ops::health::{Check, Health};
use crate::ops::look::counted::{self, Group};
use crate::ops::look::traffic::Traffic;
use crate::ops::look::{At, Books, Trouble, figures};
use crate::ops::pulse::{self, Point};
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
    /// The last hour in steps of ten seconds, the oldest first; null where there was nothing to tell.
    pub series: Vec<Option<f64>>,
    /// Where more of it is to be seen.
    #[serde(skip)]
    pub link: Option<&'static str>,
}

impl Tile {
    /// A figure with what belongs to it.
    pub fn new(name: &'static str, figure: String, below: String) -> Self {
        Self { name, figure, below, look: "", series: Vec::new(), link: None }
    }

    /// The same, looking so.
    pub fn looks(self, look: &'static str) -> Self {
        Self { look, ..self }
    }

    fn leads(self, link: &'static str) -> Self {
        Self { link: Some(link), ..self }
    }

    /// The same with the last hour of it.
    pub fn over(self, points: &[Point], of: impl Fn(&Point) -> Option<f64>) -> Self {
        Self { series: points.iter().map(of).collect(), ..self }
    }
}

/// Reads it.
pub async fn now(books: &Books, health: &Health, meters: &Meters) -> Result<NowView, Trouble> {
    let readings = meters.readings.take().await;
    let traffic = Traffic::read(&meters.metrics.text(&[]));
    let checks = health.checks().await;
    let points = meters.pulse.points();
    let mut tiles = of_requests(books, &traffic, &points);
    tiles.push(hits(&readings, &points));
    tiles.push(calls(&readings, &points));
    tiles.push(redis(health, meters, &points));
    tiles.push(unknown(books).await.over(&points, |point| Some(point.unknown)));
    tiles.push(webhooks(books).await.over(&points, |point| Some(point.pending)));
    tiles.push(rates(books));
    Ok(NowView {
        at: At(books.clock.now()),
        ready: checks.iter().all(Check::lets_in),
        checks,
        tiles,
        counted: counted::groups(&readings),
        traffic,
    })
}

/// The part of the last hour that is known, together.
pub fn together(points: &[Point], of: impl Fn(&Point) -> f64) -> f64 {
    points.iter().map(of).sum()
}

fn of_requests(books: &Books, traffic: &Traffic, points: &[Point]) -> Vec<Tile> {
    let total = &traffic.total;
    let up = figures::span(books.clock.now().as_second() - books.started.as_second());
    let newest = points.last().cloned().unwrap_or_default();
    let asked = together(points, |point| point.requests);
    let share = |part| figures::share(part, asked);
    let rps = Tile::new(
        "Requests a second",
        figures::rate(newest.rps),
        format!(
            "{} in {up} since the start; {} under way",
            figures::count(total.requests),
            figures::count(traffic.active)
        ),
    );
    // What was asked last, or since the start when nothing was asked lately.
    let lately = points.iter().rev().find(|point| point.p50_s.is_some());
    let shown = |of: fn(&Point) -> Option<f64>, all| lately.and_then(of).map_or(all, figures::duration);
    let p50 = Tile::new(
        "Time to answer, p50",
        shown(|point| point.p50_s, total.quantile(0.5)),
        "half of all requests".to_owned(),
    );
    let p99 = Tile::new(
        "Time to answer, p99",
        shown(|point| point.p99_s, total.quantile(0.99)),
        "99 of 100 requests".to_owned(),
    );
    let limited = together(points, |point| point.limited);
    let limited = Tile::new(
        "Over the limit, 429",
        share(limited),
        format!("{} of {} in the last hour", figures::count(limited), figures::count(asked)),
    );
    let refused = together(points, |point| point.refused);
    let fine = together(points, |point| point.fine);
    let statuses = Tile::new(
        "Answered well, 2xx and 3xx",
        share(fine),
        format!("{} refused with another 4xx in the last hour", share(refused)),
    );
    let failed = together(points, |point| point.failed);
    let failing = Tile::new(
        "Failed, 5xx",
        figures::count(failed),
        format!("{} of all in the last hour; {} since the start", share(failed), figures::count(total.failed)),
    );
    let part =
        |part: fn(&Point) -> f64| move |point: &Point| (point.requests > 0.0).then(|| part(point) / point.requests);
    vec![
        rps.over(points, |point| Some(point.rps)),
        p50.over(points, |point| point.p50_s),
        p99.over(points, |point| point.p99_s),
        statuses.over(points, part(|point| point.fine)),
        limited.over(points, part(|point| point.limited)).leads("/console/partners"),
        failing.over(points, |point| Some(point.failed)).looks(if failed > 0.0 { "warn" } else { "" }),
    ]
}

pub(super) fn hits(readings: &[Reading], points: &[Point]) -> Tile {
    let kept = counted::value(readings, "xunyuan_cache_documents_bytes", "")
        + counted::value(readings, "xunyuan_cache_rendered_bytes", "");
    let lookups = together(points, |point| point.lookups);
    let (process, redis) = (together(points, |point| point.hits_process), together(points, |point| point.hits_redis));
    let below = format!(
        "{} in this process, {} in Redis; {} kept",
        figures::share(process, lookups),
        figures::share(redis, lookups),
        figures::bytes(kept)
    );
    let found = |point: &Point| (point.lookups > 0.0).then(|| (point.hits_process + point.hits_redis) / point.lookups);
    let tile = Tile::new("Found in the cache", figures::share(process + redis, lookups), below);
    tile.over(points, found).leads("/console/cache")
}

pub(super) fn calls(readings: &[Reading], points: &[Point]) -> Tile {
    let count = |outcome| counted::value(readings, "xunyuan_upstream_total", outcome);
    let (calls, lost) =
        (together(points, |point| point.catalogue_calls), together(points, |point| point.catalogue_lost));
    let below =
        format!("in the last hour; {} under way, {} failed", figures::count(count("in_flight")), figures::count(lost));
    let tile = Tile::new("Calls to the catalogue", figures::count(calls), below);
    tile.over(points, |point| Some(point.catalogue_calls))
        .looks(if lost > 0.0 { "warn" } else { "" })
        .leads("/console/catalogue")
}

fn redis(health: &Health, meters: &Meters, points: &[Point]) -> Tile {
    let name = "Redis";
    if health.counters.redis().is_none() {
        return Tile::new(name, "none".to_owned(), "this node counts and keeps for itself".to_owned());
    }
    let Some((down, since)) = meters.pulse.redis() else {
        return Tile::new(name, "?".to_owned(), "not looked at yet".to_owned());
    };
    let calls = points.last().map_or(0.0, |point| point.redis_calls) / pulse::EVERY.as_secs_f64();
    let below = format!("since {} UTC; {} calls a second", since.text(), figures::rate(calls));
    let (figure, look) = if down { ("silent", "bad") } else { ("answers", "") };
    Tile::new(name, figure.to_owned(), below).looks(look).over(points, |point| Some(point.redis_calls))
}

async fn unknown(books: &Books) -> Tile {
    let (name, link) = ("Unknown orders", "/console/orders");
    match books.ledger.unsettled().await {
        Ok(unsettled) => {
            let too_long = unsettled.unknown > 0 && unsettled.oldest_s > UNKNOWN_TOO_LONG_S;
            let oldest = format!("the oldest for {}", figures::span(unsettled.oldest_s));
            let (look, below) = match (unsettled.unknown, too_long) {
                (0, _) => ("", "every outcome is known".to_owned()),
                (_, true) => ("bad", oldest),
                (_, false) => ("warn", oldest),
            };
            Tile::new(name, figures::grouped(unsettled.unknown), below).looks(look).leads(link)
        }
        Err(error) => silent(name, link, error.into()),
    }
}

async fn webhooks(books: &Books) -> Tile {
    let (name, link) = ("Webhooks waiting", "/console/webhooks");
    match books.ledger.undelivered().await {
        Ok(open) => {
            let below = match open.pending {
                0 => "everything is delivered".to_owned(),
                _ => format!("the oldest for {}", figures::span(open.oldest_s)),
            };
            let look = if open.pending > 0 && open.oldest_s > UNKNOWN_TOO_LONG_S { "warn" } else { "" };
            Tile::new(name, figures::grouped(open.pending), below).looks(look).leads(link)
        }
        Err(error) => silent(name, link, error.into()),
    }
}

fn silent(name: &'static str, link: &'static str, trouble: Trouble) -> Tile {
    Tile::new(name, "?".to_owned(), trouble.logged().to_string()).looks("bad").leads(link)
}

pub(super) fn rates(books: &Books) -> Tile {
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
    Tile::new("Age of the rates", figure, below).looks(look)
}

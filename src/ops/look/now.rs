//! How the nodes are right now, what all of them did in the last hour, and what this one was asked since it started.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::order::Order;
use crate::ops::Meters;
use crate::ops::health::{Check, Health};
use crate::ops::look::counted::{self, Group};
use crate::ops::look::hour::{Hour, Since, lookups, share};
use crate::ops::look::traffic::Traffic;
use crate::ops::look::{At, Books, Trouble, figures};
use crate::telemetry::metrics::Reading;
use crate::usage::{Node, Point};

/// An order that is unknown for longer wants a person.
const UNKNOWN_TOO_LONG_S: i64 = 300;
/// The reading that tells of breakers before the catalogue.
const BREAKERS: &str = "xunyuan_upstream_breaker_open";

/// How a node is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NowView {
    /// When this was true.
    pub at: At,
    /// Whether the node takes traffic.
    pub ready: bool,
    /// What readiness looks at.
    pub checks: Vec<Check>,
    /// The nodes whose numbers the figures hold, this one first.
    pub nodes: Vec<Node>,
    /// The large figures, of all nodes.
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
    pub fn over(self, hour: &Hour, of: impl FnMut(&Point) -> Option<f64>) -> Self {
        Self { series: hour.points.iter().map(of).collect(), ..self }
    }

    /// The same for something that stands, which a point that nobody told of leaves as it was.
    pub fn standing(self, hour: &Hour, of: impl Fn(&Point) -> f64) -> Self {
        let mut last = None;
        self.over(hour, |point| {
            last = (point.nodes > 0).then(|| of(point)).or(last);
            last
        })
    }
}

/// Reads it.
pub async fn now(books: &Books, health: &Health, meters: &Meters) -> Result<NowView, Trouble> {
    let readings = meters.readings.take().await;
    let traffic = Traffic::read(&meters.metrics.text(&[]));
    let checks = health.checks().await;
    let hour = Hour::of(&books.usage);
    let mut tiles = of_requests(books, &traffic, &hour);
    tiles.extend(times(&hour));
    tiles.push(hits(&readings, &hour));
    tiles.push(calls(&readings, &hour));
    tiles.push(answers(health, &hour));
    tiles.extend(breakers(&readings));
    tiles.push(redis(health, &hour));
    tiles.push(unknown(books).await.standing(&hour, |point| point.orders_unknown as f64));
    tiles.push(webhooks(books).await.standing(&hour, |point| point.webhooks_pending as f64));
    tiles.push(rates(books));
    Ok(NowView {
        at: At(books.clock.now()),
        ready: checks.iter().all(Check::lets_in),
        checks,
        nodes: hour.nodes,
        tiles,
        counted: counted::groups(&readings),
        traffic,
    })
}

fn of_requests(books: &Books, traffic: &Traffic, hour: &Hour) -> Vec<Tile> {
    let up = figures::span(books.clock.now().as_second() - books.started.as_second());
    let asked = hour.sum(|point| point.requests.into());
    let of_all = |part| figures::share(part, asked);
    let rps = Tile::new(
        "Requests a second",
        figures::rate(hour.newest().map_or(0.0, |point| point.rps)),
        format!(
            "{} in the last hour; {} under way here, up for {up}",
            figures::count(asked),
            figures::count(traffic.active)
        ),
    );
    let limited = hour.sum(|point| point.limited.into());
    let limiting = Tile::new(
        "Over the limit, 429",
        of_all(limited),
        format!("{} of {} in the last hour", figures::count(limited), figures::count(asked)),
    );
    let fine = hour.sum(|point| u64::from(point.fine) + u64::from(point.not_modified));
    let refused = hour.sum(|point| point.refused.into());
    let held = hour.sum(|point| point.not_modified.into());
    let statuses = Tile::new(
        "Answered well, 2xx and 304",
        of_all(fine),
        format!("{} with 304; {} refused with another 4xx", of_all(held), of_all(refused)),
    );
    let failed = hour.sum(|point| point.failed.into());
    let failing = Tile::new(
        "Failed, 5xx",
        figures::count(failed),
        format!(
            "{} of all in the last hour; {} since this node's start",
            of_all(failed),
            figures::count(traffic.total.failed)
        ),
    );
    vec![
        rps.over(hour, |point| Some(point.rps)),
        statuses.over(hour, |point| share(point.fine + point.not_modified, point.requests)),
        limiting.over(hour, |point| share(point.limited, point.requests)).leads("/console/partners"),
        failing.over(hour, |point| Some(point.failed.into())).looks(if failed > 0.0 { "warn" } else { "" }),
    ]
}

/// How long answers took, all in all and without the catalogue's part: of the ten seconds in which something was asked
/// last.
fn times(hour: &Hour) -> [Tile; 4] {
    let tile = |name, below: &str, of: fn(&Point) -> Option<u64>| {
        let newest = hour.points.iter().rev().find_map(of);
        let figure = newest.map_or("–".to_owned(), |micros| figures::duration(micros as f64 / 1e6));
        Tile::new(name, figure, below.to_owned()).over(hour, |point| of(point).map(|micros| micros as f64 / 1e6))
    };
    [
        tile("Gateway alone, p50", "half of all answers, without waiting for the catalogue", |point| point.own_p50_us),
        tile("Gateway alone, p99", "99 of 100 answers, without waiting for the catalogue", |point| point.own_p99_us),
        tile("Time to answer, p50", "half of all answers, with the catalogue", |point| point.p50_us),
        tile("Time to answer, p99", "99 of 100 answers, with the catalogue", |point| point.p99_us),
    ]
}

pub(super) fn hits(readings: &[Reading], hour: &Hour) -> Tile {
    let kept = counted::value(readings, "xunyuan_cache_documents_bytes", "")
        + counted::value(readings, "xunyuan_cache_rendered_bytes", "");
    let all = hour.sum(lookups);
    let (process, redis) = (hour.sum(|point| point.hits_process), hour.sum(|point| point.hits_redis));
    let below = format!(
        "{} in a process, {} in Redis; {} kept here",
        figures::share(process, all),
        figures::share(redis, all),
        figures::bytes(kept)
    );
    let found = |point: &Point| {
        let all = lookups(point);
        (all > 0).then(|| (point.hits_process + point.hits_redis) as f64 / all as f64)
    };
    let tile = Tile::new("Found in the cache", figures::share(process + redis, all), below);
    tile.over(hour, found).leads("/console/cache")
}

pub(super) fn calls(readings: &[Reading], hour: &Hour) -> Tile {
    let under_way = counted::value(readings, "xunyuan_upstream_total", "in_flight");
    let (calls, lost) = (hour.sum(|point| point.catalogue_calls), hour.sum(|point| point.catalogue_lost));
    let below =
        format!("in the last hour; {} under way here, {} failed", figures::count(under_way), figures::count(lost));
    let tile = Tile::new("Calls to the catalogue", figures::count(calls), below);
    tile.over(hour, |point| Some(point.catalogue_calls as f64))
        .looks(if lost > 0.0 { "warn" } else { "" })
        .leads("/console/catalogue")
}

/// Whether the catalogue answers, and since when that is so.
pub(super) fn answers(health: &Health, hour: &Hour) -> Tile {
    let down = health.catalogue_trouble.load().is_some();
    let nodes = hour.newest().map_or(0, |point| point.catalogue_down);
    let below = match hour.since(|point| (point.catalogue_down > 0) == down) {
        Some(since) if down => format!("{}; {nodes} of {} nodes say so", said(since), hour.nodes.len()),
        Some(since) => said(since),
        None => "since a moment ago".to_owned(),
    };
    let (figure, look) = if down { ("silent", "bad") } else { ("answers", "") };
    Tile::new("The catalogue", figure.to_owned(), below)
        .looks(look)
        .leads("/console/catalogue")
        .standing(hour, |point| point.catalogue_down.into())
}

/// What the catalogue is spared, as the reading of the breakers tells: one row for each, 1 while it is open. Where nothing
/// tells of breakers there is no tile.
pub(super) fn breakers(readings: &[Reading]) -> Option<Tile> {
    let (.., rows) = readings.iter().find(|(name, _, rows)| *name == BREAKERS && !rows.is_empty())?;
    let open: Vec<_> = rows.iter().filter(|(_, open)| *open > 0.0).map(|(labels, _)| labels.replace('"', "")).collect();
    let tile = match &open[..] {
        [] => Tile::new("Breakers", "closed".to_owned(), format!("all {} let calls through", rows.len())),
        open => Tile::new("Breakers", format!("{} open", open.len()), open.join("; ")).looks("bad"),
    };
    Some(tile.leads("/console/catalogue"))
}

fn redis(health: &Health, hour: &Hour) -> Tile {
    let name = "Redis";
    let Some(redis) = health.counters.redis() else {
        return Tile::new(name, "none".to_owned(), "this node counts and keeps for itself".to_owned());
    };
    let down = redis.is_down();
    let newest = hour.newest();
    let calls = newest.map_or(0.0, |point| point.redis_calls as f64 / 10.0);
    let since = hour.since(|point| (point.redis_down > 0) == down).map_or("since a moment ago".to_owned(), said);
    let below = format!("{since}; {} calls a second", figures::rate(calls));
    let (figure, look) = if down { ("silent", "bad") } else { ("answers", "") };
    Tile::new(name, figure.to_owned(), below).looks(look).over(hour, |point| Some(point.redis_calls as f64))
}

fn said(since: Since) -> String {
    let longer = if since.or_longer { " or longer" } else { "" };
    format!("since {} UTC{longer}", since.at.text())
}

async fn unknown(books: &Books) -> Tile {
    let (name, link) = ("Unknown orders", "/console/orders");
    match books.ledger.unsettled::<Order>().await {
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
    // Older than they should be for a reason that is known.
    let (look, below) = match books.rates.trouble() {
        Some(trouble) => ("bad", format!("{below}; not renewed: {}", trouble.what)),
        None => (look, below),
    };
    let figure = match age {
        Some(1) => "1 day".to_owned(),
        Some(days) => format!("{days} days"),
        None => "–".to_owned(),
    };
    Tile::new("Age of the rates", figure, below).looks(look)
}

#[cfg(test)]
mod tests {
    use super::{BREAKERS, breakers};
    use crate::telemetry::metrics::Reading;

    #[test]
    fn an_open_breaker_is_named_and_none_is_made_up() {
        let told = |rows: &[(&str, f64)]| -> Vec<Reading> {
            vec![(BREAKERS, "", rows.iter().map(|(labels, open)| ((*labels).to_owned(), *open)).collect())]
        };
        assert!(breakers(&[]).is_none() && breakers(&told(&[])).is_none());
        let closed = breakers(&told(&[("mode=\"live\"", 0.0), ("mode=\"sandbox\"", 0.0)])).unwrap();
        assert_eq!((closed.figure.as_str(), closed.look), ("closed", ""));
        let open = breakers(&told(&[("mode=\"live\"", 1.0), ("mode=\"sandbox\"", 0.0)])).unwrap();
        assert_eq!((open.figure.as_str(), open.below.as_str(), open.look), ("1 open", "mode=live", "bad"));
    }
}

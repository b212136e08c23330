//! The first page: how this node is, what it is asked, where partners stand, and the newest orders.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use jiff::Timestamp;

use crate::ledger::{self, Latest};
use crate::ops::Meters;
use crate::ops::console::Console;
use crate::ops::console::accounts::{self, Account};
use crate::ops::console::answer;
use crate::ops::console::counted::{self, Group};
use crate::ops::console::figures::{self, Moment};
use crate::ops::console::frame::Frame;
use crate::ops::console::gate::{Operator, field};
use crate::ops::console::orders::Row;
use crate::ops::console::traffic::Traffic;
use crate::ops::health::{Check, Health, State};
use crate::partners::{self, PartnerRow};
use crate::telemetry::metrics::Reading;

const NEWEST: u32 = 20;
const PARTNERS: usize = 50;
/// Orders are counted over so many days, so that the count stays cheap for ever.
const COUNTED_DAYS: i64 = 30;
const DAY_MS: i64 = 86_400_000;
/// An order that is unknown for longer wants a person.
const UNKNOWN_TOO_LONG_S: i64 = 300;

#[derive(Template)]
#[template(path = "overview.html", config = "src/ops/console/askama.toml")]
struct Overview {
    frame: Frame,
    now: Moment,
    ready: bool,
    checks: Vec<Check>,
    tiles: Vec<Tile>,
    traffic: Traffic,
    groups: Vec<Group>,
    partners: Result<Partners, String>,
    orders: Result<Vec<Row>, String>,
    counted_days: i64,
}

/// One large figure.
struct Tile {
    name: &'static str,
    figure: String,
    below: String,
    /// `""`, `warn` or `bad`.
    look: &'static str,
    /// Where more of it is to be seen.
    link: Option<&'static str>,
}

/// A page of partners.
struct Partners {
    accounts: Vec<Account>,
    all: usize,
    page: usize,
    pages: usize,
}

/// What the operator sees first.
pub async fn overview(
    request: HttpRequest,
    operator: Operator,
    console: Data<Console>,
    health: Data<Health>,
    meters: Data<Meters>,
) -> HttpResponse {
    let now = console.clock.now();
    let readings = meters.readings.take().await;
    let traffic = Traffic::read(&meters.metrics.text(&[]));
    let checks = health.checks().await;
    let asked = field(request.query_string().as_bytes(), "page").and_then(|page| page.parse().ok()).unwrap_or(1);
    let orders = console.ledger.list_latest(&Latest::Any, NEWEST).await;
    let page = Overview {
        frame: Frame::live("Overview", &operator, &request),
        now: Moment::of(now, now),
        ready: checks.iter().all(Check::lets_in),
        checks,
        tiles: tiles(&console, &readings, &traffic, now).await,
        groups: counted::groups(&readings),
        traffic,
        partners: list(&console, asked, now).await.map_err(told),
        orders: orders.map(|all| all.into_iter().map(|order| Row::of(order, now)).collect()).map_err(told),
        counted_days: COUNTED_DAYS,
    };
    answer::page(StatusCode::OK, &page)
}

async fn tiles(console: &Console, readings: &[Reading], traffic: &Traffic, now: Timestamp) -> Vec<Tile> {
    let total = &traffic.total;
    let up = figures::span(now.as_second() - console.started.as_second());
    let requests = Tile {
        name: "Requests",
        figure: figures::count(total.requests),
        below: format!("in {up} since the start; {} under way", figures::count(traffic.active)),
        look: "",
        link: None,
    };
    let time = Tile {
        name: "Time to answer, p50",
        figure: total.quantile(0.5),
        below: format!("p99 {}", total.quantile(0.99)),
        look: "",
        link: None,
    };
    let limited = Tile {
        name: "Over the limit, 429",
        figure: total.limited_share(),
        below: format!("{} of {} requests", figures::count(total.limited), figures::count(total.requests)),
        look: "",
        link: None,
    };
    let failed = Tile {
        name: "Failed, 5xx",
        figure: figures::count(total.failed),
        below: format!("{} of all", figures::share(total.failed, total.requests)),
        look: if total.failed > 0.0 { "warn" } else { "" },
        link: None,
    };
    vec![requests, time, limited, failed, hits(readings), calls(readings), unknown(console).await, rates(console)]
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
        link: None,
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
        link: None,
    }
}

async fn unknown(console: &Console) -> Tile {
    let name = "Unknown orders";
    let link = Some("/console/orders?state=unknown");
    match console.ledger.unsettled().await {
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
        Err(error) => Tile { name, figure: "?".to_owned(), below: told(error), look: "bad", link },
    }
}

fn rates(console: &Console) -> Tile {
    let (age, stale) = (console.rates.age_days(), console.rates_stale_after_days);
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

async fn list(console: &Console, asked: usize, now: Timestamp) -> Result<Partners, Trouble> {
    let rows = console.directory.list_partners().await?;
    let counts = console.ledger.count_by_state(COUNTED_DAYS * DAY_MS).await?;
    let (all, pages) = (rows.len(), rows.len().div_ceil(PARTNERS).max(1));
    let page = asked.clamp(1, pages);
    let shown: Vec<PartnerRow> = rows.into_iter().skip((page - 1) * PARTNERS).take(PARTNERS).collect();
    Ok(Partners { accounts: accounts::read(console, shown, &counts, now).await, all, page, pages })
}

#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Partners(#[from] partners::Error),
    #[error(transparent)]
    Orders(#[from] ledger::Error),
}

/// What the page says; the cause is for the log.
fn told(error: impl std::fmt::Display) -> String {
    tracing::error!(%error, "the console cannot read the database");
    "The database did not answer.".to_owned()
}

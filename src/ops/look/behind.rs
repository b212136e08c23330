//! What stands behind the gateway: the cache, and the catalogue with the tasks that follow it. The figures are those of
//! all nodes, what is counted since the start is this node's.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::ops::Meters;
use crate::ops::health::{Check, Health};
use crate::ops::look::counted::{self, Group};
use crate::ops::look::hottest::{self, Hottest};
use crate::ops::look::hour::{Hour, lookups};
use crate::ops::look::now::{self, Tile};
use crate::ops::look::{At, Books, figures};
use crate::telemetry::metrics::Reading;
use crate::usage::Point;

/// A task that did not go well for so long is late; they repeat every few seconds, comparisons every hour.
const LATE_S: i64 = 300;
const COMPARISON_LATE_S: i64 = 3 * 3_600;

/// How something behind the gateway does.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BehindView {
    /// What readiness says of it.
    pub checks: Vec<Check>,
    /// The large figures.
    pub tiles: Vec<Tile>,
    /// Tasks that follow it.
    pub tasks: Vec<Task>,
    /// What is counted of it.
    pub counted: Vec<Group>,
    /// The listings that are asked for most; of the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hottest: Option<Hottest>,
}

/// How a background task of this node fares.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Task {
    /// The task.
    pub task: String,
    /// `live`, `sandbox`, or empty for tasks of both worlds.
    pub mode: String,
    /// `well`, or `late` when it did not go well for long.
    pub state: &'static str,
    /// When it last went well; when it was first heard of, until it did.
    pub last_ok_at: At,
    /// Passes that went well.
    pub ok: f64,
    /// Passes that failed.
    pub failed: f64,
    /// How its state looks.
    #[serde(skip)]
    pub look: &'static str,
}

/// The cache.
pub async fn cache(books: &Books, health: &Health, meters: &Meters) -> BehindView {
    let (readings, hour) = (meters.readings.take().await, Hour::of(&books.usage));
    let all = hour.sum(lookups);
    let tier = |name, of: fn(&Point) -> u64, below: &str| {
        let share = move |point: &Point| {
            let all = lookups(point);
            (all > 0).then(|| of(point) as f64 / all as f64)
        };
        let part = hour.sum(of);
        let below = format!("{} of {} lookups{below}", figures::count(part), figures::count(all));
        Tile::new(name, figures::share(part, all), below).over(&hour, share)
    };
    let tiles = vec![
        now::hits(&readings, &hour),
        tier("Found in a process", |point| point.hits_process, ""),
        tier("Found in Redis", |point| point.hits_redis, ""),
        tier("Asked the catalogue", |point| point.misses, ""),
        tier("Waited for another's fetch", |point| point.coalesced, ": one call for many"),
        tier("Shown past their time", |point| point.stale, ": renewed behind, or the catalogue was down"),
        Tile::new("Lookups", figures::count(all), "in the last hour".to_owned())
            .over(&hour, |point| Some(lookups(point) as f64)),
    ];
    let view = of(health, &readings, "Cache", "redis", tiles, Vec::new()).await;
    BehindView { hottest: Some(hottest::hottest(&books.cache).await), ..view }
}

/// The catalogue.
pub async fn catalogue(books: &Books, health: &Health, meters: &Meters) -> BehindView {
    let (readings, hour) = (meters.readings.take().await, Hour::of(&books.usage));
    let lost = hour.sum(|point| point.catalogue_lost);
    let seconds = |point: &Point| point.catalogue_mean_us.map(|micros| micros as f64 / 1e6);
    let newest = hour.points.iter().rev().find_map(seconds);
    let below = "the mean, long polls for changes included".to_owned();
    let mut tiles = vec![
        now::calls(&readings, &hour),
        Tile::new("Time of a call", newest.map_or("–".to_owned(), figures::duration), below).over(&hour, seconds),
        Tile::new("Calls without an answer", figures::count(lost), "in the last hour".to_owned())
            .looks(if lost > 0.0 { "warn" } else { "" })
            .over(&hour, |point| Some(point.catalogue_lost as f64)),
        now::answers(health, &hour),
        now::rates(books),
    ];
    tiles.extend(now::breakers(&readings));
    let tasks = tasks(&readings, books.clock.now());
    of(health, &readings, "Catalogue", "catalogue", tiles, tasks).await
}

async fn of(
    health: &Health,
    readings: &[Reading],
    title: &str,
    check: &str,
    tiles: Vec<Tile>,
    tasks: Vec<Task>,
) -> BehindView {
    BehindView {
        checks: health.checks().await.into_iter().filter(|one| one.name == check).collect(),
        tiles,
        tasks,
        counted: counted::groups(readings).into_iter().filter(|group| group.title == title).collect(),
        hottest: None,
    }
}

/// Reads the tasks back from what `/metrics` tells of them.
fn tasks(readings: &[Reading], now: Timestamp) -> Vec<Task> {
    let rows = |name| readings.iter().filter(move |(one, ..)| *one == name).flat_map(|(.., rows)| rows);
    let label = |labels: &str, wanted: &str| {
        let mut pairs = labels.split(',').filter_map(|pair| pair.split_once('='));
        pairs.find(|(name, _)| *name == wanted).map_or(String::new(), |(_, value)| value.trim_matches('"').to_owned())
    };
    let passes = |task: &str, mode: &str, outcome: &str| {
        let fits = |labels: &str| {
            [("task", task), ("mode", mode), ("outcome", outcome)]
                .iter()
                .all(|(name, value)| label(labels, name) == *value)
        };
        rows("xunyuan_passes_total").filter(|(labels, _)| fits(labels)).map(|(_, count)| *count).sum()
    };
    let read = |(labels, last): &(String, f64)| {
        let (task, mode) = (label(labels, "task"), label(labels, "mode"));
        let last_ok_at = Timestamp::from_second(*last as i64).unwrap_or_default();
        let late_s = if task.ends_with("_compare") { COMPARISON_LATE_S } else { LATE_S };
        let late = now.as_second() - last_ok_at.as_second() > late_s;
        Task {
            state: if late { "late" } else { "well" },
            look: if late { "bad" } else { "good" },
            last_ok_at: At(last_ok_at),
            ok: passes(&task, &mode, "ok"),
            failed: passes(&task, &mode, "failed"),
            task,
            mode,
        }
    };
    rows("xunyuan_pass_last_success_timestamp_seconds").map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::tasks;
    use crate::telemetry::metrics::Reading;
    use jiff::Timestamp;

    #[test]
    fn a_task_that_did_not_go_well_for_long_is_late() {
        let labels = |task: &str, more: &str| format!("task=\"{task}\",mode=\"live\"{more}");
        let last = vec![(labels("orders_follow", ""), 1_000.0), (labels("orders_compare", ""), 1_000.0)];
        let passes = vec![
            (labels("orders_follow", ",outcome=\"ok\""), 7.0),
            (labels("orders_follow", ",outcome=\"failed\""), 2.0),
        ];
        let readings: Vec<Reading> =
            vec![("xunyuan_passes_total", "", passes), ("xunyuan_pass_last_success_timestamp_seconds", "", last)];
        let told = tasks(&readings, Timestamp::from_second(1_301).unwrap());
        let rows: Vec<_> = told.iter().map(|task| (task.task.as_str(), task.state, task.ok, task.failed)).collect();
        assert_eq!(rows, [("orders_follow", "late", 7.0, 2.0), ("orders_compare", "well", 0.0, 0.0)]);
        assert_eq!(tasks(&readings, Timestamp::from_second(1_300).unwrap())[0].state, "well");
    }
}

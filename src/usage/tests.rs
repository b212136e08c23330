//! What must hold of numbers in a database: nothing is counted twice or lost, and what is grouped adds up.

use std::sync::Arc;

use super::by_day::{Counted, Group, Page, Question};
use super::call::Call;
use super::example::call;
use super::flush::{self, Batch};
use super::{Error, Left, Sample, Standing, Usage};
use crate::clock::Clock;
use crate::counters::Counters;
use crate::counters::redis_server::Server;
use crate::model::partner::Mode;
use crate::model::plan::{Plan, Policy};
use crate::sql::{Sql, trial};

const DAY: i64 = 20_780;
const ALL: Group = Group { day: true, operation: true, outcome: true, code: true };
const NONE: Group = Group { day: false, operation: false, outcome: false, code: false };

fn usage(sql: &Sql) -> Usage {
    Usage::new(sql.clone(), Counters::InProcess, Clock::shiftable())
}

fn at(day: i64, operation: &'static str, status: u16, units: u32) -> Call {
    let code = match status {
        429 => "rate_limited",
        404 => "offer_not_found",
        503 => "upstream_unavailable",
        _ => "",
    };
    Call { operation, code, ..call("acme", day * 86_400_000 + 43_200_000, status, units) }
}

fn question(group: Group) -> Question {
    let partner = "acme".to_owned();
    Question { partner, mode: Mode::Sandbox, from: DAY - 30, to: DAY + 30, group, cursor: None, limit: 500 }
}

async fn total(usage: &Usage) -> (i64, i64) {
    let page = usage.by_day(&question(NONE)).await.unwrap();
    page.items.first().map_or((0, 0), |row| (row.calls, row.units))
}

#[tokio::test]
async fn calls_are_counted_by_day_operation_outcome_and_code() {
    for house in trial::houses().await {
        let usage = usage(&house.sql);
        for (day, operation, status, units) in [
            (DAY, "get_offer", 200, 1),
            (DAY, "get_offer", 200, 1),
            (DAY, "get_offer", 404, 1),
            (DAY, "get_offer", 304, 0),
            (DAY, "search_offers", 429, 0),
            (DAY + 1, "search_offers", 503, 3),
        ] {
            usage.note(at(day, operation, status, units));
        }
        usage.flush().await.unwrap();
        let rows = usage.by_day(&question(ALL)).await.unwrap().items;
        let told: Vec<_> = rows
            .iter()
            .map(|row| {
                let text = |part: &Option<String>| part.clone().unwrap();
                let what = format!("{} {} {}", text(&row.operation), text(&row.outcome), text(&row.code));
                (row.day.unwrap() - DAY, what, row.calls, row.units)
            })
            .collect();
        let expected = [
            (0, "get_offer answered ", 2, 2),
            (0, "get_offer not_modified ", 1, 0),
            (0, "get_offer refused offer_not_found", 1, 1),
            (0, "search_offers limited rate_limited", 1, 0),
            (1, "search_offers failed upstream_unavailable", 1, 3),
        ];
        assert_eq!(told, expected.map(|(day, what, calls, units)| (day, what.to_owned(), calls, units)));
        let by_day = Group { day: true, ..NONE };
        let days = usage.by_day(&question(by_day)).await.unwrap().items;
        let days: Vec<_> =
            days.iter().map(|row| (row.day.unwrap() - DAY, row.calls, row.operation.is_none())).collect();
        assert_eq!(days, [(0, 5, true), (1, 1, true)]);
        let tomorrow = usage.by_day(&Question { from: DAY + 1, ..question(NONE) }).await.unwrap().items;
        assert_eq!(tomorrow[0].calls, 1);
        let live = usage.by_day(&Question { mode: Mode::Live, ..question(NONE) }).await.unwrap();
        assert_eq!(live, Page { items: vec![], next: None });
    }
}

#[tokio::test]
async fn nodes_add_to_the_same_rows() {
    for house in trial::houses().await {
        let (one, other) = (usage(&house.sql), usage(&house.another().await));
        for round in 1..=3 {
            (0..5).for_each(|_| one.note(at(DAY, "get_offer", 200, 1)));
            (0..7).for_each(|_| other.note(at(DAY, "get_offer", 200, 2)));
            let (a, b) = tokio::join!(one.flush(), other.flush());
            a.and(b).unwrap();
            assert_eq!(total(&one).await, (12 * round, 19 * round));
        }
    }
}

#[tokio::test]
async fn a_batch_that_is_sent_again_counts_once() {
    for house in trial::houses().await {
        let usage = usage(&house.sql);
        let batch = |number| {
            let mut books = super::books::Books::new();
            (0..3).for_each(|_| books.add(at(DAY, "get_offer", 200, 1)));
            Arc::new(Batch { node: "n".into(), number, at_ms: 1, sums: books.take_sums(i64::MAX / 2, true) })
        };
        let first = batch(1);
        for _ in 0..3 {
            flush::write(&house.sql, first.clone()).await.unwrap();
        }
        assert_eq!(total(&usage).await, (3, 3));
        flush::write(&house.sql, batch(2)).await.unwrap();
        flush::write(&house.sql, first).await.unwrap();
        assert_eq!(total(&usage).await, (6, 6));
        let minutes = house.sql.fetch_all("SELECT calls FROM usage_minutes ORDER BY flush", vec![]).await.unwrap();
        assert_eq!(minutes.iter().map(|row| row.int("calls").unwrap()).collect::<Vec<_>>(), [3, 3]);
    }
}

#[tokio::test]
async fn what_could_not_be_written_is_written_later_and_once() {
    for house in trial::houses().await {
        let usage = usage(&house.sql);
        usage.note(at(DAY, "get_offer", 200, 1));
        house.sql.execute("ALTER TABLE usage_days RENAME TO usage_gone", vec![]).await.unwrap();
        assert!(matches!(usage.flush().await, Err(Error::Sql(_))));
        usage.note(at(DAY, "get_offer", 200, 1));
        assert!(usage.flush().await.is_err());
        usage.note(at(DAY, "get_offer", 200, 1));
        house.sql.execute("ALTER TABLE usage_gone RENAME TO usage_days", vec![]).await.unwrap();
        usage.flush().await.unwrap();
        assert_eq!(total(&usage).await, (3, 3));
    }
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repeat() {
    for house in trial::houses().await {
        let usage = usage(&house.sql);
        for day in DAY..DAY + 7 {
            ["get_offer", "search_offers"].into_iter().for_each(|op| usage.note(at(day, op, 200, 1)));
            usage.note(at(day, "get_offer", 404, 1));
        }
        usage.flush().await.unwrap();
        let whole = usage.by_day(&question(ALL)).await.unwrap().items;
        assert_eq!(whole.len(), 21);
        let (mut cursor, mut seen) = (None, Vec::<Counted>::new());
        loop {
            let page = usage.by_day(&Question { cursor, limit: 4, ..question(ALL) }).await.unwrap();
            seen.extend(page.items);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, whole);
        for wrong in ["", "x", "MQ", "///"] {
            let asked = Question { cursor: Some(wrong.to_owned()), ..question(ALL) };
            assert!(matches!(usage.by_day(&asked).await, Err(Error::WrongCursor)), "{wrong}");
        }
    }
}

#[tokio::test]
async fn what_is_past_its_time_is_removed() {
    for house in trial::houses().await {
        let clock = Clock::shiftable();
        let usage = Usage::new(house.sql.clone(), Counters::InProcess, clock.clone());
        let now_ms = clock.now_ms();
        for days_ago in [0, 1, 399, 401, 500] {
            usage.note(call("acme", now_ms - days_ago * 86_400_000, 200, 1));
        }
        usage.close().await;
        assert!(usage.tidy().await.unwrap() >= 2);
        let count = async |text| house.sql.fetch_optional(text, vec![]).await.unwrap().unwrap().int("n").unwrap();
        assert_eq!(count("SELECT COUNT(*) AS n FROM usage_days").await, 3);
        assert_eq!(count("SELECT COUNT(*) AS n FROM usage_minutes").await, 2, "25 hours are kept");
    }
}

#[test]
fn many_threads_note_at_once_and_nothing_is_lost() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let usage = runtime.block_on(async {
        let house = trial::houses().await.remove(0);
        (usage(&house.sql), house)
    });
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..20_000).for_each(|_| usage.0.note(at(DAY, "get_offer", 200, 1))));
        }
        for _ in 0..50 {
            usage.0.add_up();
            std::thread::yield_now();
        }
    });
    runtime.block_on(async {
        usage.0.flush().await.unwrap();
        assert_eq!(total(&usage.0).await, (160_000, 160_000));
    });
}

fn plan(quota: u32) -> Plan {
    let policies = vec![Policy::rolling("second", quota, 1, quota)];
    Plan { id: "proposed".into(), policies, in_flight: 10, price_tier: "standard".into() }
}

#[tokio::test]
async fn what_two_nodes_recorded_is_replayed_as_one() {
    for house in trial::houses().await {
        let clock = Clock::shiftable();
        let node = || Usage::new(house.sql.clone(), Counters::InProcess, clock.clone());
        let (one, other) = (node(), node());
        let noon = clock.now_ms().div_euclid(60_000) * 60_000 - 3_600_000;
        for ms in (0..30_000).step_by(100) {
            // Each node sees 10 units a second; together it is twice what the plan of 10 gives.
            one.note(call("acme", noon + ms, 200, 1));
            let mut refused = call("acme", noon + ms, 429, 0);
            (refused.cost, refused.refused_by) = (1, Some("second".into()));
            other.note(refused);
        }
        one.flush().await.unwrap();
        other.flush().await.unwrap();
        let acme = || "acme".parse().unwrap();
        let accounts = [(acme(), Mode::Sandbox), (acme(), Mode::Live)];
        let told = one.what_if(&accounts, &plan(10)).await.unwrap();
        let (sandbox, live) = (&told[0], &told[1]);
        assert_eq!((sandbox.mode, sandbox.offered.units, sandbox.refused_then), ("sandbox", 600, 300));
        assert!((285..=300).contains(&sandbox.refused.units), "{sandbox:?}");
        assert_eq!((live.mode, live.offered.units, &live.worst), ("live", 0, &None));
        let larger = other.what_if(&accounts[..1], &plan(20)).await.unwrap();
        assert_eq!((larger[0].refused.units, larger[0].admitted.units), (0, 600));
        clock.advance_ms(24 * 3_600_000);
        assert_eq!(one.what_if(&accounts[..1], &plan(10)).await.unwrap()[0].offered.units, 0, "a day later it is past");
    }
}

fn standing(partner: &str, remaining: u32) -> Standing {
    let left = Left {
        name: "day".to_owned(),
        quota: 1_000,
        window_s: 86_400,
        most: 1_000,
        remaining,
        resets_in_s: 40_000,
        refills: false,
    };
    let (partner, plan) = (partner.to_owned(), "starter".to_owned());
    Standing { partner, mode: Mode::Sandbox, plan, policies: vec![left], key_expires_at: None }
}

#[tokio::test]
async fn headroom_joins_where_accounts_stand_with_what_they_did() {
    for house in trial::houses().await {
        let clock = Clock::shiftable();
        let usage = Usage::new(house.sql.clone(), Counters::InProcess, clock.clone());
        let now_ms = clock.now_ms();
        usage.note(call("acme", now_ms - 2 * 86_400_000, 200, 1));
        for n in 1..=40 {
            usage.note(call("acme", now_ms - 200 * n, 200, 2));
        }
        usage.note(call("acme", now_ms - 60_000, 500, 1));
        usage.flush().await.unwrap();
        let rows = usage.headroom(&[standing("bolt", 900), standing("acme", 100)]).await.unwrap();
        let names: Vec<_> = rows.iter().map(|row| (row.partner.as_str(), row.percent.round())).collect();
        assert_eq!(names, [("acme", 90.0), ("bolt", 10.0)]);
        let acme = &rows[0];
        assert_eq!((acme.calls, acme.failed, acme.top_operation.as_deref()), (41, 1, Some("get_offer")));
        assert!((3.0..=4.0).contains(&acme.rps) && acme.units_per_s == 2.0 * acme.rps, "{acme:?}");
        let lasts = acme.exhausted_in_s.unwrap();
        assert!((12.0..=17.0).contains(&lasts), "{lasts}");
        assert_eq!((acme.trend.len(), acme.trend.iter().sum::<i64>(), acme.trend[4]), (7, 42, 1));
        assert_eq!((rows[1].trend.clone(), rows[1].skew), (vec![0; 7], None));
        assert_eq!(acme.skew.unwrap().median_s, 1);
    }
}

#[tokio::test]
async fn every_node_tells_the_numbers_of_all_and_forgets_one_that_is_gone() {
    let Some(mut redis) = Server::start() else { return };
    let house = trial::houses().await.remove(0);
    let clock = Clock::shiftable();
    let node = || Usage::new(house.sql.clone(), redis.counters(&clock), clock.clone());
    let (one, other) = (node(), node());
    let now_ms = clock.now_ms();
    let before = now_ms - 15_000;
    (0..3).for_each(|_| one.note(call("acme", before, 200, 1)));
    (0..4).for_each(|_| other.note(call("acme", before, 404, 2)));
    other.sample(Sample::default());
    for usage in [&one, &other, &one] {
        clock.advance_ms(10_000);
        usage.share().await;
    }
    assert_eq!((one.nodes().len(), other.nodes().len()), (2, 2));
    for usage in [&one, &other] {
        let sum = usage.recently("acme", Mode::Sandbox);
        assert_eq!((sum.calls, sum.operations["get_offer"], sum.ages.len()), (7, 7, 7));
        let points = usage.series();
        assert_eq!(
            points.iter().map(|point| (point.fine, point.refused)).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1)),
            (3, 4)
        );
        assert_eq!(usage.last_errors("acme", Mode::Sandbox).len(), 4);
        assert!(usage.last_errors("acme", Mode::Live).is_empty());
    }
    assert_eq!(one.active().len(), 1);
    redis.kill();
    clock.advance_ms(13_000);
    one.share().await;
    assert_eq!((one.nodes().len(), one.recently("acme", Mode::Sandbox).calls), (1, 3), "nobody else was heard of");
    assert!(one.nodes()[0].own && one.last_errors("acme", Mode::Sandbox).is_empty());
}

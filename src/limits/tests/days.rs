//! Policies of a day: what ends with it, what is told before, and nothing that goes over into the next.

use std::time::Duration;

use super::{alone, caller, left, node, passing, plan, policy, redis_calls, told};
use crate::clock::Clock;
use crate::counters::Counters;
use crate::counters::gcra::{Mark, Spend};
use crate::counters::redis_server::Server;
use crate::error::{Code, Failure};
use crate::limits::Decided;
use crate::model::partner::Mode;
use crate::model::plan::{Policy, Span};

/// Sets the clock to so many milliseconds after the partner's day begins.
fn into_the_day(clock: &Clock, span: &Span, ms: i64) {
    let today = span.day(&"acme".parse().unwrap(), clock.now()).unwrap();
    clock.advance_ms(today.ends.as_millisecond() + ms - clock.now_ms());
}

#[tokio::test]
async fn a_day_gives_all_its_units_back_when_it_ends_and_tells_when_that_is() {
    let clock = Clock::shiftable();
    let day = Policy::daily("day", 10, "Europe/Berlin", 900);
    into_the_day(&clock, &day.span, 1_000);
    let limits = alone(&clock);
    let caller = caller(&plan(vec![day.clone()]), Mode::Live);
    assert_eq!(passing(&limits, &caller, 15, 1).await, 10);
    let ends = day.span.day(&caller.partner.id, clock.now()).unwrap().ends;
    let refusal = limits.admit(&caller, 1).await.unwrap_err();
    let left_s = (ends.as_millisecond() - clock.now_ms()).div_euclid(1_000);
    assert!((left_s..=left_s + 2).contains(&(refusal.retry_after_s().unwrap() as i64)));
    assert_eq!((refusal.code(), refusal.policy(), refusal.decided()), (Code::QuotaUsedUp, "day", Decided::Here));
    assert!(refusal.detail().unwrap().contains("per day of Europe/Berlin"));
    assert!(
        refusal.standing().rate_limit().starts_with(&format!("\"day\";r=0;t={}", refusal.retry_after_s().unwrap()))
    );
    assert_eq!(refusal.standing().rows().next().unwrap().day_ends, Some(ends));
    clock.advance_ms(ends.as_millisecond() - clock.now_ms() - 1_000);
    assert_eq!(passing(&limits, &caller, 3, 1).await, 0, "a second before");
    for _ in 0..3 {
        clock.advance_ms(1_000);
        assert_eq!(passing(&limits, &caller, 15, 1).await, 10);
        into_the_day(&clock, &day.span, -1_000);
        assert_eq!(passing(&limits, &caller, 3, 1).await, 0);
    }
}

#[tokio::test]
async fn a_day_that_runs_out_is_noticed_once_and_the_next_one_anew() {
    let clock = Clock::shiftable();
    let day = Policy::daily("day", 100, "UTC", 0);
    into_the_day(&clock, &day.span, 1_000);
    let limits = alone(&clock);
    let caller = caller(&plan(vec![policy("minute", 1_000, 60, 1_000), day.clone()]), Mode::Live);
    for _ in 0..2 {
        assert_eq!(passing(&limits, &caller, 79, 1).await, 79);
        assert!(limits.take_near().is_empty());
        assert_eq!(passing(&limits, &caller, 10, 1).await, 10);
        let near = limits.take_near();
        assert_eq!(near.len(), 1);
        let today = day.span.day(&caller.partner.id, clock.now()).unwrap();
        assert_eq!((near[0].used, near[0].allowance, near[0].resets_at), (80, 100, today.ends));
        assert_eq!((near[0].day.clone(), near[0].policy.as_str()), (today.date.to_string(), "day"));
        limits.near_again(near);
        assert_eq!(limits.take_near().len(), 1, "what could not be told waits");
        into_the_day(&clock, &day.span, 1_000);
    }
}

#[tokio::test]
async fn what_was_charged_to_one_day_is_not_given_back_to_the_next() {
    let clock = Clock::shiftable();
    let day = Policy::daily("day", 10, "UTC", 0);
    into_the_day(&clock, &day.span, 1_000);
    let limits = alone(&clock);
    let caller = caller(&plan(vec![day.clone()]), Mode::Live);
    let mut yesterdays = limits.admit(&caller, 3).await.unwrap();
    into_the_day(&clock, &day.span, 1_000);
    let mut todays = limits.admit(&caller, 3).await.unwrap();
    yesterdays.refund();
    drop(yesterdays);
    assert_eq!(told(&limits.admit(&caller, 0).await.unwrap()), [7]);
    todays.refund();
    drop(todays);
    assert_eq!(told(&limits.admit(&caller, 0).await.unwrap()), [10]);
}

#[tokio::test]
async fn a_busy_partner_gets_the_last_unit_of_its_day_and_none_of_the_next() {
    let Some(server) = Server::start() else { return };
    let clock = Clock::shiftable();
    let limits = node(&server, &clock);
    let caller = caller(&plan(vec![Policy::daily("day", 500, "UTC", 0)]), Mode::Live);
    let mut refused = None;
    let mut passed = 0;
    for _ in 0..900 {
        match limits.admit(&caller, 1).await {
            Ok(_) => passed += 1,
            Err(refusal) => refused = Some(refusal),
        }
    }
    assert_eq!(passed, 500);
    assert_eq!(left(&refused.unwrap()), [0]);
    assert!(redis_calls(&limits) < 200, "{} questions", redis_calls(&limits));
}

/// By Redis' own clock, with days so short that the test lives through several.
#[tokio::test]
async fn busy_nodes_together_keep_to_each_day_while_days_end() {
    use crate::counters::gcra::Rule;
    use crate::counters::rate::{self, Ask};
    use crate::limits::lease::Lease;
    let Some(server) = Server::start() else { return };
    let clock = Clock::shiftable();
    let counters = server.counters(&clock);
    let Counters::Redis { redis, rate: script, .. } = &counters else { unreachable!() };
    // What a node does with what it is given, by its own clock alone: the lease's rule, with days that are short.
    const DAY_US: i64 = 400_000;
    let keys = vec![rate::key("short:live", "day"), rate::leases_key("short:live")];
    let began = clock.now_ms() * 1_000;
    let ends = |now_us: i64| [0, 1, 2].map(|day| began + ((now_us - began) / DAY_US + day) * DAY_US);
    let mut nodes = [Lease::default(), Lease::default()];
    let mut used = std::collections::BTreeMap::<i64, u32>::new();
    while clock.now_ms() * 1_000 < began + 4 * DAY_US {
        for (at, lease) in nodes.iter_mut().enumerate() {
            let (wall_us, tick_us) = (clock.now_ms() * 1_000, clock.ticks_us());
            if lease.take(1, tick_us) {
                *used.entry(ends(wall_us)[1]).or_default() += 1;
                continue;
            }
            let rules = [Rule::daily(60, ends(wall_us))];
            let spend = Spend { more: 15, nodes: 2, ..Spend::of(1) };
            let node = ["one", "two"][at];
            let known = (&[Mark::default()][..], wall_us);
            let ask =
                Ask { keys: &keys, rules: &rules, known, spend, held: lease.held(tick_us), node, lasts_us: 250_000 };
            let told = script.spend(redis, ask, Duration::from_secs(5)).await.unwrap();
            if told.admitted {
                *used.entry(ends(told.now_us)[1]).or_default() += 1;
                if !rules[0].day_has(told.now_us, lease.since_us()) {
                    lease.end(tick_us);
                }
                lease.add(told.units - 1, told.now_us, tick_us, told.levels[0].reset_us.min(250_000));
            }
        }
    }
    assert!(used.values().all(|units| *units <= 60), "{used:?}");
    assert!(used.values().filter(|units| **units == 60).count() >= 2, "{used:?}");
}

//! The arithmetic against governor, the script against the arithmetic, and nonces over a Redis that comes and goes.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, FakeRelativeClock};
use governor::{Quota, RateLimiter};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::test_runner::{Config, TestRunner};

use super::gcra::{self, Held, Mark, Rule, Spend};
use super::redis_server::Server;
use super::{Claimed, Counters, Nonces, Reach, rate};
use crate::clock::Clock;
use crate::model::plan::Policy;

const START_US: i64 = 1_800_000_000_000_000;

fn rule() -> impl Strategy<Value = Rule> {
    (1_i64..200_000, 1_u32..60).prop_map(|(interval_us, burst)| steady(interval_us, burst))
}

fn steady(interval_us: i64, burst: u32) -> Rule {
    Rule { interval_us, burst, weight: 1, ends: [0; 3], shadow: false }
}

/// A call alone, decided by the arithmetic.
fn call(rules: &[Rule], marks: &mut [Mark], now_us: i64, spend: Spend) -> (bool, Vec<gcra::Level>) {
    let taken = gcra::spend(rules, marks, now_us, spend, &[]);
    (taken.admitted, taken.levels)
}

#[test]
fn one_rule_decides_as_governor_does() {
    let calls = vec((0_u64..400_000, 1_u32..70), 1..120);
    let mut runner = TestRunner::new(Config::with_cases(400));
    let outcome = runner.run(&(rule(), calls), |(rule, calls)| {
        let clock = FakeRelativeClock::default();
        let quota = Quota::with_period(Duration::from_micros(rule.interval_us as u64)).unwrap();
        let governor =
            RateLimiter::direct_with_clock(quota.allow_burst(NonZeroU32::new(rule.burst).unwrap()), clock.clone());
        let (mut now_us, mut tats) = (START_US, [Mark::default()]);
        for (wait_us, cost) in calls {
            clock.advance(Duration::from_micros(wait_us));
            now_us += wait_us as i64;
            let (admitted, levels) = call(&[rule], &mut tats, now_us, Spend { cost, ..Spend::default() });
            match governor.check_n(NonZeroU32::new(cost).unwrap()) {
                Ok(Ok(())) => assert!(admitted),
                Ok(Err(wait)) => {
                    assert!(!admitted);
                    assert_eq!(wait.wait_time_from(clock.now()).as_micros() as i64, levels[0].retry_us);
                }
                Err(_never) => assert!(!admitted && cost > rule.burst),
            }
        }
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn all_rules_are_charged_or_none_and_what_is_told_holds() {
    let calls = vec((0_i64..50_000, 0_u32..30), 1..80);
    let mut runner = TestRunner::new(Config::with_cases(400));
    let outcome = runner.run(&(vec(rule(), 1..5), calls), |(rules, calls)| {
        let (mut now_us, mut tats) = (START_US, vec![Mark::default(); rules.len()]);
        for (wait_us, cost) in calls {
            now_us += wait_us;
            let spend = Spend { cost, ..Spend::default() };
            let (_, before) = call(&rules, &mut tats, now_us, Spend::default());
            let expected = gcra::admits(&rules, &tats, now_us, cost);
            let (admitted, after) = call(&rules, &mut tats, now_us, spend);
            assert_eq!(admitted, expected);
            assert_eq!(admitted, before.iter().all(|level| level.remaining >= cost));
            for (before, after) in before.iter().zip(&after) {
                assert_eq!(after.remaining, before.remaining - if admitted { cost } else { 0 });
            }
            let retry_us = after.iter().map(|level| level.retry_us).max().unwrap();
            assert_eq!(admitted, retry_us == 0);
            if !admitted && rules.iter().all(|rule| rule.burst >= cost) {
                assert!(gcra::admits(&rules, &tats, now_us + retry_us, cost), "passes when it was told to come back");
                assert!(!gcra::admits(&rules, &tats, now_us + retry_us - 1, cost), "and not before");
            }
        }
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn a_rounded_interval_never_admits_more_than_the_quota() {
    for quota in [1, 3, 7, 50, 300, 999, 3_000, 7_001, 200_000] {
        let policy = Policy::rolling("second", quota, 1, quota);
        assert!(Rule::of(&policy).interval_us * i64::from(quota) >= 1_000_000, "{quota}");
    }
}

#[test]
fn credit_never_fills_beyond_full_and_an_old_one_is_worth_nothing() {
    let rules = [steady(1_000, 10)];
    let mut tats = [Mark::default()];
    let spend = |cost, credit, credit_age_us| Spend { credit, credit_age_us, ..Spend::of(cost) };
    assert!(call(&rules, &mut tats, START_US, spend(6, 0, 0)).0);
    let (_, levels) = call(&rules, &mut tats, START_US, spend(0, 4, 0));
    assert_eq!(levels[0].remaining, 8);
    let (_, levels) = call(&rules, &mut tats, START_US, spend(0, 400, 10_000));
    assert_eq!(levels[0].remaining, 8, "ten milliseconds have given everything back already");
    let (_, levels) = call(&rules, &mut tats, START_US, spend(0, 400, 9_999));
    assert_eq!(levels[0].remaining, 10);
}

#[test]
fn a_day_ends_for_all_its_units_at_once() {
    const DAY_US: i64 = 86_400_000_000;
    let rules = [Rule::daily(10, [START_US, START_US + DAY_US, START_US + 2 * DAY_US])];
    let mut marks = [Mark::default()];
    let (admitted, levels) = call(&rules, &mut marks, START_US + 5, Spend::of(8));
    assert!(admitted && (levels[0].remaining, levels[0].reset_us) == (2, DAY_US - 5));
    let (admitted, levels) = call(&rules, &mut marks, START_US + 6, Spend::of(3));
    assert!(!admitted && levels[0].retry_us == DAY_US - 6);
    let back = Spend { credit: 4, credit_day_us: START_US + 6, ..Spend::default() };
    assert_eq!(call(&rules, &mut marks, START_US + 7, back).1[0].remaining, 6);
    let late = Spend { credit: 4, credit_day_us: START_US + 6, ..Spend::of(10) };
    let (admitted, levels) = call(&rules, &mut marks, START_US + DAY_US, late);
    assert!(admitted && levels[0].remaining == 0, "a new day, to which yesterday's units do not come back");
    assert!(call(&rules, &mut [Mark::default()], START_US - 1, Spend::of(1)).0, "an asker whose clock is ahead");
    let share = [rules[0].share_of(4)];
    let mut marks = [Mark::default()];
    let passed = (0..20).filter(|_| call(&share, &mut marks, START_US, Spend::of(1)).0).count();
    assert_eq!(passed, 2, "a quarter of ten");
}

/// Whatever nodes take ahead and however late they use it: no window sees more than the burst and the rate allow.
#[test]
fn units_taken_ahead_never_make_any_window_too_full() {
    let step = (0_usize..3, 0_i64..60_000, 1_u32..6, 0_u32..30);
    let mut runner = TestRunner::new(Config::with_cases(300));
    let outcome = runner.run(&(1_000_i64..40_000, 2_u32..60, vec(step, 20..300)), |(interval_us, burst, steps)| {
        const LASTS_US: i64 = 250_000;
        let (rule, mut marks, mut now_us) = (steady(interval_us, burst), [Mark::default()], START_US);
        // What each node may use until when, and what was written down when it last took some.
        let nothing = Held { units: 0, until_us: START_US };
        let (mut nodes, mut written) = ([nothing; 3], [nothing; 3]);
        let mut uses = Vec::new();
        for (node, wait_us, cost, more) in steps {
            now_us += wait_us;
            nodes.iter_mut().filter(|held| held.until_us <= now_us).for_each(|held| held.units = 0);
            if nodes[node].units >= cost {
                nodes[node].units -= cost;
                uses.push((now_us, cost));
                continue;
            }
            let spend = Spend { cost, more, nodes: 2, ..Spend::default() };
            let taken = gcra::spend(&[rule], &mut marks, now_us, spend, &written);
            if taken.admitted {
                let units = nodes[node].units + taken.units - cost;
                nodes[node] = Held { units, until_us: now_us + LASTS_US };
                written[node] = nodes[node];
                uses.push((now_us, cost));
            }
        }
        for (at, (from_us, _)) in uses.iter().enumerate() {
            let mut used = 0;
            for (until_us, cost) in &uses[at..] {
                used += i64::from(*cost);
                let allowed = i64::from(burst) + (until_us - from_us) / interval_us;
                assert!(used <= allowed, "{used} units within {} µs, {allowed} allowed", until_us - from_us);
            }
        }
        Ok(())
    });
    outcome.unwrap();
}

struct Asker<'a> {
    runtime: tokio::runtime::Runtime,
    counters: &'a Counters,
    rules: Vec<Rule>,
    keys: Vec<String>,
    known: Vec<Mark>,
}

impl<'a> Asker<'a> {
    fn of(counters: &'a Counters, account: &str, rules: Vec<Rule>) -> Asker<'a> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut keys: Vec<_> = (0..rules.len()).map(|i| rate::key(account, &i.to_string())).collect();
        keys.push(rate::leases_key(account));
        Asker { runtime, counters, known: vec![Mark::default(); rules.len()], rules, keys }
    }

    /// A node that holds so many units asks.
    fn asks_holding(&self, node: &str, held: u32, spend: Spend) -> rate::Decision {
        let Counters::Redis { redis, rate, .. } = self.counters else { unreachable!() };
        let known = (&self.known[..], 0);
        let ask = rate::Ask { keys: &self.keys, rules: &self.rules, known, spend, held, node, lasts_us: 250_000 };
        self.runtime.block_on(rate.spend(redis, ask, Duration::from_secs(5))).unwrap()
    }

    fn asks(&self, node: &str, spend: Spend) -> rate::Decision {
        self.asks_holding(node, 0, spend)
    }
}

/// Steady rules with intervals from a few microseconds to a minute, so that some buckets refill between two calls and
/// some never; and days that end while the test runs. Any of them may only count.
fn rule_of_any_kind() -> impl Strategy<Value = Rule> {
    let days = (0_i64..30_000, 2_000_i64..30_000);
    (0_u32..9, 1_i64..60, 1_u32..40, days, 0_u32..4).prop_map(|(size, interval, burst, (first, length), shadow)| {
        let rule = match size {
            7.. => Rule::daily(burst, [first, first + length, first + 2 * length]),
            _ => steady(interval * 10_i64.pow(size), burst),
        };
        Rule { shadow: shadow == 0, ..rule }
    })
}

/// A rule whose days are counted from a moment.
fn from(now_us: i64, rule: &Rule) -> Rule {
    Rule { ends: if rule.is_daily() { rule.ends.map(|end| now_us + end) } else { rule.ends }, ..*rule }
}

#[test]
fn the_script_decides_as_the_arithmetic_does() {
    let Some(server) = Server::start() else { return };
    let clock = Clock::default();
    let counters = server.counters(&clock);
    let credit = (any::<bool>(), 0_u32..8, 0_i64..40_000, -20_000_i64..60_000)
        .prop_map(|(any, credit, age, day)| if any { (credit, age, day) } else { (0, 0, 0) });
    // Now and then the plan is another one, with the same names.
    let plans = (1_usize..5).prop_flat_map(|policies| vec(vec(rule_of_any_kind(), policies), 2));
    let calls = vec((0_u32..15, 0_u32..20, 0_u32..3, credit, 0_u32..6), 1..60);
    let accounts = std::cell::Cell::new(0);
    let mut runner = TestRunner::new(Config::with_cases(200));
    let outcome = runner.run(&(plans, calls), |(plans, calls)| {
        let began_us = clock.now_ms() * 1_000;
        let plans: Vec<Vec<_>> =
            plans.iter().map(|rules| rules.iter().map(|rule| from(began_us, rule)).collect()).collect();
        let account = accounts.replace(accounts.get() + 1);
        let mut asker = Asker::of(&counters, &format!("p{account}:live"), plans[0].clone());
        let mut marks = vec![Mark::default(); asker.rules.len()];
        let mut written = Held { units: 0, until_us: START_US };
        let mut plan = 0;
        for (cost, more, debt, (credit, credit_age_us, day), change) in calls {
            if change == 0 {
                plan = 1 - plan;
                asker.rules = plans[plan].clone();
            }
            let credit_day_us = began_us + day;
            let spend = Spend { cost, more, debt, credit, credit_age_us, credit_day_us, nodes: 2 };
            let kept = written.units / 2;
            let told = asker.asks_holding("one", kept, spend);
            let mut seen = marks.clone();
            let expected = gcra::spend(&asker.rules, &mut seen, told.now_us, spend, &[written]);
            assert_eq!((told.admitted, told.units, told.levels), (expected.admitted, expected.units, expected.levels));
            if told.units + credit + debt > 0 {
                // A look leaves everything as it is.
                marks = seen;
                written = Held { units: kept + told.units.saturating_sub(cost), until_us: told.now_us + 250_000 };
            }
        }
        Ok(())
    });
    outcome.unwrap();
    assert_eq!(counters.redis().unwrap().failures(), 0);
}

#[test]
fn an_asker_whose_clock_is_days_behind_is_held_to_days_as_long() {
    const DAY_US: i64 = 86_400_000_000;
    let rule = [Rule::daily(5, [START_US, START_US + DAY_US, START_US + 2 * DAY_US])];
    let mut marks = [Mark::default()];
    let mut admits = |now_us: i64, cost| gcra::spend(&rule, &mut marks, now_us, Spend::of(cost), &[]);
    let noon = START_US + 9 * DAY_US + DAY_US / 2;
    assert!(admits(noon, 5).admitted);
    let refused = admits(noon, 1);
    assert_eq!((refused.admitted, refused.levels[0].retry_us), (false, DAY_US / 2));
    assert!(!admits(noon + DAY_US / 2 - 1, 1).admitted && admits(noon + DAY_US / 2, 5).admitted);
}

/// Two nodes take ahead from a day and use what they took until the day ends: neither day sees more than its quota.
#[test]
fn units_taken_ahead_never_admit_too_much_on_either_side_of_midnight() {
    const DAY_US: i64 = 3_000_000;
    let steps = vec((0_usize..2, 0_i64..60_000, 0_u32..4, 0_u32..30, 0_i64..2_000), 50..400);
    let mut runner = TestRunner::new(Config::with_cases(300));
    let outcome = runner.run(&(20_u32..200, steps), |(quota, steps)| {
        let mut now_us = START_US;
        let ends = |now_us: i64| {
            let today = START_US + (now_us - START_US) / DAY_US * DAY_US;
            [today, today + DAY_US, today + 2 * DAY_US]
        };
        let mut marks = [Mark::default()];
        // What each node holds, until when, and from which moment on it was given.
        let mut nodes = [(0_u32, 0_i64, 0_i64); 2];
        let mut used = std::collections::HashMap::<i64, u32>::new();
        for (node, wait_us, cost, more, late_us) in steps {
            now_us += wait_us;
            let (held, until_us, from_us) = &mut nodes[node];
            if now_us < *until_us && *held >= cost {
                *held -= cost;
                *used.entry(ends(now_us)[1]).or_default() += cost;
                continue;
            }
            // The answer is computed a little after the question; the asker only knows when it asked.
            let (asked_us, decided_us) = (now_us, now_us + late_us);
            now_us = decided_us;
            let rule = Rule::daily(quota, ends(asked_us));
            let credit = if more % 3 == 0 && asked_us < *until_us { std::mem::take(held) } else { 0 };
            let spend = Spend { cost, more, credit, credit_day_us: *from_us, nodes: 1, ..Spend::default() };
            let taken = gcra::spend(&[rule], &mut marks, decided_us, spend, &[]);
            if taken.admitted {
                *used.entry(ends(decided_us)[1]).or_default() += cost;
                if asked_us >= *until_us || !rule.day_has(decided_us, *from_us) {
                    *held = 0;
                }
                if *held == 0 {
                    *from_us = decided_us;
                }
                *held += taken.units - cost;
                *until_us = asked_us + taken.levels[0].reset_us.min(250_000);
            }
        }
        for (day, used) in used {
            assert!(used <= quota, "{used} of {quota} on the day that ends at {day}");
        }
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn another_plan_keeps_what_is_out_and_locks_nobody_out_for_longer_than_it_takes_to_fill() {
    let (small, large) = (steady(100_000, 600), steady(20_000, 3_000));
    let mut marks = [Mark::default()];
    assert!(call(&[small], &mut marks, START_US, Spend::of(600)).0);
    let left = |rule: Rule, marks: &mut [Mark]| call(&[rule], marks, START_US, Spend::default()).1[0];
    assert_eq!(left(large, &mut marks.clone()).remaining, 2_400, "a larger plan gives the difference");
    let mut spent = [Mark::default()];
    call(&[large], &mut spent, START_US, Spend::of(1_000));
    assert_eq!((left(small, &mut spent).remaining, left(small, &mut spent).reset_us), (0, small.span_us()));
    for _ in 0..1_000 {
        left(large, &mut marks);
        left(small, &mut marks);
    }
    assert_eq!(left(large, &mut marks).remaining, 2_400, "to and fro neither gives nor takes");
    let day = Rule::daily(50_000, [START_US - 1, START_US + 1_000_000, START_US + 2_000_000]);
    assert_eq!(left(day, &mut marks).remaining, 49_400, "a day goes on from a window");
    assert_eq!(left(small, &mut marks).remaining, 0, "and a window from a day");
    let elsewhere = Rule::daily(700, [START_US - 5, START_US + 500_000, START_US + 1_500_000]);
    left(day, &mut marks);
    assert_eq!(left(elsewhere, &mut marks).remaining, 100, "another time zone is no new day");
}

#[test]
fn a_shadow_rule_refuses_nothing_and_is_charged_what_it_has_room_for() {
    let rules = [steady(1_000_000, 100), Rule { shadow: true, ..steady(1_000_000, 5) }];
    let mut marks = [Mark::default(); 2];
    let told: Vec<_> = (0..4).map(|_| call(&rules, &mut marks, START_US, Spend::of(2))).collect();
    assert!(told.iter().all(|(admitted, _)| *admitted));
    let shadow: Vec<_> = told.iter().map(|(_, levels)| (levels[1].retry_us > 0, levels[1].charged)).collect();
    assert_eq!(shadow, [(false, 2), (false, 2), (true, 0), (true, 0)]);
    let taken = gcra::spend(&rules, &mut marks, START_US, Spend { more: 10, nodes: 1, ..Spend::of(2) }, &[]);
    assert_eq!((taken.units, taken.levels[1].charged, taken.levels[1].remaining), (12, 1, 0));
}

#[test]
fn what_others_hold_counts_until_it_runs_out_or_is_handed_back() {
    let Some(server) = Server::start() else { return };
    let counters = server.counters(&Clock::default());
    // A unit a day: nothing comes back while the test runs.
    let asker = Asker::of(&counters, "acme:live", vec![steady(86_400_000_000, 20)]);
    let ahead = Spend { more: 9, nodes: 1, ..Spend::of(1) };
    assert_eq!(asker.asks("one", ahead).units, 10);
    let back = |credit| Spend { credit, ..Spend::default() };
    assert_eq!(
        asker.asks_holding("one", 4, back(5)).levels[0].remaining,
        11,
        "what is handed back counts as held till now"
    );
    assert_eq!(asker.asks("two", back(0)).levels[0].remaining, 11);
    assert_eq!(asker.asks("two", back(10)).levels[0].remaining, 16, "no further than to what is held elsewhere");
    let redis::Value::Int(leases) = server.command(&["HLEN", &asker.keys[1]]) else { panic!() };
    assert_eq!(leases, 1);
}

#[test]
fn a_redis_that_lost_its_memory_is_told_what_was_spent() {
    let Some(server) = Server::start() else { return };
    let counters = server.counters(&Clock::default());
    let day = Rule::daily(100, [START_US / 2, START_US * 2, START_US * 3]);
    let mut asker = Asker::of(&counters, "acme:live", vec![steady(86_400_000_000, 20), day]);
    let told = asker.asks("one", Spend::of(15));
    asker.known = vec![
        Mark { at_us: told.levels[0].reset_us, spent: 0, interval_us: 86_400_000_000 },
        Mark { at_us: START_US * 2, spent: 15, interval_us: 0 },
    ];
    server.command(&["FLUSHALL"]);
    let left: Vec<_> = asker.asks("one", Spend::of(1)).levels.iter().map(|level| level.remaining).collect();
    assert_eq!(left, [4, 84]);
    let owing = Spend { debt: 50, ..Spend::default() };
    let left: Vec<_> = asker.asks("one", owing).levels.iter().map(|level| level.remaining).collect();
    assert_eq!(left, [0, 34], "a debt is charged, but never more than one burst");
}

#[test]
fn what_the_script_keeps_goes_away_by_itself_and_a_look_keeps_nothing() {
    let Some(server) = Server::start() else { return };
    let counters = server.counters(&Clock::default());
    let asker = Asker::of(&counters, "acme:live", vec![steady(10_000, 100), steady(432_000, 200_000)]);
    asker.asks("one", Spend::default());
    assert_eq!(server.command(&["DBSIZE"]), redis::Value::Int(0));
    asker.asks("one", Spend::of(50));
    let redis::Value::Int(second) = server.command(&["PTTL", &asker.keys[0]]) else { panic!() };
    let redis::Value::Int(day) = server.command(&["PTTL", &asker.keys[1]]) else { panic!() };
    assert!((1..=500).contains(&second) && (20_000..=21_600).contains(&day), "{second} {day}");
    server.command(&["SCRIPT", "FLUSH"]);
    assert!(asker.asks("one", Spend::of(1)).admitted, "a flushed script is loaded again");
    asker.asks("one", Spend { credit: 60, ..Spend::default() });
    assert_eq!(server.command(&["DBSIZE"]), redis::Value::Int(0), "a full bucket needs no key");
}

fn nonces(counters: Counters, clock: &Clock) -> Nonces {
    Nonces::new(counters, clock.clone(), 1_000)
}

#[tokio::test]
async fn a_nonce_is_fresh_once_per_key_until_it_ends() {
    let clock = Clock::shiftable();
    let nonces = nonces(Counters::InProcess, &clock);
    let until = clock.now_s() + 300;
    assert_eq!(nonces.claim("k1", "n", until, Reach::Cluster).await, Claimed::Fresh);
    assert_eq!(nonces.claim("k1", "n", until, Reach::Cluster).await, Claimed::Seen);
    assert_eq!(nonces.claim("k1", "r", until, Reach::Node).await, Claimed::Fresh);
    assert_eq!(nonces.claim("k1", "r", until, Reach::Node).await, Claimed::Seen);
    assert_eq!(nonces.claim("k2", "n", until, Reach::Node).await, Claimed::Fresh);
    assert_eq!(nonces.claim("k", "1n", until, Reach::Node).await, Claimed::Fresh, "key and nonce do not run together");
    clock.advance_ms(302_000);
    nonces.tidy();
    assert_eq!(nonces.remembered(), 0);
    assert_eq!(nonces.claim("k1", "n", clock.now_s() + 300, Reach::Node).await, Claimed::Fresh);
}

#[tokio::test]
async fn a_write_cannot_be_repeated_at_another_node() {
    let Some(server) = Server::start() else { return };
    let clock = Clock::default();
    let (one, other) = (nonces(server.counters(&clock), &clock), nonces(server.counters(&clock), &clock));
    let until = clock.now_s() + 120;
    assert_eq!(one.claim("k", "write", until, Reach::Cluster).await, Claimed::Fresh);
    assert_eq!(other.claim("k", "write", until, Reach::Cluster).await, Claimed::Seen);
    assert_eq!(one.claim("k", "read", until, Reach::Node).await, Claimed::Fresh);
    assert_eq!(server.command(&["DBSIZE"]), redis::Value::Int(1), "a read is not known to Redis");
}

#[tokio::test]
async fn nonces_are_counted_locally_while_redis_is_gone() {
    let Some(mut server) = Server::start() else { return };
    let clock = Clock::default();
    let counters = server.counters(&clock);
    let nonces = nonces(counters.clone(), &clock);
    let until = clock.now_s() + 120;
    server.kill();
    for nonce in 0..20 {
        assert_eq!(nonces.claim("k", &nonce.to_string(), until, Reach::Cluster).await, Claimed::Fresh);
        assert_eq!(nonces.claim("k", &nonce.to_string(), until, Reach::Cluster).await, Claimed::Seen);
    }
    assert_eq!(nonces.local_fallback(), 20);
    assert!(counters.redis().unwrap().calls() < 20, "the breaker spares the callers");
}

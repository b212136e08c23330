//! The arithmetic against governor, the script against the arithmetic, and nonces over a Redis that comes and goes.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, FakeRelativeClock};
use governor::{Quota, RateLimiter};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::test_runner::{Config, TestRunner};

use super::gcra::{self, Rule, Spend};
use super::redis_server::Server;
use super::{Claimed, Counters, Nonces, Reach, rate};
use crate::clock::Clock;
use crate::model::plan::Policy;

const START_US: i64 = 1_800_000_000_000_000;

fn rule() -> impl Strategy<Value = Rule> {
    (1_i64..200_000, 1_u32..60).prop_map(|(interval_us, burst)| Rule { interval_us, burst })
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
        let (mut now_us, mut tats) = (START_US, [0]);
        for (wait_us, cost) in calls {
            clock.advance(Duration::from_micros(wait_us));
            now_us += wait_us as i64;
            let (admitted, levels) = gcra::spend(&[rule], &mut tats, now_us, Spend { cost, ..Spend::default() });
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
        let (mut now_us, mut tats) = (START_US, vec![0; rules.len()]);
        for (wait_us, cost) in calls {
            now_us += wait_us;
            let spend = Spend { cost, ..Spend::default() };
            let (_, before) = gcra::spend(&rules, &mut tats, now_us, Spend::default());
            let expected = gcra::admits(&rules, &tats, now_us, cost);
            let (admitted, after) = gcra::spend(&rules, &mut tats, now_us, spend);
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
        let policy = Policy { name: "second".into(), quota, window_s: 1, burst: quota };
        assert!(Rule::of(&policy).interval_us * i64::from(quota) >= 1_000_000, "{quota}");
    }
}

#[test]
fn credit_never_fills_beyond_full_and_an_old_one_is_worth_nothing() {
    let rules = [Rule { interval_us: 1_000, burst: 10 }];
    let mut tats = [0];
    let spend = |cost, credit, credit_age_us| Spend { cost, credit, credit_age_us };
    assert!(gcra::spend(&rules, &mut tats, START_US, spend(6, 0, 0)).0);
    let (_, levels) = gcra::spend(&rules, &mut tats, START_US, spend(0, 4, 0));
    assert_eq!(levels[0].remaining, 8);
    let (_, levels) = gcra::spend(&rules, &mut tats, START_US, spend(0, 400, 10_000));
    assert_eq!(levels[0].remaining, 8, "ten milliseconds have given everything back already");
    let (_, levels) = gcra::spend(&rules, &mut tats, START_US, spend(0, 400, 9_999));
    assert_eq!(levels[0].remaining, 10);
}

#[test]
fn the_script_decides_as_the_arithmetic_does() {
    let Some(server) = Server::start() else { return };
    let counters = server.counters(&Clock::default());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let Counters::Redis { redis, rate } = &counters else { unreachable!() };
    // Intervals from a few microseconds to a minute: some buckets refill between two calls, some never.
    let rule = (0_u32..7, 1_i64..60, 1_u32..40);
    let rule = rule.prop_map(|(size, interval, burst)| Rule { interval_us: interval * 10_i64.pow(size), burst });
    let credit = (any::<bool>(), 0_u32..8, 0_i64..40_000)
        .prop_map(|(any, credit, age)| if any { (credit, age) } else { (0, 0) });
    let calls = vec((0_u32..15, credit), 1..60);
    let accounts = std::cell::Cell::new(0);
    let mut runner = TestRunner::new(Config::with_cases(150));
    let outcome = runner.run(&(vec(rule, 1..5), calls), |(rules, calls)| {
        let account = accounts.replace(accounts.get() + 1);
        let keys: Vec<_> = (0..rules.len()).map(|i| rate::key(&format!("p{account}:live"), &i.to_string())).collect();
        let mut tats = vec![0; rules.len()];
        for (cost, (credit, credit_age_us)) in calls {
            let spend = Spend { cost, credit, credit_age_us };
            let told = runtime.block_on(rate.spend(redis, &keys, &rules, spend)).unwrap();
            let expected = gcra::spend(&rules, &mut tats, told.now_us, spend);
            assert_eq!((told.admitted, told.levels), expected);
        }
        Ok(())
    });
    outcome.unwrap();
    assert_eq!(redis.failures(), 0);
}

#[test]
fn what_the_script_keeps_goes_away_by_itself_and_a_look_keeps_nothing() {
    let Some(server) = Server::start() else { return };
    let counters = server.counters(&Clock::default());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let Counters::Redis { redis, rate } = &counters else { unreachable!() };
    let keys = [rate::key("acme:live", "second"), rate::key("acme:live", "day")];
    let rules = [Rule { interval_us: 10_000, burst: 100 }, Rule { interval_us: 432_000, burst: 200_000 }];
    let spend = |spend| runtime.block_on(rate.spend(redis, &keys, &rules, spend)).unwrap();

    spend(Spend::default());
    assert_eq!(server.command(&["DBSIZE"]), redis::Value::Int(0));
    spend(Spend { cost: 50, ..Spend::default() });
    let redis::Value::Int(second) = server.command(&["PTTL", &keys[0]]) else { panic!() };
    let redis::Value::Int(day) = server.command(&["PTTL", &keys[1]]) else { panic!() };
    assert!((1..=500).contains(&second) && (20_000..=21_600).contains(&day), "{second} {day}");
    server.command(&["SCRIPT", "FLUSH"]);
    assert!(spend(Spend { cost: 1, ..Spend::default() }).admitted, "a flushed script is loaded again");
    spend(Spend { credit: 60, ..Spend::default() });
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

//! What partners notice of the limiter, alone and over a Redis that comes and goes.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use proptest::test_runner::{Config, TestRunner};

use super::account::{Account, Screened};
use super::{Bounds, Cause, Decided, Limits, Permit, Priority, Refusal, Settings};
use crate::clock::Clock;
use crate::counters::gcra::{self, Mark, Spend};
use crate::counters::redis_server::Server;
use crate::counters::{Counters, redis};
use crate::error::{Code, Failure};
use crate::model::partner::{Caller, Mode, Partner, Scopes};
use crate::model::plan::{Plan, Policy, Span};

fn policy(name: &str, quota: u32, window_s: u32, burst: u32) -> Policy {
    Policy::rolling(name, quota, window_s, burst)
}

fn plan(policies: Vec<Policy>) -> Arc<Plan> {
    Arc::new(Plan { id: "starter".into(), policies, in_flight: 4, price_tier: "standard".into() })
}

fn caller(plan: &Arc<Plan>, mode: Mode) -> Caller {
    let partner = Partner {
        id: "acme".parse().unwrap(),
        name: "Acme".into(),
        country: "JP".into(),
        suspended: false,
        plan: Arc::clone(plan),
    };
    Caller { partner: Arc::new(partner), key_id: "xyk_live_1".into(), mode, scopes: Scopes::all() }
}

fn alone(clock: &Clock) -> Limits {
    Limits::new(Settings::default(), Counters::InProcess, clock.clone())
}

fn node(server: &Server, clock: &Clock) -> Limits {
    Limits::new(Settings::default(), server.counters(clock), clock.clone())
}

/// Calls that pass when so many are made one after the other.
async fn passing(limits: &Limits, caller: &Caller, calls: usize, cost: u32) -> usize {
    let mut passed = 0;
    for _ in 0..calls {
        passed += usize::from(limits.admit(caller, cost).await.is_ok());
    }
    passed
}

fn left(refusal: &Refusal) -> Vec<u32> {
    refusal.standing().rows().map(|row| row.remaining).collect()
}

fn told(permit: &Permit) -> Vec<u32> {
    permit.standing().rows().map(|row| row.remaining).collect()
}

fn redis_calls(limits: &Limits) -> u64 {
    limits.counters.redis().unwrap().calls()
}

#[tokio::test]
async fn a_burst_passes_at_once_and_then_the_steady_rate() {
    let clock = Clock::shiftable();
    let limits = alone(&clock);
    // One unit a minute, so that the time the test takes gives nothing back.
    let caller = caller(&plan(vec![policy("day", 1_440, 86_400, 10)]), Mode::Live);
    assert_eq!(passing(&limits, &caller, 50, 1).await, 10);
    for _ in 0..5 {
        clock.advance_ms(60_000);
        assert_eq!(passing(&limits, &caller, 3, 1).await, 1);
    }
    clock.advance_ms(86_400_000);
    assert_eq!(passing(&limits, &caller, 50, 1).await, 10, "no more than the burst is saved up");
    assert_eq!(limits.tally().allowed.load(Ordering::Relaxed), 25);
}

#[tokio::test]
async fn a_call_that_one_policy_refuses_costs_nothing_on_any() {
    let clock = Clock::shiftable();
    let limits = alone(&clock);
    let policies = vec![policy("second", 600, 60, 20), policy("minute", 60, 3_600, 6), policy("day", 100, 86_400, 100)];
    let caller = caller(&plan(policies), Mode::Live);
    for _ in 0..2 {
        limits.admit(&caller, 3).await.unwrap();
    }
    for _ in 0..20 {
        let refusal = limits.admit(&caller, 3).await.unwrap_err();
        assert_eq!(left(&refusal)[1..], [0, 94], "neither minute nor day is charged");
        assert!(left(&refusal)[0] >= 14, "nor second");
        assert_eq!(refusal.violated(), ["minute"]);
    }
}

#[tokio::test]
async fn a_refusal_names_its_policy_its_time_and_what_is_left() {
    let clock = Clock::shiftable();
    let limits = alone(&clock);
    let caller = caller(&plan(vec![policy("second", 1, 50, 1), policy("day", 24, 86_400, 2)]), Mode::Live);
    limits.admit(&caller, 1).await.unwrap();
    let fast = limits.admit(&caller, 1).await.unwrap_err();
    assert_eq!((fast.code(), fast.cause(), fast.retry_after_s()), (Code::RateLimited, Cause::Second, Some(50)));
    assert_eq!(fast.extras(), [("violated-policies", r#"["second"]"#.to_owned())]);
    let detail = fast.detail().unwrap();
    assert_eq!(detail, r#"Policy "second" gives 1 units per 50 s; 0 left, this call costs 1. It will pass in 50 s."#);

    clock.advance_ms(51_000);
    limits.admit(&caller, 1).await.unwrap();
    let spent = limits.admit(&caller, 1).await.unwrap_err();
    assert_eq!((spent.code(), spent.cause()), (Code::QuotaUsedUp, Cause::Day));
    assert_eq!(spent.violated(), ["second", "day"]);
    let expected_s = 3_600 - 51;
    assert!((expected_s - 1..=expected_s).contains(&spent.retry_after_s().unwrap()), "the later of both");
    let tally = limits.tally();
    assert_eq!((tally.denied_second.load(Ordering::Relaxed), tally.denied_day.load(Ordering::Relaxed)), (1, 1));
}

#[tokio::test]
async fn live_and_sandbox_keys_and_other_partners_are_counted_apart() {
    let limits = alone(&Clock::shiftable());
    let plan = plan(vec![policy("day", 5, 86_400, 5)]);
    let mut other = caller(&plan, Mode::Live);
    other.partner = Arc::new(Partner { id: "bolt".parse().unwrap(), ..(*other.partner).clone() });
    assert_eq!(passing(&limits, &caller(&plan, Mode::Live), 9, 1).await, 5);
    assert_eq!(passing(&limits, &caller(&plan, Mode::Sandbox), 9, 1).await, 5);
    assert_eq!(passing(&limits, &other, 9, 1).await, 5);
}

#[tokio::test]
async fn a_place_in_flight_is_needed_even_for_free_and_comes_back() {
    let limits = alone(&Clock::shiftable());
    let caller = caller(&plan(vec![policy("day", 500, 86_400, 500)]), Mode::Live);
    let mut held = Vec::new();
    for cost in [0, 1, 0, 1] {
        held.push(limits.admit(&caller, cost).await.unwrap());
    }
    let refusal = limits.admit(&caller, 0).await.unwrap_err();
    assert_eq!((refusal.code(), refusal.retry_after_s()), (Code::TooManyInFlight, Some(1)));
    assert_eq!(refusal.extras(), [("violated-policies", r#"["concurrent"]"#.to_owned())]);
    assert!(refusal.standing().rate_limit().ends_with(r#", "concurrent";r=0"#));
    assert_eq!(left(&refusal), [498]);
    held.pop();
    let again = limits.admit(&caller, 1).await.unwrap();
    assert_eq!(again.standing().in_flight(), 4);
    drop((held, again));
    assert_eq!(limits.standing(&caller).await.in_flight(), 0);
}

#[tokio::test]
async fn a_refused_call_leaves_its_place() {
    let limits = alone(&Clock::shiftable());
    let caller = caller(&plan(vec![policy("day", 1, 86_400, 1)]), Mode::Live);
    assert_eq!(passing(&limits, &caller, 40, 1).await, 1);
    assert_eq!(limits.standing(&caller).await.in_flight(), 0);
}

#[tokio::test]
async fn header_fields_are_in_the_words_of_the_draft() {
    let limits = alone(&Clock::shiftable());
    let policies = vec![policy("second", 50, 1, 50), policy("minute", 1_000, 60, 500), policy("day", 864, 86_400, 864)];
    let caller = caller(&plan(policies), Mode::Live);
    let permit = limits.admit(&caller, 1).await.unwrap();
    assert_eq!(
        permit.standing().rate_limit_policy(),
        r#""second";q=50;w=1, "minute";q=1000;w=60, "day";q=864;w=86400, "concurrent";q=4;qu="concurrent-requests""#
    );
    assert_eq!(
        permit.standing().rate_limit(),
        r#""second";r=49;t=1, "minute";r=499;t=1, "day";r=863;t=100, "concurrent";r=3"#
    );
}

#[tokio::test]
async fn both_header_fields_are_structured_fields_whatever_a_policy_is_called() {
    let limits = alone(&Clock::shiftable());
    let caller = caller(&plan(vec![policy("a \"b\" \\ ü\n", 5, 1, 5)]), Mode::Live);
    let permit = limits.admit(&caller, 1).await.unwrap();
    for text in [permit.standing().rate_limit_policy(), &permit.standing().rate_limit()] {
        sfv::Parser::new(text).parse::<sfv::List>().unwrap();
    }
}

#[tokio::test]
async fn a_free_answer_gives_its_cost_back_once() {
    let limits = alone(&Clock::shiftable());
    let caller = caller(&plan(vec![policy("minute", 10, 6_000, 10), policy("day", 40, 86_400, 40)]), Mode::Live);
    let mut permit = limits.admit(&caller, 3).await.unwrap();
    assert_eq!(told(&permit), [7, 37]);
    permit.refund();
    permit.refund();
    assert_eq!((told(&permit), permit.charged_units()), (vec![10, 40], 0));
    drop(permit);
    for _ in 0..200 {
        limits.admit(&caller, 5).await.unwrap().refund();
    }
    assert_eq!(passing(&limits, &caller, 20, 1).await, 10, "and no more than that");
}

#[tokio::test]
async fn another_plan_holds_at_once_and_what_was_spent_stays_spent() {
    let limits = alone(&Clock::shiftable());
    let small = plan(vec![policy("day", 10, 86_400, 10)]);
    assert_eq!(passing(&limits, &caller(&small, Mode::Live), 20, 1).await, 10);
    let large = plan(vec![policy("minute", 1_000, 6_000, 1_000), policy("day", 20, 86_400, 20)]);
    assert_eq!(passing(&limits, &caller(&large, Mode::Live), 20, 1).await, 10, "the difference and no more");
    let same = plan(large.policies.clone());
    let standing = limits.standing(&caller(&same, Mode::Live)).await;
    assert_eq!(standing.rows().map(|row| row.remaining).collect::<Vec<_>>(), [990, 0]);
    let refusal = limits.admit(&caller(&small, Mode::Live), 1).await.unwrap_err();
    assert_eq!(left(&refusal), [0]);
    assert_eq!(refusal.standing().rows().next().unwrap().resets_in_s, 86_400, "no longer than the new plan's window");
}

#[tokio::test]
async fn a_call_dearer_than_a_burst_passes_when_nothing_is_spent() {
    let limits = alone(&Clock::shiftable());
    let caller = caller(&plan(vec![policy("second", 2, 60, 2), policy("day", 40, 86_400, 40)]), Mode::Live);
    let permit = limits.admit(&caller, 5).await.unwrap();
    assert_eq!((told(&permit), permit.charged_units()), (vec![0, 38], 2));
}

#[tokio::test]
async fn accounts_with_nothing_spent_are_forgotten_and_others_are_not() {
    let clock = Clock::shiftable();
    let limits = alone(&clock);
    let caller = caller(&plan(vec![policy("minute", 60, 60, 60)]), Mode::Live);
    assert_eq!(passing(&limits, &caller, 60, 1).await, 60);
    limits.tidy();
    assert_eq!(limits.accounts(), 1);
    clock.advance_ms(61_000);
    let held = limits.admit(&caller, 0).await.unwrap();
    limits.tidy();
    assert_eq!(limits.accounts(), 1, "someone is in flight");
    drop(held);
    limits.tidy();
    assert_eq!(limits.accounts(), 0);
}

#[test]
fn the_pre_filter_never_refuses_what_the_exact_count_admits() {
    let policies = (1_u32..300, 1_u32..40, 1_u32..4_000, 1_u32..500);
    let calls = proptest::collection::vec((0_i64..300, 0_u32..6, 0_u32..4), 1..300);
    let mut runner = TestRunner::new(Config::with_cases(200));
    let outcome = runner.run(&(policies, calls), |((second, burst, minute, wider), calls)| {
        let clock = Clock::shiftable();
        let plan = plan(vec![policy("second", second, 1, burst), policy("minute", minute, 60, wider)]);
        let account = Account::new(&"acme".parse().unwrap(), Mode::Live, &plan, clock.clone());
        let rules: Vec<_> = plan.policies.iter().map(gcra::Rule::of).collect();
        let most = rules.iter().map(|rule| rule.burst).min().unwrap();
        let mut tats = vec![Mark::default(); rules.len()];
        for (wait_ms, cost, free) in calls {
            clock.advance_ms(wait_ms);
            let outcome = account.spend(&plan, cost);
            let spend = Spend { cost: cost.min(most), ..Spend::default() };
            let admitted = gcra::spend(&rules, &mut tats, outcome.at_us, spend, &[]).admitted;
            assert_eq!(outcome.admitted, admitted);
            if admitted && free == 0 {
                account.give_back(spend.cost, outcome.day_us);
                let back = Spend { credit: spend.cost, ..Spend::default() };
                gcra::spend(&rules, &mut tats, outcome.at_us, back, &[]);
            }
        }
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn a_flood_ends_at_the_pre_filter_without_a_question() {
    let clock = Clock::shiftable();
    let plan = plan(vec![policy("second", 10, 1_000, 10)]);
    let account = Account::new(&"acme".parse().unwrap(), Mode::Live, &plan, clock);
    let questions = (0..100).filter(|_| matches!(account.screen(&plan, 1, 1), Screened::Open)).count();
    assert_eq!(questions, 20, "twice the burst, though Redis has not answered one of them");
}

#[tokio::test]
async fn nodes_that_share_redis_admit_one_burst_together() {
    let Some(server) = Server::start() else { return };
    let clock = Clock::shiftable();
    let (one, other) = (node(&server, &clock), node(&server, &clock));
    let caller = caller(&plan(vec![policy("minute", 60, 3_600, 30), policy("day", 500, 86_400, 500)]), Mode::Live);
    let mut passed = 0;
    for _ in 0..40 {
        passed += passing(&one, &caller, 1, 1).await + passing(&other, &caller, 1, 1).await;
    }
    assert_eq!(passed, 30);
    let standing = one.standing(&caller).await;
    assert_eq!(standing.rows().map(|row| row.remaining).collect::<Vec<_>>(), [0, 470]);
    assert_eq!(one.tally().local_fallback.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn whom_redis_refused_costs_it_no_question_until_the_time_it_named() {
    let Some(server) = Server::start() else { return };
    let clock = Clock::shiftable();
    let limits = node(&server, &clock);
    let caller = caller(&plan(vec![policy("minute", 60, 3_600, 5)]), Mode::Live);
    assert_eq!(passing(&limits, &caller, 6, 1).await, 5);
    let asked = redis_calls(&limits);
    assert_eq!(passing(&limits, &caller, 500, 1).await, 0);
    assert_eq!(redis_calls(&limits), asked);
    assert_eq!(limits.tally().denied_without_redis.load(Ordering::Relaxed), 501);
    clock.advance_ms(61_000);
    let _ = limits.admit(&caller, 1).await;
    assert_eq!(redis_calls(&limits), asked + 1, "then it is asked again");
}

#[tokio::test]
async fn a_cheaper_call_is_not_held_back_for_a_dearer_one() {
    let Some(server) = Server::start() else { return };
    let limits = node(&server, &Clock::shiftable());
    let caller = caller(&plan(vec![policy("minute", 60, 3_600, 7)]), Mode::Live);
    assert_eq!(passing(&limits, &caller, 3, 5).await, 1);
    assert_eq!(passing(&limits, &caller, 5, 1).await, 2);
}

#[tokio::test]
async fn what_is_given_back_reaches_redis_with_the_next_call() {
    let Some(server) = Server::start() else { return };
    let clock = Clock::shiftable();
    let (one, other) = (node(&server, &clock), node(&server, &clock));
    let caller = caller(&plan(vec![policy("minute", 60, 3_600, 20)]), Mode::Live);
    let mut permit = one.admit(&caller, 5).await.unwrap();
    permit.refund();
    assert_eq!(told(&permit), [20]);
    drop(permit);
    assert_eq!(told(&one.admit(&caller, 1).await.unwrap()), [19]);
    assert_eq!(told(&other.admit(&caller, 1).await.unwrap()), [18]);
    for _ in 0..100 {
        one.admit(&caller, 5).await.unwrap().refund();
    }
    assert_eq!(told(&one.admit(&caller, 1).await.unwrap()), [17]);
    assert!(redis_calls(&one) <= 103, "no call is made only to give something back");
}

#[tokio::test]
async fn redis_killed_midway_is_not_noticed_by_callers_and_used_again_when_back() {
    let Some(mut server) = Server::start() else { return };
    let clock = Clock::shiftable();
    let limits = node(&server, &clock);
    let caller = caller(&plan(vec![policy("minute", 60, 36_000, 50)]), Mode::Live);
    assert_eq!(passing(&limits, &caller, 20, 1).await, 20);
    server.kill();
    assert_eq!(passing(&limits, &caller, 100, 1).await, 30, "this node goes on from what Redis said last");
    let (errors, fallback) = (&limits.tally().redis_errors, &limits.tally().local_fallback);
    assert_eq!(errors.load(Ordering::Relaxed), 5);
    assert!((20..=30).contains(&fallback.load(Ordering::Relaxed)), "but for the few that were in hand");

    server.start_again();
    clock.advance_ms(7_200_000);
    let mut recovered = 0;
    for _ in 0..20 {
        clock.advance_ms(250);
        recovered += passing(&limits, &caller, 1, 0).await;
        limits.standing(&caller).await;
        if !limits.counters.redis().unwrap().is_down() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(!limits.counters.redis().unwrap().is_down() && recovered > 0);
    let before = fallback.load(Ordering::Relaxed);
    assert_eq!(passing(&limits, &caller, 10, 1).await, 10);
    assert_eq!(fallback.load(Ordering::Relaxed), before);
}

#[tokio::test]
async fn nodes_keep_to_their_shares_while_redis_is_gone() {
    let Some(mut server) = Server::start() else { return };
    let clock = Clock::shiftable();
    let settings = Settings { nodes: 4, ..Settings::default() };
    let nodes: Vec<_> = (0..4).map(|_| Limits::new(settings, server.counters(&clock), clock.clone())).collect();
    let caller = caller(&plan(vec![policy("minute", 60, 36_000, 40), policy("day", 200, 86_400, 200)]), Mode::Live);
    for node in &nodes {
        // Not so busy that units are taken ahead.
        for _ in 0..5 {
            clock.advance_ms(60);
            assert_eq!(passing(node, &caller, 1, 1).await, 1);
        }
        node.standing(&caller).await;
    }
    for node in &nodes {
        clock.advance_ms(60);
        node.standing(&caller).await;
    }
    server.kill();
    let mut passed = Vec::new();
    for node in &nodes {
        let mut permit = node.admit(&caller, 1).await.unwrap();
        permit.refund();
        drop(permit);
        passed.push(passing(node, &caller, 50, 1).await);
    }
    assert_eq!(passed, [5, 5, 5, 5], "half of 40 was left, and each takes a quarter of it");
}

#[tokio::test]
async fn a_redis_that_hangs_delays_a_call_by_the_budget_and_then_nobody() {
    let Some(server) = Server::start() else { return };
    let clock = Clock::shiftable();
    let settings = redis::Settings { budget: Duration::from_millis(15), ..server.settings() };
    let counters = Counters::in_redis(&settings, clock.clone()).unwrap();
    let limits = Limits::new(Settings::default(), counters, clock.clone());
    let caller = caller(&plan(vec![policy("minute", 60, 36_000, 60)]), Mode::Live);
    server.freeze();
    let started = Instant::now();
    assert_eq!(passing(&limits, &caller, 60, 1).await, 60);
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    let tally = limits.tally();
    assert_eq!(
        (tally.redis_errors.load(Ordering::Relaxed), tally.local_fallback.load(Ordering::Relaxed)),
        (redis_calls(&limits), 60)
    );
    assert!(redis_calls(&limits) < 10, "{} questions", redis_calls(&limits));
    server.thaw();
    let mut tries = 0;
    while limits.counters.redis().unwrap().is_down() && tries < 200 {
        clock.advance_ms(250);
        limits.standing(&caller).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
        tries += 1;
    }
    assert!(tries < 200, "it is used again");
}

#[tokio::test]
async fn a_busy_partner_costs_few_questions_and_the_nodes_together_keep_its_limit() {
    let Some(server) = Server::start() else { return };
    let clock = Clock::shiftable();
    let nodes = [node(&server, &clock), node(&server, &clock), node(&server, &clock)];
    nodes.iter().for_each(|node| node.share_among(3));
    let caller = caller(&plan(vec![policy("second", 1_000, 1_000, 1_000)]), Mode::Live);
    let mut passed = 0;
    for _ in 0..600 {
        for node in &nodes {
            passed += passing(node, &caller, 1, 1).await;
        }
    }
    assert!((990..=1_000).contains(&passed), "{passed} passed");
    let asked: u64 = nodes.iter().map(redis_calls).sum();
    assert!(asked < 400, "{asked} questions for 1,800 calls");
}

#[tokio::test]
async fn units_in_hand_are_handed_back_when_a_partner_falls_silent() {
    let Some(server) = Server::start() else { return };
    let clock = Clock::shiftable();
    let (one, other) = (node(&server, &clock), node(&server, &clock));
    let caller = caller(&plan(vec![policy("minute", 100, 360_000, 100)]), Mode::Live);
    assert_eq!(passing(&one, &caller, 20, 1).await, 20);
    let held_back = other.standing(&caller).await.rows().next().unwrap().remaining;
    assert!(held_back < 80, "{held_back} left for others while the first holds some");
    one.hand_back().await;
    clock.advance_ms(70);
    one.hand_back().await;
    clock.advance_ms(60);
    let left = other.standing(&caller).await.rows().next().unwrap().remaining;
    assert_eq!(left, 80, "all that was not used");
}

#[tokio::test]
async fn calls_that_come_together_share_one_question() {
    let Some(server) = Server::start() else { return };
    let limits = node(&server, &Clock::shiftable());
    let mut plan = (*plan(vec![policy("minute", 600, 6_000, 600)])).clone();
    plan.in_flight = 100;
    let caller = caller(&Arc::new(plan), Mode::Live);
    let calls = (0..64).map(|_| limits.admit(&caller, 1));
    let passed = futures_util::future::join_all(calls).await.into_iter().filter(Result::is_ok).count();
    assert_eq!(passed, 64);
    assert!(redis_calls(&limits) <= 4, "{} questions", redis_calls(&limits));
}

#[tokio::test]
async fn what_was_admitted_without_redis_is_charged_when_it_is_back() {
    let Some(mut server) = Server::start() else { return };
    let clock = Clock::shiftable();
    let (one, other) = (node(&server, &clock), node(&server, &clock));
    let caller = caller(&plan(vec![policy("minute", 60, 36_000, 50)]), Mode::Live);
    server.kill();
    assert_eq!(passing(&one, &caller, 20, 1).await, 20);
    server.start_again();
    for _ in 0..200 {
        clock.advance_ms(250);
        one.standing(&caller).await;
        if !one.counters.redis().unwrap().is_down() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let left = other.standing(&caller).await.rows().next().unwrap().remaining;
    assert!((30..=31).contains(&left), "the other node sees {left}");
}

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
async fn a_policy_in_shadow_refuses_nothing_and_says_what_it_would_have_refused() {
    for server in [None, Server::start()] {
        let clock = Clock::shiftable();
        let limits = match &server {
            None => alone(&clock),
            Some(server) => node(server, &clock),
        };
        let shadow = Policy { shadow: true, ..policy("minute.trial", 10, 36_000, 10) };
        let caller = caller(&plan(vec![policy("minute", 60, 36_000, 60), shadow]), Mode::Live);
        let mut told = Vec::new();
        for _ in 0..40 {
            let permit = limits.admit(&caller, 1).await.unwrap();
            assert!(!permit.standing().rate_limit_policy().contains("trial"));
            assert!(!permit.standing().rate_limit().contains("trial"));
            told.extend(permit.shadow().to_vec());
        }
        assert_eq!((told.len(), &*told[0]), (30, "minute.trial"), "with Redis: {}", server.is_some());
        assert_eq!(limits.tally().shadow_refused.load(Ordering::Relaxed), 30);
        let standing = limits.standing(&caller).await;
        assert_eq!((standing.rows().count(), standing.all_rows().count()), (1, 2));
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
async fn a_busy_node_puts_browsing_off_and_answers_orders_and_the_refused_pay_nothing() {
    let clock = Clock::shiftable();
    let bounds = Bounds { calls: 10, upstream: 0, wait: Duration::ZERO };
    let limits = Limits::new(Settings { bounds, ..Settings::default() }, Counters::InProcess, clock.clone());
    let mut plan = (*plan(vec![policy("minute", 100, 36_000, 100)])).clone();
    plan.in_flight = 100;
    let caller = caller(&Arc::new(plan), Mode::Live);
    let mut held = Vec::new();
    for _ in 0..7 {
        held.push(limits.admit_as(&caller, 1, Priority::Browse).await.unwrap());
    }
    for _ in 0..20 {
        let refusal = limits.admit_as(&caller, 1, Priority::Browse).await.unwrap_err();
        assert_eq!((refusal.code(), refusal.policy(), left(&refusal)), (Code::Overloaded, "shed", vec![93]));
        assert!((1..=6).contains(&refusal.retry_after_s().unwrap()) && refusal.extras().is_empty());
    }
    held.push(limits.admit_as(&caller, 5, Priority::Order).await.unwrap());
    held.push(limits.admit_as(&caller, 0, Priority::Free).await.unwrap());
    assert_eq!(limits.tally().shed_browse.load(Ordering::Relaxed), 20);
    drop(held);
    assert_eq!(limits.pressure().calls(), 0);
    limits.admit_as(&caller, 1, Priority::Browse).await.unwrap();
}

#[tokio::test]
async fn another_plan_ends_leases_and_gives_no_burst_anew_on_any_node() {
    let Some(server) = Server::start() else { return };
    let clock = Clock::shiftable();
    let (one, other) = (node(&server, &clock), node(&server, &clock));
    let small = caller(&plan(vec![policy("minute", 100, 360_000, 100)]), Mode::Live);
    let large = caller(&plan(vec![policy("minute", 150, 36_000, 150)]), Mode::Live);
    assert_eq!(passing(&one, &small, 40, 1).await, 40);
    assert!(told(&one.admit(&small, 0).await.unwrap())[0] <= 60);
    let passed = passing(&one, &large, 300, 1).await + passing(&other, &large, 300, 1).await;
    assert!((108..=111).contains(&passed), "{passed}: the difference, and what comes back while the test runs");
    // And back: more is out than the small plan has, so nothing is left, for no longer than it takes to fill.
    let refusal = other.admit(&small, 1).await.unwrap_err();
    assert_eq!(left(&refusal), [0]);
    assert!(refusal.standing().rows().next().unwrap().resets_in_s <= 360_000);
}

#[tokio::test]
async fn two_nodes_change_the_plan_at_different_moments_and_admit_no_more_for_it() {
    let Some(server) = Server::start() else { return };
    let clock = Clock::shiftable();
    let (one, other) = (node(&server, &clock), node(&server, &clock));
    let small = caller(&plan(vec![policy("minute", 100, 360_000, 100)]), Mode::Live);
    let large = caller(&plan(vec![policy("minute", 150, 540_000, 150)]), Mode::Live);
    let mut passed = 0;
    for _ in 0..200 {
        passed += passing(&one, &small, 1, 1).await + passing(&other, &large, 1, 1).await;
        clock.advance_ms(1);
    }
    assert!((90..=151).contains(&passed), "{passed}");
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
    use super::lease::Lease;
    use crate::counters::gcra::Rule;
    use crate::counters::rate::{self, Ask};
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

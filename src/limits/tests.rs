//! What partners notice of the limiter, alone and over a Redis that comes and goes.

mod days;
mod shared;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use proptest::test_runner::{Config, TestRunner};

use super::account::{Account, Screened};
use super::{Bounds, Cause, Limits, Permit, Priority, Refusal, Settings};
use crate::clock::Clock;
use crate::counters::Counters;
use crate::counters::gcra::{self, Mark, Spend};
use crate::counters::redis_server::Server;
use crate::error::{Code, Failure};
use crate::model::partner::{Caller, Mode, Partner, Scopes};
use crate::model::plan::{Plan, Policy};

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

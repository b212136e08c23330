//! Several nodes and the Redis that they share, while it answers, hangs or is gone.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::{caller, left, node, passing, plan, policy, redis_calls, told};
use crate::clock::Clock;
use crate::counters::redis_server::Server;
use crate::counters::{Counters, redis};
use crate::limits::{Limits, Settings};
use crate::model::partner::Mode;

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

//! Services that fail, hang or get crowded: they are spared, places are kept for orders, slow reads are asked twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{House, Manner, house, house_with, ok};
use crate::error::{Code, Failure};
use crate::model::ids::CatalogueOrderId;
use crate::model::partner::Mode;
use crate::telemetry::trace::{self, Trace};
use crate::upstream::wholesale::calls;
use crate::upstream::{BreakerReading, BreakerState, Class, Context, Error, Loss, Outcome};

const PATIENCE: Duration = Duration::from_secs(20);

fn breaker(house: &House, class: Class) -> BreakerReading {
    let all = house.tally.breakers.readings();
    all.into_iter().find(|row| (row.mode, row.class) == (Mode::Live, class)).unwrap()
}

/// Asks until the breaker is open.
async fn tire(house: &House) {
    for _ in 0..60 {
        if let Err(Error::HeldBack(_)) = house.ask().await {
            return;
        }
    }
    panic!("{:?}", breaker(house, Class::Goods));
}

#[tokio::test]
async fn a_service_that_fails_is_spared_until_it_answers_again() {
    let well = Arc::new(AtomicBool::new(false));
    let house = house(Manner::FailUntil(Arc::clone(&well), ok("{}"))).await;
    tire(&house).await;
    let asked = house.connections();
    let error = house.ask().await.unwrap_err();
    assert_eq!((error.outcome(), error.code()), (Outcome::NotExecuted, Code::UpstreamUnavailable));
    assert!(error.is_outage(), "stale answers may stand in");
    assert_eq!(house.connections(), asked, "nothing was sent");
    assert!(house.tally.spared.load(Ordering::Relaxed) >= 2);
    let row = breaker(&house, Class::Goods);
    assert!(row.state == BreakerState::Open && row.since_ms > 0 && row.opened == 1, "{row:?}");
    well.store(true, Ordering::Relaxed);
    let until = Instant::now() + PATIENCE;
    while house.ask().await.is_err() {
        assert!(Instant::now() < until, "{:?}", breaker(&house, Class::Goods));
        tokio::task::yield_now().await;
    }
    assert_eq!(breaker(&house, Class::Goods).state, BreakerState::Closed);
}

#[tokio::test]
async fn orders_still_go_while_browsing_is_held_back() {
    let well = Arc::new(AtomicBool::new(false));
    let house = house(Manner::FailUntil(Arc::clone(&well), ok("{}"))).await;
    tire(&house).await;
    well.store(true, Ordering::Relaxed);
    let call = calls::cancel(CatalogueOrderId::new(5), "mistake");
    assert!(house.upstream.ask(Mode::Live, &call, Context::default()).await.is_ok());
    assert_eq!(breaker(&house, Class::Orders).state, BreakerState::Closed);
}

#[tokio::test]
async fn refusals_and_garbage_do_not_make_a_service_spared() {
    for manner in [
        Manner::Answer("404 Not Found", String::new()),
        Manner::Answer("429 Too Many Requests", String::new()),
        Manner::Answer("200 OK", "<html>".into()),
        Manner::Answer("200 OK", r#"{"success":false,"errorCode":"GOODS_NOT_FOUND","errorMsg":"x"}"#.into()),
    ] {
        let house = house(manner).await;
        for _ in 0..40 {
            assert!(!matches!(house.ask().await, Ok(_) | Err(Error::HeldBack(_))));
        }
        assert_eq!(breaker(&house, Class::Goods).state, BreakerState::Closed);
    }
}

#[tokio::test]
async fn an_answer_that_pauses_is_given_up() {
    let house = house_with(Manner::Pause, |settings| {
        (settings.stall, settings.deadline) = (Duration::from_millis(30), PATIENCE);
    });
    let house = house.await;
    let error = house.ask().await.unwrap_err();
    assert!(matches!(error, Error::Unknown { loss: Loss::Timeout, .. }), "{error:?}");
    assert_eq!((house.tally.stalled.load(Ordering::Relaxed), house.connections()), (1, 1));
}

#[tokio::test]
async fn browsing_that_hangs_leaves_a_place_to_an_order() {
    let house = house_with(Manner::Silence, |settings| {
        (settings.at_once, settings.place_wait) = (2, Duration::ZERO);
    });
    let house = house.await;
    let more = async {
        let error = house.ask().await.unwrap_err();
        assert!(matches!(error, Error::HeldBack(_)) && error.outcome() == Outcome::NotExecuted, "{error:?}");
        assert_eq!(house.tally.crowded.load(Ordering::Relaxed), 1);
        house.cancel().await
    };
    let (hangs, order) = tokio::join!(house.ask(), more);
    assert_eq!(hangs.unwrap_err().code(), Code::UpstreamTimeout);
    assert_eq!(order.code(), Code::UpstreamTimeout, "it was sent");
    assert_eq!(house.connections(), 2);
}

#[tokio::test]
async fn a_read_that_hangs_is_asked_a_second_time_when_that_is_configured() {
    const KNOWN: usize = 100;
    for (hedge, asked, won) in [(true, KNOWN + 2, 1), (false, KNOWN + 1, 0)] {
        let house = house_with(Manner::SilenceAfter(KNOWN, ok("{}")), |settings| {
            (settings.hedge, settings.retries) = (hedge, 0);
            // Enough for any answer but the one that never comes.
            settings.deadline = if hedge { PATIENCE } else { Duration::from_secs(2) };
        });
        let house = house.await;
        for _ in 0..KNOWN {
            house.ask().await.unwrap();
        }
        let sent = house.tally.hedges.load(Ordering::Relaxed);
        assert_eq!(house.ask().await.is_ok(), hedge);
        let counted = (house.connections(), house.tally.hedges_won.load(Ordering::Relaxed));
        assert_eq!((counted, sent), ((asked, won), 0));
    }
}

#[tokio::test]
async fn every_call_ends_when_its_request_has_to_be_answered() {
    let house = house_with(Manner::Silence, |settings| settings.deadline = PATIENCE).await;
    let trace = Trace::begin(*uuid::Uuid::now_v7().as_bytes(), 0.0);
    let begun = Instant::now();
    let error = trace::with(trace, Some(begun + Duration::from_millis(100)), house.ask()).await.unwrap_err();
    assert_eq!(error.code(), Code::UpstreamTimeout);
    assert!(begun.elapsed() < PATIENCE / 2, "{:?}", begun.elapsed());
    assert_eq!(breaker(&house, Class::Goods).failed, 0, "who had no time says nothing about the service");
}

#[tokio::test]
async fn an_instruction_is_never_sent_twice_however_slow() {
    let house = house_with(Manner::SilenceAfter(100, ok("{}")), |settings| settings.hedge = true).await;
    for _ in 0..100 {
        house.ask().await.unwrap();
    }
    assert_eq!(house.cancel().await.code(), Code::UpstreamTimeout);
    assert_eq!(house.connections(), 101);
}

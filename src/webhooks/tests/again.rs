//! Attempts that fail, and receivers that hang.

use std::time::{Duration, Instant};

use super::{Receiver, acme, nodes, settings};
use crate::error::{Code, Failure};
use crate::model::webhook::{DeliveryState, EndpointState};
use crate::webhooks::Settings;

#[tokio::test]
async fn failures_come_again_as_planned_and_a_receiver_may_ask_for_more_time() {
    for mut node in nodes(settings()).await {
        let receiver = Receiver::open().await;
        let made = node.endpoint(&receiver.url("/")).await;
        node.event("a").await;
        for (status, fields, pause_s) in [
            ("500 Oops", "retry-after: 99\r\n", 5),
            ("503 Busy", "retry-after: 3600\r\n", 3_600),
            ("429 Slow", "retry-after: 1\r\n", 1_800),
        ] {
            receiver.answers(status, fields);
            let before = node.clock.now_ms();
            node.deliver().await;
            let next = node.deliveries(&made.endpoint.id).await[0].next_attempt_at.unwrap().as_millisecond();
            let pause = next - before;
            // A busy machine takes its time.
            assert!((pause_s * 1_000..pause_s * 1_100 + 60_000).contains(&pause), "{status}: {pause}");
            if pause_s > 60 {
                node.clock.advance_ms(next - node.clock.now_ms() - 600_000);
                node.deliver().await;
            }
            node.clock.advance_ms(next - node.clock.now_ms() + 1);
        }
        assert_eq!(receiver.heard().len(), 3, "never early");
        assert!(receiver.heard().iter().all(|heard| heard.is_by(&made.secret)));
        receiver.answers("200 OK", "");
        node.deliver().await;
        let delivery = node.deliveries(&made.endpoint.id).await.remove(0);
        assert_eq!((delivery.state, delivery.attempts.len()), (DeliveryState::Delivered, 4));
        let ids: std::collections::HashSet<_> =
            receiver.heard().iter().map(|heard| heard.field("webhook-id")).collect();
        assert_eq!(ids.len(), 1, "the id is the same over all attempts");
    }
}

#[tokio::test]
async fn what_was_tried_ten_times_is_failed_and_the_endpoint_disabled() {
    for mut node in nodes(settings()).await {
        let receiver = Receiver::open().await;
        receiver.answers("500 Oops", "");
        let made = node.endpoint(&receiver.url("/")).await;
        node.event("a").await;
        for _ in 0..10 {
            node.deliver().await;
            let Some(next) = node.deliveries(&made.endpoint.id).await[0].next_attempt_at else { break };
            node.clock.advance_ms(next.as_millisecond() - node.clock.now_ms() + 1);
        }
        assert_eq!(receiver.heard().len(), 10);
        assert_eq!(node.deliveries(&made.endpoint.id).await[0].state, DeliveryState::Failed);
        assert_eq!(node.room.get(&acme(), &made.endpoint.id).await.unwrap().state, EndpointState::Disabled);
        assert_eq!(node.room.tally().endpoints_disabled(), 1);
        let refused = node.room.test(&acme(), &made.endpoint.id).await.unwrap_err();
        assert_eq!(refused.code(), Code::EndpointDisabled);
    }
}

#[tokio::test]
async fn receivers_that_hang_delay_nobody() {
    let few = Settings { at_once: 4, timeout: Duration::from_secs(60), ..settings() };
    for mut node in nodes(few).await {
        let receiver = Receiver::open().await;
        let mut hanging = Vec::new();
        for number in 0..8 {
            hanging.push(node.endpoint(&receiver.url(&format!("/hang{number}"))).await);
        }
        for number in 0..8 {
            node.endpoint(&receiver.url(&format!("/well{number}"))).await;
        }
        let begun = Instant::now();
        node.event("a").await;
        let count = |what: &str| receiver.heard().iter().filter(|heard| heard.path.starts_with(what)).count();
        let stop = tokio_util::sync::CancellationToken::new();
        let run = async {
            while count("/well") < 8 && begun.elapsed() < Duration::from_secs(55) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            stop.cancel();
        };
        tokio::join!(node.dispatcher.run(&stop), run);
        assert_eq!(count("/well"), 8);
        assert!(count("/hang") >= 4, "their places went to others long before their attempts are over");
    }
}

#[tokio::test]
async fn of_a_long_answer_only_the_beginning_is_kept() {
    for mut node in nodes(settings()).await {
        let receiver = Receiver::open().await;
        receiver.answers("500 Oops", "transfer-encoding: chunked\r\n\r\n1000\r\n");
        *receiver.answer.lock().unwrap() += &"x".repeat(0x1000);
        *receiver.answer.lock().unwrap() += "\0\r\n";
        let made = node.endpoint(&receiver.url("/")).await;
        node.event("a").await;
        node.deliver().await;
        let attempt = node.deliveries(&made.endpoint.id).await[0].attempts[0].clone();
        assert_eq!((attempt.status, attempt.answer.len()), (Some(500), 1_024));
    }
}

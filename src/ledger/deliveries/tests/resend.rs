//! What is sent again, and tests.

use super::{books, caller, partner};
use crate::ledger::EndpointChange;
use crate::ledger::deliveries::{Resend, Verdict};
use crate::model::event::TEST;
use crate::model::partner::Mode;
use crate::model::webhook::{Delivery, DeliveryState, EndpointState};

#[tokio::test]
async fn what_was_missed_is_sent_again_with_what_never_was_sent() {
    for book in books().await {
        let endpoint = book.endpoint("acme", &["order.*"]).await;
        let begun = book.clock.now();
        book.tell("acme", &[("order.paid", "delivered"), ("order.paid", "failed")]).await;
        for verdict in [Verdict::Delivered, Verdict::Exhausted] {
            let claimed = book.turn(vec![]).await.claimed.remove(0);
            book.ledger.take_turn(vec![book.settled(&claimed, 200, verdict)], 0, 0, &endpoint.id).await.unwrap();
        }
        let acme = caller("acme", Mode::Sandbox);
        for state in [EndpointState::Disabled, EndpointState::Enabled] {
            let change = EndpointChange { state: Some(state), ..Default::default() };
            book.ledger.change_endpoint(&acme, &endpoint.id, change).await.unwrap();
            if state == EndpointState::Disabled {
                book.tell("acme", &[("order.paid", "unsent"), ("refund.agreed", "unwanted")]).await;
            }
        }
        book.clock.advance_ms(2 * 3_600_000);
        book.tell("acme", &[("order.paid", "later")]).await;
        let until = begun + jiff::SignedDuration::from_hours(1);
        assert_eq!(book.ledger.count_events(&endpoint, begun, until).await.unwrap(), 4);
        assert_eq!(book.ledger.resend(&endpoint, &Resend::Missed(begun, until)).await.unwrap(), 2);
        let state = |list: &[Delivery], subject: &str| {
            list.iter().find(|delivery| delivery.subject == subject).map(|delivery| delivery.state)
        };
        let list = book.list(&endpoint).await;
        assert_eq!(state(&list, "failed"), Some(DeliveryState::Pending));
        assert_eq!(state(&list, "unsent"), Some(DeliveryState::Pending));
        assert_eq!((state(&list, "delivered"), state(&list, "unwanted")), (Some(DeliveryState::Delivered), None));
        assert_eq!(book.ledger.resend(&endpoint, &Resend::All(begun, until)).await.unwrap(), 1);
        let delivered = list.iter().find(|delivery| delivery.subject == "delivered").unwrap();
        let one = Resend::One(delivered.id.clone());
        book.ledger.resend(&endpoint, &one).await.unwrap();
        let again = book.list(&endpoint).await;
        assert_eq!(state(&again, "delivered"), Some(DeliveryState::Pending));
        let told = again.iter().find(|delivery| delivery.subject == "delivered").unwrap();
        assert_eq!(told.attempts.len(), 1, "the log keeps what was tried before");
        let stranger = book.endpoint("other", &["*"]).await;
        assert_eq!(book.ledger.resend(&stranger, &one).await.unwrap(), 0);
        assert!(!book.ledger.has_delivery(&stranger.id, &delivered.id).await.unwrap());
    }
}

#[tokio::test]
async fn what_is_under_way_is_not_taken_a_second_time_by_a_resend() {
    for book in books().await {
        let endpoint = book.endpoint("acme", &["*"]).await;
        book.tell("acme", &[("order.paid", "a")]).await;
        let claimed = book.turn(vec![]).await.claimed.remove(0);
        let one = Resend::One(claimed.made.delivery.clone());
        assert_eq!(book.ledger.resend(&endpoint, &one).await.unwrap(), 0);
        assert!(book.taken().await.is_empty());
    }
}

#[tokio::test]
async fn a_test_goes_to_its_endpoint_alone_whatever_that_hears_of() {
    for book in books().await {
        let (tested, other) = (book.endpoint("acme", &["refund.*"]).await, book.endpoint("acme", &["*"]).await);
        let delivery = book.ledger.append_test(&tested).await.unwrap().unwrap();
        book.ledger.publish(10).await.unwrap();
        let claimed = book.turn(vec![]).await.claimed;
        assert_eq!((claimed.len(), claimed[0].kind.as_str()), (1, TEST));
        assert_eq!((&claimed[0].made.delivery, &claimed[0].made.endpoint), (&delivery, &tested.id));
        assert!(book.list(&other).await.is_empty());
        let pulled = book.ledger.list_events(&partner("acme"), Mode::Sandbox, 0, &[], 10).await.unwrap();
        assert_eq!(pulled.len(), 1);
    }
}

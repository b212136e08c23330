//! In which order deliveries are taken, and by whom.

use super::{LEASE_MS, books};
use crate::ledger::deliveries::Verdict;
use crate::model::ids::EndpointId;
use crate::model::webhook::DeliveryState;

#[tokio::test]
async fn deliveries_of_a_subject_keep_their_order_until_the_third_attempt_of_the_first_failed() {
    for book in books().await {
        let endpoint = book.endpoint("acme", &["*"]).await;
        book.tell("acme", &[("order.accepted", "a"), ("order.paid", "a"), ("order.shipped", "b")]).await;
        let first = book.turn(vec![]).await.claimed;
        assert_eq!(first[0].kind, "order.accepted");
        let beside = book.turn(vec![]).await.claimed.remove(0);
        assert_eq!(beside.kind, "order.shipped", "another subject need not wait");
        book.turn(vec![book.settled(&beside, 200, Verdict::Delivered)]).await;
        assert!(book.taken().await.is_empty(), "the second event of a subject waits for the first");
        let mut head = first[0].clone();
        for again_ms in [5_000, 300_000] {
            book.fail(&head, again_ms).await;
            assert!(book.taken().await.is_empty());
            book.tell("acme", &[("order.completed", "a")]).await;
            assert!(book.taken().await.is_empty(), "later ones stand in line behind");
            book.clock.advance_ms(again_ms);
            head = book.turn(vec![]).await.claimed.remove(0);
            assert_eq!(head.kind, "order.accepted");
            assert!(book.taken().await.is_empty());
        }
        book.fail(&head, 1_800_000).await;
        let next = book.turn(vec![]).await.claimed;
        assert_eq!(next[0].kind, "order.paid", "the third attempt failed: the line goes on");
        let done = book.settled(&next[0], 204, Verdict::Delivered);
        assert_eq!(book.turn(vec![done]).await.claimed[0].kind, "order.completed");
        assert_eq!(book.standing(&endpoint).await.failing_since, None);
    }
}

#[tokio::test]
async fn the_next_of_a_subject_goes_as_soon_as_the_one_before_it_is_delivered() {
    for book in books().await {
        book.endpoint("acme", &["*"]).await;
        book.tell("acme", &[("order.accepted", "a"), ("order.paid", "a")]).await;
        let head = book.turn(vec![]).await.claimed.remove(0);
        book.fail(&head, 5_000).await;
        book.clock.advance_ms(5_000);
        let head = book.turn(vec![]).await.claimed.remove(0);
        assert_eq!(head.attempts, 1);
        let turn = book.turn(vec![book.settled(&head, 200, Verdict::Delivered)]).await;
        assert_eq!(turn.claimed[0].kind, "order.paid");
    }
}

#[tokio::test]
async fn fault_10_a_node_whose_lease_ran_out_can_not_settle() {
    for book in books().await {
        let endpoint = book.endpoint("acme", &["*"]).await;
        book.tell("acme", &[("order.paid", "a")]).await;
        let frozen = book.turn(vec![]).await.claimed.remove(0);
        assert!(book.taken().await.is_empty(), "it is leased");
        book.clock.advance_ms(LEASE_MS);
        let taken_over = book.turn(vec![]).await.claimed.remove(0);
        assert_eq!(taken_over.made.delivery, frozen.made.delivery);
        book.turn(vec![book.settled(&frozen, 500, Verdict::Exhausted)]).await;
        assert_eq!(book.list(&endpoint).await[0].state, DeliveryState::Pending, "its word does not count");
        book.turn(vec![book.settled(&taken_over, 200, Verdict::Delivered)]).await;
        let delivery = book.list(&endpoint).await.remove(0);
        assert_eq!((delivery.state, delivery.attempts.len()), (DeliveryState::Delivered, 1));
        assert_eq!((delivery.attempts[0].status, delivery.attempts[0].answer.as_str()), (Some(200), "so"));
        assert!(delivery.settled_at.is_some() && delivery.next_attempt_at.is_none());
    }
}

#[tokio::test]
async fn four_attempts_to_an_endpoint_are_under_way_at_most_and_one_while_it_fails() {
    for book in books().await {
        book.endpoint("acme", &["*"]).await;
        let subjects: Vec<_> = (0..8).map(|n| n.to_string()).collect();
        let told: Vec<_> = subjects.iter().map(|subject| ("order.paid", subject.as_str())).collect();
        book.tell("acme", &told).await;
        let mut claimed = Vec::new();
        for _ in 0..6 {
            claimed.extend(book.turn(vec![]).await.claimed);
        }
        assert_eq!(claimed.len(), 4);
        for one in claimed {
            book.fail(&one, 5_000).await;
        }
        let alone = book.turn(vec![]).await.claimed;
        assert_eq!((alone.len(), book.taken().await.len()), (1, 0));
        let turn = book.turn(vec![book.settled(&alone[0], 200, Verdict::Delivered)]).await;
        assert_eq!((turn.claimed.len(), book.taken().await.len()), (1, 1), "a success lets it have more again");
    }
}

#[tokio::test]
async fn every_endpoint_has_its_turn_when_places_are_few() {
    for book in books().await {
        let mut ids = Vec::new();
        for _ in 0..5 {
            ids.push(book.endpoint("acme", &["*"]).await.id);
        }
        book.tell("acme", &[("order.paid", "a"), ("order.paid", "b")]).await;
        ids.sort();
        let (mut from, mut seen) = (EndpointId::fresh(), Vec::new());
        for _ in 0..5 {
            let turn = book.ledger.take_turn(vec![], 1, LEASE_MS, &from).await.unwrap();
            from = turn.claimed[0].made.endpoint.clone();
            seen.push(from.clone());
        }
        assert_eq!(seen, ids);
    }
}

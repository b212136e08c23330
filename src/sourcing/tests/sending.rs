//! Inquiries on their way to the catalogue: answers that are lost, workers that die, and a catalogue that is not there.

use super::{LEASE_MS, id, once, render, scenes, wish};
use crate::asking;
use crate::error::{Code, Failure};
use crate::ledger::Begun;
use crate::model::inquiry::State;

#[tokio::test]
async fn an_inquiry_whose_answer_was_lost_is_unknown_and_then_found() {
    for scene in scenes().await {
        let listed = scene.listed(1).await;
        for (n, kind) in ["drop_after", "garbage"].into_iter().enumerate() {
            let wish = wish(&format!("I-{n}"), &listed, None);
            scene.fault("/trade/inquiries", kind, 1).await;
            let told = scene.ask(&format!("key-000{n}"), &wish).await.unwrap();
            let inquiry = scene.get(&id(&told)).await;
            assert_eq!((told.answer.status, inquiry.state), (202, State::Unknown), "{kind}");
            assert_eq!(scene.room.unsettled().await.unwrap().unknown, 1);
            assert_eq!(scene.reconcile_after(2001).await.settled, 1);
            let found = scene.get(&inquiry.deed.id).await;
            assert_eq!((found.state, scene.room.unsettled().await.unwrap().unknown), (State::Open, 0));
            assert_eq!(scene.told(&found).await, ["inquiry.unknown", "inquiry.sent"]);
            let again = scene.ask(&format!("key-000{n}"), &wish).await.unwrap();
            assert_eq!((again.replayed, again.answer), (true, told.answer));
        }
    }
}

#[tokio::test]
async fn an_inquiry_that_did_not_arrive_is_sent_again_under_the_same_reference() {
    for scene in scenes().await {
        let listed = scene.listed(1).await;
        scene.fault("/trade/inquiries", "drop_before", 2).await;
        let told = scene.ask("key-0001", &wish("I-1", &listed, None)).await.unwrap();
        assert_eq!(told.answer.status, 202);
        assert_eq!(scene.reconcile_after(2001).await.open, 1);
        assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.settled, 1);
        let inquiry = scene.get(&id(&told)).await;
        assert_eq!(inquiry.state, State::Open);
        assert_eq!(scene.at_catalogue(&inquiry).await["status"], "open");
    }
}

#[tokio::test]
async fn a_worker_that_died_is_followed_by_the_same_key_or_by_the_reconciler() {
    for scene in scenes().await {
        let listed = scene.listed(1).await;
        for (n, by_key) in [true, false].into_iter().enumerate() {
            let (key, wish) = (format!("key-000{n}"), wish(&format!("I-{n}"), &listed, None));
            let asked = asking::key_use(&scene.room, &scene.caller, once(&key), "create_inquiry");
            let full = scene.room.completed(&scene.caller, wish.clone()).unwrap();
            let begun = scene.room.ledger.begin_inquiry(asked, full).await.unwrap();
            let Begun::Fresh(_, inquiry) = begun else { panic!("{begun:?}") };
            let early = scene.ask(&key, &wish).await.unwrap_err();
            assert_eq!((early.code(), early.retry_after_s()), (Code::OrderInProgress, Some(2)));
            if by_key {
                // It had got as far as the catalogue.
                let sent = asking::send(&scene.room, &inquiry.deed).await.unwrap();
                assert!(matches!(sent, asking::Sent::Taken(_)));
                scene.clock.advance_ms(LEASE_MS + 1);
                assert_eq!(scene.ask(&key, &wish).await.unwrap().answer.status, 201);
            } else {
                assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.settled, 1);
            }
            assert_eq!(scene.get(&inquiry.deed.id).await.state, State::Open);
        }
    }
}

#[tokio::test]
async fn what_was_never_sent_can_be_repeated_and_ends_when_nobody_does() {
    for scene in scenes().await {
        let listed = scene.listed(1).await;
        let wish_1 = wish("I-1", &listed, None);
        let cut_off = scene.cut_off();
        let failed = cut_off.request(&scene.caller, once("key-0001"), wish_1.clone(), &render).await.unwrap_err();
        assert_eq!((failed.code(), failed.retry_after_s()), (Code::UpstreamUnavailable, Some(2)));
        assert_eq!(scene.ask("key-0001", &wish_1).await.unwrap().answer.status, 201);
        let wish_2 = wish("I-2", &listed, None);
        cut_off.request(&scene.caller, once("key-0002"), wish_2.clone(), &render).await.unwrap_err();
        assert_eq!(scene.reconcile_after(3_600_001).await.settled, 1);
        let told = scene.ask("key-0002", &wish_2).await.unwrap();
        assert_eq!((told.answer.status, scene.get(&id(&told)).await.state), (409, State::Rejected));
    }
}

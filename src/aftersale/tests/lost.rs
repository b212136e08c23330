//! Requests whose answer was lost, whose worker died, or that never went out.

use super::{LEASE_MS, id, kinds, once, render, scenes};
use crate::aftersale::{NewRefund, Step};
use crate::asking;
use crate::error::{Code, Failure};
use crate::ledger::Begun;
use crate::model::partner::Mode;
use crate::model::refund::{Kind, Remedy, State};

#[tokio::test]
async fn a_request_whose_answer_was_lost_is_unknown_and_then_found() {
    for scene in scenes().await {
        let bought = scene.bought("waitsellersend").await;
        let wish = bought.wish(Remedy::Money, "NOT_WANTED", 2);
        for (n, kind) in ["drop_after", "garbage"].into_iter().enumerate() {
            let wish = NewRefund { reference: format!("R-{n}").parse().unwrap(), ..wish.clone() };
            let key = format!("key-000{n}");
            scene.fault("/trade/refunds", kind, 1).await;
            let told = scene.ask(&key, &wish).await.unwrap();
            let refund = scene.get(&id(&told)).await;
            assert_eq!((told.answer.status, refund.state), (202, State::Unknown), "{kind}");
            assert_eq!(scene.room.unsettled().await.unwrap().unknown, 1);
            assert_eq!(scene.reconcile_after(2001).await.settled, 1);
            let found = scene.get(&refund.deed.id).await;
            assert_eq!((found.state, scene.room.unsettled().await.unwrap().unknown), (State::Requested, 0));
            let again = scene.ask(&key, &wish).await.unwrap();
            assert_eq!((again.replayed, again.answer), (true, told.answer));
            assert_eq!(scene.told(&found).await, ["refund.unknown", "refund.requested"]);
            scene.step(&format!("step-000{n}"), &found, &Step::Withdraw).await.unwrap();
        }
        assert_eq!(scene.at_catalogue(&bought).await.len(), 2, "one for each wish");
    }
}

#[tokio::test]
async fn a_request_that_did_not_arrive_is_sent_again_under_the_same_reference() {
    for scene in scenes().await {
        let bought = scene.bought("waitsellersend").await;
        scene.fault("/trade/refunds", "drop_before", 2).await;
        let told = scene.ask("key-0001", &bought.wish(Remedy::Money, "NOT_WANTED", 2)).await.unwrap();
        assert_eq!(told.answer.status, 202);
        assert_eq!(scene.reconcile_after(2001).await.open, 1);
        assert!(scene.at_catalogue(&bought).await.is_empty());
        assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.settled, 1);
        let refund = scene.get(&id(&told)).await;
        use Kind::{Accepted, Received, RequestingStarted, TriedAgain, Unanswered};
        assert_eq!(kinds(&refund), [Received, RequestingStarted, Unanswered, TriedAgain, TriedAgain, Accepted]);
        assert_eq!(scene.at_catalogue(&bought).await.len(), 1);
    }
}

#[tokio::test]
async fn a_worker_that_died_is_followed_by_the_same_key_or_by_the_reconciler() {
    for scene in scenes().await {
        let bought = scene.bought("waitsellersend").await;
        let wish = bought.wish(Remedy::Money, "NOT_WANTED", 2);
        let asked = asking::key_use(&scene.room, &scene.caller, once("key-0001"), "create_refund");
        let begun = scene.room.ledger.begin_refund(asked, wish.clone()).await.unwrap();
        let Begun::Fresh(_, refund) = begun else { panic!("{begun:?}") };
        let early = scene.ask("key-0001", &wish).await.unwrap_err();
        assert_eq!((early.code(), early.retry_after_s()), (Code::OrderInProgress, Some(2)));
        // It had got as far as the catalogue.
        assert!(matches!(asking::send(&scene.room, &refund.deed).await.unwrap(), asking::Sent::Taken(_)));
        scene.clock.advance_ms(LEASE_MS + 1);
        assert_eq!(scene.ask("key-0001", &wish).await.unwrap().answer.status, 201);
        assert_eq!(scene.get(&refund.deed.id).await.state, State::Requested);
        scene.step("step-1", &refund, &Step::Withdraw).await.unwrap();
        let wish = NewRefund { reference: "R-2".parse().unwrap(), ..wish };
        let asked = asking::key_use(&scene.room, &scene.caller, once("key-0002"), "create_refund");
        let begun = scene.room.ledger.begin_refund(asked, wish.clone()).await.unwrap();
        let Begun::Fresh(_, refund) = begun else { panic!("{begun:?}") };
        assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.settled, 1);
        assert_eq!(scene.get(&refund.deed.id).await.state, State::Requested);
        assert_eq!(scene.at_catalogue(&bought).await.len(), 2);
    }
}

#[tokio::test]
async fn what_was_never_sent_can_be_repeated_and_ends_when_nobody_does() {
    for scene in scenes().await {
        let bought = scene.bought("waitsellersend").await;
        let wish = bought.wish(Remedy::Money, "NOT_WANTED", 2);
        let cut_off = scene.cut_off();
        let failed = cut_off.request(&scene.caller, once("key-0001"), wish.clone(), &render).await.unwrap_err();
        assert_eq!((failed.code(), failed.retry_after_s()), (Code::UpstreamUnavailable, Some(2)));
        assert_eq!(scene.ask("key-0001", &wish).await.unwrap().answer.status, 201);
        let wish = NewRefund { reference: "R-2".parse().unwrap(), ..wish };
        cut_off.request(&scene.caller, once("key-0002"), wish.clone(), &render).await.unwrap_err();
        assert_eq!(scene.reconcile_after(3_600_001).await.settled, 1);
        let told = scene.ask("key-0002", &wish).await.unwrap();
        assert_eq!((told.answer.status, scene.get(&id(&told)).await.state), (409, State::Rejected));
        assert_eq!(scene.at_catalogue(&bought).await.len(), 1);
    }
}

#[tokio::test]
async fn what_stays_unknown_is_handed_to_a_person_and_still_found() {
    for scene in scenes().await {
        let bought = scene.bought("waitsellersend").await;
        scene.fault("/trade/refunds", "drop_after", 1).await;
        let told = scene.ask("key-0001", &bought.wish(Remedy::Money, "NOT_WANTED", 2)).await.unwrap();
        let cut_off = scene.cut_off();
        scene.clock.advance_ms(2001);
        assert_eq!(cut_off.reconcile(Mode::Sandbox).await.unwrap().open, 1);
        scene.clock.advance_ms(3_600_001);
        assert_eq!(cut_off.reconcile(Mode::Sandbox).await.unwrap().handed_over, 1);
        assert_eq!(scene.reconcile_after(300_001).await.settled, 1);
        assert_eq!(scene.get(&id(&told)).await.state, State::Requested);
    }
}

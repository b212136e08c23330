//! Opening a consignment: once, whatever is lost, and giving it up again.

use serde_json::{Value, json};

use super::{LEASE_MS, handover, once, render, scenes};
use crate::error::{Code, Failure};
use crate::fulfilment::NewConsignment;
use crate::ledger::Begun;
use crate::model::consignment::{OperatedBy, Said, State};

#[tokio::test]
async fn a_lost_answer_to_an_opening_is_looked_up_and_never_opened_twice() {
    for kind in ["drop_after", "drop_before", "garbage"] {
        for scene in scenes().await {
            let order = scene.paid_order("PO-1").await;
            scene.fault("/trade/consignments", kind, 1).await;
            let told = scene.open_one("CO-1", &[&order], OperatedBy::Partner).await.unwrap();
            assert_eq!(told.answer.status, 202, "{kind}");
            let unknown = scene.by_reference("CO-1").await;
            assert_eq!((unknown.state, scene.room.unsettled().await.unwrap().unknown), (State::Unknown, 1));
            assert_eq!(scene.reconcile_after(2001).await.settled, 1, "{kind}");
            assert_eq!((scene.by_reference("CO-1").await.state, scene.theirs().await), (State::Open, 1));
            let again = scene.open_one("CO-1", &[&order], OperatedBy::Partner).await.unwrap();
            assert_eq!((again.answer, again.replayed), (told.answer, true));
            assert_eq!(scene.told("consignment.").await, ["opened"]);
        }
    }
}

#[tokio::test]
async fn an_opening_whose_worker_died_is_resumed_by_the_key_or_the_reconciler() {
    for scene in scenes().await {
        for (reference, by_key) in [("CO-1", true), ("CO-2", false)] {
            let order = scene.paid_order(&format!("PO-{reference}")).await;
            let wish = NewConsignment {
                reference: reference.parse().unwrap(),
                orders: vec![order.deed.id.clone()],
                operated_by: OperatedBy::Partner,
            };
            let asked = scene.room.key_use(&scene.caller, once(&format!("open-{reference}")), "create_consignment");
            let begun = scene.room.ledger.begin_consignment(asked, wish).await.unwrap();
            assert!(matches!(begun, Begun::Fresh(..)));
            let early = scene.open_one(reference, &[&order], OperatedBy::Partner).await.unwrap_err();
            assert_eq!(early.code(), Code::OrderInProgress);
            assert_eq!(
                scene.reconcile_after(0).await,
                crate::fulfilment::Reconciled::default(),
                "its worker may still live"
            );
            scene.clock.advance_ms(LEASE_MS + 1);
            if !by_key {
                assert_eq!(scene.reconcile_after(0).await.settled, 1);
            }
            let told = scene.open_one(reference, &[&order], OperatedBy::Partner).await.unwrap();
            assert_eq!((told.answer.status, scene.by_reference(reference).await.state), (201, State::Open));
        }
        assert_eq!(scene.theirs().await, 2);
    }
}

#[tokio::test]
async fn an_opening_that_never_went_out_starts_again_with_its_key_or_is_let_go() {
    for scene in scenes().await {
        let order = scene.paid_order("PO-1").await;
        let wish = NewConsignment {
            reference: "CO-1".parse().unwrap(),
            orders: vec![order.deed.id.clone()],
            operated_by: OperatedBy::Partner,
        };
        let cut_off = scene.cut_off();
        let failed = cut_off.open(&scene.caller, once("open-CO-1"), wish, &render).await.unwrap_err();
        assert_eq!(
            (failed.code(), scene.by_reference("CO-1").await.state),
            (Code::UpstreamUnavailable, State::Requested)
        );
        assert_eq!(scene.open_one("CO-1", &[&order], OperatedBy::Partner).await.unwrap().answer.status, 201);
        let other = scene.paid_order("PO-2").await;
        let wish = NewConsignment {
            reference: "CO-2".parse().unwrap(),
            orders: vec![other.deed.id.clone()],
            operated_by: OperatedBy::Partner,
        };
        cut_off.open(&scene.caller, once("open-CO-2"), wish, &render).await.unwrap_err();
        assert_eq!(scene.reconcile_after(3_600_001).await.settled, 1);
        let gone = scene.by_reference("CO-2").await;
        assert_eq!((gone.state, gone.reason.as_deref()), (State::Rejected, Some("consignment_refused")));
        assert_eq!(scene.open_one("CO-2", &[&other], OperatedBy::Partner).await.unwrap().answer.status, 409);
        assert_eq!(scene.opened("CO-3", &[&other], OperatedBy::Partner).await.state, State::Open, "the order is free");
    }
}

#[tokio::test]
async fn the_catalogues_refusal_of_an_opening_is_final_and_repeats_alike() {
    for scene in scenes().await {
        let order = scene.paid_order("PO-1").await;
        let number = order.catalogue_order.unwrap().number();
        scene.say(&format!("/control/orders/{number}"), json!({"close": "seller_goods_lack"})).await;
        let told = scene.open_one("CO-1", &[&order], OperatedBy::Partner).await.unwrap();
        assert_eq!(told.answer.status, 409, "the catalogue knows better than we do");
        let refused = scene.by_reference("CO-1").await;
        assert_eq!((refused.state, refused.reason.as_deref()), (State::Rejected, Some("order_state_conflict")));
        assert_eq!(refused.refusal().unwrap().places[0].pointer, "#/order_ids/0");
        let again = scene.open_one("CO-1", &[&order], OperatedBy::Partner).await.unwrap();
        assert_eq!((again.answer, again.replayed), (told.answer, true));
    }
}

#[tokio::test]
async fn a_consignment_is_given_up_and_its_orders_are_free_again() {
    for scene in scenes().await {
        let order = scene.paid_order("PO-1").await;
        let opened = scene.opened("CO-1", &[&order], OperatedBy::Warehouse).await;
        let twice = scene.open_one("CO-2", &[&order], OperatedBy::Partner).await.unwrap_err();
        assert_eq!((twice.code(), twice.places()[0].pointer.as_str()), (Code::OrderConsigned, "#/order_ids/0"));
        let cancel = Said::Cancellation { reason: Some("leaves with the next one".into()) };
        scene.fault("/trade/consignments/*", "drop_after", 1).await;
        assert_eq!(scene.report("key-0001", &opened, cancel).await.unwrap().answer.status, 200);
        let gone = scene.by_reference("CO-1").await;
        assert_eq!((gone.state, gone.reason.as_deref()), (State::Cancelled, Some("leaves with the next one")));
        assert_eq!(scene.opened("CO-2", &[&order], OperatedBy::Partner).await.state, State::Open);
        let late = scene.report("key-0002", &gone, handover()).await.unwrap_err();
        assert_eq!(late.code(), Code::ConsignmentStateConflict);
        assert!(late.extras().contains(&("state", "\"cancelled\"".to_owned())));
    }
}

#[tokio::test]
async fn what_was_never_opened_is_given_up_here_even_when_the_worker_dies() {
    for scene in scenes().await {
        for (reference, worker_lives) in [("CO-1", true), ("CO-2", false)] {
            let order = scene.paid_order(&format!("PO-{reference}")).await;
            let wish = NewConsignment {
                reference: reference.parse().unwrap(),
                orders: vec![order.deed.id.clone()],
                operated_by: OperatedBy::Partner,
            };
            scene.cut_off().open(&scene.caller, once(reference), wish, &render).await.unwrap_err();
            let waiting = scene.by_reference(reference).await;
            let cancel = Said::Cancellation { reason: None };
            if worker_lives {
                let told = scene.report("cancel-0001", &waiting, cancel).await.unwrap();
                assert_eq!(told.answer.status, 200);
            } else {
                let asked = scene.room.key_use(&scene.caller, once("cancel-0002"), "cancel_consignment");
                scene.room.ledger.begin_report(asked, waiting.deed.id.clone(), cancel).await.unwrap();
                assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.settled, 1);
            }
            assert_eq!(scene.by_reference(reference).await.state, State::Cancelled);
            let next = format!("{reference}-next");
            assert_eq!(scene.opened(&next, &[&order], OperatedBy::Partner).await.state, State::Open);
        }
        assert_eq!(scene.theirs().await, 2);
    }
}

#[tokio::test]
async fn a_consignment_that_ended_here_and_is_open_at_the_catalogue_is_given_up_there() {
    for scene in scenes().await {
        let order = scene.paid_order("PO-1").await;
        let wish = NewConsignment {
            reference: "CO-1".parse().unwrap(),
            orders: vec![order.deed.id.clone()],
            operated_by: OperatedBy::Partner,
        };
        // It is halted before it sends, given up meanwhile, and sends it then.
        scene.cut_off().open(&scene.caller, once("open-CO-1"), wish, &render).await.unwrap_err();
        let halted = scene.by_reference("CO-1").await;
        scene.report("key-0001", &halted, Said::Cancellation { reason: None }).await.unwrap();
        assert_eq!(scene.by_reference("CO-1").await.state, State::Cancelled);
        scene.room.send(&halted.deed).await;
        let open = async || {
            let all = scene.say("/trade/consignments?partnerCode=acme", Value::Null).await;
            let all = all["items"].as_array().unwrap().clone();
            all.iter().filter(|one| one["status"] != "cancel").count()
        };
        assert_eq!(open().await, 1);
        scene.follow().await;
        assert_eq!(open().await, 0);
        assert_eq!(scene.by_reference("CO-1").await.state, State::Cancelled);
        assert_eq!(scene.follow().await.left_out, 0);
        assert_eq!(
            scene.opened("CO-2", &[&order], OperatedBy::Partner).await.state,
            State::Open,
            "its orders are free"
        );
    }
}

//! Reports about a consignment: each once, whatever is lost.

use super::{LEASE_MS, all_pass, everything, handover, once, render_report, scenes};
use crate::error::{Code, Failure};
use crate::fulfilment::Once;
use crate::ledger::Begun;
use crate::model::consignment::{Kind, OperatedBy, State};

#[tokio::test]
async fn a_lost_answer_to_a_report_is_looked_up_at_once() {
    for kind in ["drop_after", "garbage"] {
        for scene in scenes().await {
            let order = scene.paid_order("PO-1").await;
            let opened = scene.opened("CO-1", &[&order], OperatedBy::Partner).await;
            scene.sent(&order).await;
            let steps = [
                ("receipts", everything(&opened), State::Received),
                ("inspections", all_pass(&opened), State::Inspected),
                ("handovers", handover(), State::HandedOver),
            ];
            for (path, said, state) in steps {
                scene.fault("/trade/consignments/*", kind, 1).await;
                let key = format!("key-{path}");
                let told = scene.report(&key, &opened, said.clone()).await.unwrap();
                assert_eq!((told.answer.status, scene.by_reference("CO-1").await.state), (200, state), "{path}");
                let again = scene.report(&key, &opened, said).await.unwrap();
                assert_eq!((again.answer, again.replayed), (told.answer, true));
                scene.heal().await;
            }
            let heard = ["opened", "received", "inspected", "handed_over"];
            assert_eq!(scene.told("consignment.").await, heard);
        }
    }
}

#[tokio::test]
async fn a_report_that_did_not_get_through_is_said_again_under_its_own_id() {
    for scene in scenes().await {
        let order = scene.paid_order("PO-1").await;
        let opened = scene.opened("CO-1", &[&order], OperatedBy::Partner).await;
        scene.sent(&order).await;
        scene.fault("/trade/consignments/*", "drop_before", 1).await;
        let told = scene.report("key-0001", &opened, everything(&opened)).await.unwrap();
        assert_eq!((told.answer.status, told.answer.body.ends_with(b" 1")), (202, true), "it is told as pending");
        assert_eq!(scene.room.unsettled().await.unwrap().unknown, 1);
        assert_eq!(scene.reconcile_after(2001).await.settled, 1);
        let received = scene.by_reference("CO-1").await;
        assert_eq!((received.state, received.receipts.len()), (State::Received, 1));
        let again = scene.report("key-0001", &opened, everything(&opened)).await.unwrap();
        assert_eq!((again.answer, again.replayed), (told.answer, true), "the first answer is what repeats get");
        assert_eq!(scene.room.unsettled().await.unwrap().unknown, 0);
    }
}

#[tokio::test]
async fn a_report_whose_worker_died_is_settled_by_the_key_or_the_reconciler() {
    for scene in scenes().await {
        for (reference, by_key) in [("CO-1", true), ("CO-2", false)] {
            for after_the_call in [false, true] {
                let reference = format!("{reference}-{after_the_call}");
                let order = scene.paid_order(&format!("PO-{reference}")).await;
                let opened = scene.opened(&reference, &[&order], OperatedBy::Partner).await;
                scene.sent(&order).await;
                let key = format!("key-{reference}");
                let asked =
                    Once { body_hash: [key.as_bytes(), opened.deed.id.as_str().as_bytes()].concat(), ..once(&key) };
                let asked = scene.room.key_use(&scene.caller, asked, "create_receipt");
                let begun = scene.room.ledger.begin_report(asked, opened.deed.id.clone(), everything(&opened)).await;
                let Begun::Fresh(_, report) = begun.unwrap() else { panic!() };
                if after_the_call {
                    let sent = scene.room.say(&opened, opened.number.unwrap(), &report).await;
                    assert!(matches!(sent, crate::fulfilment::catalogue::Sent::Taken(_)), "{sent:?}");
                }
                scene.clock.advance_ms(LEASE_MS + 1);
                if !by_key {
                    assert!(scene.reconcile_after(0).await.settled >= 1);
                    assert_eq!(scene.by_reference(&reference).await.state, State::Received);
                }
                let told = scene.report(&key, &opened, everything(&opened)).await.unwrap();
                assert_eq!((told.answer.status, told.replayed), (200, false), "{reference}");
                let received = scene.by_reference(&reference).await;
                assert_eq!((received.state, received.receipts.len()), (State::Received, 1));
            }
        }
    }
}

#[tokio::test]
async fn a_report_that_never_went_out_starts_again_with_its_key() {
    for scene in scenes().await {
        let order = scene.paid_order("PO-1").await;
        let opened = scene.opened("CO-1", &[&order], OperatedBy::Partner).await;
        scene.sent(&order).await;
        let (id, said) = (opened.deed.id.clone(), everything(&opened));
        let cut_off = scene.cut_off();
        let failed =
            cut_off.report(&scene.caller, once("key-0001"), &id, said.clone(), "create_receipt", &render_report).await;
        assert_eq!(failed.unwrap_err().code(), Code::UpstreamUnavailable);
        assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.settled, 0, "nobody says it who was not asked again");
        assert_eq!(scene.report("key-0001", &opened, said).await.unwrap().answer.status, 200);
    }
}

#[tokio::test]
async fn a_report_that_is_refused_when_nobody_waits_any_more_is_an_event() {
    for scene in scenes().await {
        let order = scene.paid_order("PO-1").await;
        let opened = scene.opened("CO-1", &[&order], OperatedBy::Partner).await;
        // Nothing was sent yet, so that it would be refused if it got through.
        scene.fault("/trade/consignments/*", "drop_before", 1).await;
        let told = scene.report("key-0001", &opened, everything(&opened)).await.unwrap();
        assert_eq!(told.answer.status, 202);
        assert_eq!(scene.reconcile_after(2001).await.settled, 0, "an earlier call may still be under way");
        assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.settled, 1);
        let shown = scene.room.get(&scene.caller, &opened.deed.id).await.unwrap();
        assert_eq!((shown.consignment.state, shown.pending.len()), (State::Open, 0));
        let last = shown.consignment.events.last().unwrap();
        assert_eq!((last.kind, last.facts.report.is_some()), (Kind::ReportRefused, true));
        assert_eq!(last.facts.refusal.as_ref().unwrap().code, Code::ConsignmentRefused);
        assert_eq!(scene.told("consignment.").await, ["opened", "report_refused"]);
    }
}

//! What a partner does about a refund that is under way, and what a lost answer makes of it.

use serde_json::json;

use super::{id, kinds, less, once, parcel, plea, render_step, scenes};
use crate::aftersale::{Change, NewRefund, Step};
use crate::error::{Code, Failure};
use crate::model::money::Money;
use crate::model::refund::{Kind, Remedy, State};

#[tokio::test]
async fn goods_are_sent_back_and_the_money_is_given() {
    for scene in scenes().await {
        let bought = scene.bought("warehousesigned").await;
        let bare = scene.ask("key-0000", &bought.wish(Remedy::Return, "DAMAGED", 2)).await.unwrap();
        assert_eq!(scene.get(&id(&bare)).await.rejection().unwrap().code, Code::VoucherRequired);
        let vouchers = vec![scene.picture().await];
        let wish = NewRefund { vouchers: vouchers.clone(), ..bought.wish(Remedy::Return, "DAMAGED", 2) };
        let refund = scene.asked("R-2", &wish).await;
        assert_eq!(refund.proofs()[0].id, vouchers[0]);
        let early = scene.step("step-0", &refund, &parcel("Z-0")).await.unwrap();
        assert_eq!(early.answer.status, 409, "nobody agreed yet");
        let refund = scene.control(&refund, json!({"do": "agree"})).await;
        assert_eq!(refund.state, State::ReturnAwaited);
        assert!(refund.known.return_address.as_deref().is_some_and(|to| !to.is_empty()));
        let sent = scene.step("step-1", &refund, &parcel("Z-1")).await.unwrap();
        let again = scene.step("step-1", &refund, &parcel("Z-1")).await.unwrap();
        assert_eq!((sent.answer.status, again.replayed, again.answer), (200, true, sent.answer));
        let refund = scene.get(&refund.deed.id).await;
        assert_eq!((refund.state, refund.known.parcel.as_ref().unwrap().carrier.as_str()), (State::ReturnSent, "ZTO"));
        let twice = scene.step("step-2", &refund, &parcel("Z-2")).await.unwrap();
        assert_eq!(twice.answer.status, 409, "goods are sent back once");
        let refund = scene.control(&refund, json!({"do": "receive"})).await;
        assert_eq!(refund.state, State::Succeeded);
        let told = ["requested", "agreed", "return_awaited", "return_sent", "succeeded"];
        assert_eq!(scene.told(&refund).await, told.map(|state| format!("refund.{state}")));
    }
}

#[tokio::test]
async fn a_refused_refund_is_modified_refused_again_and_decided_by_the_marketplace() {
    for scene in scenes().await {
        let bought = scene.bought("waitsellersend").await;
        let refund = scene.asked("R-1", &bought.wish(Remedy::Money, "NOT_WANTED", 4)).await;
        let early = scene.step("step-0", &refund, &less(2)).await.unwrap();
        assert_eq!(early.answer.status, 409, "nobody refused yet");
        let refund = scene.control(&refund, json!({"do": "refuse", "note": "不同意"})).await;
        assert_eq!((refund.state, refund.known.supplier_note.as_deref()), (State::Refused, Some("不同意")));
        let too_much = scene.step("step-1", &refund, &less(bought.paid * 2)).await.unwrap();
        assert_eq!(too_much.answer.status, 409);
        let modified = scene.step("step-2", &refund, &less(2)).await.unwrap();
        assert_eq!(modified.answer.status, 200);
        let refund = scene.get(&refund.deed.id).await;
        assert_eq!((refund.state, refund.amount(), refund.description()), (State::Requested, Money::fen(2), "fewer"));
        let refund = scene.control(&refund, json!({"do": "refuse", "note": "还是不同意"})).await;
        assert_eq!(scene.step("step-3", &refund, &plea()).await.unwrap().answer.status, 200);
        let refund = scene.get(&refund.deed.id).await;
        assert_eq!((refund.state, refund.deadline()), (State::Arbitrating, None));
        assert_eq!(scene.step("step-4", &refund, &Step::Withdraw).await.unwrap().answer.status, 409);
        let refund = scene.control(&refund, json!({"do": "decide", "decision": "SPLIT", "fen": 1})).await;
        let case = refund.known.arbitration.clone().unwrap();
        assert_eq!((refund.state, refund.known.agreed), (State::Succeeded, Some(Money::fen(1))));
        assert_eq!(case.decision.map(|decision| decision.name()), Some("split"));
        let late = scene.step("step-5", &refund, &plea()).await.unwrap();
        assert_eq!(late.answer.status, 409);
    }
}

#[tokio::test]
async fn a_withdrawn_refund_is_closed_and_withdrawing_it_again_tells_the_same() {
    for scene in scenes().await {
        let bought = scene.bought("waitsellersend").await;
        let refund = scene.asked("R-1", &bought.wish(Remedy::Money, "NOT_WANTED", 4)).await;
        let told = scene.step("step-1", &refund, &Step::Withdraw).await.unwrap();
        assert_eq!(told.answer.status, 200);
        let closed = scene.get(&refund.deed.id).await;
        assert_eq!((closed.state, closed.known.closing.map(|why| why.name())), (State::Closed, Some("withdrawn")));
        assert_eq!(scene.step("step-2", &refund, &Step::Withdraw).await.unwrap().answer.status, 200);
        let next = scene.asked("R-2", &bought.wish(Remedy::Money, "NOT_WANTED", 4)).await;
        assert_eq!(next.state, State::Requested, "the lines are free again");
    }
}

#[tokio::test]
async fn a_step_whose_answer_was_lost_is_looked_up_and_not_said_twice() {
    for scene in scenes().await {
        let bought = scene.bought("warehousesigned").await;
        let vouchers = vec![scene.picture().await];
        let wish = NewRefund { vouchers: vouchers.clone(), ..bought.wish(Remedy::Return, "DAMAGED", 4) };
        let refund = scene.asked("R-1", &wish).await;
        let refund = scene.control(&refund, json!({"do": "refuse"})).await;
        let change = Step::Modify(Change {
            amount: Money::fen(2),
            freight: None,
            description: "fewer".into(),
            vouchers: vouchers.clone(),
        });
        scene.fault("/trade/refunds/{refundNo}/modify", "drop_after", 1).await;
        assert_eq!(scene.step("step-1", &refund, &change).await.unwrap().answer.status, 200);
        let refund = scene.control(&refund, json!({"do": "agree"})).await;
        assert_eq!((refund.state, refund.known.agreed), (State::ReturnAwaited, Some(Money::fen(2))));
        scene.fault("/trade/refunds/{refundNo}/returnShipment", "garbage", 1).await;
        assert_eq!(scene.step("step-2", &refund, &parcel("Z-1")).await.unwrap().answer.status, 200);
        scene.fault("/trade/refunds/{refundNo}/arbitration", "drop_after", 1).await;
        assert_eq!(scene.step("step-3", &refund, &plea()).await.unwrap().answer.status, 200);
        assert_eq!(scene.get(&refund.deed.id).await.state, State::Arbitrating);
        let refund = scene.control(&refund, json!({"do": "decide", "decision": "SELLER"})).await;
        assert_eq!(refund.known.closing.map(|why| why.name()), Some("decided_for_supplier"));
        let next = scene.asked("R-2", &NewRefund { vouchers, ..wish }).await;
        scene.fault("/trade/refunds/{refundNo}/withdraw", "drop_after", 1).await;
        assert_eq!(scene.step("step-4", &next, &Step::Withdraw).await.unwrap().answer.status, 200);
        assert_eq!(scene.told(&next).await, ["refund.requested", "refund.closed"]);
    }
}

#[tokio::test]
async fn a_step_that_did_not_arrive_is_taken_by_the_same_request() {
    for scene in scenes().await {
        let bought = scene.bought("waitsellersend").await;
        let refund = scene.asked("R-1", &bought.wish(Remedy::Money, "NOT_WANTED", 4)).await;
        let refund = scene.control(&refund, json!({"do": "refuse"})).await;
        for (key, step, path) in [("step-1", less(2), "modify"), ("step-2", Step::Withdraw, "withdraw")] {
            scene.fault(&format!("/trade/refunds/{{refundNo}}/{path}"), "drop_before", 1).await;
            let unsure = scene.step(key, &refund, &step).await.unwrap_err();
            assert_eq!((unsure.code(), unsure.retry_after_s()), (Code::UpstreamTimeout, Some(2)), "{path}");
            assert_eq!(scene.step(key, &refund, &step).await.unwrap().answer.status, 200, "{path}");
        }
        let modified = scene.get(&refund.deed.id).await;
        assert_eq!(kinds(&modified).iter().filter(|kind| **kind == Kind::Modified).count(), 1);
        let failed = scene.cut_off().step(&scene.caller, once("step-3"), refund.deed.id, &plea(), &render_step).await;
        assert!(failed.is_ok_and(|told| told.answer.status == 409), "what has ended needs no asking");
    }
}

#[tokio::test]
async fn a_lost_modification_that_was_refused_again_is_not_repeated() {
    for scene in scenes().await {
        let bought = scene.bought("waitsellersend").await;
        let refund = scene.asked("R-1", &bought.wish(Remedy::Money, "NOT_WANTED", 4)).await;
        let refund = scene.control(&refund, json!({"do": "refuse"})).await;
        // The same words and amount as before: only the story tells whether it was asked anew.
        let same = Step::Modify(Change {
            amount: Money::fen(4),
            freight: None,
            description: "two are broken".into(),
            vouchers: Vec::new(),
        });
        scene.fault("/trade/refunds/{refundNo}/modify", "drop_after", 1).await;
        scene.say("/control/faults", json!({"match": "/trade/refunds/byOutRef", "kind": "status", "times": 9})).await;
        let unsure = scene.step("step-1", &refund, &same).await.unwrap_err();
        assert_eq!(unsure.code(), Code::UpstreamTimeout);
        let url = format!("{}/control/faults", scene.catalogue.url());
        scene.control.delete(url).header("X-Internal-Token", &scene.catalogue.token).send().await.unwrap();
        let number = refund.known.catalogue_refund.unwrap();
        scene.say(&format!("/control/refunds/{number}"), json!({"do": "refuse", "note": "再次拒绝"})).await;
        let told = scene.step("step-1", &refund, &same).await.unwrap();
        let after = scene.get(&refund.deed.id).await;
        assert_eq!((told.answer.status, after.state), (200, State::Refused), "asked once, refused once more");
        assert_eq!(after.known.supplier_note.as_deref(), Some("再次拒绝"));
        assert_eq!(kinds(&after).iter().filter(|kind| **kind == Kind::Modified).count(), 1);
        assert_eq!(scene.at_catalogue(&bought).await[0]["version"], after.known.catalogue_version.unwrap());
    }
}

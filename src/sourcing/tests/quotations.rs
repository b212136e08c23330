//! What becomes of a quotation: another price, an end, or one quote for whoever accepts.

use serde_json::json;

use super::{caller, counter, first, kinds, quoted, scenes};
use crate::error::{Code, Failure};
use crate::ledger::Ledger;
use crate::model::ids::QuotationId;
use crate::model::inquiry::{Kind, State, TalkState};
use crate::model::partner::Mode;
use crate::sourcing::Step;

#[tokio::test]
async fn a_counter_offer_whose_answer_was_lost_is_made_once() {
    for scene in scenes().await {
        let listed = scene.listed(1).await;
        let inquiry = scene.asked("I-1", &listed, None).await;
        let inquiry = scene.control(&inquiry, json!({"do": "answer"})).await;
        let (quotation, price) = quoted(&inquiry);
        let number = inquiry.known.catalogue_inquiry.unwrap();
        let step = counter(&quotation, price * 95 / 100);
        scene.fault(&format!("/trade/inquiries/{number}/counter"), "drop_after", 1).await;
        let lost = scene.step("step-1", &inquiry, &step).await.unwrap_err();
        assert_eq!((lost.code(), lost.retry_after_s()), (Code::UpstreamTimeout, Some(2)));
        let told = scene.step("step-1", &inquiry, &step).await.unwrap();
        assert_eq!(told.answer.status, 200);
        let again = scene.step("step-1", &inquiry, &step).await.unwrap();
        assert_eq!((again.replayed, again.answer), (true, told.answer));
        let stands = scene.get(&inquiry.deed.id).await;
        assert_eq!(first(&stands).state, TalkState::Countered);
        let counters = kinds(&stands).into_iter().filter(|kind| *kind == Kind::Countered).count();
        assert_eq!(counters, 1);
        let second = scene.step("step-2", &inquiry, &counter(&quotation, price / 2 + 1)).await.unwrap();
        assert_eq!(second.answer.status, 409, "it was answered");
        let unknown = scene.step("step-3", &inquiry, &counter(&QuotationId::fresh(), price)).await.unwrap();
        assert_eq!(unknown.answer.status, 404);
    }
}

#[tokio::test]
async fn what_is_withdrawn_stays_so_however_often_it_is_said() {
    for scene in scenes().await {
        let listed = scene.listed(1).await;
        let inquiry = scene.asked("I-1", &listed, None).await;
        let inquiry = scene.control(&inquiry, json!({"do": "answer"})).await;
        let (quotation, price) = quoted(&inquiry);
        for key in ["step-1", "step-1", "step-2"] {
            assert_eq!(scene.step(key, &inquiry, &Step::Withdraw).await.unwrap().answer.status, 200);
        }
        let ended = scene.get(&inquiry.deed.id).await;
        assert_eq!((ended.state, first(&ended).state), (State::Withdrawn, TalkState::Closed));
        let late = scene.step("step-3", &inquiry, &counter(&quotation, price - 1)).await.unwrap();
        assert_eq!(late.answer.status, 409);
        let locked = scene.room.lock(&scene.caller, &inquiry.deed.id, &quotation).await.unwrap_err();
        assert_eq!(locked.code(), Code::InquiryStateConflict);
        assert_eq!(scene.told(&ended).await, ["inquiry.sent", "inquiry.quoted", "inquiry.withdrawn"]);
    }
}

#[tokio::test]
async fn an_accepted_quotation_is_one_quote_at_its_figures_for_whoever_accepts() {
    for scene in scenes().await {
        let listed = scene.listed(1).await;
        let inquiry = scene.asked("I-1", &listed, None).await;
        let inquiry = scene.control(&inquiry, json!({"do": "answer"})).await;
        let terms = first(&inquiry).quotation.unwrap();
        let id = &inquiry.deed.id;
        let locks = (0..4).map(|_| scene.room.lock(&scene.caller, id, &terms.id));
        let locked: Vec<_> = futures_util::future::join_all(locks).await.into_iter().map(Result::unwrap).collect();
        assert!(locked.iter().all(|quote| *quote == locked[0]), "however many accept at once");
        let ledger = Ledger::new(scene.house.sql.clone(), scene.clock.clone());
        let quote = ledger.find_quote(&scene.caller.partner.id, Mode::Sandbox, &locked[0]).await.unwrap().unwrap();
        assert_eq!((quote.basket.total, quote.basket.quotation), (terms.total, Some(terms.number)));
        assert_eq!((quote.expires_at, quote.exchange.currency), (terms.valid_until, inquiry.deed.currency));
        let other = scene.room.lock(&caller("other"), id, &terms.id).await.unwrap_err();
        assert_eq!(other.code(), Code::InquiryNotFound);
        let unknown = scene.room.lock(&scene.caller, id, &QuotationId::fresh()).await.unwrap_err();
        assert_eq!(unknown.code(), Code::QuotationNotFound);
    }
}

#[tokio::test]
async fn a_quotation_that_is_over_or_void_cannot_be_accepted() {
    for scene in scenes().await {
        let listed = scene.listed(1).await;
        let inquiry = scene.asked("I-1", &listed, None).await;
        let inquiry = scene.control(&inquiry, json!({"do": "answer"})).await;
        let (old, price) = quoted(&inquiry);
        scene.step("step-1", &inquiry, &counter(&old, price - 2)).await.unwrap();
        let countered = scene.room.lock(&scene.caller, &inquiry.deed.id, &old).await.unwrap_err();
        assert_eq!(countered.code(), Code::QuotationClosed);
        let inquiry = scene.control(&inquiry, json!({"do": "answer"})).await;
        let void = scene.room.lock(&scene.caller, &inquiry.deed.id, &old).await.unwrap_err();
        assert_eq!(void.code(), Code::QuotationClosed);
        assert!(void.detail().unwrap().contains("anew"), "{void}");
        let newest = quoted(&inquiry).0;
        scene.clock.advance_ms(3 * 86_400_000 + 1000);
        let late = scene.room.lock(&scene.caller, &inquiry.deed.id, &newest).await.unwrap_err();
        assert_eq!(late.code(), Code::QuotationClosed);
        assert!(late.detail().unwrap().contains("valid until"), "{late}");
    }
}

//! What the operator does to an order by hand, what is refused, and what the audit keeps.

use serde_json::{Value, json};

use super::{QUIET_MS, audited, by, catalogue, offices, room, story, text};
use crate::commands::StillOpen;
use crate::model::partner::Mode;

#[tokio::test]
async fn a_look_takes_in_what_the_catalogue_says_and_is_audited_with_its_event() {
    for office in offices().await {
        let id = office.unknown("PO-1", "drop_after").await;
        let looked = office.json(&format!("look {id} --actor li")).await;
        assert_eq!((&looked["state"], &looked["written"]), (&json!("awaiting_payment"), &json!(["accepted"])));
        let shown = office.show(&id).await;
        assert_eq!(story(&shown).last(), Some(&by("operator", "accepted")));
        assert_eq!(audited(&shown), [by("operator:li", "order.look")]);
        let again = office.say(&format!("look {id}")).await.unwrap();
        assert!(again.contains("nothing new"), "{again}");
    }
}

#[tokio::test]
async fn a_look_at_what_the_catalogue_does_not_have_leaves_it_unknown_and_says_so() {
    for office in offices().await {
        let id = office.unknown("PO-1", "drop_before").await;
        let (out, error) = office.said(&format!("look {id}")).await;
        assert!(out.contains("does not have it") && error.unwrap().is::<StillOpen>(), "{out}");
        office.fault("GET", "/trade/orders/byOutRef", "status", -1).await;
        let refused = office.say(&format!("look {id}")).await.unwrap_err();
        assert!(refused.contains("nothing was changed"), "{refused}");
        assert_eq!(audited(&office.show(&id).await).len(), 1, "what was not done is not audited");
    }
}

#[tokio::test]
async fn an_order_handed_to_a_person_is_rejected_once_the_catalogue_was_asked_again() {
    for office in offices().await {
        let id = office.handed_over("PO-1").await;
        let settle = format!("settle {id} --as rejected --reason phoned --actor li");
        assert!(office.say(&settle).await.unwrap_err().contains("could not be asked"));
        office.heal().await;
        let settled = office.json(&settle).await;
        assert_eq!((&settled["state"], &settled["written"]), (&json!("rejected"), &json!(["refused"])));
        let shown = office.show(&id).await;
        assert_eq!(story(&shown).last(), Some(&by("operator", "refused")));
        assert_eq!(audited(&shown), [by("operator:li", "order.settle")]);
        assert_eq!(shown["audit"][0]["detail"], "as rejected: phoned");
        assert_eq!(shown["reason"], "order_refused");
        let told = [&shown["events"], &shown["told"]].map(Value::to_string).concat();
        assert!(!told.contains("phoned"), "the reason is the operator's own");
        assert_eq!(office.placed().await, 0);
        assert!(office.say(&settle).await.unwrap_err().contains("only unknown orders are settled by hand"));
    }
}

#[tokio::test]
async fn an_order_is_not_settled_before_its_time_nor_against_the_catalogue() {
    for office in offices().await {
        let settle = |id: &str| format!("settle {id} --as rejected --reason impatient");
        let young = office.unknown("PO-1", "drop_before").await;
        assert!(office.say(&settle(&young)).await.unwrap_err().contains("not handed to a person yet"));
        let there = office.unknown("PO-2", "drop_after").await;
        office.wait_in_vain(2).await;
        office.heal().await;
        let refused = office.say(&settle(&there)).await.unwrap_err();
        assert!(refused.contains("the catalogue has order") && refused.contains("order look"), "{refused}");
        let shown = office.show(&there).await;
        assert_eq!((text(&shown["state"]), audited(&shown).len()), ("unknown".to_owned(), 0));
        assert!(office.say(&format!("settle {there} --as paid --reason why")).await.is_err());
        assert!(
            office.say(&format!("settle {there} --as rejected --reason x")).await.is_err(),
            "a reason says something"
        );
    }
}

#[tokio::test]
async fn a_retry_places_under_the_same_id_what_the_catalogue_does_not_have() {
    for office in offices().await {
        let id = office.handed_over("PO-1").await;
        office.heal().await;
        let tried = office.json(&format!("retry {id} --actor li")).await;
        let expected = (&json!("awaiting_payment"), &json!(["tried_again", "accepted"]));
        assert_eq!((&tried["state"], &tried["written"]), expected);
        let shown = office.show(&id).await;
        let story = story(&shown);
        assert!(story.ends_with(&[by("operator", "tried_again"), by("catalogue", "accepted")]), "{story:?}");
        assert_eq!((audited(&shown), office.placed().await), (vec![by("operator:li", "order.retry")], 1));
        assert!(office.say(&format!("retry {id}")).await.unwrap_err().contains("order look"));
    }
}

#[tokio::test]
async fn a_retry_never_doubles_and_stays_unknown_when_no_answer_comes_again() {
    for office in offices().await {
        let id = office.unknown("PO-1", "drop_after").await;
        let tried = office.json(&format!("retry {id}")).await;
        assert_eq!((&tried["written"], office.placed().await), (&json!(["accepted"]), 1), "it was there");
        let lost = office.unknown("PO-2", "drop_before").await;
        office.clock.advance_ms(QUIET_MS);
        office.fault("POST", "/trade/orders", "drop_after", 1).await;
        let (out, error) = office.said(&format!("retry {lost} --json")).await;
        let told: Value = serde_json::from_str(&out).unwrap();
        assert!(error.unwrap().is::<StillOpen>() && text(&told["remark"]).contains("again"), "{out}");
        let looked = office.json(&format!("look {lost}")).await;
        assert_eq!((text(&looked["state"]), office.placed().await), ("awaiting_payment".to_owned(), 2));
    }
}

#[tokio::test]
async fn a_refused_retry_is_the_end_only_when_no_earlier_call_can_be_under_way() {
    for office in offices().await {
        for (reference, waited, state) in [("PO-1", 0, "unknown"), ("PO-2", QUIET_MS, "rejected")] {
            let id = office.unknown(reference, "drop_before").await;
            let offer = text(&office.show(&id).await["lines"][0]["offer_id"]);
            office.tell(&format!("/control/goods/{offer}"), json!({"stock": 0})).await;
            office.clock.advance_ms(waited);
            let (out, _) = office.said(&format!("retry {id} --json")).await;
            let told: Value = serde_json::from_str(&out).unwrap();
            assert_eq!(told["state"], state, "{told}");
            assert!(text(&told["remark"]).contains("refuse"), "{told}");
            office.tell(&format!("/control/goods/{offer}"), json!({"stock": 9000})).await;
        }
        assert_eq!(office.placed().await, 0);
    }
}

#[tokio::test]
async fn an_order_of_which_a_call_may_be_under_way_is_left_alone() {
    for office in offices().await {
        let id = office.handed_over("PO-1").await;
        office.heal().await;
        office.fault("POST", "/trade/orders", "drop_before", 1).await;
        let (_, error) = office.said(&format!("retry {id}")).await;
        assert!(error.unwrap().is::<StillOpen>());
        let settle = format!("settle {id} --as rejected --reason phoned");
        let refused = office.say(&settle).await.unwrap_err();
        assert!(refused.contains("may still be under way") && refused.contains("settle it then"), "{refused}");
        office.clock.advance_ms(QUIET_MS);
        assert_eq!(office.json(&settle).await["state"], "rejected");
    }
}

#[tokio::test]
async fn what_went_missing_is_cleared_by_hand_once_and_for_all() {
    for office in offices().await {
        let (_, id) = office.order("acme", "PO-1").await;
        let nothing = office.say(&format!("clear {id} --reason seen-to")).await.unwrap_err();
        assert!(nothing.contains("nobody is asked to look"), "{nothing}");
        // The catalogue loses its memory: an empty one is in its place.
        let empty = catalogue().await;
        let elsewhere = room(&empty, &office.desk.ledger, &office.clock);
        let compare = async || {
            office.clock.advance_ms(3_600_000);
            elsewhere.compare(Mode::Sandbox).await.unwrap().unwrap();
        };
        compare().await;
        let waiting = office.json("list --attention").await;
        assert_eq!(waiting[0]["attention"], "went_missing", "{waiting}");
        let told = office.say(&format!("clear {id} --reason asked-there --actor li")).await.unwrap();
        assert!(told.contains("waits for nobody any more"), "{told}");
        let shown = office.show(&id).await;
        assert_eq!(story(&shown).last(), Some(&by("operator", "cleared")));
        assert_eq!(audited(&shown), [by("operator:li", "order.clear")]);
        compare().await;
        assert_eq!(office.json("list --attention").await, json!([]), "seen to is seen to");
        assert_eq!(office.show(&id).await["version"], shown["version"]);
    }
}

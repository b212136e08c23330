//! What the feeds left out, as the operator sees and settles it.

use serde_json::{Value, json};

use super::{Office, offices, text};
use crate::ledger::LeftOut;
use crate::model::partner::Mode;

impl Office {
    /// A feed goes past a change that cannot be taken in.
    async fn goes_past(&self, feed: &str, kind: &str, reference: &str) {
        let ledger = &self.desk.ledger;
        let mut turn = ledger.take_feed(feed, "a").await.unwrap().unwrap();
        let left = LeftOut { kind: kind.into(), reference: reference.into(), why: "garbled\u{1b}[2J".into() };
        let to = turn.from + 1;
        assert!(ledger.advance_feed(&mut turn, Mode::Sandbox, to, vec![left]).await.unwrap());
    }

    async fn left_out(&self) -> Vec<String> {
        let all = self.json("left-out list").await;
        all.as_array().unwrap().iter().map(|left| text(&left["reference"])).collect()
    }

    async fn audit_of(&self, reference: &str) -> Vec<(String, String, String)> {
        let rows = self.desk.ledger.audited(reference, 9).await.unwrap();
        rows.into_iter().map(|row| (row.actor, row.action, row.detail)).collect()
    }
}

#[tokio::test]
async fn what_was_left_out_is_listed_the_oldest_first_and_cannot_steer_the_terminal() {
    for office in offices().await {
        assert_eq!(office.json("left-out list").await, json!([]));
        office.goes_past("changes/sandbox", "order", "ord_2").await;
        office.clock.advance_ms(60_000);
        office.goes_past("changes/aftersale/sandbox", "refund", "rfd_1").await;
        assert_eq!(office.left_out().await, ["ord_2", "rfd_1"]);
        assert_eq!(office.json("left-out list --limit 1").await.as_array().unwrap().len(), 1);
        let first = &office.json("left-out list").await[0];
        assert_eq!(
            (&first["kind"], &first["feed"], &first["tries"]),
            (&json!("order"), &json!("changes/sandbox"), &json!(0))
        );
        let table = office.say("left-out list").await.unwrap();
        assert!(table.contains("rfd_1  refund") && !table.contains('\u{1b}'), "{table}");
    }
}

#[tokio::test]
async fn what_is_settled_by_hand_is_not_looked_up_again_and_is_audited_with_its_reason() {
    for office in offices().await {
        office.goes_past("changes/sandbox", "order", "ord_1").await;
        assert!(office.say("left-out settle ord_1").await.is_err(), "a reason is needed");
        assert!(
            office.say("left-out settle ord_9 --reason gone").await.unwrap_err().contains("no change of \"ord_9\"")
        );
        assert_eq!((office.left_out().await.len(), office.audit_of("ord_1").await.len()), (1, 0));
        let told = office.json("left-out settle ord_1 --reason a-test-of-theirs --actor li").await;
        assert_eq!(told["settled"]["why"], Value::from("garbled\u{1b}[2J"));
        let detail = "order of changes/sandbox: a-test-of-theirs".to_owned();
        assert_eq!(office.audit_of("ord_1").await, [("operator:li".to_owned(), "change.settle".to_owned(), detail)]);
        assert!(office.left_out().await.is_empty());
        assert!(office.say("left-out settle ord_1 --reason again").await.is_err(), "it is not there any more");
        office.goes_past("changes/sandbox", "order", "ord_1").await;
        assert_eq!(office.left_out().await, ["ord_1"], "what changes again is told again");
    }
}

#[tokio::test]
async fn of_several_changes_about_one_id_the_one_that_is_meant_has_to_be_named() {
    for office in offices().await {
        office.goes_past("changes/fulfilment/sandbox", "shipment", "ord_1").await;
        office.goes_past("changes/sandbox", "order", "ord_1").await;
        let refused = office.say("left-out settle ord_1 --reason gone").await.unwrap_err();
        assert!(refused.contains("--kind shipment --feed changes/fulfilment/sandbox"), "{refused}");
        let told = office.say("left-out settle ord_1 --kind shipment --reason gone").await.unwrap();
        assert!(told.contains("the shipment ord_1 is not looked up again"), "{told}");
        assert_eq!(text(&office.json("left-out list").await[0]["kind"]), "order");
    }
}

#[tokio::test]
async fn what_was_left_out_anew_since_it_was_read_is_not_settled() {
    for office in offices().await {
        office.goes_past("changes/sandbox", "order", "ord_1").await;
        let seen = office.desk.ledger.list_left_out(9).await.unwrap().remove(0);
        office.clock.advance_ms(1_000);
        office.goes_past("changes/sandbox", "order", "ord_1").await;
        let hand = crate::ledger::Hand { operator: "li".into(), action: "change.settle", detail: "why".into() };
        assert!(!office.desk.ledger.settle_left_out_by(hand, &seen).await.unwrap());
        assert_eq!((office.left_out().await.len(), office.audit_of("ord_1").await.len()), (1, 0));
    }
}

//! What the catalogue said is old by the time it is heard: somebody else wrote what it said later.

use serde_json::json;

use super::{OperatedBy, Scene, kinds, once, render_report, scenes, upstream};
use crate::fulfilment::{Fulfilment, Reconciled};
use crate::ledger::Ledger;
use crate::model::consignment::{Counted, Kind, Said};
use crate::model::order::Order;
use crate::model::partner::Mode;
use crate::upstream::trial::Doorway;

impl Scene {
    async fn behind_a_doorway(&self) -> (Fulfilment, Doorway) {
        let door = Doorway::to(&self.catalogue.url()).await;
        let ledger = Ledger::new(self.house.sql.clone(), self.clock.clone());
        (Self::room(ledger, upstream(door.url(), &self.catalogue.token), &self.clock), door)
    }

    /// One piece of an order's first line is given up.
    async fn call_off(&self, order: &Order) {
        let asked = json!({
            "outRef": "R-1", "partnerCode": "acme", "orderNo": order.catalogue_order.unwrap().number(),
            "type": "MONEY", "applyFen": 1, "reasonCode": "NOT_WANTED", "lines": [{"lineNo": 1, "quantity": 1}],
            "description": "不要了"
        });
        let refund = self.say("/trade/refunds", asked).await;
        self.say(&format!("/control/refunds/{}", refund["refundNo"]), json!({"do": "agree"})).await;
    }
}

#[tokio::test]
async fn an_older_count_of_what_is_expected_is_not_written_over_a_newer_one() {
    for scene in scenes().await {
        let (first, second) = (scene.paid_order("PO-1").await, scene.paid_order("PO-2").await);
        let opened = scene.opened("CO-1", &[&first, &second], OperatedBy::Partner).await;
        scene.sent(&second).await;
        let of = |order: &Order| opened.lines.iter().find(|line| line.order == order.deed.id).unwrap().clone();
        let (waits, came) = (of(&first), of(&second));
        let one = Counted { order: came.order.clone(), sku: came.sku, quantity: 1 };
        let said = Said::Receipt { lines: vec![one], complete: false };
        let (room, door) = scene.behind_a_doorway().await;
        door.hold("POST /trade/consignments/");
        let overtakes = async {
            door.held().await;
            scene.call_off(&first).await;
            scene.follow().await;
            door.open();
        };
        let report =
            room.report(&scene.caller, once("key-0001"), &opened.deed.id, said, "create_receipt", &render_report);
        let (told, ()) = tokio::join!(report, overtakes);
        assert_eq!(told.unwrap().answer.status, 200);
        let after = scene.by_reference("CO-1").await;
        let line = after.lines.iter().find(|line| line.order == waits.order && line.sku == waits.sku).unwrap();
        assert_eq!(line.expected + 1, waits.expected, "one was called off");
        let changes = after.events.iter().filter(|event| event.kind == Kind::LinesChanged).count();
        assert_eq!((changes, after.receipts.len()), (1, 1));
    }
}

#[tokio::test]
async fn nobody_looks_at_a_consignment_while_it_is_opened_again() {
    for scene in scenes().await {
        let order = scene.paid_order("PO-1").await;
        scene.fault("/trade/consignments", "drop_before", 1).await;
        let told = scene.open_one("CO-1", &[&order], OperatedBy::Partner).await.unwrap();
        assert_eq!(told.answer.status, 202);
        scene.clock.advance_ms(2001);
        let (room, door) = scene.behind_a_doorway().await;
        door.hold("POST /trade/consignments");
        let looks = async {
            door.held().await;
            let looked = scene.reconcile_after(20_000).await;
            door.open();
            looked
        };
        let (opened, looked) = tokio::join!(room.reconcile(Mode::Sandbox), looks);
        assert_eq!((opened.unwrap().settled, looked), (1, Reconciled::default()));
        use Kind::{Opened, OpeningStarted, Requested, TriedAgain, Unanswered};
        let story = [Requested, OpeningStarted, Unanswered, TriedAgain, Opened];
        assert_eq!(kinds(&scene.by_reference("CO-1").await), story);
    }
}

//! What the catalogue said is old by the time it is heard: somebody else wrote what it said later.

use serde_json::json;

use super::{Scene, id, kinds, less, once, render_step, scenes, upstream};
use crate::aftersale::Aftersale;
use crate::asking::Reconciled;
use crate::ledger::Ledger;
use crate::model::partner::Mode;
use crate::model::refund::{Kind, Remedy, State};
use crate::upstream::trial::Doorway;

impl Scene {
    async fn behind_a_doorway(&self) -> (Aftersale, Doorway) {
        let door = Doorway::to(&self.catalogue.url()).await;
        let ledger = Ledger::new(self.house.sql.clone(), self.clock.clone());
        (Self::room(ledger, upstream(door.url(), &self.catalogue.token), &self.clock), door)
    }
}

#[tokio::test]
async fn where_a_refund_stood_after_a_step_is_not_written_over_where_it_stands_since() {
    for scene in scenes().await {
        let bought = scene.bought("waitsellersend").await;
        let refund = scene.asked("R-1", &bought.wish(Remedy::Money, "NOT_WANTED", 4)).await;
        let refund = scene.control(&refund, json!({"do": "refuse", "note": "不同意"})).await;
        let (room, door) = scene.behind_a_doorway().await;
        door.hold("POST /trade/refunds/");
        let overtakes = async {
            door.held().await;
            scene.control(&refund, json!({"do": "refuse", "note": "还是不同意"})).await;
            door.open();
        };
        let step = less(2);
        let modify = room.step(&scene.caller, once("step-1"), refund.deed.id.clone(), &step, &render_step);
        let (told, ()) = tokio::join!(modify, overtakes);
        let answer = told.unwrap().answer;
        let after = scene.get(&refund.deed.id).await;
        assert_eq!((after.state, after.known.supplier_note.as_deref()), (State::Refused, Some("还是不同意")));
        assert_eq!(answer.body, render_step(&after, None).body, "the answer tells the truth of now");
        assert_eq!(kinds(&after).iter().filter(|kind| **kind == Kind::Modified).count(), 1);
    }
}

#[tokio::test]
async fn nobody_looks_at_a_refund_while_it_is_asked_for_again() {
    for scene in scenes().await {
        let bought = scene.bought("waitsellersend").await;
        scene.fault("/trade/refunds", "drop_before", 1).await;
        let told = scene.ask("key-0001", &bought.wish(Remedy::Money, "NOT_WANTED", 2)).await.unwrap();
        scene.clock.advance_ms(2001);
        let (room, door) = scene.behind_a_doorway().await;
        door.hold("POST /trade/refunds");
        let looks = async {
            door.held().await;
            let looked = scene.reconcile_after(10_000).await;
            door.open();
            looked
        };
        let (asked, looked) = tokio::join!(room.reconcile(Mode::Sandbox), looks);
        assert_eq!((asked.unwrap().settled, looked), (1, Reconciled::default()));
        use Kind::{Accepted, Received, RequestingStarted, TriedAgain, Unanswered};
        let refund = scene.get(&id(&told)).await;
        assert_eq!(kinds(&refund), [Received, RequestingStarted, Unanswered, TriedAgain, Accepted]);
    }
}

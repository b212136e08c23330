//! Notes to the supplier after ordering.

use serde_json::{Value, json};

use super::{Filter, Scene, kinds, scenes};
use crate::error::{Code, Failure};
use crate::model::order::{Kind, Order, State};
use crate::model::page::PageSize;
use crate::model::payment::Method;

async fn memo(scene: &Scene, order: &Order) -> Value {
    scene.say(&format!("/trade/orders/{}", order.catalogue_order.unwrap()), Value::Null).await["buyerMemo"].clone()
}

#[tokio::test]
async fn a_note_reaches_the_supplier_and_stays_in_the_story() {
    for scene in scenes().await {
        let order = scene.placed_order("PO-1").await;
        let id = &order.deed.id;
        assert_eq!(memo(&scene, &order).await, "谢谢");
        let noted = scene.room.add_note(&scene.caller, id, "请用纸箱包装").await.unwrap();
        assert_eq!((noted.note.as_deref(), noted.state), (Some("请用纸箱包装"), State::AwaitingPayment));
        assert_eq!(memo(&scene, &order).await, "请用纸箱包装");
        let again = scene.room.add_note(&scene.caller, id, "请用纸箱包装").await.unwrap();
        assert_eq!(again.version, noted.version, "said twice it is one note");
        scene.pay("key-pay1", &order, Method::Debit).await;
        let later = scene.room.add_note(&scene.caller, id, "尽快发货").await.unwrap();
        assert_eq!(kinds(&later).iter().filter(|kind| **kind == Kind::Noted).count(), 2);
        let listed = scene.room.list(&scene.caller, &Filter::default(), None, PageSize::default()).await.unwrap();
        assert_eq!(
            (listed.items[0].note.as_deref(), listed.items[0].deed.note.as_deref()),
            (Some("尽快发货"), Some("谢谢"))
        );
        scene.follow().await;
        assert_eq!(scene.by_reference("PO-1").await.version, later.version, "the memo's own change adds nothing");
    }
}

#[tokio::test]
async fn a_note_waits_until_the_order_is_placed_and_is_too_late_once_it_has_ended() {
    for scene in scenes().await {
        let wish = scene.order_wish("PO-1").await;
        let (_, placing) = scene.begin_and_die("key-0001", &wish).await;
        let early = scene.room.add_note(&scene.caller, &placing.deed.id, "x").await.unwrap_err();
        assert!(early.code() == Code::OrderStateConflict && early.detail().unwrap().contains("wait"), "{early:?}");
        let order = scene.placed_order("PO-2").await;
        // It ended there, and nobody told us yet.
        scene
            .say(&format!("/control/orders/{}", order.catalogue_order.unwrap()), json!({"close": "seller_goods_lack"}))
            .await;
        let late = scene.room.add_note(&scene.caller, &order.deed.id, "x").await.unwrap_err();
        assert!(late.detail().unwrap().contains("ended"), "{late:?}");
        scene.follow().await;
        let late = scene.room.add_note(&scene.caller, &order.deed.id, "x").await.unwrap_err();
        assert_eq!(late.code(), Code::OrderStateConflict);
    }
}

#[tokio::test]
async fn a_note_whose_answer_was_lost_is_said_again() {
    for scene in scenes().await {
        let order = scene.placed_order("PO-1").await;
        scene.fault("POST", "/trade/orders/{orderNo}/memo", "drop_after", 1).await;
        let lost = scene.room.add_note(&scene.caller, &order.deed.id, "x").await.unwrap_err();
        assert_eq!((lost.code(), memo(&scene, &order).await.as_str()), (Code::UpstreamUnavailable, Some("x")));
        let noted = scene.room.add_note(&scene.caller, &order.deed.id, "x").await.unwrap();
        assert_eq!((noted.note.as_deref(), kinds(&noted).last()), (Some("x"), Some(&Kind::Noted)));
    }
}

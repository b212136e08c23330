//! What must hold of messages whatever way they go.

use serde_json::{Value, json};

use super::Message;
use crate::ledger::{MessageFacts, Refunding, Traded, Unheard};
use crate::model::ids::{CatalogueOrderId, CatalogueRefundId, SupplierId};
use crate::model::member;
use crate::model::topic::{self, TOLD};
use crate::signing::aop::AppSecret;

const BORN: i64 = 1_527_679_458_000;

fn facts(after_sales: bool) -> MessageFacts {
    let order = Traded {
        number: CatalogueOrderId::new(2_600_000_000_000_000_001),
        supplier: SupplierId::new(77),
        lines: 1,
        account: "acme".to_owned(),
    };
    let refund = Refunding { number: CatalogueRefundId::new(5), after_sales };
    let mut facts = MessageFacts::default();
    facts.orders.insert("ord_1".to_owned(), order);
    facts.refunds.insert("ref_1".to_owned(), refund);
    facts
}

fn event(kind: &str, data: &Value) -> Unheard {
    let (kind, subject, data) = (kind.to_owned(), "s".to_owned(), data.to_string());
    Unheard { serial: 68_891_027, position: 3, kind, subject, data, at: BORN }
}

/// What an event of this type says, with everything that any of them says.
fn told(kind: &str, after_sales: bool) -> Option<Message> {
    let data = json!({
        "order_id": "ord_1", "refund_id": "ref_1", "shipment_id": "shp_1", "carrier_code": "ZTO",
        "tracking_number": "ZT1", "offer_id": "610947572360", "before": {"stock": 30}, "now": {"stock": 20},
        "skus": [{"sku_id": "9", "before": 15, "now": 5}],
    });
    Message::of(&event(kind, &data), "acme", &facts(after_sales))
}

#[test]
fn every_event_of_the_table_becomes_one_of_its_topics() {
    for row in TOLD {
        let message = told(row.kind, false).unwrap_or_else(|| panic!("{}", row.kind));
        assert!(row.topics.contains(&message.topic), "{}", row.kind);
        assert!(!message.data.as_object().unwrap().is_empty());
    }
    assert!(told("inquiry.sent", false).is_none());
}

#[test]
fn an_order_is_told_of_as_the_platform_does() {
    let message = told("order.accepted", false).unwrap();
    assert_eq!(message.topic, "ORDER_BUYER_VIEW_BUYER_MAKE");
    let expected = json!({
        "orderId": 2_600_000_000_000_000_001_i64, "currentStatus": "waitbuyerpay",
        "msgSendTime": "2018-05-30 19:24:18", "buyerMemberId": member::id_of("acme"), "sellerMemberId": "b2b-77",
    });
    assert_eq!(message.data, expected);
}

#[test]
fn an_order_that_was_not_paid_in_time_was_closed_by_nobody() {
    let closed = |kind: &str, reason: &str| {
        let data = json!({"order_id": "ord_1", "reason": reason});
        Message::of(&event(kind, &data), "acme", &facts(false)).unwrap().topic
    };
    assert_eq!(closed("order.closed", "pay_timeout"), topic::BOPS_CLOSED);
    assert_eq!(closed("order.cancelled", "pay_timeout"), topic::BOPS_CLOSED);
    assert_eq!(closed("order.closed", "goods_lacking"), topic::SELLER_CLOSED);
    assert_eq!(closed("order.cancelled", ""), topic::BUYER_CLOSED);
}

#[test]
fn a_refund_of_a_finished_order_is_told_apart() {
    let (during, after) = (told("refund.succeeded", false).unwrap(), told("refund.succeeded", true).unwrap());
    assert_eq!((during.topic, after.topic), (topic::REFUND_IN_SALES, topic::REFUND_AFTER_SALES));
    assert_eq!((&during.data["refundId"], &during.data["operator"]), (&json!("TQ5"), &json!("seller")));
    assert!(told("refund.closed", true).unwrap().data.get("refundAction").is_none(), "nobody knows who closed it");
}

#[test]
fn parcels_payments_and_stock_have_documents_of_their_own() {
    let parcel = told("shipment.delivered", false).unwrap().data["OrderLogisticsTracingModel"].clone();
    let number = 2_600_000_000_000_000_001_i64;
    assert_eq!((&parcel["statusChanged"], &parcel["mailNo"]), (&json!("SIGN"), &json!("ZT1")));
    assert_eq!(parcel["orderLogsItems"], json!([{"orderId": number, "orderEntryId": number}]));
    let paid = told("payment.paid", false).unwrap().data;
    assert_eq!(paid, json!({"batchPay": [{"orderId": number.to_string(), "status": "successed"}]}));
    let stock = told("offer.stock_changed", false).unwrap().data["OfferInventoryChangeList"][0].clone();
    let expected = json!({
        "offerId": 610_947_572_360_i64, "offerOnSale": 20, "skuId": 9, "skuOnSale": 5, "quantity": -10,
        "bizTime": BORN.to_string(),
    });
    assert_eq!(stock, expected);
}

#[test]
fn what_the_catalogue_gave_no_number_cannot_be_told() {
    let data = json!({"order_id": "ord_2", "refund_id": "ref_2"});
    for kind in ["order.cancelled", "refund.requested", "payment.failed", "shipment.dispatched"] {
        assert!(Message::of(&event(kind, &data), "acme", &facts(false)).is_none(), "{kind}");
    }
}

#[test]
fn a_form_holds_the_envelope_and_a_signature_over_it() {
    let secret = AppSecret::new(b"secretXYZ").unwrap();
    let form = told("order.paid", false).unwrap().form(&secret);
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(&form).into_owned().collect();
    let [(first, message), (second, signature)] = pairs.as_slice() else { panic!("{pairs:?}") };
    assert_eq!((first.as_str(), second.as_str()), ("message", "_aop_signature"));
    assert!(secret.verify("", &[("message", message.as_str())], signature));
    let envelope: Value = serde_json::from_str(message).unwrap();
    assert_eq!((&envelope["msgId"], &envelope["gmtBorn"]), (&json!(68_891_027), &json!(BORN)));
    assert_eq!((&envelope["type"], &envelope["extraInfo"]), (&json!("ORDER_BUYER_VIEW_ORDER_PAY"), &json!("")));
    assert_eq!(envelope["userInfo"], envelope["data"]["buyerMemberId"]);
}

#[test]
fn the_known_signature_of_a_callback_is_made() {
    let message = r#"{"msgId":68891027,"gmtBorn":1700000000000,"data":{"orderId":167539019420540000,"currentStatus":"waitbuyerpay","msgSendTime":"2018-05-30 19:24:18","buyerMemberId":"b2b-665170100","sellerMemberId":"b2b-1676547900b7bb3"},"userInfo":"b2b-665170100","type":"ORDER_BUYER_VIEW_BUYER_MAKE","extraInfo":""}"#;
    let secret = AppSecret::new(b"secretXYZ").unwrap();
    assert_eq!(secret.sign("", &[("message", message)]), "4E10C62678EA7D4E0E00A0B54E183749344A8347");
}

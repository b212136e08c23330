//! Where the catalogue stands, read in our words, and our reports in theirs.

use super::{inspections, new_consignment, receipts, refused_opening, refused_report, standing};
use crate::error::Code;
use crate::model::consignment::tests::deed;
use crate::model::consignment::{Counted, Deed, InspectedLine, Inspection, Said, State, Verdict};
use crate::model::ids::{ReportId, VoucherId};
use crate::upstream::Refusal;
use serde_json::{Value, json};

fn theirs(deed: &Deed) -> Value {
    let line = |no: u32, expected: u32| {
        json!({"lineNo": no, "skuId": 7, "expected": expected, "received": 0, "result": null, "passed": 0,
            "note": null, "photoIds": []})
    };
    json!({"consignmentNo": 31, "outRef": deed.id.as_str(), "partnerCode": "acme", "warehouseCode": "YW01",
        "destCountry": "JP", "operatedBy": "PARTNER", "status": "received",
        "orders": [{"orderNo": 26, "outRef": "x", "lines": [line(1, 10), line(2, 4)]},
            {"orderNo": 27, "outRef": "y", "lines": [line(1, 3)]}],
        "receipts": [{"outRef": "rpt_1", "time": "2026-11-23 11:08:48", "complete": true,
            "lines": [{"orderNo": 27, "lineNo": 1, "quantity": 3}]}],
        "handover": null, "gmtCreate": "2026-11-23 11:08:48", "gmtModified": "2026-11-23 11:08:48", "version": 4})
}

#[test]
fn a_consignment_is_read_with_the_lines_of_its_deed() {
    let deed = deed("CO-1");
    let mut document = theirs(&deed);
    document["orders"][0]["lines"][1]["result"] = json!("SHORT");
    document["orders"][0]["lines"][1]["passed"] = json!(3);
    document["orders"][0]["lines"][1]["photoIds"] = json!([77]);
    let there = standing(serde_json::from_value(document).unwrap(), &deed).unwrap();
    assert_eq!((there.state, there.number.number()), (State::Received, 31));
    let finding = there.lines[1].finding.as_ref().unwrap();
    assert_eq!((finding.verdict, finding.passed, finding.photos.as_slice()), (Verdict::Short, 3, &[77][..]));
    assert_eq!(there.receipts[0].lines[0].order, deed.orders[1].order);
    assert_eq!(there.receipts[0].at.to_string(), "2026-11-23T03:08:48Z");
}

#[test]
fn what_does_not_belong_to_the_deed_is_nonsense() {
    let deed = deed("CO-1");
    for (pointer, wrong) in [
        ("/outRef", json!("con_other")),
        ("/status", json!("lost")),
        ("/orders/0/orderNo", json!(99)),
        ("/orders/0/lines/0/lineNo", json!(9)),
        ("/orders/1/lines", json!([])),
        ("/orders/0/lines/0/result", json!("FINE")),
        ("/receipts/0/time", json!("yesterday")),
    ] {
        let mut document = theirs(&deed);
        *document.pointer_mut(pointer).unwrap() = wrong;
        assert!(standing(serde_json::from_value(document).unwrap(), &deed).is_err(), "{pointer}");
    }
}

#[test]
fn reports_name_lines_and_photos_as_the_catalogue_counts_them() {
    let deed = deed("CO-1");
    let (order, sku) = (deed.orders[0].order.clone(), deed.orders[0].lines[1].sku);
    let id = ReportId::fresh();
    let counted = Counted { order: order.clone(), sku, quantity: 4 };
    let said = serde_json::to_value(receipts(&id, std::slice::from_ref(&counted), false, &deed).unwrap()).unwrap();
    assert_eq!(said["outRef"], id.as_str());
    assert_eq!(said["lines"], json!([{"orderNo": 26, "lineNo": 2, "quantity": 4}]));
    let photo = VoucherId::fresh();
    let inspection = Inspection { verdict: Verdict::Wrong, passed: 0, note: None, photos: vec![photo.clone()] };
    let line = InspectedLine { order, sku, inspection };
    let said = inspections(&id, std::slice::from_ref(&line), &deed, &[(photo, 77)]).unwrap();
    let said = serde_json::to_value(said).unwrap();
    let expected = json!([{"orderNo": 26, "lineNo": 2, "result": "WRONG", "passed": 0, "photoIds": [77]}]);
    assert_eq!(said["lines"], expected);
    assert!(inspections(&id, &[line], &deed, &[]).is_err(), "a photo without a number is not left out");
    let elsewhere = Counted { sku: crate::model::ids::SkuId::new(99), ..counted };
    assert!(receipts(&id, &[elsewhere], false, &deed).is_err());
    assert_eq!(new_consignment(&deed).order_nos, [26, 27]);
}

fn refused(code: &str, data: Value) -> Refusal {
    Refusal { error_code: code.into(), message: "不行".into(), data }
}

#[test]
fn a_refused_opening_points_at_the_order() {
    let deed = deed("CO-1");
    let told = refused_opening(&refused("ALREADY_CONSIGNED", json!({"orderNo": 27, "consignmentNo": 1})), &deed);
    assert_eq!((told.code, told.places[0].pointer.as_str()), (Code::OrderConsigned, "#/order_ids/1"));
    let told = refused_opening(&refused("NEW_WORD", Value::Null), &deed);
    assert_eq!((told.code, told.places.len()), (Code::ConsignmentRefused, 0));
    assert!(!told.detail.contains('不'), "their words are not ours");
}

#[test]
fn a_refused_report_points_at_the_partners_own_lines() {
    let deed = deed("CO-1");
    let line = |at: usize, nth: usize| Counted {
        order: deed.orders[at].order.clone(),
        sku: deed.orders[at].lines[nth].sku,
        quantity: 50,
    };
    let said = Said::Receipt { lines: vec![line(1, 0), line(0, 1)], complete: false };
    let data = json!({"lines": [{"orderNo": 26, "lineNo": 2, "max": 4}]});
    let told = refused_report(&refused("QUANTITY_TOO_LARGE", data), &said, &deed);
    assert_eq!((told.code, told.places.len()), (Code::ConsignmentRefused, 1));
    assert_eq!(told.places[0].pointer, "#/lines/1/quantity");
    assert!(told.places[0].detail.contains('4'));
    let told = refused_report(&refused("PARAM_INVALID", json!({"param": "lines[1].photoIds"})), &said, &deed);
    assert_eq!((told.code, told.places[0].pointer.as_str()), (Code::InvalidRequest, "#/lines/1/voucher_ids"));
    let not_sent = json!({"orderNo": 27, "status": "waitsellersend"});
    let told = refused_report(&refused("STATUS_NOT_ALLOWED", not_sent), &said, &deed);
    assert_eq!((told.code, told.places[0].pointer.as_str()), (Code::ConsignmentRefused, "#/lines/0"));
    let told = refused_report(&refused("STATUS_NOT_ALLOWED", json!({"status": "cancel"})), &said, &deed);
    assert_eq!((told.code, told.places.len()), (Code::ConsignmentStateConflict, 0));
}

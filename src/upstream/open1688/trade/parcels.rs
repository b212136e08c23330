//! An order's parcels and their way.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::upstream::failure::Error;
use crate::upstream::open1688::asked::{Asked, written};
use crate::upstream::open1688::goods::detail::seller_number;
use crate::upstream::open1688::table::{PARCELS, TRACES};
use crate::upstream::open1688::trade::order::{self, Entry};
use crate::upstream::open1688::words;

/// What the platform says of an order without parcels.
const NONE_YET: &[&str] = &["500_2", "404", ""];
/// Its words for where a parcel is.
const STATUS: &[(&str, &str)] = &[
    ("WAITACCEPT", "collected"),
    ("CONSIGN", "collected"),
    ("ACCEPT", "collected"),
    ("TRANSPORT", "in_transit"),
    ("DELIVERING", "in_transit"),
    ("NOGET", "in_transit"),
    ("UNSIGN", "in_transit"),
    ("FAILED", "in_transit"),
    ("AGENT_SIGN", "signed"),
    ("SIGN", "signed"),
];
const GIVEN_UP: &str = "CANCEL";

/// Answers `trade.shipments`.
pub(in crate::upstream::open1688) async fn parcels(asked: &Asked<'_>) -> Result<Bytes, Error> {
    let number = asked.id()?;
    let by = [("orderId", number.to_string()), ("webSite", "1688".to_owned())];
    let fields = ("fields", "company,name,sender,receiver,sendgood".to_owned());
    let told = match asked.ask(&PARCELS, &[by.as_slice(), &[fields]].concat()).await {
        Ok(told) => told,
        Err(error) if is_none(&error) => return written(&json!({"items": []})),
        Err(other) => return Err(other),
    };
    let view = order::view(asked, &[("orderId", number.to_string())]).await?;
    let entries = order::entries(asked, &view).await?;
    let traces = match asked.ask(&TRACES, &by).await {
        Ok(traces) => traces,
        Err(error) if is_none(&error) => Value::Null,
        Err(other) => return Err(other),
    };
    let parcels = words::list(&told, "").iter();
    let parcels = parcels.filter(|parcel| words::text(parcel, "/status").as_deref() != Some(GIVEN_UP));
    let items: Option<Vec<_>> =
        parcels.map(|parcel| shipment(number, parcel, &entries, words::list(&traces, ""))).collect();
    written(&json!({"items": items.ok_or_else(|| asked.nonsense("a parcel without number or status"))?}))
}

fn is_none(error: &Error) -> bool {
    error.refusal().is_some_and(|refusal| NONE_YET.contains(&refusal.error_code.as_str()))
}

fn shipment(order: i64, parcel: &Value, entries: &[Entry], traces: &[Value]) -> Option<Value> {
    let id = words::text(parcel, "/logisticsId")?;
    let status = words::text(parcel, "/status")?;
    let (_, status) = STATUS.iter().find(|(theirs, _)| *theirs == status)?;
    let steps = traces.iter().find(|trace| words::text(trace, "/logisticsId").as_deref() == Some(&id));
    let steps = steps.map_or(&[][..], |trace| words::list(trace, "/logisticsSteps"));
    let traces: Vec<_> = steps.iter().filter_map(trace).collect();
    let last = traces.iter().filter_map(|trace| trace["time"].as_str()).max();
    let company = words::text(parcel, "/logisticsCompanyName").unwrap_or_default();
    Some(json!({
        "shipmentId": number_of(&id),
        "orderNo": order,
        "carrierCode": words::text(parcel, "/logisticsCompanyNo").unwrap_or_else(|| company.clone()),
        "carrier": company,
        "mailNo": words::text(parcel, "/logisticsBillNo").unwrap_or_default(),
        "status": status,
        "lines": packed(parcel, entries),
        "gmtSend": words::beijing(parcel, "/gmtSystemSend"),
        "gmtSign": last.filter(|_| *status == "signed"),
        "traces": traces,
    }))
}

/// `LP…` and a number; one that has another form gets a number made of it.
fn number_of(id: &str) -> i64 {
    let digits = id.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
    seller_number(digits)
}

/// The pieces in a parcel: as told, else all pieces of the lines that are told to be in it.
fn packed(parcel: &Value, entries: &[Entry]) -> Vec<Value> {
    let goods = words::list(parcel, "/logisticsOrderGoods").iter();
    let told: Vec<_> = goods
        .filter_map(|one| {
            let id = words::long(one, "/tradeOrderItemId")?;
            let entry = entries.iter().find(|entry| entry.id == id)?;
            Some(json!({"lineNo": entry.line_no, "quantity": words::count::<u32>(one, "/quantity")?}))
        })
        .collect();
    if !told.is_empty() {
        return told;
    }
    let named = words::text(parcel, "/orderEntryIds").unwrap_or_default();
    let named: Vec<i64> = named.split(',').filter_map(|id| id.trim().parse().ok()).collect();
    let inside = entries.iter().filter(|entry| named.contains(&entry.id));
    inside.map(|entry| json!({"lineNo": entry.line_no, "quantity": entry.quantity})).collect()
}

fn trace(step: &Value) -> Option<Value> {
    let remark = words::text(step, "/remark")?;
    Some(json!({"time": words::beijing(step, "/acceptTime")?, "place": Value::Null, "text": remark}))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Entry, shipment};
    use crate::upstream::wholesale::wire::fulfilment::Shipment;

    #[test]
    fn a_parcel_is_told_with_its_pieces_and_its_way() {
        let parcel = json!({"logisticsId": "LP77", "logisticsBillNo": "Z1", "orderEntryIds": "5,6", "status": "SIGN",
            "logisticsCompanyName": "中通快递", "logisticsCompanyNo": "ZTO", "gmtSystemSend": "20261123110848000+0800",
            "logisticsOrderGoods": [{"tradeOrderItemId": 6, "quantity": 3}]});
        let traces = [json!({"logisticsId": "LP77", "logisticsSteps": [
            {"acceptTime": "2026-11-23 12:00:00", "remark": "已揽收"}, {"acceptTime": "2026-11-24 12:00:00", "remark": "已签收"}]})];
        let entry = |line_no, id| Entry { line_no, id, quantity: 10 };
        let read = |parcel: &serde_json::Value| -> Shipment {
            serde_json::from_value(shipment(26, parcel, &[entry(1, 5), entry(2, 6)], &traces).unwrap()).unwrap()
        };
        let told = read(&parcel);
        assert_eq!((told.shipment_id, told.status.as_str(), told.traces.len()), (77, "signed", 2));
        assert_eq!((told.lines[0].line_no, told.lines[0].quantity, told.lines.len()), (2, 3, 1));
        assert_eq!(told.gmt_sign.as_deref(), Some("2026-11-24 12:00:00"));
        let mut without = parcel;
        without["logisticsOrderGoods"] = json!([]);
        assert_eq!(read(&without).lines.len(), 2, "all pieces of its lines");
        without["status"] = json!("LOST");
        assert!(shipment(26, &without, &[], &[]).is_none());
    }
}

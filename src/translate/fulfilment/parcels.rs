//! Parcels, and what their carriers tell on the way: the carrier's Chinese sentence is kept, and read for what it says.

use crate::model::ids::{ShipmentId, SkuId};
use crate::model::order::Deed;
use crate::model::shipment::{Mark, Packed, Shipment, Trace, Transit};
use crate::translate::Nonsense;
use crate::translate::words::{beijing, beijing_if_any};
use crate::upstream::wholesale::wire::fulfilment as wire;

/// Words of carriers and what a mark says that has one; the first that is found counts.
const MARKS: &[(&str, Mark)] = &[
    ("签收", Mark::Delivered),
    ("代收", Mark::Delivered),
    ("派送", Mark::OutForDelivery),
    ("派件", Mark::OutForDelivery),
    ("退回", Mark::Trouble),
    ("拒收", Mark::Trouble),
    ("异常", Mark::Trouble),
    ("破损", Mark::Trouble),
    ("滞留", Mark::Trouble),
    ("揽收", Mark::Collected),
    ("收件", Mark::Collected),
    ("发往", Mark::Departed),
    ("发出", Mark::Departed),
    ("离开", Mark::Departed),
    ("到达", Mark::Arrived),
    ("抵达", Mark::Arrived),
];

/// The parcels of an order.
pub fn shipments(shipments: wire::Shipments, deed: &Deed) -> Result<Vec<Shipment>, Nonsense> {
    shipments.items.into_iter().map(|parcel| shipment(parcel, deed)).collect()
}

fn shipment(parcel: wire::Shipment, deed: &Deed) -> Result<Shipment, Nonsense> {
    let transit = match parcel.status.as_str() {
        "collected" => Transit::Collected,
        "in_transit" => Transit::InTransit,
        "signed" => Transit::Delivered,
        other => return Err(Nonsense::new(format!("shipment: status {other}"))),
    };
    let trace = |trace: wire::Trace| {
        Ok(Trace {
            at: beijing(&trace.time)?,
            mark: mark(&trace.text),
            place: trace.place.unwrap_or_default(),
            description: trace.text,
        })
    };
    Ok(Shipment {
        id: ShipmentId::new(parcel.shipment_id),
        carrier: parcel.carrier,
        carrier_code: parcel.carrier_code,
        tracking_number: parcel.mail_no,
        transit,
        packed: parcel.lines.iter().map(|line| packed(line, deed)).collect::<Result<_, Nonsense>>()?,
        shipped_at: beijing_if_any(parcel.gmt_send.as_deref())?,
        delivered_at: beijing_if_any(parcel.gmt_sign.as_deref())?,
        traces: parcel.traces.into_iter().map(trace).collect::<Result<_, Nonsense>>()?,
    })
}

fn packed(line: &wire::ShipmentLine, deed: &Deed) -> Result<Packed, Nonsense> {
    let at = usize::try_from(line.line_no).ok().and_then(|number| number.checked_sub(1));
    let sku: Option<SkuId> = at.and_then(|at| deed.basket.lines.get(at)).map(|line| line.sku);
    let sku = sku.ok_or_else(|| Nonsense::new(format!("shipment: line {}", line.line_no)))?;
    Ok(Packed { sku, quantity: line.quantity.into() })
}

/// What a carrier's sentence says.
fn mark(sentence: &str) -> Mark {
    MARKS.iter().find(|(word, _)| sentence.contains(word)).map_or(Mark::Other, |(_, mark)| *mark)
}

#[cfg(test)]
mod tests {
    use super::{mark, shipments};
    use crate::model::order::tests::deed;
    use crate::model::shipment::{Mark, Transit};

    #[test]
    fn a_carriers_sentence_is_read_for_what_it_says() {
        let cases = [
            ("快件已揽收", Mark::Collected),
            ("快件已发往义乌市", Mark::Departed),
            ("快件已到达【金华转运中心】", Mark::Arrived),
            ("快递员正在派送", Mark::OutForDelivery),
            ("快件已由集运仓签收", Mark::Delivered),
            ("包裹异常，请联系客服", Mark::Trouble),
            ("打包完成", Mark::Other),
        ];
        for (sentence, expected) in cases {
            assert_eq!(mark(sentence), expected, "{sentence}");
        }
    }

    #[test]
    fn a_parcel_is_read_with_the_lines_of_its_order() {
        let text = r#"{"items":[{"shipmentId":9,"orderNo":26,"carrier":"中通快递","carrierCode":"ZTO","mailNo":"75",
            "status":"signed","lines":[{"lineNo":1,"quantity":10}],"gmtSend":"2026-11-23 11:08:48","gmtSign":null,
            "traces":[{"time":"2026-11-23 11:08:48","place":"金华市","text":"快件已揽收"}]}]}"#;
        let deed = deed("PO-1");
        let parcels = shipments(serde_json::from_str(text).unwrap(), &deed).unwrap();
        assert_eq!((parcels[0].transit, parcels[0].packed[0].sku), (Transit::Delivered, deed.basket.lines[0].sku));
        assert_eq!((parcels[0].traces[0].mark, parcels[0].traces[0].place.as_str()), (Mark::Collected, "金华市"));
        for wrong in [("signed", "lost"), ("\"lineNo\":1", "\"lineNo\":2")] {
            assert!(shipments(serde_json::from_str(&text.replace(wrong.0, wrong.1)).unwrap(), &deed).is_err());
        }
    }
}

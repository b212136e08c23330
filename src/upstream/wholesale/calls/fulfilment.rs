//! The calls about parcels and consignments.

use crate::model::ids::{CatalogueConsignmentId, CatalogueOrderId};
use crate::upstream::call::Call;
use crate::upstream::wholesale::wire::fulfilment::{Handover, Inspections, NewConsignment, Receipts};

/// The parcels of an order → `fulfilment::Shipments`.
pub fn shipments(number: CatalogueOrderId) -> Call {
    Call::get("trade.shipments", format!("/trade/orders/{number}/shipments"))
}

/// Opens a consignment → `fulfilment::Consignment`.
pub fn open_consignment(new: &NewConsignment) -> Call {
    Call::post("trade.consign", "/trade/consignments", new)
}

/// A consignment by our reference → `fulfilment::Consignment`; refused with `CONSIGNMENT_NOT_FOUND` when there is none.
pub fn consignment_by_reference(partner_code: &str, out_ref: &str) -> Call {
    let call = Call::get("trade.consignment_by_reference", "/trade/consignments/byOutRef");
    call.with("partnerCode", partner_code).with("outRef", out_ref)
}

/// Reports goods that came in → `fulfilment::Consignment`.
pub fn report_receipts(number: CatalogueConsignmentId, receipts: &Receipts) -> Call {
    Call::post("trade.receipts", format!("/trade/consignments/{number}/receipts"), receipts)
}

/// Reports lines that were looked at → `fulfilment::Consignment`.
pub fn report_inspections(number: CatalogueConsignmentId, inspections: &Inspections) -> Call {
    Call::post("trade.inspections", format!("/trade/consignments/{number}/inspections"), inspections)
}

/// Reports that it was given to the carrier abroad → `fulfilment::Consignment`.
pub fn hand_over(number: CatalogueConsignmentId, handover: &Handover<'_>) -> Call {
    Call::post("trade.handover", format!("/trade/consignments/{number}/handovers"), handover)
}

/// Gives a consignment up → `fulfilment::Consignment`.
pub fn cancel_consignment(number: CatalogueConsignmentId) -> Call {
    Call::post("trade.consignment_cancel", format!("/trade/consignments/{number}/cancel"), &serde_json::Map::new())
}

#[cfg(test)]
mod tests {
    use super::{cancel_consignment, hand_over, open_consignment};
    use crate::model::ids::CatalogueConsignmentId;
    use crate::upstream::call::Repeat;
    use crate::upstream::wholesale::wire::fulfilment::{Handover, NewConsignment};

    #[test]
    fn what_changes_something_is_never_repeated_by_the_client() {
        let number = CatalogueConsignmentId::new(31);
        let new = NewConsignment {
            out_ref: "con_1".into(),
            partner_code: "acme".into(),
            warehouse_code: "YW01".into(),
            dest_country: "JP".into(),
            order_nos: vec![26],
            operated_by: "PARTNER",
        };
        let handover =
            Handover { out_ref: "rpt_1", carrier: "DHL", tracking_no: "JD01", weight_gram: 12_000, pieces: 2 };
        for call in [open_consignment(&new), hand_over(number, &handover), cancel_consignment(number)] {
            assert_eq!(call.repeat, Repeat::Never, "{}", call.name);
        }
        let body = hand_over(number, &handover).body.unwrap();
        assert!(std::str::from_utf8(&body.bytes).unwrap().contains(r#""trackingNo":"JD01","weightGram":12000"#));
    }
}

//! The calls about inquiries and the quotations that answer them.

use crate::model::ids::CatalogueInquiryId;
use crate::upstream::call::Call;
use crate::upstream::wholesale::wire::inquiry::{Counter, NewInquiry};

/// Asks several sellers for their price → `inquiry::Inquiry`.
pub fn create_inquiry(inquiry: &NewInquiry<'_>) -> Call {
    Call::post("inquiries.create", "/trade/inquiries", inquiry)
}

/// An inquiry by our reference → `inquiry::Inquiry`; refused with `INQUIRY_NOT_FOUND` when there is none.
pub fn inquiry_by_reference(partner_code: &str, out_ref: &str) -> Call {
    let call = Call::get("inquiries.by_reference", "/trade/inquiries/byOutRef");
    call.with("partnerCode", partner_code).with("outRef", out_ref)
}

/// Asks a seller for another price → `inquiry::Inquiry`.
pub fn counter(number: CatalogueInquiryId, counter: &Counter<'_>) -> Call {
    Call::post("inquiries.counter", format!("/trade/inquiries/{number}/counter"), counter)
}

/// Takes an inquiry back → `inquiry::Inquiry`.
pub fn withdraw(number: CatalogueInquiryId) -> Call {
    Call::post("inquiries.withdraw", format!("/trade/inquiries/{number}/withdraw"), &serde_json::Map::new())
}

#[cfg(test)]
mod tests {
    use super::{counter, create_inquiry, withdraw};
    use crate::model::ids::CatalogueInquiryId;
    use crate::upstream::call::Repeat;
    use crate::upstream::wholesale::wire::inquiry::{Counter, Invited, NewInquiry};

    #[test]
    fn nothing_that_binds_anybody_is_repeated_by_the_client() {
        let inquiry = NewInquiry {
            out_ref: "inq_1",
            partner_code: "acme",
            dest_country: "JP",
            warehouse_code: "YW01",
            quantity: 500,
            target_price_fen: None,
            specification: "mug",
            sellers: vec![Invited { seller_id: 7, sku_id: None }],
            voucher_ids: vec![],
        };
        let number = CatalogueInquiryId::new(26);
        let other = Counter { out_ref: "c-1", quotation_no: 27, target_price_fen: 900, quantity: None, note: None };
        let calls = [create_inquiry(&inquiry), counter(number, &other), withdraw(number)];
        assert!(calls.iter().all(|call| call.repeat == Repeat::Never));
        let body: serde_json::Value = serde_json::from_slice(&calls[0].body.as_ref().unwrap().bytes).unwrap();
        assert_eq!(body["sellers"], serde_json::json!([{"sellerId": 7}]));
        assert!(body.get("targetPriceFen").is_none());
    }
}

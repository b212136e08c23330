//! The calls about refunds and the pictures that prove them.

use bytes::Bytes;

use crate::model::ids::{CatalogueOrderId, CatalogueRefundId};
use crate::model::language::Language;
use crate::upstream::call::{Body, Call, Expects};
use crate::upstream::wholesale::wire::aftersale::{Modify, NewRefund, Plead, SendBack};

/// What can be asked for now → `aftersale::RefundReasons`. `kind` is `MONEY` or `RETURN`.
pub fn refund_reasons(order: CatalogueOrderId, kind: &'static str, language: Language) -> Call {
    let call = Call::get("refunds.reasons", format!("/trade/orders/{order}/refundReasons"));
    call.with("type", kind).with("lang", language.tag())
}

/// Asks for money back → `aftersale::Refund`.
pub fn create_refund(refund: &NewRefund<'_>) -> Call {
    Call::post("refunds.create", "/trade/refunds", refund)
}

/// A refund by our reference → `aftersale::Refund`; refused with `REFUND_NOT_FOUND` when there is none.
pub fn refund_by_reference(partner_code: &str, out_ref: &str) -> Call {
    let call = Call::get("refunds.by_reference", "/trade/refunds/byOutRef");
    call.with("partnerCode", partner_code).with("outRef", out_ref)
}

/// Takes a refund back → `aftersale::Refund`.
pub fn withdraw(number: CatalogueRefundId) -> Call {
    Call::post("refunds.withdraw", format!("/trade/refunds/{number}/withdraw"), &serde_json::Map::new())
}

/// Asks for something else after the seller refused → `aftersale::Refund`.
pub fn modify(number: CatalogueRefundId, change: &Modify<'_>) -> Call {
    Call::post("refunds.modify", format!("/trade/refunds/{number}/modify"), change)
}

/// Says that the goods were sent back → `aftersale::Refund`.
pub fn return_shipment(number: CatalogueRefundId, parcel: &SendBack<'_>) -> Call {
    Call::post("refunds.return", format!("/trade/refunds/{number}/returnShipment"), parcel)
}

/// Asks the platform to decide → `aftersale::Refund`.
pub fn arbitration(number: CatalogueRefundId, plea: &Plead<'_>) -> Call {
    Call::post("refunds.arbitrate", format!("/trade/refunds/{number}/arbitration"), plea)
}

/// Gives a picture → `aftersale::Voucher`. The same bytes are the same voucher, so that it may be repeated.
pub fn give_voucher(partner_code: &str, media_type: &'static str, bytes: Bytes) -> Call {
    let call = Call::send("vouchers.give", "/trade/vouchers", Body { media_type, bytes });
    Call { partner: Some(partner_code.to_owned()), ..call }.safe()
}

/// A picture's bytes → JPEG or PNG.
pub fn voucher(number: i64) -> Call {
    let call = Call::get("vouchers.get", format!("/trade/vouchers/{number}"));
    Call { expects: Expects::Picture, ..call }
}

#[cfg(test)]
mod tests {
    use super::{arbitration, create_refund, give_voucher, modify, return_shipment, withdraw};
    use crate::model::ids::CatalogueRefundId;
    use crate::upstream::call::Repeat;
    use crate::upstream::wholesale::wire::aftersale::{Modify, NewRefund, Plead, RefundLine, SendBack};

    #[test]
    fn nothing_that_moves_money_is_repeated_by_the_client() {
        let number = CatalogueRefundId::new(31);
        let refund = NewRefund {
            out_ref: "rfd_1",
            partner_code: "acme",
            order_no: 26,
            kind: "RETURN",
            reason_code: "DAMAGED",
            apply_fen: 1200,
            freight_fen: 0,
            lines: vec![RefundLine { line_no: 1, quantity: 2 }],
            description: "broken",
            voucher_ids: vec![9],
        };
        let change = Modify { apply_fen: 600, freight_fen: 0, description: "one is broken", voucher_ids: vec![] };
        let parcel = SendBack { carrier_code: "ZTO", mail_no: "Z1", note: None };
        let plea = Plead { reason: "see the picture", voucher_ids: vec![9] };
        let calls = [
            create_refund(&refund),
            withdraw(number),
            modify(number, &change),
            return_shipment(number, &parcel),
            arbitration(number, &plea),
        ];
        assert!(calls.iter().all(|call| call.repeat == Repeat::Never));
        let body: serde_json::Value = serde_json::from_slice(&calls[0].body.as_ref().unwrap().bytes).unwrap();
        assert_eq!((body["type"].as_str(), body["lines"][0]["lineNo"].as_u64()), (Some("RETURN"), Some(1)));
        assert_eq!(body["voucherIds"], serde_json::json!([9]));
    }

    #[test]
    fn a_picture_says_whose_it_is_and_what_it_is() {
        let call = give_voucher("acme", "image/png", "x".into());
        assert_eq!(call.repeat, Repeat::Safe);
        assert_eq!((call.partner.as_deref(), call.body.unwrap().media_type), (Some("acme"), "image/png"));
    }
}

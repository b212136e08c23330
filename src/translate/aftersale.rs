//! Refunds: wishes and steps in the catalogue's words, where a refund stands, and why one was not taken.

use jiff::Timestamp;

use super::Nonsense;
use super::words::{beijing, beijing_if_any};
use crate::error::Code;
use crate::model::ids::{CatalogueRefundId, SkuId};
use crate::model::money::Money;
use crate::model::refund::{
    Arbitration, Closing, Decision, Deed, Options, Parcel, Proof, Reason, Refund, RefundLine, Rejection, Remedy, State,
};
use crate::upstream;
use crate::upstream::wholesale::wire::aftersale as wire;

/// Their status words and where a refund stands then.
const STATUS: &[(&str, State)] = &[
    ("waitselleragree", State::Requested),
    ("sellerrefused", State::Refused),
    ("waitbuyersend", State::ReturnAwaited),
    ("waitsellerreceive", State::ReturnSent),
    ("arbitrating", State::Arbitrating),
    ("refundsuccess", State::Succeeded),
    ("refundclose", State::Closed),
];

/// Their words for how the platform decided.
const DECISION: &[(&str, Decision)] =
    &[("BUYER", Decision::Buyer), ("SELLER", Decision::Seller), ("SPLIT", Decision::Split)];

/// Their words for why a refund was closed.
const CLOSING: &[(&str, Closing)] = &[
    ("withdrawn", Closing::Withdrawn),
    ("seller_won", Closing::SupplierWon),
    ("timeout", Closing::TooLate),
    ("order_closed", Closing::OrderClosed),
];

/// Where a refund stands at the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Their number of it.
    pub number: CatalogueRefundId,
    /// The reference it was asked for under.
    pub reference: String,
    /// Where it stands, in our words.
    pub state: State,
    /// How often it changed.
    pub version: i64,
    /// How much is asked for.
    pub amount: Money,
    /// How much of it is freight.
    pub freight: Money,
    /// What is said for it.
    pub description: String,
    /// Their numbers of what proves it.
    pub vouchers: Vec<i64>,
    /// How much was agreed.
    pub agreed: Option<Money>,
    /// What the supplier said.
    pub supplier_note: Option<String>,
    /// Where goods are to be sent back to.
    pub return_address: Option<String>,
    /// The goods on their way back.
    pub parcel: Option<Parcel>,
    /// The case before the marketplace.
    pub arbitration: Option<Arbitration>,
    /// Why it was closed.
    pub closing: Option<Closing>,
    /// Until when whoever's turn it is has to act.
    pub deadline: Option<Timestamp>,
    /// When the money was given back.
    pub refunded_at: Option<Timestamp>,
}

/// Their word for what is asked for.
pub const fn kind(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::Money => "MONEY",
        Remedy::Return => "RETURN",
    }
}

/// What can be asked for now.
pub fn options(reasons: wire::RefundReasons) -> Result<Options, Nonsense> {
    let reason = |reason: wire::RefundReason| {
        let code = reason.code.parse().map_err(|_| Nonsense::new(format!("refund reason {:?}", reason.code)))?;
        let name_shown = reason.name_trans.unwrap_or_else(|| reason.name.clone());
        Ok(Reason { code, name: reason.name, name_shown, needs_voucher: reason.need_voucher })
    };
    Ok(Options {
        most: Money::fen(reasons.max_fen),
        most_freight: Money::fen(reasons.freight_fen),
        reasons: reasons.items.into_iter().map(reason).collect::<Result<_, Nonsense>>()?,
    })
}

/// Asks for what a deed says, under our own id as reference.
pub fn new_refund(deed: &Deed) -> wire::NewRefund<'_> {
    let line = |line: &RefundLine| wire::RefundLine { line_no: line.number, quantity: line.quantity.get() };
    wire::NewRefund {
        out_ref: deed.id.as_str(),
        partner_code: deed.partner.as_str(),
        order_no: deed.catalogue_order.number(),
        kind: kind(deed.remedy),
        reason_code: deed.reason.as_str(),
        apply_fen: deed.amount.minor,
        freight_fen: deed.freight.minor,
        lines: deed.lines.iter().map(line).collect(),
        description: &deed.description,
        voucher_ids: numbers(&deed.proofs),
    }
}

/// The catalogue's numbers of pictures.
pub fn numbers(proofs: &[Proof]) -> Vec<i64> {
    proofs.iter().map(|proof| proof.number).collect()
}

/// Where their refund stands.
pub fn standing(refund: wire::Refund) -> Result<Standing, Nonsense> {
    let state = find(STATUS, &refund.status).ok_or_else(|| Nonsense::new(format!("refund: {}", refund.status)))?;
    // What they add to these words some day changes nothing about where the money is.
    let closing = refund.close_reason.as_deref().and_then(|word| find(CLOSING, word));
    Ok(Standing {
        number: CatalogueRefundId::new(refund.refund_no),
        reference: refund.out_ref,
        state,
        version: refund.version,
        amount: Money::fen(refund.apply_fen),
        freight: Money::fen(refund.freight_fen),
        description: refund.description,
        vouchers: refund.voucher_ids,
        agreed: refund.agreed_fen.map(Money::fen),
        supplier_note: refund.seller_note,
        return_address: refund.return_address,
        parcel: refund.return_shipment.map(parcel).transpose()?,
        arbitration: refund.arbitration.map(|case| Arbitration {
            plea: case.reason,
            decision: case.decision.as_deref().and_then(|word| find(DECISION, word)),
            note: case.note,
        }),
        closing,
        deadline: beijing_if_any(refund.deadline.as_deref())?,
        refunded_at: beijing_if_any(refund.gmt_refund.as_deref())?,
    })
}

fn find<T: Copy>(table: &[(&str, T)], word: &str) -> Option<T> {
    table.iter().find(|(known, _)| *known == word).map(|(_, ours)| *ours)
}

fn parcel(parcel: wire::ReturnShipment) -> Result<Parcel, Nonsense> {
    let nonsense = |what: &str| Nonsense::new(format!("refund: return shipment {what:?}"));
    Ok(Parcel {
        carrier: parcel.carrier_code.parse().map_err(|_| nonsense(&parcel.carrier_code))?,
        tracking_number: parcel.mail_no.parse().map_err(|_| nonsense(&parcel.mail_no))?,
        sent_at: parcel.gmt_send.as_deref().map(beijing).transpose()?,
    })
}

/// The code of each refusal, and what happened in a sentence.
const REFUSALS: &[(&str, Code, &str)] = &[
    ("ORDER_NOT_FOUND", Code::RefundNotPossible, "The catalogue does not know the order."),
    ("STATUS_NOT_ALLOWED", Code::RefundNotPossible, "The order stands where this type of refund cannot be asked for."),
    ("REASON_INVALID", Code::RefundReasonInvalid, "The order stands where this reason cannot be given for this type."),
    ("VOUCHER_REQUIRED", Code::VoucherRequired, "The reason needs at least one picture."),
    ("VOUCHER_NOT_FOUND", Code::VoucherNotFound, "The catalogue does not have one of the pictures any more."),
    ("REFUND_OPEN", Code::RefundOpen, "One of the lines has an open refund."),
    ("QUANTITY_TOO_LARGE", Code::RefundQuantityTooLarge, "Some of the pieces were given back already."),
    ("AMOUNT_TOO_LARGE", Code::RefundAmountTooLarge, "These pieces are worth less."),
];

/// Why a wish was not taken, with the figures; `open` is filled in by who knows our ids.
pub fn rejection(refused: &upstream::Refusal, lines: &[RefundLine]) -> Rejection {
    let row = REFUSALS.iter().find(|(word, _, _)| *word == refused.error_code);
    let (code, says) =
        row.map_or((Code::RefundRefused, "The catalogue did not accept it."), |(_, code, says)| (*code, *says));
    let most = refused.facts::<wire::MostAmount>();
    let sku = |number: u32| lines.iter().find(|line| line.number == number).map(|line| line.sku);
    let pieces = refused.facts::<wire::MostPieces>().map(|most| most.lines).unwrap_or_default();
    let pieces = pieces.into_iter().filter_map(|line| Some((sku(line.line_no)?, line.max)));
    let lines: Vec<(SkuId, u32)> = pieces.collect();
    let figures = match most {
        Some(most) => {
            let (all, freight) = (Money::fen(most.max_fen).amount(), Money::fen(most.freight_fen).amount());
            format!(" At most {all} CNY can be given back, {freight} CNY of it as freight.")
        }
        None => lines.iter().map(|(sku, most)| format!(" Of SKU {sku} {most} can be asked back.")).collect(),
    };
    Rejection {
        code,
        detail: format!("{says}{figures} Nothing was asked for."),
        most: most.map(|most| Money::fen(most.max_fen)),
        most_freight: most.map(|most| Money::fen(most.freight_fen)),
        lines,
        open: None,
    }
}

/// The refund that is in the way, by the catalogue's number.
pub fn in_the_way(refused: &upstream::Refusal) -> Option<CatalogueRefundId> {
    let other = refused.facts::<wire::OtherRefund>();
    other.filter(|_| refused.error_code == "REFUND_OPEN").map(|other| CatalogueRefundId::new(other.refund_no))
}

/// Whether a refund at the catalogue asks for what it says here now: amount, words and pictures.
pub fn says_the_same(refund: &Refund, standing: &Standing) -> bool {
    refund.amount() == standing.amount
        && refund.freight() == standing.freight
        && refund.description() == standing.description
        && numbers(refund.proofs()) == standing.vouchers
}

#[cfg(test)]
mod tests {
    use super::{in_the_way, options, rejection, standing};
    use crate::error::Code;
    use crate::model::ids::{CatalogueRefundId, SkuId};
    use crate::model::money::Money;
    use crate::model::refund::tests::deed;
    use crate::model::refund::{Decision, Remedy, State};
    use crate::upstream::Refusal;

    fn refused(code: &str, data: serde_json::Value) -> Refusal {
        Refusal { error_code: code.into(), message: "金额过大".into(), data }
    }

    #[test]
    fn a_refund_at_the_catalogue_is_read_in_our_words() {
        let text = r#"{"refundNo":2600000000000123457,"outRef":"rfd_1","orderNo":26,"orderOutRef":"ord_1",
            "partnerCode":"acme","type":"RETURN","status":"refundsuccess","reasonCode":"DAMAGED","applyFen":1200,
            "freightFen":0,"agreedFen":600,"lines":[{"lineNo":1,"quantity":10}],"description":"broken",
            "voucherIds":[9],"sellerNote":"已处理","returnAddress":"浙江省金华市",
            "returnShipment":{"carrierCode":"ZTO","mailNo":"Z-1","note":null,"gmtSend":"2026-11-23 11:08:48"},
            "arbitration":{"reason":"see","voucherIds":[],"decision":"SPLIT","note":null,"gmtCreate":"2026-11-23 11:08:48"},
            "closeReason":null,"deadline":null,"gmtCreate":"2026-11-23 11:08:48","gmtModified":"2026-11-23 11:08:48",
            "gmtRefund":"2026-11-23 11:08:48","version":7,"replayed":false}"#;
        let stands = standing(serde_json::from_str(text).unwrap()).unwrap();
        assert_eq!((stands.state, stands.agreed, stands.version), (State::Succeeded, Some(Money::fen(600)), 7));
        assert_eq!(stands.arbitration.unwrap().decision, Some(Decision::Split));
        assert_eq!(stands.parcel.unwrap().tracking_number.as_str(), "Z-1");
        assert_eq!(stands.refunded_at.unwrap().to_string(), "2026-11-23T03:08:48Z");
        assert!(standing(serde_json::from_str(&text.replace("refundsuccess", "lost")).unwrap()).is_err());
    }

    #[test]
    fn refusals_carry_the_figures_and_none_of_their_words() {
        let lines = deed("R-1", Remedy::Money).lines;
        let told = rejection(&refused("AMOUNT_TOO_LARGE", serde_json::json!({"maxFen":900,"freightFen":100})), &lines);
        assert_eq!((told.code, told.most), (Code::RefundAmountTooLarge, Some(Money::fen(900))));
        assert_eq!(told.most_freight, Some(Money::fen(100)));
        assert!(told.detail.contains("9.00 CNY") && !told.detail.contains('金'), "{}", told.detail);
        let most = serde_json::json!({"lines":[{"lineNo":1,"max":3},{"lineNo":99,"max":1}]});
        let told = rejection(&refused("QUANTITY_TOO_LARGE", most), &lines);
        assert_eq!((told.code, told.lines), (Code::RefundQuantityTooLarge, vec![(SkuId::new(7), 3)]));
        assert_eq!(rejection(&refused("NEW_WORD", serde_json::Value::Null), &lines).code, Code::RefundRefused);
        let open = refused("REFUND_OPEN", serde_json::json!({"refundNo":31,"lineNo":1}));
        assert_eq!(in_the_way(&open), Some(CatalogueRefundId::new(31)));
        assert_eq!(rejection(&open, &lines).code, Code::RefundOpen);
    }

    #[test]
    fn reasons_are_shown_in_the_asked_language_or_in_chinese() {
        let text = r#"{"maxFen":4000,"freightFen":800,"items":[
            {"code":"DAMAGED","name":"商品破损","nameTrans":"Goods damaged","needVoucher":true},
            {"code":"SHORT","name":"少件","needVoucher":false}]}"#;
        let options = options(serde_json::from_str(text).unwrap()).unwrap();
        assert_eq!((options.most, options.most_freight), (Money::fen(4000), Money::fen(800)));
        let shown: Vec<_> = options.reasons.iter().map(|reason| reason.name_shown.as_str()).collect();
        assert_eq!(shown, ["Goods damaged", "少件"]);
        assert!(options.reasons[0].needs_voucher);
    }
}

//! Inquiries: wishes in the catalogue's words, how far the sellers came, and why something was not taken.

use super::Nonsense;
use super::words::beijing;
use crate::error::Code;
use crate::model::ids::{CatalogueInquiryId, CatalogueQuotationId, OfferId, OrderId, QuotationId, SkuId, SupplierId};
use crate::model::inquiry::{Deed, NoReason, Quotation, Rejection, State, Talk, TalkState};
use crate::model::money::Money;
use crate::model::quote::Quantity;
use crate::model::refund::Proof;
use crate::upstream;
use crate::upstream::wholesale::wire::inquiry as wire;

/// Their status words and where an inquiry stands then.
const STATUS: &[(&str, State)] =
    &[("open", State::Open), ("ordered", State::Ordered), ("withdrawn", State::Withdrawn), ("closed", State::Closed)];

/// Their status words and how far the talk with a seller came then.
const TALK: &[(&str, TalkState)] = &[
    ("asked", TalkState::Asked),
    ("quoted", TalkState::Quoted),
    ("countered", TalkState::Countered),
    ("declined", TalkState::Declined),
    ("expired", TalkState::Expired),
    ("ordered", TalkState::Ordered),
    ("closed", TalkState::Closed),
];

/// Their words for why a seller does not quote.
const REASON: &[(&str, NoReason)] = &[
    ("no_such_goods", NoReason::NoSuchGoods),
    ("restricted_country", NoReason::RestrictedCountry),
    ("below_minimum", NoReason::BelowMinimum),
    ("not_multiple", NoReason::NotMultiple),
    ("over_capacity", NoReason::OverCapacity),
    ("target_too_low", NoReason::TargetTooLow),
    ("busy", NoReason::Busy),
];

/// Where an inquiry stands at the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Their number of it.
    pub number: CatalogueInquiryId,
    /// The reference it was made under.
    pub reference: String,
    /// Where it stands, in our words.
    pub state: State,
    /// How often it changed.
    pub version: i64,
    /// How far the sellers came. The quotations' ids are fresh: whoever knows one of theirs already keeps its id.
    pub talks: Vec<Talk>,
    /// The order that one of its quotations became.
    pub order: Option<OrderId>,
}

/// Asks for what a deed says, under our own id as reference.
pub fn new_inquiry(deed: &Deed) -> wire::NewInquiry<'_> {
    let invited = |invited: &crate::model::inquiry::Invited| wire::Invited {
        seller_id: invited.supplier.number(),
        sku_id: invited.sku.map(SkuId::number),
    };
    wire::NewInquiry {
        out_ref: deed.id.as_str(),
        partner_code: deed.partner.as_str(),
        dest_country: deed.ship_to.as_str(),
        warehouse_code: deed.warehouse.as_str(),
        quantity: deed.quantity.get(),
        target_price_fen: deed.target.map(|target| target.minor),
        specification: &deed.specification,
        sellers: deed.invited.iter().map(invited).collect(),
        voucher_ids: deed.attachments.iter().map(|Proof { number, .. }| *number).collect(),
    }
}

/// Where their inquiry stands.
pub fn standing(inquiry: wire::Inquiry) -> Result<Standing, Nonsense> {
    let state = find(STATUS, &inquiry.status).ok_or_else(|| Nonsense::new(format!("inquiry: {}", inquiry.status)))?;
    Ok(Standing {
        number: CatalogueInquiryId::new(inquiry.inquiry_no),
        reference: inquiry.out_ref,
        state,
        version: inquiry.version,
        talks: inquiry.sellers.into_iter().map(talk).collect::<Result<_, _>>()?,
        // An order that another gateway placed is none of ours.
        order: inquiry.order_out_ref.and_then(|reference| reference.parse().ok()),
    })
}

fn talk(talk: wire::Talk) -> Result<Talk, Nonsense> {
    let state = find(TALK, &talk.status).ok_or_else(|| Nonsense::new(format!("inquiry: seller {}", talk.status)))?;
    let reason = talk.reason.as_deref().map(|word| find(REASON, word).unwrap_or(NoReason::Other));
    Ok(Talk {
        supplier: SupplierId::new(talk.seller_id),
        supplier_name: Some(talk.seller_name).filter(|name| !name.is_empty()),
        state,
        quotation: talk.quotation.map(quotation).transpose()?,
        target: talk.target_price_fen.map(Money::fen),
        reason,
        note: talk.note,
    })
}

fn quotation(quoted: wire::Quotation) -> Result<Quotation, Nonsense> {
    let number = quoted.quotation_no;
    let nonsense = |what: &str| Nonsense::new(format!("quotation {number}: {what}"));
    let sums = quoted.unit_price_fen.checked_mul(quoted.quantity) == Some(quoted.goods_fen)
        && quoted.goods_fen.checked_add(quoted.freight_fen) == Some(quoted.total_fen);
    if !sums || quoted.unit_price_fen < 0 || quoted.freight_fen < 0 {
        return Err(nonsense("the sums do not fit"));
    }
    Ok(Quotation {
        id: QuotationId::fresh(),
        number: CatalogueQuotationId::new(number),
        sku: SkuId::new(quoted.sku_id),
        offer: OfferId::new(quoted.goods_id),
        title: quoted.subject,
        specification: quoted.spec_text,
        quantity: Quantity::new(quoted.quantity).ok_or_else(|| nonsense("quantity"))?,
        unit_price: Money::fen(quoted.unit_price_fen),
        goods: Money::fen(quoted.goods_fen),
        freight: Money::fen(quoted.freight_fen),
        total: Money::fen(quoted.total_fen),
        weight_g: quoted.weight_gram.unwrap_or_default().into(),
        lead_days: quoted.lead_days,
        valid_until: beijing(&quoted.valid_until)?,
        is_final: quoted.is_final,
    })
}

fn find<T: Copy>(table: &[(&str, T)], word: &str) -> Option<T> {
    table.iter().find(|(known, _)| *known == word).map(|(_, ours)| *ours)
}

/// Their names of members, ours, and what would be right there. `[]` stands for a place in a list.
const MEMBERS: &[(&str, &str, &str)] = &[
    ("warehouseCode", "/warehouse", "no such warehouse; leave it out for the usual one"),
    ("destCountry", "/ship_to_country", "the catalogue does not know this country"),
    ("sellers[].sellerId", "/suppliers/[]/supplier_id", "there is no such supplier"),
    ("sellers[].skuId", "/suppliers/[]/sku_id", "the supplier has no such SKU"),
    ("quantity", "/quantity", "1 to 1000000"),
    ("targetPriceFen", "/target_price", "0.01 to 1000000.00 CNY"),
];

/// Why a wish or a step was not taken.
pub fn rejection(refused: &upstream::Refusal) -> Rejection {
    let wrong = refused.facts::<wire::WrongMember>().and_then(|wrong| ours(&wrong.param));
    let closed = refused.facts::<wire::ClosedFor>();
    let (code, detail) = match (refused.error_code.as_str(), &wrong) {
        ("SELLER_NOT_FOUND" | "SKU_NOT_FOUND" | "PARAM_INVALID", Some((pointer, right))) => {
            (Code::InquiryRefused, format!("At {pointer}: {right}. Nobody was asked."))
        }
        ("VOUCHER_NOT_FOUND", _) => {
            (Code::VoucherNotFound, "The catalogue does not have one of the pictures any more.".to_owned())
        }
        ("QUOTATION_NOT_FOUND", _) => (Code::QuotationNotFound, "The supplier does not know the quotation.".to_owned()),
        ("QUOTATION_CLOSED", _) => {
            (Code::QuotationClosed, why_closed(closed.as_ref().map_or("", |closed| closed.status.as_str())).to_owned())
        }
        _ => (Code::InquiryRefused, "The catalogue did not accept it; nothing was asked.".to_owned()),
    };
    Rejection { code, detail, pointer: wrong.map(|(pointer, _)| pointer) }
}

/// What became of a quotation that does not hold any more.
fn why_closed(word: &str) -> &'static str {
    match word {
        "superseded" => "The supplier quoted anew since; read the inquiry for the newest quotation.",
        "expired" => "It was valid until a moment that is over; make a new inquiry.",
        "countered" => "You asked for another price; wait for the supplier's answer.",
        "ordered" => "It became an order already.",
        _ => "The inquiry has ended.",
    }
}

/// A member of theirs as a place of ours, and what would be right.
fn ours(param: &str) -> Option<(String, &'static str)> {
    let digits: String = param.chars().filter(char::is_ascii_digit).collect();
    let general = param.replace(&format!("[{digits}]"), "[]");
    let (_, pointer, right) = MEMBERS.iter().find(|(theirs, _, _)| *theirs == general)?;
    Some((pointer.replace("[]", &digits), right))
}

#[cfg(test)]
mod tests {
    use super::{rejection, standing};
    use crate::error::Code;
    use crate::model::inquiry::{NoReason, State, TalkState};
    use crate::model::money::Money;
    use crate::upstream::Refusal;

    const TEXT: &str = r#"{"inquiryNo":26,"outRef":"inq_1","partnerCode":"acme","status":"open","destCountry":"JP",
        "warehouseCode":"YW01","quantity":500,"specification":"mug","sellers":[
        {"sellerId":7,"sellerName":"杯厂","status":"quoted","quotation":{"quotationNo":27,"skuId":70,"goodsId":77,
         "subject":"马克杯","specText":"红色","quantity":500,"unitPriceFen":950,"goodsFen":475000,"freightFen":800,
         "totalFen":475800,"weightGram":300,"leadDays":3,"validUntil":"2026-11-26 11:08:48","final":true},
         "targetPriceFen":900,"reason":null,"note":"已是最低价"},
        {"sellerId":8,"sellerName":"","status":"declined","quotation":null,"targetPriceFen":900,"reason":"on_strike","note":null}],
        "orderNo":null,"orderOutRef":null,"gmtCreate":"2026-11-23 11:08:48","gmtModified":"2026-11-23 11:08:48",
        "version":3,"replayed":false}"#;

    #[test]
    fn an_inquiry_at_the_catalogue_is_read_in_our_words() {
        let stands = standing(serde_json::from_str(TEXT).unwrap()).unwrap();
        assert_eq!((stands.state, stands.version, stands.order), (State::Open, 3, None));
        let [first, second] = stands.talks.as_slice() else { panic!("two suppliers") };
        let terms = first.quotation.as_ref().unwrap();
        assert_eq!((first.state, terms.unit_price, terms.is_final), (TalkState::Quoted, Money::fen(950), true));
        assert_eq!(terms.valid_until.to_string(), "2026-11-26T03:08:48Z");
        assert_eq!(second.reason, Some(NoReason::Other), "a word they add some day is another reason");
    }

    #[test]
    fn sums_that_do_not_fit_are_no_quotation() {
        let broken = TEXT.replace("475800", "475801");
        assert!(standing(serde_json::from_str(&broken).unwrap()).is_err());
        assert!(standing(serde_json::from_str(&TEXT.replace("\"open\"", "\"lost\"")).unwrap()).is_err());
    }

    #[test]
    fn a_refusal_names_our_place_and_none_of_their_words() {
        let refused = |code: &str, data| Refusal { error_code: code.into(), message: "规格不存在".into(), data };
        let told = rejection(&refused("SKU_NOT_FOUND", serde_json::json!({"param": "sellers[3].skuId"})));
        assert_eq!((told.code, told.pointer.as_deref()), (Code::InquiryRefused, Some("/suppliers/3/sku_id")));
        let told = rejection(&refused("QUOTATION_CLOSED", serde_json::json!({"status": "expired"})));
        assert_eq!(told.code, Code::QuotationClosed);
        assert!(told.detail.contains("valid until"), "{}", told.detail);
        let told = rejection(&refused("NEW_WORD", serde_json::Value::Null));
        assert!(told.code == Code::InquiryRefused && !told.detail.contains('规'));
    }
}

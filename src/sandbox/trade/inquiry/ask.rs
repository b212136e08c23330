//! Asking: once per reference, of sellers that there are, for variants of theirs.

use serde_json::json;

use super::wire::InquireAsked;
use super::{Content, Inquiry, InquiryStatus, Invited, Talk, TalkStatus};
use crate::sandbox::asked;
use crate::sandbox::envelope::{Code, Refusal};
use crate::sandbox::feed::What;
use crate::sandbox::goods::Shop;
use crate::sandbox::trade::book::Book;
use crate::sandbox::trade::warehouses;

const MOST_SELLERS: usize = 10;
const MOST_VOUCHERS: usize = 5;
const MOST_FEN: i64 = 100_000_000;

/// An inquiry, and whether it was there before.
pub struct Inquired {
    /// The inquiry.
    pub inquiry: Inquiry,
    /// Whether this call only repeated an earlier one.
    pub replayed: bool,
}

impl Book {
    /// Opens an inquiry, or finds the one that the same call opened before.
    pub fn inquire(&mut self, shop: &Shop, asked: &InquireAsked, now_ms: i64) -> Result<Inquired, Refusal> {
        let content = check(asked)?;
        if let Some(inquiry) = self.inquiries.by_ref(&asked.partner_code, &asked.out_ref) {
            if inquiry.content == content {
                return Ok(Inquired { inquiry: inquiry.clone(), replayed: true });
            }
            return Err(Refusal::with(Code::OutRefConflict, json!({ "inquiryNo": inquiry.inquiry_no })));
        }
        for (place, invited) in content.sellers.iter().enumerate() {
            if shop.seller(invited.seller_id).is_none() {
                return Err(Refusal::with(
                    Code::SellerNotFound,
                    json!({ "param": format!("sellers[{place}].sellerId") }),
                ));
            }
            let owner = |sku_id| self.shelf.item_of_sku(shop, sku_id).map(|(item, _)| item.goods.seller_id);
            if invited.sku_id.is_some_and(|sku_id| owner(sku_id) != Some(invited.seller_id)) {
                return Err(Refusal::with(Code::SkuNotFound, json!({ "param": format!("sellers[{place}].skuId") })));
            }
        }
        self.check_vouchers(&asked.partner_code, &content.voucher_ids)?;
        let now = now_ms / 1000;
        let talks = content.sellers.iter().zip(0..).map(|(invited, place)| Talk {
            invited: invited.clone(),
            status: TalkStatus::Asked,
            quotation: None,
            superseded: Vec::new(),
            counters: Vec::new(),
            reason: None,
            note: None,
            answers_ms: self.answers_ms(place, now_ms),
        });
        let inquiry = Inquiry {
            talks: talks.collect(),
            inquiry_no: self.number(now_ms),
            out_ref: asked.out_ref.clone(),
            partner_code: asked.partner_code.clone(),
            content,
            status: InquiryStatus::Open,
            order_no: None,
            order_out_ref: None,
            created_at: now,
            modified_at: now,
            version: 0,
            due_ms: None,
        };
        Ok(Inquired { inquiry: self.keep_inquiry(inquiry, What::Created, now_ms), replayed: false })
    }
}

fn check(asked: &InquireAsked) -> Result<Content, Refusal> {
    asked::reference("outRef", &asked.out_ref, 64)?;
    asked::reference("partnerCode", &asked.partner_code, 64)?;
    asked::country("destCountry", &asked.dest_country)?;
    if warehouses::find(&asked.warehouse_code).is_none() {
        return Err(Refusal::param("warehouseCode"));
    }
    check_quantity("quantity", asked.quantity)?;
    check_target("targetPriceFen", asked.target_price_fen)?;
    check_words("specification", &asked.specification, 2, 2000)?;
    if !(1..=MOST_SELLERS).contains(&asked.sellers.len()) {
        return Err(Refusal::param("sellers"));
    }
    for (place, Invited { seller_id, .. }) in asked.sellers.iter().enumerate() {
        if asked.sellers.iter().take(place).any(|other| other.seller_id == *seller_id) {
            return Err(Refusal::param(&format!("sellers[{place}].sellerId")));
        }
    }
    let ids = &asked.voucher_ids;
    let twice = ids.iter().enumerate().any(|(place, id)| ids.iter().take(place).any(|other| other == id));
    if twice || ids.len() > MOST_VOUCHERS {
        return Err(Refusal::param("voucherIds"));
    }
    Ok(Content {
        dest_country: asked.dest_country.clone(),
        warehouse_code: asked.warehouse_code.clone(),
        quantity: asked.quantity,
        target_fen: asked.target_price_fen,
        specification: asked.specification.clone(),
        sellers: asked.sellers.clone(),
        voucher_ids: asked.voucher_ids.clone(),
    })
}

/// Refuses a number of pieces that nobody can order.
pub(super) fn check_quantity(name: &str, quantity: i64) -> Result<(), Refusal> {
    if (1..=1_000_000).contains(&quantity) { Ok(()) } else { Err(Refusal::param(name)) }
}

/// Refuses a price that nobody pays.
pub(super) fn check_target(name: &str, fen: Option<i64>) -> Result<(), Refusal> {
    if fen.is_none_or(|fen| (1..=MOST_FEN).contains(&fen)) { Ok(()) } else { Err(Refusal::param(name)) }
}

/// Refuses a text that is too short or too long.
pub(super) fn check_words(name: &str, text: &str, least: usize, most: usize) -> Result<(), Refusal> {
    if (least..=most).contains(&text.chars().count()) { Ok(()) } else { Err(Refusal::param(name)) }
}

//! The walk of an inquiry: asked, quoted, countered, ordered or given up; and the sellers, who answer by themselves.

use serde_json::json;

use super::ask::{check_quantity, check_target, check_words};
use super::fitting;
use super::haggle::{self, Case, Says};
use super::wire::CounterAsked;
use super::{Content, Counter, Inquiry, InquiryStatus, Quotation, Reason, Talk, TalkStatus};
use crate::sandbox::asked;
use crate::sandbox::envelope::{Code, Refusal};
use crate::sandbox::feed::{Kind, What};
use crate::sandbox::goods::{Lang, Seller, Shop};
use crate::sandbox::persist::Entry;
use crate::sandbox::shelf::Item;
use crate::sandbox::trade::book::{Book, Due, Told};
use crate::sandbox::trade::freight::{Load, freight_fen};
use crate::sandbox::trade::steps::paced_ms;
use crate::sandbox::trade::warehouses;
use crate::sandbox::trade::wire::Zone;

/// The first seller answers after so many seconds at pace 1, each next one so many later.
const ANSWERS_S: (i64, i64) = (30, 15);
/// How long a quotation holds; days of the clock.
const VALID_DAYS: i64 = 3;
const DAY_S: i64 = 86_400;
/// What people and machines make in a month: so much for each of the staff.
const PIECES_A_HEAD: i64 = 2_000;

/// What sellers do when they are told to.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// Whoever's turn it is answers by the rules.
    Answer,
    /// Quotations are over before their time.
    Expire,
    /// They have no time.
    Decline,
    /// They quote this for a piece, whatever the rules say.
    Quote(i64),
}

impl Book {
    /// The inquiry with a number.
    pub fn inquiry(&self, inquiry_no: i64) -> Result<&Inquiry, Refusal> {
        self.inquiries.find(inquiry_no).ok_or_else(|| Code::InquiryNotFound.into())
    }

    /// The inquiry under a caller's reference.
    pub fn inquiry_by_ref(&self, partner: &str, out_ref: &str) -> Result<&Inquiry, Refusal> {
        self.inquiries.by_ref(partner, out_ref).ok_or_else(|| Code::InquiryNotFound.into())
    }

    /// The buyer asks for another price than the one quoted.
    pub fn counter(&mut self, inquiry_no: i64, asked: &CounterAsked, now_ms: i64) -> Result<Inquiry, Refusal> {
        asked::reference("outRef", &asked.out_ref, 64)?;
        check_target("targetPriceFen", Some(asked.target_price_fen))?;
        check_quantity("quantity", asked.quantity.unwrap_or(1))?;
        check_words("note", &asked.note, 0, 500)?;
        let mut inquiry = self.inquiry(inquiry_no)?.clone();
        let counter = Counter {
            out_ref: asked.out_ref.clone(),
            quotation_no: asked.quotation_no,
            target_fen: asked.target_price_fen,
            quantity: asked.quantity,
            note: asked.note.clone(),
        };
        if let Some(known) =
            inquiry.talks.iter().flat_map(|talk| &talk.counters).find(|one| one.out_ref == asked.out_ref)
        {
            let conflict = || Refusal::with(Code::OutRefConflict, json!({ "inquiryNo": inquiry_no }));
            return if *known == counter { Ok(inquiry) } else { Err(conflict()) };
        }
        let place = inquiry.talk_of(asked.quotation_no).ok_or(Refusal::from(Code::QuotationNotFound))?;
        let answers_ms = self.answers_ms(0, now_ms);
        let talk = inquiry.talks.get_mut(place).ok_or(Refusal::from(Code::QuotationNotFound))?;
        refuse_closed(talk, asked.quotation_no, now_ms / 1000)?;
        talk.counters.push(counter);
        talk.status = TalkStatus::Countered;
        talk.answers_ms = answers_ms;
        Ok(self.keep_inquiry(inquiry, What::Status, now_ms))
    }

    /// The buyer wants nothing any more. Said again, it answers the same.
    pub fn withdraw_inquiry(&mut self, inquiry_no: i64, now_ms: i64) -> Result<Inquiry, Refusal> {
        let mut inquiry = self.inquiry(inquiry_no)?.clone();
        match inquiry.status {
            InquiryStatus::Withdrawn => Ok(inquiry),
            InquiryStatus::Open => {
                inquiry.status = InquiryStatus::Withdrawn;
                close_open(&mut inquiry, None);
                Ok(self.keep_inquiry(inquiry, What::Status, now_ms))
            }
            status => Err(Refusal::with(Code::StatusNotAllowed, json!({ "status": status }))),
        }
    }

    /// A quotation that can be ordered now, and the inquiry it is of.
    pub(in crate::sandbox::trade) fn orderable(
        &self,
        partner: &str,
        quotation_no: i64,
        now_s: i64,
    ) -> Result<(&Inquiry, &Quotation), Refusal> {
        let none = || Refusal::from(Code::QuotationNotFound);
        let inquiry = self.quoted_in.get(&quotation_no).and_then(|number| self.inquiries.find(*number));
        let inquiry = inquiry.filter(|inquiry| inquiry.partner_code == partner).ok_or_else(none)?;
        let talk = inquiry.talk_of(quotation_no).and_then(|place| inquiry.talks.get(place)).ok_or_else(none)?;
        refuse_closed(talk, quotation_no, now_s)?;
        talk.quotation.as_ref().map(|quotation| (inquiry, quotation)).ok_or_else(none)
    }

    /// One of its quotations was ordered: nothing else can be.
    pub(in crate::sandbox::trade) fn ordered(
        &mut self,
        quotation_no: i64,
        order_no: i64,
        order_out_ref: &str,
        now_ms: i64,
    ) {
        let number = self.quoted_in.get(&quotation_no).copied();
        let Some(mut inquiry) = number.and_then(|number| self.inquiries.find(number)).cloned() else { return };
        close_open(&mut inquiry, Some(quotation_no));
        inquiry.status = InquiryStatus::Ordered;
        inquiry.order_no = Some(order_no);
        inquiry.order_out_ref = Some(order_out_ref.to_owned());
        self.keep_inquiry(inquiry, What::Status, now_ms);
    }

    /// Sellers act now: one, or all whom it concerns.
    pub fn act_on_inquiry(
        &mut self,
        shop: &Shop,
        inquiry_no: i64,
        seller_id: Option<i64>,
        act: Act,
        now_ms: i64,
    ) -> Result<Inquiry, Refusal> {
        let mut inquiry = self.inquiry(inquiry_no)?.clone();
        let meant = |talk: &Talk| seller_id.is_none_or(|id| talk.invited.seller_id == id);
        let concerns = |talk: &Talk| match act {
            Act::Expire => talk.status == TalkStatus::Quoted,
            Act::Answer | Act::Decline | Act::Quote(_) => talk.status.is_sellers_turn(),
        };
        let places: Vec<usize> = (0..)
            .zip(&inquiry.talks)
            .filter(|(_, talk)| meant(talk) && concerns(talk))
            .map(|(place, _)| place)
            .collect();
        if places.is_empty() {
            return Err(Refusal::with(Code::StatusNotAllowed, json!({ "status": inquiry.status })));
        }
        for place in places {
            match act {
                Act::Expire => expire(&mut inquiry, place),
                Act::Decline => decline(&mut inquiry, place, Reason::Busy),
                Act::Answer => self.answer(shop, &mut inquiry, place, None, now_ms),
                Act::Quote(fen) => self.answer(shop, &mut inquiry, place, Some(fen), now_ms),
            }
        }
        Ok(self.keep_inquiry(inquiry, What::Status, now_ms))
    }

    /// Something of an inquiry is due: answers, and quotations that are over.
    pub(in crate::sandbox::trade) fn inquiry_due(&mut self, shop: &Shop, inquiry_no: i64, now_ms: i64) {
        let Some(mut inquiry) = self.inquiries.find(inquiry_no).cloned() else { return };
        let before = inquiry.talks.clone();
        for place in 0..inquiry.talks.len() {
            let Some(talk) = inquiry.talks.get(place) else { continue };
            let is_over = |quotation: &Quotation| quotation.valid_until <= now_ms / 1000;
            if talk.status == TalkStatus::Quoted && talk.quotation.as_ref().is_some_and(is_over) {
                expire(&mut inquiry, place);
            } else if talk.status.is_sellers_turn() && talk.answers_ms.is_some_and(|at| at <= now_ms) {
                self.answer(shop, &mut inquiry, place, None, now_ms);
            }
        }
        if inquiry.talks != before {
            self.keep_inquiry(inquiry, What::Status, now_ms);
        } else {
            inquiry.due_ms = due_ms(&inquiry);
            self.file_inquiry(inquiry);
        }
    }

    /// A seller answers by his rules, or with a price he is told.
    fn answer(&mut self, shop: &Shop, inquiry: &mut Inquiry, place: usize, told: Option<i64>, now_ms: i64) {
        let Some(talk) = inquiry.talks.get(place).cloned() else { return };
        let seller = shop.seller(talk.invited.seller_id);
        let wanted = self.wanted(shop, &inquiry.content, &talk);
        let (Some(seller), Some((item, sku))) = (seller, wanted) else {
            return decline(inquiry, place, Reason::NoSuchGoods);
        };
        if item.restricted().contains(&inquiry.content.dest_country.as_str()) {
            return decline(inquiry, place, Reason::RestrictedCountry);
        }
        let case = case(&inquiry.content, &talk, &seller, &item, sku);
        let says = match (told, haggle::answer(&case)) {
            (Some(fen), _) => Says::Price(fen, false),
            (None, says) => says,
        };
        match says {
            Says::No(reason) => decline(inquiry, place, reason),
            Says::Price(fen, is_final) => {
                let number = self.number(now_ms);
                let quotation = quotation(&case, &seller, &item, sku, (fen, is_final), number, now_ms / 1000);
                if let Some(talk) = inquiry.talks.get_mut(place) {
                    talk.superseded.extend(talk.quotation.replace(quotation).map(|before| before.quotation_no));
                    talk.status = TalkStatus::Quoted;
                    talk.answers_ms = None;
                    talk.note = is_final.then(|| String::from("已是最低价"));
                }
            }
        }
    }

    /// The variant a seller is asked for; when none is named, the one of his that has most of the wanted words.
    fn wanted(&self, shop: &Shop, content: &Content, talk: &Talk) -> Option<(Item, usize)> {
        let named = talk.invited.sku_id.or(talk.quotation.as_ref().map(|quotation| quotation.sku_id));
        if let Some(sku_id) = named {
            return self.shelf.item_of_sku(shop, sku_id).filter(|(item, _)| item.is_open());
        }
        let words = fitting::words(&content.specification);
        let items = shop.goods_of(talk.invited.seller_id).into_iter().map(|index| self.shelf.item(shop, index));
        let scored = items.filter(Item::is_open).map(|item| (fitting::fitting(&item.goods, &words), item));
        let best = scored.filter(|(score, _)| *score > 0).max_by_key(|(score, item)| (*score, -i64::from(item.index)));
        let (_, item) = best?;
        let most = item.stock.iter().copied().max()?;
        let place = item.stock.iter().position(|stock| *stock == most)?;
        Some((item, place))
    }

    pub(super) fn answers_ms(&self, place: i64, now_ms: i64) -> Option<i64> {
        let (first, next) = ANSWERS_S;
        paced_ms(first + next * place, self.pace).map(|wait| now_ms + wait)
    }

    /// Stores a changed inquiry, tells the feed, and sets when something happens by itself.
    pub(super) fn keep_inquiry(&mut self, mut inquiry: Inquiry, change: What, now_ms: i64) -> Inquiry {
        if inquiry.status == InquiryStatus::Open && !inquiry.talks.iter().any(|talk| talk.status.is_open()) {
            inquiry.status = InquiryStatus::Closed;
        }
        inquiry.version += 1;
        inquiry.modified_at = now_ms / 1000;
        inquiry.due_ms = due_ms(&inquiry);
        let told = Told { kind: Kind::Inquiry, change, order_no: inquiry.order_no, version: inquiry.version };
        self.tell_of(&inquiry, told, inquiry.status.word(), now_ms);
        self.enter_journal(Entry::Inquiry(Box::new(inquiry.clone())));
        self.file_inquiry(inquiry.clone());
        inquiry
    }

    /// Files an inquiry as it is.
    pub(in crate::sandbox::trade) fn file_inquiry(&mut self, inquiry: Inquiry) {
        let number = inquiry.inquiry_no;
        self.gave_number(number);
        for talk in &inquiry.talks {
            if let Some(quotation) = &talk.quotation {
                self.gave_number(quotation.quotation_no);
                self.quoted_in.insert(quotation.quotation_no, number);
            }
            self.quoted_in.extend(talk.superseded.iter().map(|quotation_no| (*quotation_no, number)));
        }
        self.schedule(Due::Inquiry(number), inquiry.due_ms);
        self.inquiries.file(inquiry);
    }

    /// Inquiries that stood still under another pace go on under this one.
    pub(in crate::sandbox::trade) fn resume_inquiries(&mut self, now_ms: i64) {
        for number in self.inquiries.numbers() {
            let Some(mut inquiry) = self.inquiries.find(number).cloned() else { continue };
            for (place, talk) in (0..).zip(&mut inquiry.talks) {
                let turn = talk.status.is_sellers_turn();
                // What was due earlier stays due; nobody waits anew because of a restart.
                talk.answers_ms =
                    self.answers_ms(place, now_ms).filter(|_| turn).map(|at| talk.answers_ms.unwrap_or(at));
            }
            inquiry.due_ms = due_ms(&inquiry);
            self.file_inquiry(inquiry);
        }
    }
}

/// When something of it happens by itself.
fn due_ms(inquiry: &Inquiry) -> Option<i64> {
    let due = |talk: &Talk| match talk.status {
        TalkStatus::Quoted => talk.quotation.as_ref().map(|quotation| quotation.valid_until * 1000),
        status if status.is_sellers_turn() => talk.answers_ms,
        _ => None,
    };
    inquiry.talks.iter().filter_map(due).min()
}

fn expire(inquiry: &mut Inquiry, place: usize) {
    if let Some(talk) = inquiry.talks.get_mut(place) {
        talk.status = TalkStatus::Expired;
    }
}

fn decline(inquiry: &mut Inquiry, place: usize, reason: Reason) {
    if let Some(talk) = inquiry.talks.get_mut(place) {
        talk.status = TalkStatus::Declined;
        talk.reason = Some(reason);
        talk.answers_ms = None;
        talk.note = Some(String::from(match reason {
            Reason::NoSuchGoods => "暂无此类商品",
            Reason::RestrictedCountry => "该国家不可售",
            Reason::BelowMinimum => "低于起订量",
            Reason::NotMultiple => "须按整批购买",
            Reason::OverCapacity => "超出产能",
            Reason::TargetTooLow => "目标价过低",
            Reason::Busy => "档期已满",
        }));
    }
}

/// Ends all talks that are open, but for the one that was ordered.
fn close_open(inquiry: &mut Inquiry, ordered: Option<i64>) {
    for talk in inquiry.talks.iter_mut().filter(|talk| talk.status.is_open()) {
        let number = talk.quotation.as_ref().map(|quotation| quotation.quotation_no);
        let is_it = ordered.is_some() && number == ordered;
        talk.status = if is_it { TalkStatus::Ordered } else { TalkStatus::Closed };
        talk.answers_ms = None;
    }
}

/// Refuses what rests on a quotation that does not hold any more.
fn refuse_closed(talk: &Talk, quotation_no: i64, now_s: i64) -> Result<(), Refusal> {
    let newest = talk.quotation.as_ref().filter(|quotation| quotation.quotation_no == quotation_no);
    let why = match newest {
        None => "superseded",
        Some(quotation) if talk.status == TalkStatus::Quoted && quotation.valid_until <= now_s => "expired",
        Some(_) if talk.status == TalkStatus::Quoted => return Ok(()),
        Some(_) => match talk.status {
            TalkStatus::Countered => "countered",
            TalkStatus::Ordered => "ordered",
            TalkStatus::Expired => "expired",
            _ => "closed",
        },
    };
    Err(Refusal::with(Code::QuotationClosed, json!({ "status": why })))
}

fn case(content: &Content, talk: &Talk, seller: &Seller, item: &Item, sku: usize) -> Case {
    let last_counter = talk.counters.last();
    let quantity = last_counter.and_then(|counter| counter.quantity);
    let before = talk.quotation.as_ref().map(|quotation| quotation.quantity);
    let quantity = quantity.or(before).unwrap_or(content.quantity);
    let list_fen = item.goods.skus.get(sku).map_or(0, |sku| item.unit_fen(sku, quantity));
    let stock = item.stock.get(sku).copied().unwrap_or(0);
    Case {
        seller_id: seller.id,
        // Checked when it was asked.
        zone: warehouses::zone_of(&content.warehouse_code).unwrap_or(Zone::Usual),
        quantity,
        list_fen,
        cost_fen: item.lowest_fen() * i64::from(seller.cost_ratio_pct) / 100,
        minimum: i64::from(item.goods.min_order),
        batch: i64::from(item.goods.batch.unwrap_or(1)),
        capacity: stock.min(i64::from(seller.staff) * PIECES_A_HEAD),
        target_fen: last_counter.map(|counter| counter.target_fen).or(content.target_fen),
        // Another quantity is talked about anew.
        last_fen: talk.quotation.as_ref().filter(|last| last.quantity == quantity).map(|last| last.unit_price_fen),
        rounds: talk.superseded.len() + usize::from(talk.quotation.is_some()),
    }
}

fn quotation(
    case: &Case,
    seller: &Seller,
    item: &Item,
    sku: usize,
    (unit_price_fen, is_final): (i64, bool),
    quotation_no: i64,
    now_s: i64,
) -> Quotation {
    let goods = &item.goods;
    let variant = goods.skus.get(sku);
    let specs: Vec<&str> = variant.into_iter().flat_map(|sku| &sku.spec).map(|spec| spec.value.get(Lang::Zh)).collect();
    let volume: i64 = goods.size_mm.map(i64::from).iter().product();
    let load = Load {
        pieces: case.quantity,
        grams: case.quantity * i64::from(goods.weight_g),
        cm3: (case.quantity * volume + 999) / 1_000,
        goods_fen: unit_price_fen * case.quantity,
    };
    Quotation {
        quotation_no,
        sku_id: variant.map_or(0, |sku| sku.id),
        goods_id: goods.id,
        subject: goods.subject(Lang::Zh),
        spec_text: specs.join("/"),
        quantity: case.quantity,
        unit_price_fen,
        freight_fen: freight_fen(&seller.freight, case.zone, load),
        weight_gram: goods.weight_g,
        lead_days: i64::from(goods.ships_within_h.div_ceil(24)) + case.quantity * 30 / case.capacity.max(1),
        valid_until: now_s + VALID_DAYS * DAY_S,
        is_final,
    }
}

//! The book: all orders, the shelf and the feed, and the only places where they change. Each change is also an entry
//! for the journal; writing it down is left to `persist`.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::sandbox::envelope::{Code, Refusal};
use crate::sandbox::feed::{Change, Feed, Kind, What};
use crate::sandbox::goods::Shop;
use crate::sandbox::persist::Entry;
use crate::sandbox::shelf::{Changed, Item, Shelf};
use crate::sandbox::words::beijing;

use super::consignment::Consignment;
use super::filing::{Document, Filing};
use super::inquiry::Inquiry;
use super::order::{Order, Payment, Status};
use super::refund::Refund;
use super::shipments::departs_ms;
use super::steps::wait_ms;
use super::voucher::Vouchers;

/// The first order number: nineteen digits that begin with 26.
const NUMBERS_FROM: i64 = 2_600_000_000_000_000_000;

/// Everything that changes while the sandbox runs.
pub struct Book {
    /// What changed about goods.
    pub shelf: Shelf,
    pub(super) pace: f64,
    pub(super) orders: Filing<Order>,
    pub(super) refunds: Filing<Refund>,
    pub(super) consignments: Filing<Consignment>,
    pub(super) vouchers: Vouchers,
    pub(super) inquiries: Filing<Inquiry>,
    /// By number of a quotation the inquiry it was given in.
    pub(super) quoted_in: HashMap<i64, i64>,
    feed: Arc<Feed>,
    by_cashier: HashMap<String, i64>,
    by_debit: HashMap<(String, String), Vec<i64>>,
    due: BTreeSet<(i64, Due)>,
    due_at: HashMap<Due, i64>,
    last_number: i64,
    entries: Vec<Entry>,
}

/// Something that happens by itself at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Due {
    /// An order moves on.
    Order(i64),
    /// A parcel of an order leaves its city.
    Parcel(i64, i64),
    /// The other side of a refund acts.
    Refund(i64),
    /// The warehouse works on a consignment.
    Consignment(i64),
    /// Sellers answer an inquiry, or a quotation of theirs is over.
    Inquiry(i64),
}

impl Book {
    /// An empty book that tells a feed; orders move by themselves at `pace`.
    pub fn new(pace: f64, feed: Arc<Feed>) -> Book {
        Book {
            shelf: Shelf::default(),
            pace,
            orders: Filing::default(),
            refunds: Filing::default(),
            consignments: Filing::default(),
            vouchers: Vouchers::default(),
            inquiries: Filing::default(),
            quoted_in: HashMap::new(),
            feed,
            by_cashier: HashMap::new(),
            by_debit: HashMap::new(),
            due: BTreeSet::new(),
            due_at: HashMap::new(),
            last_number: 0,
            entries: Vec::new(),
        }
    }

    /// Takes in an entry of an earlier life.
    pub fn replay(&mut self, shop: &Shop, entry: Entry) {
        match entry {
            Entry::Order(order) => self.file(*order),
            Entry::Again { order_no } => self.count_call(order_no),
            Entry::Refund(refund) => self.file_refund(*refund),
            Entry::Consignment(consignment) => self.file_consignment(*consignment),
            Entry::Inquiry(inquiry) => self.file_inquiry(*inquiry),
            Entry::Voucher(voucher) => {
                self.gave_number(voucher.id);
                self.vouchers.file(voucher);
            }
            Entry::Goods { goods_id, changed } => {
                if let Some(index) = shop.index_of(goods_id) {
                    self.shelf.set_changed(index, changed);
                }
            }
            Entry::Seller { seller_id, rating_tenths } => _ = self.shelf.set_rating(seller_id, rating_tenths),
            Entry::Stock { sku_id, left } => self.shelf.set_stock(sku_id, left),
            Entry::Change(change) => self.feed.append(change),
        }
    }

    /// After the last entry of an earlier life: what stood still under another pace goes on under this one.
    pub fn resume(&mut self, now_ms: i64) {
        for number in self.orders.numbers() {
            let Some(mut order) = self.orders.find(number).cloned() else {
                continue;
            };
            order.due_ms = match (order.due_ms, wait_ms(&order, self.pace)) {
                (Some(due), Some(_)) => Some(due),
                (None, Some(wait)) => Some(now_ms + wait),
                (_, None) => pay_deadline(&order),
            };
            self.file(order);
        }
        self.resume_refunds(now_ms);
        self.resume_consignments(now_ms);
        self.resume_inquiries(now_ms);
    }

    /// What happened since this was last asked, for the journal.
    pub fn take_entries(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.entries)
    }

    /// The order with a number.
    pub fn order(&self, order_no: i64) -> Result<&Order, Refusal> {
        self.orders.find(order_no).ok_or_else(|| Code::OrderNotFound.into())
    }

    /// The order under a caller's reference.
    pub fn by_ref(&self, partner: &str, out_ref: &str) -> Option<&Order> {
        self.orders.by_ref(partner, out_ref)
    }

    /// The order whose cashier page has this secret word.
    pub fn by_cashier(&self, word: &str) -> Option<&Order> {
        self.orders.find(*self.by_cashier.get(word)?)
    }

    /// The order that was paid by a debit under a reference: a certain one, or the first.
    pub fn by_debit(&self, partner: &str, pay_ref: &str, order_no: Option<i64>) -> Option<&Order> {
        let paid = self.by_debit.get(&(partner.to_owned(), pay_ref.to_owned()))?;
        let number = paid.iter().find(|number| order_no.is_none_or(|wanted| wanted == **number))?;
        self.orders.find(*number)
    }

    /// Orders of a partner, newest first, below a number.
    pub fn of_partner(&self, partner: &str, below: i64, limit: usize) -> Vec<&Order> {
        self.orders.of_partner(partner, below).take(limit).collect()
    }

    /// Orders of a partner or of all, smallest number first, above a number.
    pub fn orders_after(&self, partner: Option<&str>, after: i64, limit: usize) -> Vec<&Order> {
        match partner {
            Some(partner) => self.orders.of_partner_after(partner, after).take(limit).collect(),
            None => self.orders.after(after).take(limit).collect(),
        }
    }

    /// Whether anything is due.
    pub fn is_due(&self, now_ms: i64) -> bool {
        self.due.first().is_some_and(|(due, _)| *due <= now_ms)
    }

    /// Takes something that is due off the list, if there is anything.
    pub(super) fn take_due(&mut self, now_ms: i64) -> Option<Due> {
        let (_, due) = self.due.first().copied().filter(|(at, _)| *at <= now_ms)?;
        self.schedule(due, None);
        Some(due)
    }

    /// Sets when something happens by itself.
    pub(super) fn schedule(&mut self, due: Due, at_ms: Option<i64>) {
        if let Some(before) = self.due_at.remove(&due) {
            self.due.remove(&(before, due));
        }
        if let Some(at_ms) = at_ms {
            self.due.insert((at_ms, due));
            self.due_at.insert(due, at_ms);
        }
    }

    /// A number that was never given before: the time in it makes it differ from earlier lives without a journal.
    pub(super) fn number(&mut self, now_ms: i64) -> i64 {
        let by_time = NUMBERS_FROM + now_ms.max(0).saturating_mul(1000);
        self.last_number = by_time.max(self.last_number + 1);
        self.last_number
    }

    /// A number that an earlier life gave.
    pub(super) fn gave_number(&mut self, number: i64) {
        self.last_number = self.last_number.max(number);
    }

    /// Stores a changed order, tells the feed, and sets when it moves on.
    pub(super) fn keep(&mut self, mut order: Order, change: What, now_ms: i64) -> Order {
        order.version += 1;
        let before = self.orders.find(order.order_no);
        let stays = before.is_some_and(|before| before.status == order.status && before.is_held() == order.is_held());
        if !stays {
            order.due_ms = wait_ms(&order, self.pace).map(|wait| now_ms + wait).or_else(|| pay_deadline(&order));
        }
        let told = Told { kind: Kind::Order, change, order_no: Some(order.order_no), version: order.version };
        self.tell_of(&order, told, order.status.word(), now_ms);
        self.amend(order.clone());
        if let Some(consignment_no) = order.consignment_no {
            self.look_at_consignment(consignment_no, now_ms);
        }
        order
    }

    /// Stores an order in which nothing changed that anybody is told of.
    pub(super) fn amend(&mut self, order: Order) {
        self.entries.push(Entry::Order(Box::new(order.clone())));
        self.file(order);
    }

    /// The call that placed an order came once more.
    pub(super) fn count_again(&mut self, order_no: i64) {
        self.count_call(order_no);
        self.entries.push(Entry::Again { order_no });
    }

    fn count_call(&mut self, order_no: i64) {
        if let Some(order) = self.orders.find_mut(order_no) {
            order.create_calls += 1;
        }
    }

    fn file(&mut self, order: Order) {
        let number = order.order_no;
        self.schedule(Due::Order(number), order.due_ms);
        for parcel in &order.shipments {
            self.gave_number(parcel.id);
            self.schedule(Due::Parcel(number, parcel.id), departs_ms(parcel, self.pace));
        }
        self.gave_number(number);
        if let Some(word) = order.cashier.as_ref().filter(|word| !self.by_cashier.contains_key(*word)) {
            self.by_cashier.insert(word.clone(), number);
        }
        if let Some(payment) = &order.payment {
            self.gave_number(payment.pay_no);
            self.file_debit(&order, payment);
        }
        self.orders.file(order);
    }

    fn file_debit(&mut self, order: &Order, payment: &Payment) {
        let known = self.orders.find(order.order_no).is_some_and(|before| before.payment.is_some());
        if let Some(pay_ref) = payment.pay_ref.as_ref().filter(|_| !known) {
            let key = (order.partner_code.clone(), pay_ref.clone());
            self.by_debit.entry(key).or_default().push(order.order_no);
        }
    }

    /// Takes pieces from stock (or, with a negative quantity, puts them back). Only running out and coming back is told.
    pub(super) fn take_stock(&mut self, shop: &Shop, sku_id: i64, quantity: i64, now_ms: i64) {
        let Some((item, place)) = self.shelf.item_of_sku(shop, sku_id) else {
            return;
        };
        let before = item.stock.get(place).copied().unwrap_or(0);
        let left = before - quantity;
        self.set_stock(sku_id, left);
        if (before > 0) != (left > 0) {
            let changed = item.changed.clone();
            self.change_goods(&item, changed, What::Stock, now_ms);
        }
    }

    /// Writes down what is left of a SKU.
    pub fn set_stock(&mut self, sku_id: i64, left: i64) {
        self.shelf.set_stock(sku_id, left);
        self.entries.push(Entry::Stock { sku_id, left });
    }

    /// Writes down a change of a goods and tells the feed; gives the goods' new version.
    pub fn change_goods(&mut self, item: &Item, mut changed: Changed, change: What, now_ms: i64) -> i64 {
        changed.times = item.changed.times + 1;
        changed.at = now_ms / 1000;
        let version = item.version() + 1;
        self.shelf.set_changed(item.index, changed.clone());
        self.entries.push(Entry::Goods { goods_id: item.goods.id, changed });
        let told = Change {
            seq: self.feed.next_seq(),
            kind: Kind::Goods,
            id: item.goods.id,
            change,
            version,
            time: beijing(now_ms / 1000),
            partner_code: None,
            out_ref: None,
            order_no: None,
            status: None,
        };
        self.tell(told);
        version
    }

    /// Writes down what buyers think of a seller and tells the feed.
    pub fn rate_seller(&mut self, seller_id: i64, rating_tenths: u8, now_ms: i64) {
        let version = self.shelf.set_rating(seller_id, rating_tenths);
        self.entries.push(Entry::Seller { seller_id, rating_tenths });
        self.tell(Change {
            seq: self.feed.next_seq(),
            kind: Kind::Seller,
            id: seller_id,
            change: What::Score,
            version,
            time: beijing(now_ms / 1000),
            partner_code: None,
            out_ref: None,
            order_no: None,
            status: None,
        });
    }

    fn tell(&mut self, change: Change) {
        self.entries.push(Entry::Change(change.clone()));
        self.feed.append(change);
    }

    /// Tells what happened to a document.
    pub(super) fn tell_of(&mut self, document: &impl Document, told: Told, status: &'static str, now_ms: i64) {
        self.tell(Change {
            seq: self.feed.next_seq(),
            kind: told.kind,
            id: document.number(),
            change: told.change,
            version: told.version,
            time: beijing(now_ms / 1000),
            partner_code: Some(document.partner().to_owned()),
            out_ref: Some(document.out_ref().to_owned()),
            order_no: told.order_no,
            status: Some(status.into()),
        });
    }

    /// Writes down what happened without telling the feed.
    pub(super) fn enter_journal(&mut self, entry: Entry) {
        self.entries.push(entry);
    }
}

/// What is told of a document, besides what it says itself.
pub(super) struct Told {
    /// What kind of document it is.
    pub kind: Kind,
    /// How it changed.
    pub change: What,
    /// The order it belongs to.
    pub order_no: Option<i64>,
    /// Its version after the change.
    pub version: i64,
}

/// An unpaid order is closed when its time is up, whatever the pace.
fn pay_deadline(order: &Order) -> Option<i64> {
    (order.status == Status::WaitBuyerPay).then(|| order.pay_expire.saturating_mul(1000))
}

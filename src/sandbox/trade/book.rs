//! The book: all orders, the shelf and the feed, and the only places where they change. Each change is also an entry
//! for the journal; writing it down is left to `persist`.

use std::collections::{BTreeSet, HashMap};

use crate::sandbox::envelope::{Code, Refusal};
use crate::sandbox::feed::{Change, Feed, Kind, What};
use crate::sandbox::goods::Shop;
use crate::sandbox::persist::Entry;
use crate::sandbox::shelf::{Changed, Item, Shelf};
use crate::sandbox::words::beijing;

use super::order::{Order, Status};
use super::steps::wait_ms;

/// The first order number: nineteen digits that begin with 26.
const NUMBERS_FROM: i64 = 2_600_000_000_000_000_000;

/// Everything that changes while the sandbox runs.
pub struct Book {
    /// What changed about goods.
    pub shelf: Shelf,
    /// What happened, numbered.
    pub feed: Feed,
    pub(super) pace: f64,
    orders: HashMap<i64, Order>,
    by_ref: HashMap<(String, String), i64>,
    by_partner: HashMap<String, BTreeSet<i64>>,
    by_cashier: HashMap<String, i64>,
    due: BTreeSet<(i64, i64)>,
    last_number: i64,
    entries: Vec<Entry>,
}

impl Book {
    /// An empty book; orders move by themselves at `pace`.
    pub fn new(pace: f64) -> Book {
        Book {
            shelf: Shelf::default(),
            feed: Feed::default(),
            pace,
            orders: HashMap::new(),
            by_ref: HashMap::new(),
            by_partner: HashMap::new(),
            by_cashier: HashMap::new(),
            due: BTreeSet::new(),
            last_number: 0,
            entries: Vec::new(),
        }
    }

    /// Takes in an entry of an earlier life.
    pub fn replay(&mut self, shop: &Shop, entry: Entry) {
        match entry {
            Entry::Order(order) => self.file(*order),
            Entry::Goods { goods_id, changed } => {
                if let Some(index) = shop.index_of(goods_id) {
                    self.shelf.set_changed(index, changed);
                }
            }
            Entry::Stock { sku_id, left } => self.shelf.set_stock(sku_id, left),
            Entry::Change(change) => self.feed.append(change),
        }
    }

    /// After the last entry of an earlier life: orders that stood still under another pace go on under this one.
    pub fn resume(&mut self, now_ms: i64) {
        let numbers: Vec<i64> = self.orders.keys().copied().collect();
        for number in numbers {
            let Some(mut order) = self.orders.get(&number).cloned() else {
                continue;
            };
            order.due_ms = match (order.due_ms, wait_ms(&order, self.pace)) {
                (Some(due), Some(_)) => Some(due),
                (None, Some(wait)) => Some(now_ms + wait),
                (_, None) => pay_deadline(&order),
            };
            self.file(order);
        }
    }

    /// What happened since this was last asked, for the journal.
    pub fn take_entries(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.entries)
    }

    /// The order with a number.
    pub fn order(&self, order_no: i64) -> Result<&Order, Refusal> {
        self.orders.get(&order_no).ok_or_else(|| Code::OrderNotFound.into())
    }

    /// The order under a caller's reference.
    pub fn by_ref(&self, partner: &str, out_ref: &str) -> Option<&Order> {
        let key = (partner.to_owned(), out_ref.to_owned());
        self.orders.get(self.by_ref.get(&key)?)
    }

    /// The order whose cashier page has this secret word.
    pub fn by_cashier(&self, word: &str) -> Option<&Order> {
        self.orders.get(self.by_cashier.get(word)?)
    }

    /// Orders of a partner, newest first, below a number.
    pub fn of_partner(&self, partner: &str, below: i64, limit: usize) -> Vec<&Order> {
        let numbers = self.by_partner.get(partner);
        let older = numbers.into_iter().flat_map(|numbers| numbers.range(..below).rev());
        older.take(limit).filter_map(|number| self.orders.get(number)).collect()
    }

    /// An order that is due, if there is one.
    pub fn next_due(&self, now_ms: i64) -> Option<i64> {
        self.due.first().filter(|(due, _)| *due <= now_ms).map(|(_, number)| *number)
    }

    /// A number that was never given before: the time in it makes it differ from earlier lives without a journal.
    pub(super) fn number(&mut self, now_ms: i64) -> i64 {
        let by_time = NUMBERS_FROM + now_ms.max(0).saturating_mul(1000);
        self.last_number = by_time.max(self.last_number + 1);
        self.last_number
    }

    /// Stores a changed order, tells the feed, and sets when it moves on.
    pub(super) fn keep(&mut self, mut order: Order, change: What, now_ms: i64) -> &Order {
        order.version += 1;
        order.due_ms = wait_ms(&order, self.pace).map(|wait| now_ms + wait).or_else(|| pay_deadline(&order));
        let told = Change {
            seq: self.feed.next_seq(),
            kind: Kind::Order,
            id: order.order_no,
            change,
            version: order.version,
            time: beijing(now_ms / 1000),
            partner_code: Some(order.partner_code.clone()),
            out_ref: Some(order.out_ref.clone()),
            status: Some(order.status),
        };
        self.tell(told);
        self.amend(order)
    }

    /// Stores an order in which nothing changed that anybody is told of.
    pub(super) fn amend(&mut self, order: Order) -> &Order {
        let number = order.order_no;
        self.entries.push(Entry::Order(Box::new(order.clone())));
        let filed = order.clone();
        self.file(order);
        self.orders.entry(number).or_insert(filed)
    }

    fn file(&mut self, order: Order) {
        let number = order.order_no;
        if let Some(due) = self.orders.get(&number).and_then(|before| before.due_ms) {
            self.due.remove(&(due, number));
        }
        if let Some(due) = order.due_ms {
            self.due.insert((due, number));
        }
        self.by_ref.entry((order.partner_code.clone(), order.out_ref.clone())).or_insert(number);
        self.by_partner.entry(order.partner_code.clone()).or_default().insert(number);
        if let Some(word) = &order.cashier {
            self.by_cashier.insert(word.clone(), number);
        }
        let newest = order.shipments.iter().map(|parcel| parcel.id).chain(order.payment.iter().map(|paid| paid.pay_no));
        self.last_number = newest.fold(self.last_number.max(number), i64::max);
        self.orders.insert(number, order);
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
            status: None,
        };
        self.tell(told);
        version
    }

    fn tell(&mut self, change: Change) {
        self.entries.push(Entry::Change(change.clone()));
        self.feed.append(change);
    }
}

/// An unpaid order is closed when its time is up, whatever the pace.
fn pay_deadline(order: &Order) -> Option<i64> {
    (order.status == Status::WaitBuyerPay).then(|| order.pay_expire.saturating_mul(1000))
}

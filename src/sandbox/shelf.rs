//! What changed about goods and sellers since they were derived: prices, visibility, stock, ratings. A goods on the shelf is the authored
//! goods with its changes on top.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::goods::{CrossBorder, Goods, Shop, Sku};
use super::search::lowest_fen;

/// Why a goods is held back from cross-border trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the words are those of the contract")]
pub enum HeldFor {
    Patent,
    Infringement,
    Other,
}

impl HeldFor {
    /// All reasons with their words.
    pub const ALL: [(HeldFor, &'static str); 3] =
        [(HeldFor::Patent, "patent"), (HeldFor::Infringement, "infringement"), (HeldFor::Other, "other")];
}

/// Which goods were entered into cross-border trade before anybody did anything: all but so many of a thousand.
#[derive(Clone, Copy, Debug, Default)]
pub struct Entry {
    /// Of a thousand goods so many wait to be entered.
    pub unentered_permille: u32,
}

impl Entry {
    /// Whether a goods is entered, whatever holds it back.
    pub fn is_entered(self, changed: Option<&Changed>, index: u32) -> bool {
        let since = changed.and_then(|changed| changed.entered);
        since.unwrap_or_else(|| {
            // Any spread will do that is the same tomorrow.
            let spread = u64::from(index).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
            spread % 1000 >= u64::from(self.unentered_permille)
        })
    }

    /// Whether callers may see a goods.
    pub fn is_seen(self, changed: Option<&Changed>, index: u32, authored_open: bool) -> bool {
        Changed::held_for(changed, authored_open).is_none() && self.is_entered(changed, index)
    }
}

/// What changed about one goods.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// The price of its largest quantity; the other steps keep their proportion to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lowest_fen: Option<i64>,
    /// Whether it may be seen, when that differs from how it was authored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<bool>,
    /// Why it may not be seen, when that was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<HeldFor>,
    /// Whether it is entered, when that differs from how it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entered: Option<bool>,
    /// Where it may not be sold, when that differs from how it was authored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restricted: Option<Vec<String>>,
    /// How often it changed.
    pub times: u32,
    /// When it last changed.
    pub at: i64,
}

impl Changed {
    /// Why a goods that was authored so is held back now; none when it is not.
    pub fn held_for(changed: Option<&Changed>, authored_open: bool) -> Option<HeldFor> {
        match changed.and_then(|changed| changed.open) {
            Some(true) => None,
            Some(false) => Some(changed.and_then(|changed| changed.reason).unwrap_or(HeldFor::Other)),
            None => (!authored_open).then_some(HeldFor::Patent),
        }
    }
}

/// All changes, and what is left of every SKU whose stock moved.
#[derive(Debug, Default)]
pub struct Shelf {
    changed: Arc<HashMap<u32, Changed>>,
    left: HashMap<i64, i64>,
    /// Of sellers whose rating changed: the rating in tenths of a star, and how often it did.
    rated: HashMap<i64, (u8, i64)>,
    /// How goods were entered before anybody did anything.
    pub entry: Entry,
}

impl Shelf {
    /// The changes, shared with a search that is under way.
    pub fn changed(&self) -> Arc<HashMap<u32, Changed>> {
        Arc::clone(&self.changed)
    }

    /// One goods as it is now.
    pub fn item(&self, shop: &Shop, index: u32) -> Item {
        let goods = shop.goods(index);
        let stock = goods.skus.iter().map(|sku| self.stock(sku)).collect();
        let entered = self.is_entered(index);
        Item { index, stock, changed: self.changed.get(&index).cloned().unwrap_or_default(), goods, entered }
    }

    /// Whether a goods is entered into cross-border trade.
    pub fn is_entered(&self, index: u32) -> bool {
        self.entry.is_entered(self.changed.get(&index), index)
    }

    /// The goods and the SKU's place in it.
    pub fn item_of_sku(&self, shop: &Shop, sku_id: i64) -> Option<(Item, usize)> {
        let item = self.item(shop, shop.sku_owner(sku_id)?);
        let place = item.goods.skus.iter().position(|sku| sku.id == sku_id)?;
        Some((item, place))
    }

    fn stock(&self, sku: &Sku) -> i64 {
        self.left.get(&sku.id).copied().unwrap_or(i64::from(sku.stock))
    }

    /// Writes down what is left of a SKU.
    pub fn set_stock(&mut self, sku_id: i64, left: i64) {
        self.left.insert(sku_id, left);
    }

    /// What buyers think of a seller, in tenths of a star, if that changed.
    pub fn rating(&self, seller_id: i64) -> Option<u8> {
        self.rated.get(&seller_id).map(|(tenths, _)| *tenths)
    }

    /// Writes down what buyers think of a seller; gives a version that grows each time.
    pub fn set_rating(&mut self, seller_id: i64, tenths: u8) -> i64 {
        let rated = self.rated.entry(seller_id).or_insert((tenths, 1));
        *rated = (tenths, rated.1 + 1);
        rated.1
    }

    /// Writes down a change of a goods.
    pub fn set_changed(&mut self, index: u32, changed: Changed) {
        Arc::make_mut(&mut self.changed).insert(index, changed);
    }
}

/// A goods as it is now.
pub struct Item {
    /// Its place in the shop.
    pub index: u32,
    /// As it was authored.
    pub goods: Goods,
    /// What changed since.
    pub changed: Changed,
    /// What is left, SKU by SKU.
    pub stock: Vec<i64>,
    /// Whether it is entered into cross-border trade.
    pub entered: bool,
}

impl Item {
    /// Whether it may be seen and sold across borders at all: it is entered and nothing holds it back.
    pub fn is_open(&self) -> bool {
        self.entered && self.held_for().is_none()
    }

    /// Why it is held back, if it is.
    pub fn held_for(&self) -> Option<HeldFor> {
        Changed::held_for(Some(&self.changed), self.goods.cross_border != CrossBorder::HeldPatent)
    }

    /// The countries it may not be sold to.
    pub fn restricted(&self) -> Vec<&str> {
        match (&self.changed.restricted, self.goods.cross_border) {
            (Some(countries), _) => countries.iter().map(String::as_str).collect(),
            (None, CrossBorder::Restricted(countries)) => countries.to_vec(),
            (None, _) => Vec::new(),
        }
    }

    /// The price of the largest quantity.
    pub fn lowest_fen(&self) -> i64 {
        self.changed.lowest_fen.unwrap_or_else(|| lowest_fen(&self.goods))
    }

    /// Price steps: from how many, for how much.
    pub fn tiers(&self) -> Vec<(u32, i64)> {
        self.goods.tiers.iter().map(|tier| (tier.from, self.repriced(tier.price_fen))).collect()
    }

    /// The price of the smallest quantity.
    pub fn highest_fen(&self) -> i64 {
        self.tiers().iter().map(|(_, fen)| *fen).max().unwrap_or_else(|| self.lowest_fen())
    }

    /// What one piece of a SKU costs when `quantity` pieces of the goods are bought together.
    pub fn unit_fen(&self, sku: &Sku, quantity: i64) -> i64 {
        self.reached(quantity).map_or(0, |(_, fen)| fen) + sku.price_offset_fen
    }

    /// Where the price range begins that so many pieces reach.
    pub fn tier_from(&self, quantity: i64) -> u32 {
        self.reached(quantity).map_or(1, |(from, _)| from)
    }

    /// The range that a quantity reaches; the first one also for fewer.
    fn reached(&self, quantity: i64) -> Option<(u32, i64)> {
        let tiers = self.tiers();
        let reached = tiers.iter().rev().find(|(from, _)| i64::from(*from) <= quantity).or(tiers.first());
        reached.copied()
    }

    /// A number that grows with every change.
    pub fn version(&self) -> i64 {
        let authored = (self.goods.changed_at - self.goods.listed_at).max(0) / (30 * 86_400);
        1 + authored + i64::from(self.changed.times)
    }

    /// When it last changed.
    pub fn modified_at(&self) -> i64 {
        self.goods.changed_at.max(self.changed.at)
    }

    fn repriced(&self, fen: i64) -> i64 {
        let Some(now) = self.changed.lowest_fen else {
            return fen;
        };
        let authored = i128::from(lowest_fen(&self.goods).max(1));
        let exact = i128::from(fen) * i128::from(now);
        i64::try_from((exact + authored / 2) / authored).unwrap_or(i64::MAX)
    }
}

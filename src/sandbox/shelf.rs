//! What changed about goods and sellers since they were derived: prices, visibility, stock, ratings. A goods on the shelf is the authored
//! goods with its changes on top.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::goods::{CrossBorder, Goods, Shop, Sku};
use super::search::lowest_fen;

/// What changed about one goods.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// The price of its largest quantity; the other steps keep their proportion to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lowest_fen: Option<i64>,
    /// Whether it may be seen, when that differs from how it was authored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<bool>,
    /// How often it changed.
    pub times: u32,
    /// When it last changed.
    pub at: i64,
}

/// All changes, and what is left of every SKU whose stock moved.
#[derive(Debug, Default)]
pub struct Shelf {
    changed: Arc<HashMap<u32, Changed>>,
    left: HashMap<i64, i64>,
    /// Of sellers whose rating changed: the rating in tenths of a star, and how often it did.
    rated: HashMap<i64, (u8, i64)>,
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
        Item { index, stock, changed: self.changed.get(&index).cloned().unwrap_or_default(), goods }
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
}

impl Item {
    /// Whether it may be sold across borders at all.
    pub fn is_open(&self) -> bool {
        self.changed.open.unwrap_or(self.goods.cross_border != CrossBorder::HeldPatent)
    }

    /// The countries it may not be sold to.
    pub fn restricted(&self) -> &'static [&'static str] {
        match self.goods.cross_border {
            CrossBorder::Restricted(countries) => countries,
            _ => &[],
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
        let tiers = self.tiers();
        let reached = tiers.iter().rev().find(|(from, _)| i64::from(*from) <= quantity).or(tiers.first());
        reached.map_or(0, |(_, fen)| *fen) + sku.price_offset_fen
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

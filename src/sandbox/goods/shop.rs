//! The door of the folder: a shop of any size, every part of which is worked out when asked for.

use super::attributes::{self, CategoryAttribute};
use super::catalogue::{self, Category, ProductType};
use super::generate;
use super::glossary::{AUDIENCES, COLOURS, FEATURES, HOOKS, MATERIALS, PATTERNS, STYLES, USES};
use super::ids::{Numbering, sku_parts};
use super::lang::Words;
use super::offer::Goods;
use super::picture::{self, Studio};
use super::pools::{self, Pool};
use super::seller::{self, Seller};
use super::stall;
use super::trend;

/// A catalogue of `len` goods under a seed; it holds two numberings and nothing else.
#[derive(Clone, Debug)]
pub struct Shop {
    seed: u64,
    count: u32,
    /// Seconds by which authored days lie before the days of the market; whole days.
    calendar: i64,
    goods: Numbering,
    sellers: Numbering,
}

impl Shop {
    /// A shop of `count` goods; the same seed gives the same goods whatever the count.
    pub fn open(seed: u64, count: u32) -> Shop {
        Shop { seed, count, calendar: 0, goods: Numbering::goods(seed), sellers: Numbering::sellers(seed) }
    }

    /// The same shop whose newest goods are as new on this day as they were when they were authored.
    pub fn as_of(self, now_s: i64) -> Shop {
        Shop { calendar: generate::calendar(now_s), ..self }
    }

    /// Seconds by which authored times were moved.
    pub fn calendar(&self) -> i64 {
        self.calendar
    }

    /// How many goods there are.
    pub fn len(&self) -> u32 {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The goods at an index below `len`; an index beyond is answered as if the shop were larger.
    pub fn goods(&self, index: u32) -> Goods {
        let stall = stall::owner(self.seed, u64::from(index));
        let numbers = generate::Numbers {
            goods: self.goods.id(u64::from(index)),
            seller: self.sellers.id(stall.number),
            stall: stall.number,
        };
        let goods = generate::goods(self.seed, index, numbers);
        Goods { listed_at: goods.listed_at + self.calendar, changed_at: goods.changed_at + self.calendar, ..goods }
    }

    /// Units sold a day over the last ninety days, oldest first.
    pub fn daily_sold(&self, index: u32) -> Vec<u32> {
        let goods = self.goods(index);
        trend::daily(self.seed, index, goods.monthly_sold, goods.total_sold, goods.listed_at - self.calendar)
    }

    /// The index of a goods id.
    pub fn index_of(&self, goods_id: i64) -> Option<u32> {
        let index = u32::try_from(self.goods.index(goods_id)?).ok()?;
        (index < self.count).then_some(index)
    }

    /// The index of the goods a SKU belongs to.
    pub fn sku_owner(&self, sku_id: i64) -> Option<u32> {
        let (goods_id, position) = sku_parts(sku_id)?;
        let index = self.index_of(goods_id)?;
        (position < self.goods(index).skus.len()).then_some(index)
    }

    /// The seller with an id.
    pub fn seller(&self, seller_id: i64) -> Option<Seller> {
        let stall = self.stall(seller_id)?;
        seller::seller(self.seed, stall.number, seller_id)
    }

    /// The ids of all sellers, in the order of their goods.
    pub fn seller_ids(&self) -> impl Iterator<Item = i64> + '_ {
        let numbers = match self.count {
            0 => 0..0,
            count => 0..stall::owner(self.seed, u64::from(count - 1)).number + 1,
        };
        numbers.map(|number| self.sellers.id(number))
    }

    /// The indexes of all goods of a seller.
    pub fn goods_of(&self, seller_id: i64) -> Vec<u32> {
        let Some(stall) = self.stall(seller_id) else {
            return Vec::new();
        };
        let end = stall.end.min(u64::from(self.count));
        (stall.first as u32..end as u32).collect()
    }

    fn stall(&self, seller_id: i64) -> Option<stall::Stall> {
        let number = self.sellers.index(seller_id)?;
        // Beyond this no goods index fits in 32 bits.
        let number = number.try_into().ok().filter(|number: &u32| *number < u32::MAX / 25)?;
        let stall = stall::stall(self.seed, u64::from(number));
        (stall.first < u64::from(self.count)).then_some(stall)
    }

    /// All categories, roots before their leaves.
    pub fn categories() -> &'static [Category] {
        catalogue::categories()
    }

    /// All product types.
    pub fn product_types() -> &'static [ProductType] {
        catalogue::product_types()
    }

    /// The properties that goods of a category have, and their values.
    pub fn category_attributes(category_id: i64) -> Vec<CategoryAttribute> {
        attributes::of_category(category_id)
    }

    /// All selected assortments.
    pub fn pools() -> &'static [Pool] {
        pools::pools()
    }

    /// Whether a number is one that goods of this shop could have.
    pub fn is_goods_number(&self, goods_id: i64) -> bool {
        self.goods.index(goods_id).is_some()
    }

    /// Price of the largest quantity on each of the last ninety days as it was authored, oldest first.
    pub fn daily_price(&self, index: u32, lowest_fen: i64) -> Vec<i64> {
        trend::prices(self.seed, index, lowest_fen)
    }

    /// Every name and term that subjects are made of.
    pub fn texts() -> Vec<Words> {
        let names = Shop::product_types().iter().map(|kind| kind.name);
        let categories = Shop::categories().iter().map(|category| category.name);
        let glossaries = [&*MATERIALS, &*STYLES, &*FEATURES, &*USES, &*HOOKS, &*COLOURS, &*AUDIENCES, &*PATTERNS];
        let terms = glossaries.into_iter().flat_map(|glossary| glossary.terms()).map(|term| term.words);
        names.chain(categories).chain(terms).collect()
    }

    /// A drawn product picture, PNG, `size` × `size` (16 to 2048); it differs visibly by type, colour and offer.
    pub fn picture(&self, index: u32, size: u32) -> Vec<u8> {
        picture::picture(self.seed, index, &self.goods(index), size)
    }

    /// The same picture as bare pixels, RGB.
    pub fn pixels(&self, index: u32, size: u32) -> Vec<u8> {
        picture::pixels(self.seed, index, &self.goods(index), size)
    }

    /// For many pictures of one size, best in the order of their goods.
    pub fn studio(&self, size: u32) -> Studio {
        Studio::open(self.seed, size)
    }

    /// The picture of a goods as `pixels` gives it.
    pub fn pixels_in(&self, studio: &mut Studio, index: u32) -> Vec<u8> {
        studio.pixels(index, &self.goods(index))
    }
}

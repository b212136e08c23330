//! The door of the folder: a shop of any size, every part of which is worked out when asked for.

use super::catalogue::{self, Category, ProductType};
use super::generate;
use super::ids::{Numbering, sku_parts};
use super::offer::Goods;
use super::picture;
use super::seller::{self, Seller};
use super::stall;

/// A catalogue of `len` goods under a seed; it holds two numberings and nothing else.
#[derive(Clone, Debug)]
pub struct Shop {
    seed: u64,
    count: u32,
    goods: Numbering,
    sellers: Numbering,
}

impl Shop {
    /// A shop of `count` goods; the same seed gives the same goods whatever the count.
    pub fn open(seed: u64, count: u32) -> Shop {
        Shop {
            seed,
            count,
            goods: Numbering::goods(seed),
            sellers: Numbering::sellers(seed),
        }
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
        generate::goods(self.seed, index, numbers)
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

    /// A drawn product picture, PNG, `size` × `size` (16 to 2048); it differs visibly by type, colour and offer.
    pub fn picture(&self, index: u32, size: u32) -> Vec<u8> {
        picture::picture(self.seed, index, &self.goods(index), size)
    }
}

//! Which seller owns which indexes, and what he sells: a block of a hundred goods belongs to four sellers of
//! uneven size, each at home in a belt that makes his main product.

use super::belt::Belt;
use super::catalogue::{ProductType, product_types};
use super::dice::{Dice, mix};

/// Goods shared among the sellers of one block.
const BLOCK: u64 = 100;
/// Where a block is cut, so that small and large sellers exist.
const CUTS: [[u64; 3]; 6] = [
    [4, 16, 45],
    [10, 30, 55],
    [25, 50, 75],
    [3, 9, 34],
    [18, 40, 88],
    [40, 47, 95],
];
const PER_BLOCK: u64 = 4;
const STALL: u64 = 0x57a1;
/// Larger than any number of types and prime, so that consecutive sellers walk through all of them.
const STRIDE: u64 = 1009;

/// A seller's place: his number and the contiguous goods indexes he owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stall {
    pub(super) number: u64,
    pub(super) first: u64,
    pub(super) end: u64,
}

/// What a seller deals in.
pub(super) struct Trade {
    pub(super) main: &'static ProductType,
    pub(super) belt: &'static Belt,
}

/// The stall that owns a goods.
pub(super) fn owner(seed: u64, index: u64) -> Stall {
    let block = index / BLOCK;
    let place = cuts(seed, block).iter().filter(|cut| **cut <= index % BLOCK).count() as u64;
    stall(seed, block * PER_BLOCK + place)
}

/// The stall with a number.
pub(super) fn stall(seed: u64, number: u64) -> Stall {
    let block = number / PER_BLOCK;
    let [a, b, c] = cuts(seed, block);
    let (first, end) = match number % PER_BLOCK {
        0 => (0, a),
        1 => (a, b),
        2 => (b, c),
        _ => (c, BLOCK),
    };
    Stall {
        number,
        first: block * BLOCK + first,
        end: block * BLOCK + end,
    }
}

fn cuts(seed: u64, block: u64) -> [u64; 3] {
    Dice::cast(seed, STALL, block).pick(&CUTS).unwrap_or(CUTS[0])
}

/// What the seller with a number deals in; `None` only if no product type were authored.
pub(super) fn trade(seed: u64, number: u64) -> Option<Trade> {
    let types = product_types();
    let spread = number.wrapping_mul(STRIDE).wrapping_add(mix(seed) >> 32);
    let main = types.get((spread % types.len().max(1) as u64) as usize)?;
    let belt = Dice::cast(seed, STALL + 1, number).pick(&main.facts.belts)?;
    Some(Trade { main, belt })
}

/// The kind of one of his goods: his main shelf mostly, else what his belt makes of the same root category.
pub(super) fn kind(trade: &Trade, dice: &mut Dice) -> &'static ProductType {
    if dice.chance(350) {
        return trade.main;
    }
    let near = dice.chance(600);
    let fits = |other: &&'static ProductType| {
        let same = if near {
            other.category_id == trade.main.category_id
        } else {
            other.root_id == trade.main.root_id
        };
        same && other.facts.belts.iter().any(|belt| belt.key == trade.belt.key)
    };
    let assortment: Vec<_> = product_types().iter().filter(fits).collect();
    dice.pick(&assortment).unwrap_or(trade.main)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stalls_cover_every_index_once() {
        let mut expected = 0;
        for number in 0..400 {
            let stall = stall(9, number);
            assert_eq!(stall.first, expected);
            assert!(stall.end > stall.first);
            for index in stall.first..stall.end {
                assert_eq!(owner(9, index), stall);
            }
            expected = stall.end;
        }
        assert_eq!(expected, 10_000);
    }
}

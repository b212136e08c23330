//! Numbers that look like the marketplace's and still lead back to an index in one step:
//! an affine permutation of a range, `id = base + (factor · index + shift) mod modulus`.

use super::dice::mix;

/// Goods of a shop are numbered within 6xx xxx xxx xxx (12 digits).
const GOODS: (i64, u64) = (600_000_000_000, 99_999_999_977);
/// Sellers are numbered within ten digits.
const SELLERS: (i64, u64) = (2_200_000_000, 799_999_999);
/// SKUs have thirteen digits: thirty-two to a goods number.
const SKU_BASE: i64 = 4_000_000_000_000;
const SKUS_PER_GOODS: i64 = 32;

/// A bijection between indexes and ids.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbering {
    base: i64,
    modulus: u64,
    factor: u64,
    inverse: u64,
    shift: u64,
}

impl Numbering {
    /// The numbering of goods under a seed.
    pub(super) fn goods(seed: u64) -> Numbering {
        Numbering::new(GOODS, mix(seed ^ 0x60))
    }

    /// The numbering of sellers under a seed.
    pub(super) fn sellers(seed: u64) -> Numbering {
        Numbering::new(SELLERS, mix(seed ^ 0x22))
    }

    fn new((base, modulus): (i64, u64), chance: u64) -> Numbering {
        let mut factor = modulus / 3 + chance % (modulus / 3);
        loop {
            if let Some(inverse) = inverse(factor, modulus) {
                let shift = mix(chance) % modulus;
                return Numbering { base, modulus, factor, inverse, shift };
            }
            factor += 1;
        }
    }

    /// The id at an index.
    pub(super) fn id(&self, index: u64) -> i64 {
        let spot = u128::from(self.factor) * u128::from(index) + u128::from(self.shift);
        self.base + (spot % u128::from(self.modulus)) as i64
    }

    /// The index of an id; `None` for a number outside the range.
    pub(super) fn index(&self, id: i64) -> Option<u64> {
        let spot = u64::try_from(id.checked_sub(self.base)?).ok()?;
        if spot >= self.modulus {
            return None;
        }
        let back = u128::from(spot + self.modulus - self.shift) * u128::from(self.inverse);
        Some((back % u128::from(self.modulus)) as u64)
    }
}

/// The id of the SKU at a position of a goods.
pub(super) fn sku_id(goods_id: i64, position: usize) -> i64 {
    SKU_BASE + (goods_id - GOODS.0) * SKUS_PER_GOODS + position as i64
}

/// The goods id and the position a SKU id stands for.
pub(super) fn sku_parts(sku_id: i64) -> Option<(i64, usize)> {
    let spot = sku_id.checked_sub(SKU_BASE).filter(|spot| *spot >= 0)?;
    let position = usize::try_from(spot % SKUS_PER_GOODS).ok()?;
    Some((GOODS.0.checked_add(spot / SKUS_PER_GOODS)?, position))
}

/// The multiplicative inverse by Euclid's extended algorithm; `None` when there is a common divisor.
fn inverse(value: u64, modulus: u64) -> Option<u64> {
    let (mut old_r, mut r) = (i128::from(value), i128::from(modulus));
    let (mut old_s, mut s) = (1i128, 0i128);
    while r != 0 {
        let quotient = old_r / r;
        (old_r, r) = (r, old_r - quotient * r);
        (old_s, s) = (s, old_s - quotient * s);
    }
    (old_r == 1).then(|| old_s.rem_euclid(i128::from(modulus)) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_leads_back_to_its_index() {
        for seed in [0, 1, 7, u64::MAX] {
            for numbering in [Numbering::goods(seed), Numbering::sellers(seed)] {
                for index in (0..1000).chain([999_999, 40_000_000]) {
                    assert_eq!(numbering.index(numbering.id(index)), Some(index));
                }
                assert_eq!(numbering.index(numbering.base - 1), None);
                assert_eq!(numbering.index(i64::MAX), None);
                assert_eq!(numbering.index(i64::MIN), None);
            }
        }
    }

    #[test]
    fn a_sku_id_names_its_goods_and_position() {
        let goods = Numbering::goods(3).id(12);
        assert_eq!(sku_parts(sku_id(goods, 23)), Some((goods, 23)));
        assert_eq!(sku_parts(17), None);
        assert_eq!(sku_parts(i64::MIN), None);
    }
}

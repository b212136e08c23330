//! `subItemID`, `orderEntryIds`: the platform numbers the lines of an order. Ours are the order's own number where there
//! is but one line, as the platform has it, else numbers made of the order's and the line's.

use sha2::{Digest, Sha256};

use crate::model::ids::CatalogueOrderId;
use crate::model::order::Order;
use crate::model::quote::Line;

const LOWEST: u64 = 1_000_000_000_000_000_000;

/// The number of a line; `at` counts from 0.
pub fn of(order: CatalogueOrderId, at: usize, lines: usize) -> i64 {
    if lines == 1 {
        return order.number();
    }
    let mut hash = Sha256::new();
    hash.update(order.number().to_be_bytes());
    hash.update(at.to_be_bytes());
    let head = hash.finalize().iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    i64::try_from(LOWEST + head % LOWEST).unwrap_or(i64::MAX)
}

/// The lines of an order with their numbers; none while the catalogue has given it none.
pub fn all(order: &Order) -> Vec<(i64, &Line)> {
    let Some(number) = order.catalogue_order else { return Vec::new() };
    let lines = &order.deed.basket.lines;
    lines.iter().enumerate().map(|(at, line)| (of(number, at, lines.len()), line)).collect()
}

#[cfg(test)]
mod tests {
    use super::of;
    use crate::model::ids::CatalogueOrderId;

    #[test]
    fn lines_have_numbers_of_their_own_unless_there_is_but_one() {
        let (one, two) = (CatalogueOrderId::new(2_600_000_000_000_000_001), CatalogueOrderId::new(7));
        assert_eq!(of(one, 0, 1), one.number());
        let numbers = [of(one, 0, 2), of(one, 1, 2), of(two, 0, 2), of(two, 1, 2)];
        for (at, number) in numbers.iter().enumerate() {
            assert!(*number > 0 && !numbers[..at].contains(number) && *number != one.number());
        }
        assert_eq!(of(one, 1, 2), of(one, 1, 5), "the same from then on");
    }
}

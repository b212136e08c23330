//! Reasons: the catalogue names them by words, the platform by numbers. Ours are made of the words, so that a number is
//! the same reason wherever and whenever it is told.

use sha2::{Digest, Sha256};

use crate::model::refund::ReasonCode;

const LOWEST: u32 = 10_000;

/// The number of a reason: 5 to 9 digits.
pub fn id(code: &ReasonCode) -> i64 {
    let hash = Sha256::digest(code.as_str());
    let head = hash.iter().take(4).fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    i64::from(LOWEST + head % 900_000_000)
}

#[cfg(test)]
mod tests {
    use super::id;

    #[test]
    fn reasons_have_numbers_of_their_own() {
        let number = |code: &str| id(&code.parse().unwrap());
        assert_eq!(number("NOT_WANTED"), number("NOT_WANTED"));
        assert_ne!(number("NOT_WANTED"), number("DAMAGED"));
        assert!(number("DAMAGED") >= 10_000);
    }
}

//! Members, as clients of the older protocol name those who buy and sell: `b2b-` and a number. Ours are made of the name
//! of a buyer account, always the same, so that nothing has to be kept.

use sha2::{Digest as _, Sha256};

/// The number that stands for an account.
pub fn number_of(account: &str) -> String {
    let digest = Sha256::digest(account.as_bytes());
    let number = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    (1_000_000_000 + number % 9_000_000_000).to_string()
}

/// The member that an account is.
pub fn id_of(account: &str) -> String {
    format!("b2b-{}", number_of(account))
}

#[cfg(test)]
mod tests {
    use super::{id_of, number_of};

    #[test]
    fn an_account_has_one_number_of_ten_digits() {
        assert_eq!(number_of("acme"), number_of("acme"));
        assert_ne!(number_of("acme"), number_of("acme2"));
        assert!(["", "acme", "b"].iter().all(|account| number_of(account).len() == 10));
        assert_eq!(id_of("acme"), format!("b2b-{}", number_of("acme")));
    }
}

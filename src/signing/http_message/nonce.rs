//! The rule for nonces: at least 128 bits, told by length and alphabet.
//! Whether one was seen before is asked of the nonce store, not here.

/// The longest nonce accepted; longer ones only fill the nonce store.
pub const NONCE_MAX_LEN: usize = 256;

/// Hexadecimal digits needed for 128 bits.
const HEX_MIN_LEN: usize = 32;
/// Base64 (or base64url) characters needed for 128 bits, padding not counted.
const BASE64_MIN_LEN: usize = 22;

/// Says what is wrong with a nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakNonce {
    /// Fewer than 128 bits.
    #[error(
        "the nonce is too short: it must hold at least 128 random bits, that is {BASE64_MIN_LEN} characters of base64 or {HEX_MIN_LEN} hexadecimal digits"
    )]
    TooShort,
    /// More than [`NONCE_MAX_LEN`] characters.
    #[error("the nonce is longer than {NONCE_MAX_LEN} characters")]
    TooLong,
}

/// Checks the length of a nonce: 32 characters when all are hexadecimal digits, else 22.
pub fn check_nonce(nonce: &str) -> Result<(), WeakNonce> {
    let significant = nonce.trim_end_matches('=');
    let needed = if significant.bytes().all(|byte| byte.is_ascii_hexdigit()) { HEX_MIN_LEN } else { BASE64_MIN_LEN };
    if significant.len() < needed {
        Err(WeakNonce::TooShort)
    } else if nonce.len() > NONCE_MAX_LEN {
        Err(WeakNonce::TooLong)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{WeakNonce, check_nonce};

    #[test]
    fn sixteen_bytes_are_enough_in_every_usual_spelling() {
        for nonce in [
            "AAECAwQFBgcICQoLDA0ODw==",
            "AAECAwQFBgcICQoLDA0ODw",
            "000102030405060708090a0b0c0d0e0f",
            "550e8400-e29b-41d4-a716-446655440000",
        ] {
            assert_eq!(check_nonce(nonce), Ok(()), "{nonce}");
        }
    }

    #[test]
    fn less_than_128_bits_are_refused() {
        for nonce in ["", "abc", "1618884473", "0001020304050607080910111213141", "AAECAwQFBgcICQoLDA0O=="] {
            assert_eq!(check_nonce(nonce), Err(WeakNonce::TooShort), "{nonce}");
        }
    }

    #[test]
    fn a_nonce_without_end_is_refused() {
        assert_eq!(check_nonce(&"x".repeat(257)), Err(WeakNonce::TooLong));
    }
}

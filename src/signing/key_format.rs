//! How our key ids and secrets look: a prefix that leak scanners know, random bytes, a checksum that catches typing mistakes.
//! Randomness is handed in; whether a key exists is the key directory's business.

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Base62 digits of the CRC-32 over everything before them.
const CHECKSUM_LEN: usize = 6;
/// Base62 digits of 16 bytes.
const ID_DIGITS: usize = 22;
/// Base62 digits of 32 bytes.
const SECRET_DIGITS: usize = 43;
const ID_PREFIX_LEN: usize = 9;
const ID_LEN: usize = ID_PREFIX_LEN + ID_DIGITS + CHECKSUM_LEN;
const SECRET_PREFIX: &str = "xys_";
const SECRET_LEN: usize = SECRET_PREFIX.len() + SECRET_DIGITS + CHECKSUM_LEN;

/// Which world a key opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mode {
    /// Real goods, real money.
    Live,
    /// For trying out; answers explain more.
    Sandbox,
}

impl Mode {
    /// Returns what key ids of this mode begin with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Live => "xyk_live_",
            Self::Sandbox => "xyk_test_",
        }
    }
}

/// Says what is wrong with a key id or a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFormatError {
    /// Not one of our prefixes.
    #[error("a key id begins with xyk_live_ or xyk_test_")]
    NotAKeyId,
    /// A secret where a key id belongs; never repeat it in an answer.
    #[error("this is a secret, not a key id: it must never be sent; rotate the key")]
    SecretAsKeyId,
    /// Not our prefix.
    #[error("a secret begins with xys_")]
    NotASecret,
    /// Too short or too long.
    #[error("it must have {expected} characters, not {found}: probably not copied whole")]
    Length {
        /// How many there must be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// Something else than letters and digits.
    #[error("only letters and digits may follow the prefix")]
    Character,
    /// The checksum does not fit.
    #[error("the checksum does not fit: probably a typing mistake")]
    Checksum,
}

/// A key id, known to be well-formed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId {
    text: [u8; ID_LEN],
    mode: Mode,
}

impl KeyId {
    /// Makes a key id from 16 random bytes.
    pub fn generate(mode: Mode, random: &[u8; 16]) -> Self {
        let text = compose(mode.prefix(), random, ID_DIGITS);
        let mut id = Self { text: [b'0'; ID_LEN], mode };
        for (place, byte) in id.text.iter_mut().zip(text.bytes()) {
            *place = byte;
        }
        id
    }

    /// Reads a key id.
    pub fn parse(text: &str) -> Result<Self, KeyFormatError> {
        let mode = match text {
            live if live.starts_with(Mode::Live.prefix()) => Mode::Live,
            test if test.starts_with(Mode::Sandbox.prefix()) => Mode::Sandbox,
            secret if secret.starts_with(SECRET_PREFIX) => {
                return Err(KeyFormatError::SecretAsKeyId);
            }
            _ => return Err(KeyFormatError::NotAKeyId),
        };
        check(text, ID_PREFIX_LEN, ID_LEN)?;
        let text = text.as_bytes().try_into().map_err(|_| KeyFormatError::Character)?;
        Ok(Self { text, mode })
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.text).unwrap_or_default()
    }

    /// Says which world the key opens.
    pub fn mode(&self) -> Mode {
        self.mode
    }
}

impl std::fmt::Display for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::fmt::Debug for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for KeyId {
    type Err = KeyFormatError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// A shared secret as text, wiped when dropped and never printed by accident.
///
/// The HMAC key is this whole text, prefix and checksum included, as ASCII bytes.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Makes a secret from 32 random bytes.
    pub fn generate(random: &[u8; 32]) -> Self {
        Self(Zeroizing::new(compose(SECRET_PREFIX, random, SECRET_DIGITS)))
    }

    /// Reads a secret.
    pub fn parse(text: &str) -> Result<Self, KeyFormatError> {
        if !text.starts_with(SECRET_PREFIX) {
            return Err(KeyFormatError::NotASecret);
        }
        check(text, SECRET_PREFIX.len(), SECRET_LEN)?;
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// Shows the text: to its owner, once, or to the seal.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Secret {}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("xys_…")
    }
}

fn compose(prefix: &str, random: &[u8], digits: usize) -> String {
    // Room for everything at once: growing would leave pieces of a secret behind.
    let mut text = String::with_capacity(prefix.len() + digits + CHECKSUM_LEN);
    text.push_str(prefix);
    push_base62(&mut text, random, digits);
    let checksum = crc32(text.as_bytes());
    push_base62(&mut text, &checksum.to_be_bytes(), CHECKSUM_LEN);
    text
}

fn check(text: &str, prefix_len: usize, expected: usize) -> Result<(), KeyFormatError> {
    let found = text.chars().count();
    if found != expected {
        return Err(KeyFormatError::Length { expected, found });
    }
    if !text.bytes().skip(prefix_len).all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(KeyFormatError::Character);
    }
    let (body, given) = text.split_at(expected - CHECKSUM_LEN);
    let given = given.bytes().fold(0_u64, |sum, byte| {
        let digit = DIGITS.iter().position(|known| *known == byte);
        sum * 62 + digit.unwrap_or_default() as u64
    });
    if given == u64::from(crc32(body.as_bytes())) { Ok(()) } else { Err(KeyFormatError::Checksum) }
}

/// Writes a big-endian number in base 62 with leading zeros.
fn push_base62(text: &mut String, number: &[u8], digits: usize) {
    let mut number = Zeroizing::new(number.to_vec());
    let mut reversed = Zeroizing::new(Vec::with_capacity(digits));
    for _ in 0..digits {
        let mut remainder = 0_u32;
        for byte in number.iter_mut() {
            let value = remainder * 256 + u32::from(*byte);
            *byte = (value / 62) as u8;
            remainder = value % 62;
        }
        reversed.push(DIGITS.get(remainder as usize).copied().unwrap_or(b'0'));
    }
    text.extend(reversed.iter().rev().map(|digit| char::from(*digit)));
}

/// CRC-32 as in ISO 3309 (zip, PNG), so that any language can check it.
fn crc32(bytes: &[u8]) -> u32 {
    let register = bytes.iter().fold(u32::MAX, |register, byte| {
        (0..8).fold(register ^ u32::from(*byte), |register, _| {
            let carry = if register & 1 == 1 { 0xedb8_8320 } else { 0 };
            (register >> 1) ^ carry
        })
    });
    !register
}

#[cfg(test)]
mod tests {
    use super::{KeyFormatError, KeyId, Mode, Secret, crc32};
    use proptest::prelude::*;

    #[test]
    fn the_checksum_is_the_well_known_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn a_key_id_shows_what_it_is() {
        let id = KeyId::generate(Mode::Sandbox, &[0xff; 16]);
        assert!(id.as_str().starts_with("xyk_test_7n42DGM5Tflk9n8mt7Fhc7"), "{id}");
        assert_eq!(id.as_str().len(), 37);
        assert_eq!(KeyId::parse(id.as_str()), Ok(id));
    }

    #[test]
    fn mistakes_are_told_apart() {
        let id = KeyId::generate(Mode::Live, &[7; 16]);
        let secret = Secret::generate(&[7; 32]);
        let cases = [
            (id.as_str()[..36].to_owned(), KeyFormatError::Length { expected: 37, found: 36 }),
            (id.as_str().replace("live", "test"), KeyFormatError::Checksum),
            (format!("{}é", &id.as_str()[..36]), KeyFormatError::Character),
            (secret.expose().to_owned(), KeyFormatError::SecretAsKeyId),
            ("AKIA123".to_owned(), KeyFormatError::NotAKeyId),
        ];
        for (text, error) in cases {
            assert_eq!(KeyId::parse(&text), Err(error), "{text}");
        }
        assert_eq!(Secret::parse(id.as_str()), Err(KeyFormatError::NotASecret));
    }

    #[test]
    fn a_secret_is_not_printed_by_debug() {
        let secret = Secret::generate(&[9; 32]);
        assert_eq!(format!("{secret:?}"), "xys_…");
        assert_eq!(secret.expose().len(), 53);
    }

    proptest! {
        #[test]
        fn generated_texts_read_back(id: [u8; 16], secret: [u8; 32], live: bool) {
            let mode = if live { Mode::Live } else { Mode::Sandbox };
            let id = KeyId::generate(mode, &id);
            prop_assert_eq!(KeyId::parse(id.as_str()), Ok(id));
            prop_assert_eq!(id.mode(), mode);
            let secret = Secret::generate(&secret);
            prop_assert_eq!(Secret::parse(secret.expose()), Ok(secret));
        }

        #[test]
        fn one_wrong_character_is_noticed(random: [u8; 16], at in 9_usize..37, with in "[0-9A-Za-z]") {
            let id = KeyId::generate(Mode::Live, &random);
            let mut text = id.as_str().to_owned();
            prop_assume!(text[at..=at] != with);
            text.replace_range(at..=at, &with);
            prop_assert_eq!(KeyId::parse(&text), Err(KeyFormatError::Checksum));
        }

        #[test]
        fn any_text_is_read_without_panic(text: String) {
            let _ = KeyId::parse(&text);
            let _ = KeyId::parse(&format!("xyk_live_{text}"));
            let _ = Secret::parse(&format!("xys_{text}"));
        }
    }
}

//! Master keys: 32 bytes each with a version, read from one text so that a file or an environment variable can hold them.
//! Where the text is kept, and who may read it, is the operator's business.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::signing::http_message::HmacKey;

/// Length of a master key and of a data key in bytes.
pub const KEY_BYTES: usize = 32;

/// Says why a text holds no usable master keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMasterKey {
    /// Nothing there.
    #[error("there is no master key; make one with `openssl rand -base64 32`")]
    Empty,
    /// Not base64 of 32 bytes.
    #[error("master key line {0} is not 32 bytes in base64; `openssl rand -base64 32` makes one")]
    NotAKey(usize),
    /// Not a version number.
    #[error("master key line {0}: the version before the colon must be a number from 1 to 65535")]
    NotAVersion(usize),
    /// Two keys of one version.
    #[error("master key version {0} is given twice")]
    Repeated(u16),
}

/// The master keys an installation knows; the one with the highest version seals, all of them open.
#[derive(Clone)]
pub struct MasterKeys {
    current: u16,
    by_version: BTreeMap<u16, Zeroizing<[u8; KEY_BYTES]>>,
}

impl MasterKeys {
    /// Reads `BASE64` (version 1) or lines of `VERSION:BASE64`; empty lines and lines that begin with `#` are passed over.
    pub fn parse(text: &str) -> Result<Self, InvalidMasterKey> {
        let mut by_version = BTreeMap::new();
        for (line, text) in text.lines().enumerate().map(|(at, text)| (at + 1, text.trim())) {
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let (version, key) = read_line(line, text)?;
            if by_version.insert(version, key).is_some() {
                return Err(InvalidMasterKey::Repeated(version));
            }
        }
        let current = by_version.keys().next_back().copied().ok_or(InvalidMasterKey::Empty)?;
        Ok(Self { current, by_version })
    }

    /// Makes the text of a new key under `version`.
    pub fn generate(version: u16) -> Result<Zeroizing<String>, getrandom::Error> {
        let mut key = Zeroizing::new([0_u8; KEY_BYTES]);
        getrandom::fill(key.as_mut_slice())?;
        let encoded = Zeroizing::new(STANDARD.encode(key.as_slice()));
        Ok(Zeroizing::new(format!("{version}:{}\n", *encoded)))
    }

    /// The version that seals.
    pub fn current(&self) -> u16 {
        self.current
    }

    /// Keys for another purpose, one of each version: who has one learns nothing of the master keys.
    pub fn derived(&self, purpose: &str) -> Vec<(u16, [u8; KEY_BYTES])> {
        let sign = |key: &[u8; KEY_BYTES]| HmacKey::new(key).sign(purpose.as_bytes());
        self.by_version.iter().map(|(version, key)| (*version, sign(key))).collect()
    }

    /// The key of a version.
    pub(super) fn find(&self, version: u16) -> Option<&[u8; KEY_BYTES]> {
        self.by_version.get(&version).map(|key| &**key)
    }
}

impl std::fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let versions: Vec<_> = self.by_version.keys().collect();
        write!(f, "MasterKeys(versions {versions:?})")
    }
}

fn read_line(line: usize, text: &str) -> Result<(u16, Zeroizing<[u8; KEY_BYTES]>), InvalidMasterKey> {
    let (version, encoded) = match text.split_once(':') {
        Some((version, encoded)) => (read_version(version.trim()).ok_or(InvalidMasterKey::NotAVersion(line))?, encoded),
        None => (1, text),
    };
    let bytes =
        Zeroizing::new(STANDARD.decode(encoded.trim().as_bytes()).map_err(|_| InvalidMasterKey::NotAKey(line))?);
    let key: &[u8; KEY_BYTES] = bytes.as_slice().try_into().map_err(|_| InvalidMasterKey::NotAKey(line))?;
    Ok((version, Zeroizing::new(*key)))
}

fn read_version(text: &str) -> Option<u16> {
    text.parse().ok().filter(|version| *version > 0)
}

#[cfg(test)]
mod tests {
    use super::{InvalidMasterKey, MasterKeys};

    const A: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const B: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

    #[test]
    fn a_bare_key_is_version_one_and_the_highest_version_seals() {
        assert_eq!(MasterKeys::parse(A).unwrap().current(), 1);
        let two = MasterKeys::parse(&format!("# of 2026\n1:{A}\n\n 2: {B}\n")).unwrap();
        assert_eq!(two.current(), 2);
        assert_eq!(two.find(1), Some(&[0; 32]));
        assert_eq!(two.find(2), Some(&[1; 32]));
    }

    #[test]
    fn a_made_key_reads_back() {
        let text = MasterKeys::generate(7).unwrap();
        assert_eq!(MasterKeys::parse(&text).unwrap().current(), 7);
    }

    #[test]
    fn mistakes_name_their_line() {
        for (text, error) in [
            (String::new(), InvalidMasterKey::Empty),
            ("\nAAAA".to_owned(), InvalidMasterKey::NotAKey(2)),
            (format!("0:{A}"), InvalidMasterKey::NotAVersion(1)),
            (format!("one:{A}"), InvalidMasterKey::NotAVersion(1)),
            (format!("{A}\n1:{B}"), InvalidMasterKey::Repeated(1)),
        ] {
            assert_eq!(MasterKeys::parse(&text).err(), Some(error), "{text}");
        }
    }

    #[test]
    fn debug_shows_versions_and_no_key() {
        assert_eq!(format!("{:?}", MasterKeys::parse(A).unwrap()), "MasterKeys(versions [1])");
    }
}

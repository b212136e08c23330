//! Secrets at rest: XChaCha20-Poly1305 in an envelope. Each record has its own data key, wrapped by a master key;
//! changing the master key rewraps the small keys only. A seal is bound to the place it is stored at.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::partners::master_key::{KEY_BYTES, MasterKeys};

const NONCE_BYTES: usize = 24;

/// Where a sealed value is stored; it opens nowhere else.
#[derive(Clone, Copy, Debug)]
pub struct StoredAt<'a> {
    /// Table.
    pub table: &'a str,
    /// Primary key of the row.
    pub row: &'a str,
    /// Column.
    pub column: &'a str,
}

/// A sealed value, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Which master key wraps the data key.
    pub master_version: u16,
    /// The data key: nonce, then ciphertext and tag.
    pub wrapped_key: Vec<u8>,
    /// The value: nonce, then ciphertext and tag.
    pub ciphertext: Vec<u8>,
}

/// Says why something cannot be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The operating system gave no random bytes.
    #[error("the operating system gives no random bytes")]
    NoRandomness,
    /// The master key of that version was not given.
    #[error("master key version {0} is needed and was not given")]
    UnknownVersion(u16),
    /// Another master key, another place, or altered bytes.
    #[error("the sealed value does not open: another master key, another place, or altered bytes")]
    DoesNotOpen,
}

/// Seals and opens with the installation's master keys.
#[derive(Clone, Debug)]
pub struct Sealer(MasterKeys);

impl Sealer {
    /// A sealer with these master keys.
    pub fn new(keys: MasterKeys) -> Self {
        Self(keys)
    }

    /// The master key version that seals.
    pub fn current_version(&self) -> u16 {
        self.0.current()
    }

    /// Seals a value for one place, under a data key of its own.
    pub fn seal(&self, at: StoredAt<'_>, plain: &[u8]) -> Result<Sealed, SealError> {
        let mut data_key = Zeroizing::new([0_u8; KEY_BYTES]);
        getrandom::fill(data_key.as_mut_slice()).map_err(|_| SealError::NoRandomness)?;
        let master_version = self.0.current();
        Ok(Sealed {
            master_version,
            wrapped_key: self.wrap(at, &data_key)?,
            ciphertext: encrypt(&data_key, &bound("value", None, at), plain)?,
        })
    }

    /// Opens a value read from this place.
    pub fn open(&self, at: StoredAt<'_>, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let data_key = self.unwrap(at, sealed)?;
        decrypt(&data_key, &bound("value", None, at), &sealed.ciphertext)
    }

    /// Wraps the data key under the current master key; `None` when it already is.
    pub fn rewrap(&self, at: StoredAt<'_>, sealed: &Sealed) -> Result<Option<Sealed>, SealError> {
        if sealed.master_version == self.0.current() {
            return Ok(None);
        }
        let data_key = self.unwrap(at, sealed)?;
        let wrapped_key = self.wrap(at, &data_key)?;
        Ok(Some(Sealed { master_version: self.0.current(), wrapped_key, ciphertext: sealed.ciphertext.clone() }))
    }

    fn wrap(&self, at: StoredAt<'_>, data_key: &[u8; KEY_BYTES]) -> Result<Vec<u8>, SealError> {
        let version = self.0.current();
        let master = self.0.find(version).ok_or(SealError::UnknownVersion(version))?;
        encrypt(master, &bound("data key", Some(version), at), data_key)
    }

    fn unwrap(&self, at: StoredAt<'_>, sealed: &Sealed) -> Result<Zeroizing<[u8; KEY_BYTES]>, SealError> {
        let version = sealed.master_version;
        let master = self.0.find(version).ok_or(SealError::UnknownVersion(version))?;
        let plain = decrypt(master, &bound("data key", Some(version), at), &sealed.wrapped_key)?;
        let data_key: &[u8; KEY_BYTES] = plain.as_slice().try_into().map_err(|_| SealError::DoesNotOpen)?;
        Ok(Zeroizing::new(*data_key))
    }
}

/// The associated data: every part with its length before it, so that no two places read alike.
fn bound(what: &str, master_version: Option<u16>, at: StoredAt<'_>) -> Vec<u8> {
    let version = master_version.map(|version| version.to_string()).unwrap_or_default();
    let parts = ["xunyuan seal 1", what, &version, at.table, at.row, at.column];
    let mut bytes = Vec::with_capacity(128);
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes
}

fn encrypt(key: &[u8; KEY_BYTES], aad: &[u8], plain: &[u8]) -> Result<Vec<u8>, SealError> {
    let mut nonce = [0_u8; NONCE_BYTES];
    getrandom::fill(&mut nonce).map_err(|_| SealError::NoRandomness)?;
    let sealed =
        cipher(key).encrypt(&XNonce::from(nonce), Payload { msg: plain, aad }).map_err(|_| SealError::DoesNotOpen)?;
    Ok([nonce.as_slice(), &sealed].concat())
}

fn decrypt(key: &[u8; KEY_BYTES], aad: &[u8], stored: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let (nonce, sealed) = stored.split_first_chunk::<NONCE_BYTES>().ok_or(SealError::DoesNotOpen)?;
    cipher(key)
        .decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad })
        .map(Zeroizing::new)
        .map_err(|_| SealError::DoesNotOpen)
}

fn cipher(key: &[u8; KEY_BYTES]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&Key::from(*key))
}

#[cfg(test)]
mod tests {
    use super::{SealError, Sealed, Sealer, StoredAt};
    use crate::partners::master_key::MasterKeys;

    const OLD: &str = "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const NEW: &str = "2:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    const HERE: StoredAt<'static> = StoredAt { table: "partner_keys", row: "xyk_1", column: "sealed_secret" };

    fn sealer(text: &str) -> Sealer {
        Sealer::new(MasterKeys::parse(text).unwrap())
    }

    #[test]
    fn what_is_sealed_opens_at_its_place_only() {
        let sealer = sealer(OLD);
        let sealed = sealer.seal(HERE, b"xys_secret").unwrap();
        assert_eq!(sealer.open(HERE, &sealed).unwrap().as_slice(), b"xys_secret");
        for elsewhere in [
            StoredAt { table: "partners", ..HERE },
            StoredAt { row: "xyk_2", ..HERE },
            StoredAt { column: "public_key", ..HERE },
            // The same letters, cut elsewhere.
            StoredAt { table: "partner_keysx", row: "yk_1", ..HERE },
        ] {
            assert_eq!(sealer.open(elsewhere, &sealed), Err(SealError::DoesNotOpen), "{elsewhere:?}");
        }
    }

    #[test]
    fn another_master_key_does_not_open_it() {
        let sealed = sealer(OLD).seal(HERE, b"xys_secret").unwrap();
        let other = sealer(&NEW.replace("2:", "1:"));
        assert_eq!(other.open(HERE, &sealed), Err(SealError::DoesNotOpen));
        assert_eq!(sealer(NEW).open(HERE, &sealed), Err(SealError::UnknownVersion(1)));
    }

    #[test]
    fn a_seal_cannot_be_put_together_from_two() {
        let sealer = sealer(OLD);
        let (one, two) = (sealer.seal(HERE, b"one").unwrap(), sealer.seal(HERE, b"two").unwrap());
        let mixed = Sealed { ciphertext: two.ciphertext, ..one };
        assert_eq!(sealer.open(HERE, &mixed), Err(SealError::DoesNotOpen));
    }

    #[test]
    fn every_altered_byte_is_noticed() {
        let sealer = sealer(OLD);
        let sealed = sealer.seal(HERE, b"xys").unwrap();
        for at in 0..sealed.ciphertext.len() {
            let mut altered = sealed.clone();
            altered.ciphertext[at] ^= 1;
            assert_eq!(sealer.open(HERE, &altered), Err(SealError::DoesNotOpen), "{at}");
        }
        for length in 0..sealed.wrapped_key.len() {
            let mut cut = sealed.clone();
            cut.wrapped_key.truncate(length);
            assert_eq!(sealer.open(HERE, &cut), Err(SealError::DoesNotOpen), "{length}");
        }
    }

    #[test]
    fn rewrapping_lets_the_old_master_key_go() {
        let sealed = sealer(OLD).seal(HERE, b"xys_secret").unwrap();
        let both = sealer(&format!("{OLD}\n{NEW}"));
        let rewrapped = both.rewrap(HERE, &sealed).unwrap().unwrap();
        assert_eq!(rewrapped.ciphertext, sealed.ciphertext);
        assert_eq!(sealer(NEW).open(HERE, &rewrapped).unwrap().as_slice(), b"xys_secret");
        assert_eq!(both.rewrap(HERE, &rewrapped).unwrap(), None);
    }
}

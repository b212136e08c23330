//! Passwords and their Argon2id hashes; nothing here knows whose they are.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use zeroize::Zeroizing;

use super::Error;

/// The fewest characters of a password.
pub const LEAST: usize = 12;
/// The most bytes of one; a form holds no more.
pub(super) const MOST_BYTES: usize = 512;

/// Verified in the place of a hash that is not there, so that asking for a name takes as long as it being right.
/// Made of a password that nobody has, with the parameters that new hashes get.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyB0aGlz$SLrT8HQWx9Gbzs7DHIQV6mJlVo7hVcyMGFZeYUNMjWs";

/// The hash of a password that will do.
pub(super) async fn hash(password: Zeroizing<String>) -> Result<String, Error> {
    if password.chars().count() < LEAST {
        return Err(Error::ShortPassword(LEAST));
    }
    if password.len() > MOST_BYTES {
        return Err(Error::LongPassword(MOST_BYTES));
    }
    let made = tokio::task::spawn_blocking(move || {
        Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string())
    });
    match made.await {
        Ok(Ok(hash)) => Ok(hash),
        Ok(Err(error)) => Err(Error::Hash(error.to_string())),
        Err(error) => Err(Error::Hash(error.to_string())),
    }
}

/// Whether a password fits a hash; without a hash it takes as long and does not.
pub(super) async fn fits(password: Zeroizing<String>, hash: Option<String>) -> bool {
    let known = hash.is_some();
    let hash = Zeroizing::new(hash.unwrap_or_else(|| NOBODY.to_owned()));
    let verified = tokio::task::spawn_blocking(move || {
        let Ok(hash) = PasswordHash::new(&hash) else { return false };
        Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()
    });
    verified.await.unwrap_or(false) && known
}

#[cfg(test)]
mod tests {
    use super::{NOBODY, fits, hash};
    use crate::ops::staff::Error;
    use argon2::Argon2;
    use argon2::password_hash::PasswordVerifier;
    use argon2::password_hash::phc::PasswordHash;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_and_no_other() {
        let made = hash("correct horse".to_owned().into()).await.unwrap();
        assert!(fits("correct horse".to_owned().into(), Some(made.clone())).await);
        assert!(!fits("correct horsf".to_owned().into(), Some(made.clone())).await);
        assert!(!fits("correct horse".to_owned().into(), None).await);
        assert!(!fits("correct horse".to_owned().into(), Some("nonsense".into())).await);
        let parameters = |text: &str| PasswordHash::new(text).unwrap().params.to_string();
        assert_eq!(parameters(&made), parameters(NOBODY), "nobody's hash takes as long as a new one");
    }

    #[tokio::test]
    async fn passwords_too_short_or_too_long_are_refused() {
        assert!(matches!(hash("eleven char".to_owned().into()).await, Err(Error::ShortPassword(12))));
        assert!(matches!(hash("x".repeat(513).into()).await, Err(Error::LongPassword(512))));
    }

    #[test]
    fn nobodys_hash_is_verified_like_any_other() {
        let hash = PasswordHash::new(NOBODY).unwrap();
        assert!(hash.salt.is_some() && hash.hash.is_some());
        assert!(Argon2::default().verify_password(b"", &hash).is_err());
    }
}

//! Who may come in: whoever knows the configured password, or a one-time password that this process made and told
//! once. Attempts are few per address; hashes are computed one at a time, so that guessing costs the node little.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use argon2::Argon2;
use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::auth::Throttle;
use crate::clock::Clock;
use crate::ops::console::sessions::{Lasts, Sessions};

const ATTEMPTS_PER_MINUTE: u32 = 5;
/// 32 signs that are not mistaken for each other, in four groups of four: 80 bits.
const SIGNS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
const GROUPS: usize = 4;

/// Passwords and sessions of the console.
pub struct Access {
    /// Who is logged in.
    pub sessions: Sessions,
    hash: Zeroizing<String>,
    once: Mutex<Once>,
    attempts: Throttle,
    hashing: Semaphore,
}

/// The one-time password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Once {
    None,
    Waits([u8; 32]),
    Used,
}

/// Whether anybody can come in at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// With a password.
    Open,
    /// Only with the session that the one-time password opened.
    Used,
    /// Nobody: there is no password.
    Closed,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Right; the new session's cookie.
    Right(String),
    /// Wrong.
    Wrong,
    /// Not looked at: too many from there; again in so many seconds.
    TooMany(u64),
    /// The system had no randomness for a session.
    Failed,
}

impl Access {
    /// With this hash (PHC form), or without a password when it is empty.
    pub fn new(hash: Zeroizing<String>, clock: Clock) -> Self {
        Self {
            sessions: Sessions::new(clock.clone()),
            hash,
            once: Mutex::new(Once::None),
            attempts: Throttle::new(ATTEMPTS_PER_MINUTE, clock),
            hashing: Semaphore::new(1),
        }
    }

    /// Makes a password that is good for one login; one made before is void.
    pub fn issue_one_time(&self) -> Result<String, getrandom::Error> {
        let mut bytes = [0_u8; 4 * GROUPS];
        getrandom::fill(&mut bytes)?;
        let sign = |byte: &u8| SIGNS.get(usize::from(*byte) % SIGNS.len()).map_or('a', |sign| char::from(*sign));
        let groups: Vec<String> = bytes.chunks(4).map(|four| four.iter().map(sign).collect()).collect();
        let password = groups.join("-");
        *self.once.lock().unwrap_or_else(PoisonError::into_inner) = Once::Waits(digest(&password));
        Ok(password)
    }

    /// Whether there is a password.
    pub fn way(&self) -> Way {
        match *self.once.lock().unwrap_or_else(PoisonError::into_inner) {
            _ if !self.hash.is_empty() => Way::Open,
            Once::Waits(_) => Way::Open,
            Once::Used => Way::Used,
            Once::None => Way::Closed,
        }
    }

    /// Lets somebody in, or not.
    pub async fn attempt(&self, password: Zeroizing<String>, from: IpAddr) -> Attempt {
        // Every attempt counts, right or wrong, before it is looked at.
        if let Some(wait_s) = self.attempts.charge(from, None) {
            return Attempt::TooMany(wait_s);
        }
        let lasts = if self.take_one_time(&password) {
            Lasts::Process
        } else if self.is_right(password).await {
            Lasts::Hours
        } else {
            return Attempt::Wrong;
        };
        self.sessions.open(lasts).map_or(Attempt::Failed, Attempt::Right)
    }

    /// Whether it is the one-time password; if so, it is used up.
    fn take_one_time(&self, password: &str) -> bool {
        let mut once = self.once.lock().unwrap_or_else(PoisonError::into_inner);
        let right = match *once {
            Once::Waits(wanted) => bool::from(wanted.ct_eq(&digest(password.trim()))),
            Once::None | Once::Used => false,
        };
        if right {
            *once = Once::Used;
        }
        right
    }

    async fn is_right(&self, password: Zeroizing<String>) -> bool {
        if self.hash.is_empty() {
            return false;
        }
        let Ok(_turn) = self.hashing.acquire().await else { return false };
        let hash = self.hash.clone();
        tokio::task::spawn_blocking(move || fits(&password, &hash)).await.unwrap_or(false)
    }
}

fn fits(password: &str, hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()
}

fn digest(password: &str) -> [u8; 32] {
    Sha256::digest(password.as_bytes()).into()
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Access({:?})", self.way())
    }
}

#[cfg(test)]
mod tests {
    use super::{Access, Attempt, Way};
    use crate::clock::Clock;
    use argon2::password_hash::PasswordHasher;
    use argon2::{Algorithm, Argon2, Params, Version};

    const HOME: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn with(password: &str, clock: &Clock) -> Access {
        let cheap = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(64, 1, 1, None).unwrap());
        Access::new(cheap.hash_password(password.as_bytes()).unwrap().to_string().into(), clock.clone())
    }

    #[tokio::test]
    async fn the_configured_password_opens_and_others_do_not() {
        let access = with("correct horse", &Clock::System);
        assert!(matches!(access.attempt("correct horse".to_owned().into(), HOME).await, Attempt::Right(_)));
        assert_eq!(access.attempt("correct hors".to_owned().into(), HOME).await, Attempt::Wrong);
    }

    #[tokio::test]
    async fn a_one_time_password_opens_once_and_the_next_one_voids_it() {
        let access = Access::new(String::new().into(), Clock::System);
        assert_eq!(access.way(), Way::Closed);
        let (old, new) = (access.issue_one_time().unwrap(), access.issue_one_time().unwrap());
        assert_eq!((access.way(), old.len()), (Way::Open, 19));
        assert_eq!(access.attempt(old.into(), HOME).await, Attempt::Wrong);
        assert!(matches!(access.attempt(new.clone().into(), HOME).await, Attempt::Right(_)));
        assert_eq!((access.attempt(new.into(), HOME).await, access.way()), (Attempt::Wrong, Way::Used));
    }

    #[tokio::test]
    async fn guessing_is_slowed_down_by_address() {
        let clock = Clock::shiftable();
        let access = with("x", &clock);
        for _ in 0..5 {
            assert_eq!(access.attempt("y".to_owned().into(), HOME).await, Attempt::Wrong);
        }
        assert!(matches!(access.attempt("x".to_owned().into(), HOME).await, Attempt::TooMany(1..=13)));
        clock.advance_ms(13_000);
        assert!(matches!(access.attempt("x".to_owned().into(), HOME).await, Attempt::Right(_)));
    }
}

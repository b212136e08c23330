//! Who is logged in, kept in this process: a bounded number of sessions, each known by the digest of its cookie.

use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::clock::Clock;

const MOST: usize = 64;
const LIFE_MS: i64 = 12 * 3_600_000;

/// How long a session lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasts {
    /// Twelve hours.
    Hours,
    /// As long as the process.
    Process,
}

/// Somebody who is logged in.
#[derive(Clone)]
pub struct Session {
    /// Every form of the session's pages carries it.
    pub token: String,
    cookie: [u8; 32],
    ends_ms: Option<i64>,
}

impl Session {
    /// Whether a form was made for this session.
    pub fn made(&self, token: &str) -> bool {
        self.token.as_bytes().ct_eq(token.as_bytes()).into()
    }
}

/// All sessions.
pub struct Sessions {
    open: Mutex<Vec<Session>>,
    clock: Clock,
}

impl Sessions {
    /// Nobody is logged in.
    pub fn new(clock: Clock) -> Self {
        Self { open: Mutex::default(), clock }
    }

    /// Opens a session and gives its cookie's value. When there are too many, the oldest ends.
    pub fn open(&self, lasts: Lasts) -> Result<String, getrandom::Error> {
        let (cookie, token) = (random()?, random()?);
        let now = self.clock.now_ms();
        let ends_ms = (lasts == Lasts::Hours).then_some(now + LIFE_MS);
        let mut open = self.lock();
        open.retain(|session| session.counts(now));
        if open.len() >= MOST {
            // One that lasts cannot be opened again, so one that ends anyway goes first.
            let oldest = open.iter().position(|session| session.ends_ms.is_some()).unwrap_or(0);
            open.remove(oldest);
        }
        open.push(Session { token, cookie: digest(&cookie), ends_ms });
        Ok(cookie)
    }

    /// The session of a cookie.
    pub fn find(&self, cookie: &str) -> Option<Session> {
        let (presented, now) = (digest(cookie), self.clock.now_ms());
        self.lock().iter().find(|session| session.is(&presented) && session.counts(now)).cloned()
    }

    /// Ends a session.
    pub fn close(&self, session: &Session) {
        self.lock().retain(|other| !other.is(&session.cookie));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Session>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    fn is(&self, cookie: &[u8; 32]) -> bool {
        self.cookie.ct_eq(cookie).into()
    }

    fn counts(&self, now_ms: i64) -> bool {
        self.ends_ms.is_none_or(|ends| now_ms < ends)
    }
}

fn digest(cookie: &str) -> [u8; 32] {
    Sha256::digest(cookie.as_bytes()).into()
}

fn random() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::{LIFE_MS, Lasts, MOST, Sessions};
    use crate::clock::Clock;

    #[test]
    fn a_session_ends_after_its_life_unless_it_is_the_processes() {
        let clock = Clock::shiftable();
        let sessions = Sessions::new(clock.clone());
        let (hours, process) = (sessions.open(Lasts::Hours).unwrap(), sessions.open(Lasts::Process).unwrap());
        assert!(sessions.find(&hours).is_some() && sessions.find("").is_none());
        clock.advance_ms(LIFE_MS + 1_000);
        assert!(sessions.find(&hours).is_none() && sessions.find(&process).is_some());
    }

    #[test]
    fn a_closed_session_is_gone_and_only_that_one() {
        let sessions = Sessions::new(Clock::System);
        let (one, other) = (sessions.open(Lasts::Hours).unwrap(), sessions.open(Lasts::Hours).unwrap());
        let session = sessions.find(&one).unwrap();
        assert!(session.made(&session.token) && !sessions.find(&other).unwrap().made(&session.token));
        sessions.close(&session);
        assert!(sessions.find(&one).is_none() && sessions.find(&other).is_some());
    }

    #[test]
    fn the_store_does_not_grow_without_bound() {
        let sessions = Sessions::new(Clock::System);
        let process = sessions.open(Lasts::Process).unwrap();
        let first = sessions.open(Lasts::Hours).unwrap();
        for _ in 0..MOST {
            sessions.open(Lasts::Hours).unwrap();
        }
        assert_eq!(sessions.lock().len(), MOST);
        assert!(sessions.find(&first).is_none() && sessions.find(&process).is_some());
    }
}

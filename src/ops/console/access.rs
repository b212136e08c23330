//! Who may come in: a person with a name and a password, whoever knows the password of the settings, or a one-time
//! password that this process made and told once. Attempts are few per address and per name.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::auth::Throttle;
use crate::clock::Clock;
use crate::ops::staff::{self, Session, Staff, Way, digest};

const ATTEMPTS_PER_MINUTE: u32 = 5;
/// 32 signs that are not mistaken for each other, in four groups of four: 80 bits.
const SIGNS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
const GROUPS: usize = 4;

/// The ways into the console.
pub struct Access {
    /// People, sessions and tokens.
    pub staff: Arc<Staff>,
    hash: Zeroizing<String>,
    once: Mutex<Once>,
    attempts: Throttle,
}

/// The one-time password; what is kept is its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Once {
    None,
    Waits(String),
    Used,
}

/// Whether anybody can come in at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// People with a name and a password.
    Named,
    /// Only with a password that belongs to nobody: that of the settings, or a one-time password.
    Nameless,
    /// Only with the session that the one-time password opened.
    Used,
    /// Nobody: there is no password.
    Closed,
}

/// What became of an attempt.
#[derive(Debug)]
pub enum Attempt {
    /// Right; the new session's cookie.
    Right(Zeroizing<String>),
    /// Wrong.
    Wrong,
    /// Not looked at: too many from there, or for that name; again in so many seconds.
    TooMany(u64),
    /// The database or the system's randomness failed.
    Failed(staff::Error),
}

impl Access {
    /// With this hash of the settings (PHC form; empty for none) and these people.
    pub fn new(hash: Zeroizing<String>, staff: Arc<Staff>, clock: Clock) -> Self {
        let attempts = Throttle::new(ATTEMPTS_PER_MINUTE, clock);
        Self { staff, hash, once: Mutex::new(Once::None), attempts }
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
    pub async fn way(&self) -> Result<Open, staff::Error> {
        if !self.staff.is_empty().await? {
            return Ok(Open::Named);
        }
        Ok(match *self.once.lock().unwrap_or_else(PoisonError::into_inner) {
            _ if !self.hash.is_empty() => Open::Nameless,
            Once::Waits(_) => Open::Nameless,
            Once::Used => Open::Used,
            Once::None => Open::Closed,
        })
    }

    /// Lets somebody in, or not.
    pub async fn attempt(&self, name: &str, password: Zeroizing<String>, from: IpAddr) -> Attempt {
        // Every attempt counts, right or wrong, before it is looked at.
        if let Some(wait_s) = self.attempts.charge(from, Some(name).filter(|name| !name.is_empty())) {
            return Attempt::TooMany(wait_s);
        }
        let way = match self.way_of(name, password).await {
            Ok(Some(way)) => way,
            Ok(None) => return Attempt::Wrong,
            Err(error) => return Attempt::Failed(error),
        };
        self.staff.open(&way, from).await.map_or_else(Attempt::Failed, Attempt::Right)
    }

    /// The session of a cookie.
    pub async fn find(&self, cookie: &str) -> Result<Option<Session>, staff::Error> {
        self.staff.find_session(cookie, &self.settings()).await
    }

    /// A name's open sessions.
    pub async fn sessions(&self, name: &str) -> Result<Vec<Session>, staff::Error> {
        self.staff.sessions(name, &self.settings()).await
    }

    /// A digest of the hash that is configured; empty when there is none.
    fn settings(&self) -> String {
        if self.hash.is_empty() { String::new() } else { digest(&self.hash) }
    }

    async fn way_of(&self, name: &str, password: Zeroizing<String>) -> Result<Option<Way>, staff::Error> {
        if !name.is_empty() {
            let role = self.staff.check(name, password).await?;
            return Ok(role.map(|_| Way::Person(name.to_owned())));
        }
        if self.take_one_time(&password) {
            return Ok(Some(Way::Once));
        }
        let hash = Some(self.hash.to_string()).filter(|hash| !hash.is_empty());
        let right = self.staff.fits(password, hash).await;
        Ok(right.then(|| Way::Settings(self.settings())))
    }

    /// Whether it is the one-time password; if so, it is used up.
    fn take_one_time(&self, password: &str) -> bool {
        let mut once = self.once.lock().unwrap_or_else(PoisonError::into_inner);
        let right = match &*once {
            Once::Waits(wanted) => bool::from(wanted.as_bytes().ct_eq(digest(password.trim()).as_bytes())),
            Once::None | Once::Used => false,
        };
        if right {
            *once = Once::Used;
        }
        right
    }
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Access(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::{Access, Attempt, Open};
    use std::sync::Arc;

    use crate::clock::Clock;
    use crate::ops::staff::{Role, Staff};
    use crate::sql::{Sql, trial};
    use argon2::password_hash::PasswordHasher;
    use argon2::{Algorithm, Argon2, Params, Version};

    const HOME: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn at(sql: &Sql, password: &str, clock: &Clock) -> Access {
        let cheap = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(64, 1, 1, None).unwrap());
        let hash = if password.is_empty() {
            String::new()
        } else {
            cheap.hash_password(password.as_bytes()).unwrap().to_string()
        };
        Access::new(hash.into(), Arc::new(Staff::new(sql.clone(), clock.clone())), clock.clone())
    }

    async fn tries(access: &Access, name: &str, password: &str) -> Attempt {
        access.attempt(name, password.to_owned().into(), HOME).await
    }

    #[tokio::test]
    async fn the_password_of_the_settings_opens_without_a_name_and_others_do_not() {
        let house = trial::houses().await.remove(0);
        let access = at(&house.sql, "correct horse", &Clock::System);
        assert_eq!(access.way().await.unwrap(), Open::Nameless);
        let Attempt::Right(cookie) = tries(&access, "", "correct horse").await else { panic!("not let in") };
        assert_eq!(access.find(&cookie).await.unwrap().unwrap().name, "settings");
        for (name, password) in [("", "correct hors"), ("settings", "correct horse"), ("one-time", "correct horse")] {
            assert!(matches!(tries(&access, name, password).await, Attempt::Wrong), "{name} {password}");
        }
        let other = at(&house.sql, "another password", &Clock::System);
        assert!(other.find(&cookie).await.unwrap().is_none(), "another hash ends the sessions of the one before");
    }

    #[tokio::test]
    async fn a_one_time_password_opens_once_and_the_next_one_voids_it() {
        let house = trial::houses().await.remove(0);
        let access = at(&house.sql, "", &Clock::System);
        assert_eq!(access.way().await.unwrap(), Open::Closed);
        assert!(matches!(tries(&access, "", "").await, Attempt::Wrong));
        let (old, new) = (access.issue_one_time().unwrap(), access.issue_one_time().unwrap());
        assert_eq!((access.way().await.unwrap(), old.len()), (Open::Nameless, 19));
        assert!(matches!(tries(&access, "", &old).await, Attempt::Wrong));
        let Attempt::Right(cookie) = tries(&access, "", &format!(" {new}")).await else { panic!("not let in") };
        assert_eq!(access.find(&cookie).await.unwrap().unwrap().role, Role::Admin);
        assert!(matches!(tries(&access, "", &new).await, Attempt::Wrong));
        assert_eq!(access.way().await.unwrap(), Open::Used);
    }

    #[tokio::test]
    async fn a_person_comes_in_under_the_own_name_alone() {
        let house = trial::houses().await.remove(0);
        let access = at(&house.sql, "correct horse", &Clock::System);
        let name = "li".parse().unwrap();
        access.staff.add("root", &name, Role::Viewer, "battery staple".to_owned().into()).await.unwrap();
        assert_eq!(access.way().await.unwrap(), Open::Named);
        assert!(matches!(tries(&access, "li", "battery staple").await, Attempt::Right(_)));
        assert!(matches!(tries(&access, "li", "correct horse").await, Attempt::Wrong));
        assert!(matches!(tries(&access, "", "battery staple").await, Attempt::Wrong));
    }

    #[tokio::test]
    async fn guessing_is_slowed_down_by_address_and_by_name() {
        let house = trial::houses().await.remove(0);
        let clock = Clock::shiftable();
        let access = at(&house.sql, "x", &clock);
        for _ in 0..5 {
            assert!(matches!(tries(&access, "", "y").await, Attempt::Wrong));
        }
        assert!(matches!(tries(&access, "", "x").await, Attempt::TooMany(1..=13)));
        clock.advance_ms(13_000);
        assert!(matches!(tries(&access, "", "x").await, Attempt::Right(_)));
        let from = |last: u8| std::net::IpAddr::from([198, 51, 100, last]);
        for last in 0..5 {
            assert!(matches!(access.attempt("li", String::new().into(), from(last)).await, Attempt::Wrong));
        }
        assert!(matches!(access.attempt("li", String::new().into(), from(9)).await, Attempt::TooMany(_)));
        assert!(matches!(access.attempt("wang", String::new().into(), from(9)).await, Attempt::Wrong));
    }
}

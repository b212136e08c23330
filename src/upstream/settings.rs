//! Where the wholesale service is and how long we wait for it. Read from configuration elsewhere.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use url::Url;
use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::upstream::open1688::Account;

/// The internal token of every call; never printed.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

impl Token {
    /// The secret itself, for the one header it belongs in.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Token {
    fn from(secret: String) -> Self {
        Self(Zeroizing::new(secret))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// One wholesale service.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Its address; a path in it is kept as prefix.
    pub url: Url,
    /// What it knows us by.
    pub token: Token,
}

/// Accounts at services that speak the open platform's protocol; where there is one, the world's other address is not
/// asked. All clients of a process share them, with what is known over there and the tokens.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    /// The one behind live keys.
    pub live: Option<Arc<Account>>,
    /// The one behind sandbox keys.
    pub sandbox: Option<Arc<Account>>,
}

/// How the gateway speaks to the wholesale services of its two worlds.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the time of breakers is told by.
    pub clock: Clock,
    /// The service behind live keys.
    pub live: Option<Endpoint>,
    /// The service behind sandbox keys.
    pub sandbox: Option<Endpoint>,
    /// Services that speak the open platform's protocol instead.
    pub open1688: Accounts,
    /// How long opening a connection may take.
    pub connect_timeout: Duration,
    /// How long a call may take in all unless its context says less.
    pub deadline: Duration,
    /// The same for calls that change something: orders, payments, cancellations.
    pub order_deadline: Duration,
    /// How often a read may be repeated.
    pub retries: u32,
    /// The largest answer that is read, in bytes.
    pub max_answer_bytes: usize,
    /// How long an answer that has begun may pause.
    pub stall: Duration,
    /// Calls under way at one time on this node; browsing and reads leave some of these places to orders.
    pub at_once: usize,
    /// How long a call waits for a place.
    pub place_wait: Duration,
    /// Whether a read that takes longer than 95 of 100 is asked a second time, for one read in twenty at most.
    pub hedge: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            clock: Clock::default(),
            live: None,
            sandbox: None,
            open1688: Accounts::default(),
            connect_timeout: Duration::from_secs(1),
            deadline: Duration::from_secs(8),
            order_deadline: Duration::from_secs(8),
            retries: 2,
            max_answer_bytes: 8 << 20,
            stall: Duration::from_secs(2),
            at_once: 512,
            place_wait: Duration::from_millis(250),
            hedge: false,
        }
    }
}

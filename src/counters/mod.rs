//! What is counted between calls: spent units, used nonces and requests that came twice, in this process or in a Redis that all nodes share.
//! Decides nothing: `limits` says what may be spent, `auth` what a nonce is good for.
//!
//! Redis is asked within a short budget (`redis`). When it does not answer, the asker is told so at once and
//! counts in the process instead; after five failures in a second a breaker spares Redis and the callers, and
//! one probe every 200 ms, for which nobody waits, finds out when it is back.

use std::sync::Arc;

pub mod board;
pub mod breaker;
pub mod gcra;
pub mod nodes;
pub mod nonces;
pub mod rate;
pub mod redis;
#[cfg(test)]
pub(crate) mod redis_server;
pub mod seen;
#[cfg(test)]
mod tests;
pub mod twins;

pub use nonces::{Claimed, Nonces, Reach};

use crate::clock::Clock;
use crate::redis_link::BadPlace;

/// Where is counted; cheap to clone.
#[derive(Clone, Debug, Default)]
pub enum Counters {
    /// In this process only.
    #[default]
    InProcess,
    /// In a Redis shared by all nodes, and in this process while Redis is down.
    Redis {
        /// The connection.
        redis: Arc<redis::Redis>,
        /// The rate script.
        rate: Arc<rate::Rate>,
        /// What this node is called among those that count there.
        node: Arc<str>,
    },
}

impl Counters {
    /// Counts in Redis; connects when first asked.
    pub fn in_redis(settings: &redis::Settings, clock: Clock) -> Result<Self, BadPlace> {
        let redis = Arc::new(redis::Redis::open(settings, clock)?);
        let node = uuid::Uuid::now_v7().simple().to_string().into();
        Ok(Self::Redis { redis, rate: Arc::default(), node })
    }

    /// Redis, if that is where is counted.
    pub fn redis(&self) -> Option<&redis::Redis> {
        match self {
            Self::InProcess => None,
            Self::Redis { redis, .. } => Some(redis),
        }
    }
}

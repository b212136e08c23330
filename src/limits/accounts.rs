//! All accounts this node has met, bounded in number; found without a lock that writers of others hold for long.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, PoisonError, RwLock};

use super::account::Account;
use crate::model::ids::PartnerId;
use crate::model::partner::Mode;

const SHARDS: usize = 16;

type Shard = RwLock<HashMap<PartnerId, Arc<Account>>>;

/// Accounts by partner and mode.
#[derive(Debug)]
pub struct Accounts {
    hasher: RandomState,
    live: [Shard; SHARDS],
    sandbox: [Shard; SHARDS],
    most_per_shard: usize,
}

impl Accounts {
    /// Room for about `most` accounts of each mode; when it is full the one that has least to remember makes place.
    pub fn with_room_for(most: usize) -> Self {
        Self {
            hasher: RandomState::new(),
            live: Default::default(),
            sandbox: Default::default(),
            most_per_shard: most.div_ceil(SHARDS).max(1),
        }
    }

    /// The account of a partner; a new one if there is none.
    pub fn get(&self, partner: &PartnerId, mode: Mode, fresh: impl FnOnce() -> Account) -> Arc<Account> {
        let shard = self.shard(partner, mode);
        if let Some(account) = shard.read().unwrap_or_else(PoisonError::into_inner).get(partner) {
            return Arc::clone(account);
        }
        let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
        if !shard.contains_key(partner) && shard.len() >= self.most_per_shard {
            make_room(&mut shard);
        }
        Arc::clone(shard.entry(partner.clone()).or_insert_with(|| Arc::new(fresh())))
    }

    /// Forgets accounts with nothing to remember.
    pub fn tidy(&self, now_us: i64) {
        for shard in self.live.iter().chain(&self.sandbox) {
            let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
            shard.retain(|_, account| Arc::strong_count(account) > 1 || account.blank_at_us() > now_us);
        }
    }

    /// Accounts that are kept.
    pub fn len(&self) -> usize {
        let sizes = self.live.iter().chain(&self.sandbox);
        sizes.map(|shard| shard.read().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }

    fn shard(&self, partner: &PartnerId, mode: Mode) -> &Shard {
        let shards = match mode {
            Mode::Live => &self.live,
            Mode::Sandbox => &self.sandbox,
        };
        &shards[self.hasher.hash_one(partner) as usize % SHARDS]
    }
}

/// Drops the account with least to remember that nobody is using.
fn make_room(shard: &mut HashMap<PartnerId, Arc<Account>>) {
    let idle = shard.iter().filter(|(_, account)| Arc::strong_count(account) == 1);
    let least = idle.min_by_key(|(_, account)| account.blank_at_us()).map(|(partner, _)| partner.clone());
    if let Some(partner) = least {
        shard.remove(&partner);
    }
}

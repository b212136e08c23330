//! The connector to services that speak the protocol of 1688's open platform: the platform itself, or another Xunyuan's
//! `param2` face. Rooms ask the same calls and get the same documents as from the internal service: each call is put
//! into one or several of the platform's requests (`table` says which), and what comes back into the internal words.
//!
//! What the platform has no word for is told as [`Error::NotOffered`], never guessed. What it tells less exactly is told
//! as exactly as it can be: `README.md` beside this file lists both.
//!
//! An [`Account`] is shared by all clients of a process: its tokens are fetched once (`keeper`), a limit that one client
//! ran into is kept by all (`pause`), and names that only one side knows are remembered (`names`).

mod asked;
mod changes;
mod door;
mod goods;
mod keeper;
mod names;
mod pause;
mod refunds;
mod table;
#[cfg(test)]
mod tests;
mod told;
mod trade;
mod words;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use moka::sync::Cache;
use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

pub use names::Names;

use crate::signing::aop::AppSecret;
use crate::upstream::call::Call;
use crate::upstream::client::Line;
use crate::upstream::failure::Error;
use asked::Asked;
use keeper::Keeper;
use pause::Pause;
use table::How;

/// Offers of which it is remembered who sells them.
const MOST_OFFERS: u64 = 50_000;
/// How long that stands; sellers and categories of offers hardly ever change.
const OFFERS_KEPT_FOR: Duration = Duration::from_secs(6 * 3_600);
/// Things of which it is remembered that their news were told.
const MOST_NEWS: u64 = 100_000;
/// Categories of which it is remembered what is below them.
const MOST_CATEGORIES: u64 = 200_000;
const CATEGORIES_KEPT_FOR: Duration = Duration::from_secs(24 * 3_600);

/// Who we are over there.
#[derive(Clone)]
pub struct Identity {
    /// Where the service is.
    pub url: Url,
    /// The app's number.
    pub app_key: String,
    /// What it signs with.
    pub secret: Zeroizing<String>,
    /// An access token to begin with; empty when there is none.
    pub access_token: Zeroizing<String>,
    /// What brings the next one; empty when there is none.
    pub refresh_token: Zeroizing<String>,
}

/// An account at a service that speaks the open platform's protocol.
pub struct Account {
    prefix: String,
    app_key: String,
    secret: Option<AppSecret>,
    /// The same as it is sent where tokens are asked for.
    client_secret: Zeroizing<String>,
    keeper: Keeper,
    pause: Pause,
    names: Names,
    /// Offers in brief as their details told them and when, by number and language.
    offers: Cache<(i64, String), (i64, Arc<Value>)>,
    /// News that was told, by what it is about: when that changed.
    told: Cache<String, i64>,
    /// Categories with those right below them, by number and language.
    categories: Cache<(i64, String), Arc<Value>>,
}

impl Account {
    /// The account of an identity, with what is remembered of names.
    pub fn new(identity: &Identity, names: Names) -> Self {
        Self {
            prefix: identity.url.as_str().trim_end_matches('/').to_owned(),
            app_key: identity.app_key.clone(),
            secret: AppSecret::new(identity.secret.as_bytes()),
            client_secret: identity.secret.clone(),
            keeper: Keeper::new(identity),
            pause: Pause::default(),
            names,
            offers: Cache::builder().max_capacity(MOST_OFFERS).time_to_live(OFFERS_KEPT_FOR).build(),
            told: Cache::new(MOST_NEWS),
            categories: Cache::builder().max_capacity(MOST_CATEGORIES).time_to_live(CATEGORIES_KEPT_FOR).build(),
        }
    }
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("at", &self.prefix).field("app", &self.app_key).finish_non_exhaustive()
    }
}

/// Asks a call over there; gives the document that the internal service would give.
pub(super) async fn carry(account: &Account, line: Line<'_>, call: &Call) -> Result<Bytes, Error> {
    let row = table::find(call.name).ok_or_else(|| Error::NotOffered(format!("There is no call {}.", call.name)))?;
    match row.how {
        How::Asked(run) => run(&Asked::new(account, line, call)).await,
        How::NotOffered(why) => Err(Error::NotOffered(why.to_owned())),
    }
}

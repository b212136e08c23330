//! What things are called over there: a variant by its offer and its `specId`, a seller by a text, a refund by a number that
//! its asker cannot choose. Kept in SQL, so that all nodes know it and a restart forgets nothing; what was asked for
//! lately is at hand.

use std::sync::Arc;

use moka::sync::Cache;

use crate::clock::Clock;
use crate::model::partner::Mode;
use crate::sql::{self, Sql, args};
use crate::upstream::failure::Error;

const FIND: &str = "SELECT told FROM upstream_names WHERE world = $1 AND kind = $2 AND name = $3";
const KEEP: &str = "INSERT INTO upstream_names (world, kind, name, told, kept_at) VALUES ($1, $2, $3, $4, $5) \
                    ON CONFLICT (world, kind, name) DO UPDATE SET told = excluded.told, kept_at = excluded.kept_at";
const MOST_AT_HAND: u64 = 500_000;

/// What is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// A variant, by its number: offer and `specId`.
    Sku,
    /// A seller, by our number: what it is called over there, and its name.
    Seller,
    /// An order, by our reference: whose it is and its variants, in the order of our lines.
    Order,
    /// A refund, by our reference: its order and, once it is known, its number.
    Refund,
    /// A picture that proves something, by our number: its address.
    Voucher,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Sku => "sku",
            Self::Seller => "seller",
            Self::Order => "order",
            Self::Refund => "refund",
            Self::Voucher => "voucher",
        }
    }
}

/// What is remembered of names.
pub struct Names {
    sql: Option<Sql>,
    clock: Clock,
    world: &'static str,
    at_hand: Cache<(Kind, String), Arc<str>>,
}

impl Names {
    /// Names of a world, kept in this database.
    pub fn kept(sql: Sql, clock: Clock, mode: Mode) -> Self {
        Self { sql: Some(sql), world: mode.name(), ..Self::at_hand(clock) }
    }

    /// Names that end with the process.
    pub fn at_hand(clock: Clock) -> Self {
        Self { sql: None, clock, world: "", at_hand: Cache::new(MOST_AT_HAND) }
    }

    /// What something is called over there; none when nobody said so.
    pub(super) async fn find(&self, kind: Kind, name: &str) -> Result<Option<Arc<str>>, Error> {
        let key = (kind, name.to_owned());
        if let Some(told) = self.at_hand.get(&key) {
            return Ok(Some(told));
        }
        let Some(sql) = &self.sql else { return Ok(None) };
        let row = sql.fetch_optional(FIND, args![self.world, kind.word(), name]).await.map_err(unasked)?;
        let Some(row) = row else { return Ok(None) };
        let told: Arc<str> = row.text("told").map_err(unasked)?.into();
        self.at_hand.insert(key, told.clone());
        Ok(Some(told))
    }

    /// Remembers what things are called, those that are new.
    pub(super) async fn keep(&self, kind: Kind, pairs: Vec<(String, String)>) -> Result<(), Error> {
        let is_new = |(name, told): &(String, String)| {
            self.at_hand.get(&(kind, name.clone())).is_none_or(|known| *known != **told)
        };
        let pairs: Vec<_> = pairs.into_iter().filter(is_new).collect();
        if let Some(sql) = self.sql.as_ref().filter(|_| !pairs.is_empty()) {
            let (world, now_ms, pairs) = (self.world, self.clock.now_ms(), pairs.clone());
            let kept = sql.transaction(move |tx| {
                Box::pin(async move {
                    for (name, told) in &pairs {
                        tx.execute(KEEP, args![world, kind.word(), name, told, now_ms]).await?;
                    }
                    Ok::<(), sql::Error>(())
                })
            });
            kept.await.map_err(unasked)?;
        }
        for (name, told) in pairs {
            self.at_hand.insert((kind, name), told.into());
        }
        Ok(())
    }
}

impl std::fmt::Debug for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Names").field("world", &self.world).finish_non_exhaustive()
    }
}

fn unasked(error: sql::Error) -> Error {
    Error::NotSent(format!("what things are called over there cannot be looked up: {error}"))
}

#[cfg(test)]
mod tests {
    use super::{Kind, Names};
    use crate::clock::Clock;
    use crate::model::partner::Mode;
    use crate::sql::trial;

    #[actix_web::test]
    async fn names_outlive_the_process_and_worlds_are_apart() {
        for house in trial::houses().await {
            let names = |mode| Names::kept(house.sql.clone(), Clock::System, mode);
            let pair = |told: &str| vec![("7".to_owned(), told.to_owned())];
            names(Mode::Live).keep(Kind::Sku, pair("8:a")).await.unwrap();
            names(Mode::Live).keep(Kind::Sku, pair("9:b")).await.unwrap();
            let find = async |mode, kind| names(mode).find(kind, "7").await.unwrap();
            assert_eq!(find(Mode::Live, Kind::Sku).await.as_deref(), Some("9:b"));
            assert_eq!((find(Mode::Sandbox, Kind::Sku).await, find(Mode::Live, Kind::Seller).await), (None, None));
        }
    }
}

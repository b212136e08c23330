//! Pieces that are taken out of what a consignment has at the warehouse: each wish counts once, and nobody takes out more
//! than passed inspection.

use super::{Error, Ledger};
use crate::model::consignment::{Consignment, State};
use crate::model::ids::SkuId;
use crate::sql::{Tx, args};

/// A wish to take pieces out.
#[derive(Clone, Debug)]
pub struct Outbound {
    /// Whoever takes out says this number of its own, once.
    pub taken_as: String,
    /// The variant.
    pub sku: SkuId,
    /// How many pieces.
    pub quantity: u32,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakenOut {
    /// Taken, now or when it was first said; so many are left.
    Taken {
        /// How many.
        left: u32,
    },
    /// Only so many are there.
    TooMany {
        /// How many.
        left: u32,
    },
    /// The number was said with other words before.
    Spoken,
    /// Its goods are not inspected yet, or gone.
    NotThere,
}

impl Ledger {
    /// Takes pieces out of the `passed` that are as they should be.
    pub async fn take_out(&self, of: &Consignment, wish: Outbound, passed: u32) -> Result<TakenOut, Error> {
        let (deed, now) = (of.deed.clone(), self.clock.now_ms());
        self.sql
            .transaction(move |tx| {
                let (deed, wish) = (deed.clone(), wish.clone());
                Box::pin(async move {
                    const BEFORE: &str = "SELECT consignment, sku, quantity FROM consignment_outbound \
                        WHERE partner = $1 AND mode = $2 AND taken_as = $3";
                    // Of many who take out at once, each sees what those before it took.
                    const ALONE: &str = "UPDATE consignments SET look_at = look_at WHERE id = $1 AND state = $2";
                    const WRITE: &str = "INSERT INTO consignment_outbound \
                        (partner, mode, taken_as, consignment, sku, quantity, at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
                    let (id, sku) = (deed.id.as_str(), wish.sku.number());
                    let inspected = tx.execute(ALONE, args![id, State::Inspected.name()]).await? > 0;
                    let left = passed.saturating_sub(taken(tx, id, sku).await?);
                    let key = args![deed.partner.as_str(), deed.mode.name(), wish.taken_as.as_str()];
                    if let Some(row) = tx.fetch_optional(BEFORE, key).await? {
                        let same = row.text("consignment")? == id
                            && row.int("sku")? == sku
                            && row.int("quantity")? == i64::from(wish.quantity);
                        return Ok(if same { TakenOut::Taken { left } } else { TakenOut::Spoken });
                    }
                    if !inspected {
                        return Ok(TakenOut::NotThere);
                    }
                    let Some(left) = left.checked_sub(wish.quantity) else { return Ok(TakenOut::TooMany { left }) };
                    let (partner, mode) = (deed.partner.as_str(), deed.mode.name());
                    let row = args![partner, mode, wish.taken_as.as_str(), id, sku, wish.quantity, now];
                    tx.execute(WRITE, row).await?;
                    Ok::<_, Error>(TakenOut::Taken { left })
                })
            })
            .await
    }
}

async fn taken(tx: &mut Tx, consignment: &str, sku: i64) -> Result<u32, Error> {
    const SUM: &str = "SELECT CAST(COALESCE(SUM(quantity), 0) AS BIGINT) AS taken FROM consignment_outbound \
        WHERE consignment = $1 AND sku = $2";
    let row = tx.fetch_optional(SUM, args![consignment, sku]).await?;
    let sum = row.map(|row| row.int("taken")).transpose()?.unwrap_or(0);
    u32::try_from(sum).map_err(|error| Error::unreadable("consignment_outbound", error))
}

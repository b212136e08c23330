//! Pictures that prove something: our id of each, and the catalogue's number of it. The bytes are at the catalogue.

use super::{Error, Ledger};
use crate::model::ids::{PartnerId, VoucherId};
use crate::model::partner::Mode;
use crate::sql::{Row, Tx, args};

/// A picture that the catalogue has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewVoucher {
    /// The catalogue's number of it.
    pub catalogue_number: i64,
    /// What it is, e.g. `image/png`.
    pub media_type: &'static str,
    /// How many bytes it has.
    pub size_bytes: u32,
    /// The SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: String,
}

/// A picture as it is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voucher {
    /// Our id of it.
    pub id: VoucherId,
    /// The catalogue's number of it.
    pub catalogue_number: i64,
    /// The SHA-256 of its bytes; not known of what the catalogue's warehouse took.
    pub sha256: Option<String>,
}

const COLUMNS: &str = "SELECT id, catalogue_number, sha256 FROM vouchers WHERE partner = $1 AND mode = $2 AND id = $3";
const BY_NUMBER: &str =
    "SELECT id, catalogue_number, sha256 FROM vouchers WHERE partner = $1 AND mode = $2 AND catalogue_number = $3";

impl Ledger {
    /// Writes a picture down; one that is known already keeps its id.
    pub async fn keep_voucher(&self, partner: &PartnerId, mode: Mode, new: NewVoucher) -> Result<VoucherId, Error> {
        const LEARN: &str = "UPDATE vouchers SET media_type = $4, size_bytes = $5, sha256 = $6 \
            WHERE partner = $1 AND mode = $2 AND catalogue_number = $3 AND sha256 IS NULL";
        let (partner, now) = (partner.clone(), self.clock.now_ms());
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    let id = adopt(tx, &partner, mode, new.catalogue_number, now).await?;
                    let row = args![
                        partner.as_str(),
                        mode.name(),
                        new.catalogue_number,
                        new.media_type,
                        new.size_bytes,
                        new.sha256,
                    ];
                    tx.execute(LEARN, row).await?;
                    Ok(id)
                })
            })
            .await
    }

    /// Our id of a picture that the catalogue has by itself, such as one its warehouse took; always the same one.
    pub async fn adopt_voucher(
        &self,
        partner: &PartnerId,
        mode: Mode,
        catalogue_number: i64,
    ) -> Result<VoucherId, Error> {
        let row = self.sql.fetch_optional(BY_NUMBER, args![partner.as_str(), mode.name(), catalogue_number]).await?;
        if let Some(row) = row {
            return Ok(row.parse("id")?);
        }
        let (partner, now) = (partner.clone(), self.clock.now_ms());
        self.sql
            .transaction(move |tx| Box::pin(async move { adopt(tx, &partner, mode, catalogue_number, now).await }))
            .await
    }

    /// The catalogue's numbers of a partner's pictures, in the order of the ids; refuses with the first that is none.
    pub async fn find_vouchers(
        &self,
        partner: &PartnerId,
        mode: Mode,
        ids: &[VoucherId],
    ) -> Result<Vec<(VoucherId, i64)>, Error> {
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            let voucher = self.find_voucher(partner, mode, id).await?;
            found.push((id.clone(), voucher.ok_or_else(|| Error::VoucherNotFound(id.clone()))?.catalogue_number));
        }
        Ok(found)
    }

    /// A partner's picture.
    pub async fn find_voucher(
        &self,
        partner: &PartnerId,
        mode: Mode,
        id: &VoucherId,
    ) -> Result<Option<Voucher>, Error> {
        let row = self.sql.fetch_optional(COLUMNS, args![partner.as_str(), mode.name(), id.as_str()]).await?;
        row.as_ref().map(voucher).transpose()
    }

    /// A partner's picture by the SHA-256 of its bytes.
    pub async fn find_voucher_by_content(
        &self,
        partner: &PartnerId,
        mode: Mode,
        sha256: &str,
    ) -> Result<Option<Voucher>, Error> {
        const FIND: &str =
            "SELECT id, catalogue_number, sha256 FROM vouchers WHERE partner = $1 AND mode = $2 AND sha256 = $3";
        let row = self.sql.fetch_optional(FIND, args![partner.as_str(), mode.name(), sha256]).await?;
        row.as_ref().map(voucher).transpose()
    }
}

/// The same inside a transaction, in which the wish they belong to is written down.
pub(super) async fn find(
    tx: &mut Tx,
    partner: &PartnerId,
    mode: Mode,
    ids: &[VoucherId],
) -> Result<Vec<(VoucherId, i64)>, Error> {
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let row = tx.fetch_optional(COLUMNS, args![partner.as_str(), mode.name(), id.as_str()]).await?;
        let row = row.ok_or_else(|| Error::VoucherNotFound(id.clone()))?;
        found.push((id.clone(), row.int("catalogue_number")?));
    }
    Ok(found)
}

async fn adopt(tx: &mut Tx, partner: &PartnerId, mode: Mode, number: i64, now: i64) -> Result<VoucherId, Error> {
    const ADOPT: &str = "INSERT INTO vouchers (id, partner, mode, catalogue_number, created_at) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (partner, mode, catalogue_number) DO NOTHING";
    let row = args![VoucherId::fresh().as_str(), partner.as_str(), mode.name(), number, now];
    tx.execute(ADOPT, row).await?;
    let row = tx.fetch_optional(BY_NUMBER, args![partner.as_str(), mode.name(), number]).await?;
    let row = row.ok_or_else(|| Error::unreadable("voucher", number))?;
    Ok(row.parse("id")?)
}

fn voucher(row: &Row) -> Result<Voucher, Error> {
    Ok(Voucher {
        id: row.parse("id")?,
        catalogue_number: row.int("catalogue_number")?,
        sha256: row.opt_text("sha256")?,
    })
}

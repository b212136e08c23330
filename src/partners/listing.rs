//! What the operator sees of partners and keys: rows for tables, read fresh from SQL, without any secret.

use jiff::Timestamp;

use crate::model::ids::PartnerId;
use crate::model::partner::Mode;
use crate::partners::directory::Directory;
use crate::partners::error::Error;
use crate::partners::load::moment;
use crate::partners::records::{KeyState, mode_of};
use crate::signing::key_format::KeyId;
use crate::sql::{Row, args};

/// A partner in the operator's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerRow {
    /// Short name.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Country.
    pub country: String,
    /// Plan.
    pub plan: String,
    /// Since when it is suspended.
    pub suspended_at: Option<Timestamp>,
    /// When it was created.
    pub created_at: Timestamp,
}

/// A key in the operator's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// Key id.
    pub id: String,
    /// Whose it is.
    pub partner: String,
    /// Live or sandbox, as the id says; none for an id that is not in our form.
    pub mode: Option<Mode>,
    /// Algorithm.
    pub algorithm: String,
    /// Scopes with spaces between them.
    pub scopes: String,
    /// Networks with spaces between them; empty for anywhere.
    pub allowed: String,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was withdrawn.
    pub retired_at: Option<Timestamp>,
    /// Since when it is suspended.
    pub suspended_at: Option<Timestamp>,
    /// The key it takes the place of.
    pub rotated_from: Option<String>,
    /// Whether it counts now.
    pub state: KeyState,
}

impl Directory {
    /// All partners by name.
    pub async fn list_partners(&self) -> Result<Vec<PartnerRow>, Error> {
        let rows = self.sql.fetch_all("SELECT * FROM partners ORDER BY id", Vec::new()).await?;
        rows.iter().map(partner).collect()
    }

    /// All keys, or those of one partner, oldest first.
    pub async fn list_keys(&self, partner: Option<&PartnerId>) -> Result<Vec<KeyRow>, Error> {
        let text = "SELECT k.*, p.suspended_at AS partner_suspended_at \
            FROM partner_keys k JOIN partners p ON p.id = k.partner \
            WHERE CAST($1 AS TEXT) IS NULL OR k.partner = $1 ORDER BY k.partner, k.created_at, k.id";
        let rows = self.sql.fetch_all(text, args![partner.map(PartnerId::as_str)]).await?;
        let now = self.clock.now();
        rows.iter().map(|row| key(row, now)).collect()
    }
}

fn partner(row: &Row) -> Result<PartnerRow, Error> {
    Ok(PartnerRow {
        id: row.text("id")?,
        name: row.text("name")?,
        country: row.text("country")?,
        plan: row.text("plan")?,
        suspended_at: row.opt_int("suspended_at")?.map(moment),
        created_at: moment(row.int("created_at")?),
    })
}

fn key(row: &Row, now: Timestamp) -> Result<KeyRow, Error> {
    let moment_in = |column| row.opt_int(column).map(|ms| ms.map(moment));
    let (expires_at, retired_at) = (moment_in("expires_at")?, moment_in("retired_at")?);
    let suspended_at = moment_in("suspended_at")?;
    let suspended = suspended_at.is_some() || moment_in("partner_suspended_at")?.is_some();
    let id = row.text("id")?;
    Ok(KeyRow {
        mode: KeyId::parse(&id).ok().map(|id| mode_of(id.mode())),
        id,
        partner: row.text("partner")?,
        algorithm: row.text("algorithm")?,
        scopes: row.text("scopes")?,
        allowed: row.text("allowed")?,
        created_at: moment(row.int("created_at")?),
        rotated_from: row.opt_text("rotated_from")?,
        state: KeyState::at(now, expires_at, retired_at, suspended),
        expires_at,
        retired_at,
        suspended_at,
    })
}

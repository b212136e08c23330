//! Who there is, for those who have no master key: short names alone, which are no secret.

use crate::sql::{self, Sql};

/// The short names of all partners.
pub async fn list_names(sql: &Sql) -> Result<Vec<String>, sql::Error> {
    let rows = sql.fetch_all("SELECT id FROM partners ORDER BY id", Vec::new()).await?;
    rows.iter().map(|row| row.text("id")).collect()
}

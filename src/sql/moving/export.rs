//! From a database into a file, as of one moment.

use std::io::Write;

use sha2::{Digest, Sha256};

use super::format::{self, End, Head, Header, WHAT};
use super::tables::{TABLES, Table};
use super::{Counts, Error, Progress, count, schema};
use crate::sql::{Sql, Tx, migrate};

/// After how many rows progress is told.
const STRIDE: i64 = 500;

/// Writes everything; the counts of what was written.
pub async fn export(
    sql: &Sql,
    out: impl Write + Send + 'static,
    mut progress: impl FnMut(Progress) + Send + 'static,
) -> Result<Counts, Error> {
    sql.snapshot(move |tx| {
        Box::pin(async move {
            let (found, known) = (schema::version(tx).await?, migrate::newest());
            if found != known {
                return Err(Error::OldSchema { found, known });
            }
            let mut counts = Vec::new();
            for table in TABLES {
                counts.push((table.name, count(tx, table.name).await?));
            }
            let mut out = Lines { out, hash: Sha256::new() };
            let rows = counts.iter().map(|(name, rows)| ((*name).to_owned(), *rows)).collect();
            out.line(&Header { what: WHAT.to_owned(), schema: known, rows })?;
            let all = counts.iter().map(|(_, rows)| rows).sum();
            let mut all_done = 0;
            for (table, (name, of)) in TABLES.iter().zip(&counts) {
                let told = |done| progress(Progress { table: name, done, of: *of, all_done: all_done + done, all });
                write(tx, table, &mut out, told).await?;
                all_done += of;
            }
            out.end(all)?;
            Ok(counts)
        })
    })
    .await
}

async fn write<W: Write + Send>(
    tx: &mut Tx,
    table: &Table,
    out: &mut Lines<W>,
    mut told: impl FnMut(i64) + Send,
) -> Result<(), Error> {
    let columns: Vec<_> = schema::columns(tx, table.name).await?.into_iter().map(|(name, _)| name).collect();
    let mut done = 0;
    told(done);
    out.line(&Head { table: table.name.to_owned(), columns: columns.clone() })?;
    // Both engines in the same order, whatever language the server sorts in.
    let collate = |column: &&str| match table.serial == Some(column) || !tx.is_postgres() {
        true => (*column).to_owned(),
        false => format!("CAST({column} AS TEXT) COLLATE \"C\""),
    };
    let order = table.key.iter().map(collate).collect::<Vec<_>>().join(", ");
    let text = format!("SELECT {} FROM {} ORDER BY {order}", columns.join(", "), table.name);
    tx.each(text, |row| {
        out.line(&row.values().map(format::write).collect::<Vec<_>>())?;
        done += 1;
        if done % STRIDE == 0 {
            told(done);
        }
        Ok::<_, Error>(())
    })
    .await?;
    told(done);
    Ok(())
}

/// Lines that are hashed on their way.
struct Lines<W> {
    out: W,
    hash: Sha256,
}

impl<W: Write> Lines<W> {
    fn line(&mut self, line: &impl serde::Serialize) -> Result<(), Error> {
        let mut bytes = serde_json::to_vec(line).map_err(std::io::Error::other)?;
        bytes.push(b'\n');
        self.hash.update(&bytes);
        Ok(self.out.write_all(&bytes)?)
    }

    fn end(mut self, rows: i64) -> Result<(), Error> {
        let sha256 = hex(&self.hash.clone().finalize());
        self.line(&End { end: rows, sha256 })?;
        Ok(self.out.flush()?)
    }
}

/// Bytes as small hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

//! From a file into an empty database, in one transaction.

use std::io::BufRead;

use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::export::hex;
use super::format::{self, End, Head, Header, WHAT};
use super::schema::{self, Kind};
use super::tables::{TABLES, Table};
use super::{Counts, Error, Progress, count};
use crate::sql::{Arg, Sql, Tx, migrate};

/// How many rows one statement writes.
const AT_ONCE: usize = 50;

/// Reads everything into a database whose schema is up to date and which holds nothing yet; the counts of what is
/// there then.
pub async fn import(
    sql: &Sql,
    from: impl BufRead + Send + 'static,
    mut progress: impl FnMut(Progress) + Send + 'static,
) -> Result<Counts, Error> {
    sql.transaction_once(move |tx| {
        Box::pin(async move {
            let mut lines = Lines { from, hash: Sha256::new(), number: 0 };
            let header = header(&mut lines)?;
            migrate::lock(tx).await?;
            empty(tx).await?;
            let all = header.rows.values().sum();
            let mut all_done = 0;
            let mut counts = Vec::new();
            for table in TABLES {
                let of = header.rows.get(table.name).copied().unwrap_or(0);
                let told = |done| progress(Progress { table: table.name, done, of, all_done: all_done + done, all });
                read(tx, table, of, &mut lines, told).await?;
                all_done += of;
                counts.push((table.name, of));
            }
            lines.end(all)?;
            verify(tx, &counts).await?;
            Ok(counts)
        })
    })
    .await
}

fn header<R: BufRead>(lines: &mut Lines<R>) -> Result<Header, Error> {
    let no_export = |lines: &Lines<R>| lines.wrong("this is not an export of a ledger");
    let header: Header = lines.next().map_err(|error| match error {
        Error::Line { .. } => no_export(lines),
        other => other,
    })?;
    if header.what != WHAT {
        return Err(no_export(lines));
    }
    let known = migrate::newest();
    if header.schema != known {
        return Err(Error::OtherSchema { found: header.schema, known });
    }
    let told = header.rows.keys().map(String::as_str);
    let mut tables: Vec<_> = TABLES.iter().map(|table| table.name).collect();
    tables.sort_unstable();
    if !told.eq(tables) {
        return Err(lines.wrong("it does not tell of the tables this program has"));
    }
    Ok(header)
}

/// Makes sure that nobody used the database, and takes away what its schema put there.
async fn empty(tx: &mut Tx) -> Result<(), Error> {
    for table in TABLES {
        let rows = count(tx, table.name).await?;
        if rows != table.seeded {
            return Err(Error::NotEmpty { table: table.name, rows, fresh: table.seeded });
        }
    }
    for table in TABLES.iter().rev().filter(|table| table.seeded > 0) {
        tx.execute_text(format!("DELETE FROM {}", table.name), Vec::new()).await?;
    }
    Ok(())
}

async fn read<R: BufRead + Send>(
    tx: &mut Tx,
    table: &Table,
    of: i64,
    lines: &mut Lines<R>,
    mut told: impl FnMut(i64) + Send,
) -> Result<(), Error> {
    let head: Head = lines.next()?;
    if head.table != table.name {
        return Err(lines.wrong(&format!("{} comes where {} should", head.table, table.name)));
    }
    let kinds = kinds(tx, &head, lines).await?;
    let mut later = Later::of(table, &head);
    let mut done = 0;
    told(done);
    while done < of {
        let count = AT_ONCE.min(usize::try_from(of - done).unwrap_or(AT_ONCE));
        let mut args = Vec::with_capacity(count * kinds.len());
        for _ in 0..count {
            let row: Vec<Value> = lines.next()?;
            if row.len() != kinds.len() {
                return Err(lines.wrong("it has more or fewer values than the table has columns"));
            }
            let start = args.len();
            for (value, kind) in row.into_iter().zip(&kinds) {
                let arg = format::read(value, *kind);
                args.push(arg.ok_or_else(|| lines.wrong("a value is of another kind than its column"))?);
            }
            later.hold_back(args.get_mut(start..).unwrap_or_default());
        }
        tx.execute_text(insert(&head, count), args).await?;
        done += i64::try_from(count).unwrap_or(0);
        told(done);
    }
    later.write(tx, table).await?;
    let Some(serial) = table.serial.filter(|_| tx.is_postgres()) else { return Ok(()) };
    // The next number of its own comes after the highest that was brought.
    let (name, highest) = (table.name, format!("SELECT COALESCE(MAX({serial}), 0) + 1 FROM {}", table.name));
    tx.fetch_text(format!("SELECT setval(pg_get_serial_sequence('{name}', '{serial}'), ({highest}), false) AS next"))
        .await?;
    Ok(())
}

async fn kinds<R: BufRead + Send>(tx: &mut Tx, head: &Head, lines: &mut Lines<R>) -> Result<Vec<Kind>, Error> {
    let columns = schema::columns(tx, &head.table).await?;
    let kind = |name: &String| columns.iter().find(|(column, _)| column == name).map(|(_, kind)| *kind);
    let kinds: Option<Vec<_>> = head.columns.iter().map(kind).collect();
    kinds
        .filter(|kinds| kinds.len() == columns.len())
        .ok_or_else(|| lines.wrong(&format!("{} has other columns in this database", head.table)))
}

fn insert(head: &Head, rows: usize) -> String {
    let width = head.columns.len();
    let row = |row: usize| {
        let marks: Vec<_> = (1..=width).map(|column| format!("${}", row * width + column)).collect();
        format!("({})", marks.join(", "))
    };
    let rows = (0..rows).map(row).collect::<Vec<_>>().join(", ");
    format!("INSERT INTO {} ({}) VALUES {rows}", head.table, head.columns.join(", "))
}

/// References to rows of the same table, written once all its rows are there.
struct Later {
    at: Option<(usize, usize)>,
    held: Vec<(Arg, Arg)>,
}

impl Later {
    fn of(table: &Table, head: &Head) -> Self {
        let place = |name: Option<&&str>| head.columns.iter().position(|column| Some(&column.as_str()) == name);
        let at = table.own.as_ref().and_then(|own| Some((place(table.key.first())?, place(Some(own))?)));
        Self { at, held: Vec::new() }
    }

    fn hold_back(&mut self, row: &mut [Arg]) {
        let Some((key, own)) = self.at else { return };
        let Some(id) = row.get(key).cloned() else { return };
        if let Some(reference) = row.get_mut(own).filter(|arg| **arg != Arg::Text(None)) {
            self.held.push((id, std::mem::replace(reference, Arg::Text(None))));
        }
    }

    async fn write(self, tx: &mut Tx, table: &Table) -> Result<(), Error> {
        let (Some(own), Some(key)) = (table.own, table.key.first()) else { return Ok(()) };
        for (id, reference) in self.held {
            let text = format!("UPDATE {} SET {own} = $2 WHERE {key} = $1", table.name);
            tx.execute_text(text, vec![id, reference]).await?;
        }
        Ok(())
    }
}

async fn verify(tx: &mut Tx, counts: &Counts) -> Result<(), Error> {
    for (table, wanted) in counts {
        let found = count(tx, table).await?;
        if found != *wanted {
            return Err(Error::Miscounted { table, found, wanted: *wanted });
        }
    }
    Ok(())
}

/// Lines that are hashed as they are read.
struct Lines<R> {
    from: R,
    hash: Sha256,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    fn next<T: DeserializeOwned>(&mut self) -> Result<T, Error> {
        let line = self.line()?;
        self.hash.update(&line);
        self.parse(&line)
    }

    fn line(&mut self) -> Result<Vec<u8>, Error> {
        let mut line = Vec::new();
        self.from.read_until(b'\n', &mut line)?;
        if line.last() != Some(&b'\n') {
            return Err(Error::CutOff(self.number));
        }
        self.number += 1;
        Ok(line)
    }

    fn parse<T: DeserializeOwned>(&self, line: &[u8]) -> Result<T, Error> {
        serde_json::from_slice(line).map_err(|error| self.wrong(&format!("it cannot be read: {error}")))
    }

    fn end(&mut self, rows: i64) -> Result<(), Error> {
        let sha256 = hex(&self.hash.clone().finalize());
        let line = self.line()?;
        let end: End = self.parse(&line)?;
        if end.end != rows || end.sha256 != sha256 {
            return Err(self.wrong("the file was changed since it was written"));
        }
        let mut rest = Vec::new();
        match self.from.read_until(b'\n', &mut rest)? {
            0 => Ok(()),
            _ => Err(self.wrong("something comes after the end")),
        }
    }

    fn wrong(&self, why: &str) -> Error {
        Error::Line { line: self.number, why: why.to_owned() }
    }
}

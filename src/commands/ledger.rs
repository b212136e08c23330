//! `xunyuan ledger`: everything a database holds into a file, and from a file into an empty database.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

use crate::commands::{CannotStart, ConfigFile, serve, table};
use crate::sql::moving::{self, Counts, Progress};
use crate::sql::{Settings, Sql};

const HOW_TO_MOVE: &str = "\
To move from SQLite to PostgreSQL without losing anything:
  1. Stop all gateways: what they write after the export stays behind.
  2. xunyuan ledger export ledger.jsonl           (database.url is still the SQLite file)
  3. Make an empty PostgreSQL database and put its address into database.url.
  4. xunyuan ledger import ledger.jsonl
  5. Start the gateways with the new database.url and the same secrets.master_key.
The old database is not changed; if anything fails, the gateways can go on with it.
The file holds partners' orders and their sealed keys: keep it like a backup, and delete it afterwards.";

/// What to do with the ledger.
#[derive(Debug, Args)]
#[command(after_help = HOW_TO_MOVE)]
pub struct Asked {
    /// Where the settings are.
    #[command(flatten)]
    pub config: ConfigFile,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Write everything the database holds, as of one moment, to a new file
    #[command(after_help = HOW_TO_MOVE)]
    Export {
        /// The file; - is standard output
        file: PathBuf,
    },
    /// Read such a file into an empty database: all of it or nothing
    #[command(after_help = HOW_TO_MOVE)]
    Import {
        /// The file; - is standard input
        file: PathBuf,
    },
}

/// Does it, and tells how many rows each table has.
pub async fn run(asked: Asked) -> Result<()> {
    let url = serve::load(&asked.config)?.database.url;
    match asked.action {
        Action::Export { file } if file == Path::new("-") => {
            let sql = serve::open_existing(&url).await?;
            let moved = moving::export(&sql, BufWriter::new(io::stdout()), progress()).await;
            sql.close().await;
            told(&mut io::stderr(), "written", &moved?)
        }
        Action::Export { file } => export(&url, &file, &mut io::stdout()).await,
        Action::Import { file } if file == Path::new("-") => {
            import(&url, BufReader::new(io::stdin()), &mut io::stdout()).await
        }
        Action::Import { file } => {
            let opened = File::open(&file).with_context(|| format!("{} cannot be read", file.display()))?;
            import(&url, BufReader::new(opened), &mut io::stdout()).await
        }
    }
}

async fn export(url: &str, path: &Path, out: &mut impl Write) -> Result<()> {
    if path.exists() {
        bail!(
            "{0} is there already and is not written over: name another file, or move it away (mv {0} {0}.old)",
            path.display()
        );
    }
    let sql = serve::open_existing(url).await?;
    // Nobody else may read it, and nothing that is there is written over.
    let made = File::options().write(true).create_new(true).mode(0o600).open(path);
    let file = made.with_context(|| format!("{} cannot be made", path.display()))?;
    let moved = async {
        let counts = moving::export(&sql, BufWriter::new(file.try_clone()?), progress()).await?;
        file.sync_all()?;
        anyhow::Ok(counts)
    };
    let moved = moved.await;
    sql.close().await;
    if moved.is_err() {
        std::fs::remove_file(path).with_context(|| format!("{} is not whole: remove it", path.display()))?;
    }
    told(out, "written", &moved?)
}

async fn import(url: &str, from: impl BufRead + Send + 'static, out: &mut impl Write) -> Result<()> {
    let sql = open(url).await?;
    let moved = async {
        sql.migrate().await?;
        anyhow::Ok(moving::import(&sql, from, progress()).await?)
    };
    let moved = moved.await;
    sql.close().await;
    told(out, "read and counted again in the database", &moved?)
}

async fn open(url: &str) -> Result<Sql> {
    Sql::open(&Settings { url: url.to_owned() }).await.map_err(CannotStart::because)
}

fn told(out: &mut impl Write, done: &str, counts: &Counts) -> Result<()> {
    let rows: Vec<_> = counts.iter().map(|(name, rows)| [(*name).to_owned(), rows.to_string()]).collect();
    table::write(out, ["TABLE", "ROWS"], &rows)?;
    let all: i64 = counts.iter().map(|(_, rows)| rows).sum();
    Ok(writeln!(out, "{all} rows of {} tables are {done}", counts.len())?)
}

/// Shows how far it has come: a bar on a terminal, a line a table otherwise.
fn progress() -> impl FnMut(Progress) + Send + 'static {
    let bar = io::stderr().is_terminal().then(|| {
        let style = ProgressStyle::with_template("{msg:20} {wide_bar} {pos}/{len} {eta}");
        ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
    });
    let mut told = "";
    move |step| match &bar {
        Some(bar) => {
            bar.set_length(u64::try_from(step.all).unwrap_or(0));
            bar.set_position(u64::try_from(step.all_done).unwrap_or(0));
            bar.set_message(step.table);
            if step.all_done == step.all {
                bar.finish_and_clear();
            }
        }
        None if told != step.table => {
            told = step.table;
            // Nobody can be told that telling failed.
            let _ = writeln!(io::stderr(), "{}: {} rows", step.table, step.of);
        }
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    struct Place(tempfile::TempDir);

    impl Place {
        fn url(&self, name: &str) -> String {
            format!("sqlite://{}", self.0.path().join(name).display())
        }

        async fn made(&self, name: &str) -> String {
            let sql = open(&self.url(name)).await.unwrap();
            sql.migrate().await.unwrap();
            sql.execute("INSERT INTO feed_cursors (feed, seq) VALUES ('live', 5)", vec![]).await.unwrap();
            sql.close().await;
            self.url(name)
        }
    }

    fn place() -> Place {
        Place(tempfile::tempdir().unwrap())
    }

    #[tokio::test]
    async fn what_is_exported_is_imported_and_counted() {
        let place = place();
        let (from, file) = (place.made("from.db").await, place.0.path().join("ledger.jsonl"));
        let mut told = Vec::new();
        export(&from, &file, &mut told).await.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let said = String::from_utf8(std::mem::take(&mut told)).unwrap();
        let lines: Vec<Vec<_>> = said.lines().map(|line| line.split_whitespace().collect()).collect();
        assert!(lines.contains(&vec!["feed_cursors", "1"]), "{said}");
        let tables: Vec<i64> =
            lines.iter().filter(|line| line.len() == 2).filter_map(|line| line[1].parse().ok()).collect();
        let sum = format!("{} rows of {} tables are written\n", tables.iter().sum::<i64>(), tables.len());
        assert!(said.ends_with(&sum), "{said}");
        let read = || BufReader::new(File::open(&file).unwrap());
        import(&place.url("to.db"), read(), &mut told).await.unwrap();
        let said = String::from_utf8(told).unwrap();
        assert!(said.ends_with("tables are read and counted again in the database\n"), "{said}");
        let again = import(&place.url("to.db"), read(), &mut Vec::new()).await.unwrap_err();
        assert!(again.to_string().contains("the database is not empty: feed_cursors has 1 rows"), "{again}");
    }

    #[tokio::test]
    async fn nothing_is_written_over_and_nothing_is_left_half_written() {
        let place = place();
        let (from, file) = (place.made("from.db").await, place.0.path().join("ledger.jsonl"));
        std::fs::write(&file, "precious").unwrap();
        let there = export(&from, &file, &mut Vec::new()).await.unwrap_err().to_string();
        assert!(there.contains("is not written over: name another file"), "{there}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");
        let free = place.0.path().join("free.jsonl");
        let missing = export(&place.url("missing.db"), &free, &mut Vec::new()).await.unwrap_err();
        assert!(missing.is::<CannotStart>() && missing.to_string().contains("there is no database at"), "{missing}");
        assert!(!place.0.path().join("missing.db").exists());
        open(&place.url("bare.db")).await.unwrap().close().await;
        let other = place.0.path().join("other.jsonl");
        let refused = export(&place.url("bare.db"), &other, &mut Vec::new()).await.unwrap_err();
        assert!(refused.to_string().contains("is empty"), "{refused}");
        assert!(!other.exists());
    }
}

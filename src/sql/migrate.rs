//! The schema's history: numbered files with one text for both engines (`{bytes}` becomes BLOB or BYTEA, `{serial}` a
//! number that counts itself; a line that begins with `--sqlite ` or `--postgres ` is for that engine alone and a
//! comment to the other), run once each, in order, all in one transaction under a lock that other starting nodes wait
//! for.

use super::{Error, Sql, Tx, args};

/// One step of the schema.
pub(super) struct Migration {
    /// Its number, counted up by one.
    pub version: i64,
    /// What it is about.
    pub name: &'static str,
    /// Its statements.
    pub text: &'static str,
}

/// Every step, oldest first. A step that was released is never edited: add another.
pub(super) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "ledger", text: include_str!("migrations/0001_ledger.sql") },
    Migration { version: 2, name: "partners", text: include_str!("migrations/0002_partners.sql") },
    Migration { version: 3, name: "console", text: include_str!("migrations/0003_console.sql") },
    Migration { version: 4, name: "events", text: include_str!("migrations/0004_events.sql") },
    Migration { version: 5, name: "webhooks", text: include_str!("migrations/0005_webhooks.sql") },
    Migration { version: 6, name: "fulfilment", text: include_str!("migrations/0006_fulfilment.sql") },
    Migration { version: 7, name: "refunds", text: include_str!("migrations/0007_refunds.sql") },
    Migration { version: 8, name: "following", text: include_str!("migrations/0008_following.sql") },
    Migration { version: 9, name: "audit", text: include_str!("migrations/0009_audit.sql") },
    Migration { version: 10, name: "feeds", text: include_str!("migrations/0010_feeds.sql") },
    Migration { version: 11, name: "operators", text: include_str!("migrations/0011_operators.sql") },
    Migration { version: 12, name: "policies", text: include_str!("migrations/0012_policies.sql") },
    Migration { version: 13, name: "usage", text: include_str!("migrations/0013_usage.sql") },
    Migration { version: 14, name: "agreed", text: include_str!("migrations/0014_agreed.sql") },
    Migration { version: 15, name: "words", text: include_str!("migrations/0015_words.sql") },
    Migration { version: 16, name: "pictures", text: include_str!("migrations/0016_pictures.sql") },
    Migration { version: 17, name: "money", text: include_str!("migrations/0017_money.sql") },
    Migration { version: 18, name: "sourcing", text: include_str!("migrations/0018_sourcing.sql") },
    Migration { version: 19, name: "param2", text: include_str!("migrations/0019_param2.sql") },
    Migration { version: 20, name: "follows", text: include_str!("migrations/0020_follows.sql") },
    Migration { version: 21, name: "referrals", text: include_str!("migrations/0021_referrals.sql") },
    Migration { version: 22, name: "messages", text: include_str!("migrations/0022_messages.sql") },
    Migration { version: 23, name: "open1688", text: include_str!("migrations/0023_open1688.sql") },
    Migration { version: 24, name: "warehouse", text: include_str!("migrations/0024_warehouse.sql") },
    Migration { version: 25, name: "accounts", text: include_str!("migrations/0025_accounts.sql") },
    Migration { version: 26, name: "answers", text: include_str!("migrations/0026_answers.sql") },
];

/// Any number, as long as all nodes use the same.
const LOCK: &str = "SELECT CAST(pg_advisory_xact_lock(782110642) AS TEXT) AS locked";

/// Runs the steps that the database has not seen; gives how many.
pub(super) async fn run(sql: &Sql, steps: &'static [Migration]) -> Result<usize, Error> {
    let engine = sql.engine_name();
    sql.transaction(move |tx| Box::pin(apply(tx, engine, steps))).await
}

/// The version this program brings a database to.
pub(super) fn newest() -> i64 {
    MIGRATIONS.last().map_or(0, |step| step.version)
}

/// Until the transaction ends nobody else changes the schema or fills a database.
pub(super) async fn lock(tx: &mut Tx) -> Result<(), Error> {
    if tx.is_postgres() {
        tx.fetch_all(LOCK, Vec::new()).await?;
    }
    Ok(())
}

async fn apply(tx: &mut Tx, engine: &str, steps: &'static [Migration]) -> Result<usize, Error> {
    lock(tx).await?;
    let table = "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY, name TEXT NOT NULL)";
    tx.execute(table, Vec::new()).await?;
    let row = tx.fetch_optional("SELECT MAX(version) AS version FROM schema_version", Vec::new()).await?;
    let found = row.map(|row| row.opt_int("version")).transpose()?.flatten().unwrap_or(0);
    let known = steps.last().map_or(0, |step| step.version);
    if found > known {
        return Err(Error::NewerSchema { found, known });
    }
    let missing: Vec<_> = steps.iter().filter(|step| step.version > found).collect();
    for step in &missing {
        let text = own_lines(step.text, engine);
        let text = text.replace("{bytes}", tx.bytes_type()).replace("{serial}", tx.serial_type());
        let failed = |error: Error| Error::Migration { version: step.version, name: step.name, why: error.to_string() };
        tx.script(text).await.map_err(failed)?;
        let noted = "INSERT INTO schema_version (version, name) VALUES ($1, $2)";
        tx.execute(noted, args![step.version, step.name]).await?;
    }
    Ok(missing.len())
}

/// The text with the lines marked for one engine uncovered; those of the other stay comments.
fn own_lines(text: &str, engine: &str) -> String {
    let mark = format!("--{engine} ");
    text.lines().map(|line| line.strip_prefix(&mark).unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::{MIGRATIONS, Migration, own_lines, run};
    use crate::sql::{Error, trial};

    #[test]
    fn steps_are_numbered_without_gaps_and_every_file_is_listed() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/sql/migrations");
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), MIGRATIONS.len());
        for (step, number) in MIGRATIONS.iter().zip(1..) {
            assert_eq!(step.version, number, "{}", step.name);
        }
    }

    #[tokio::test]
    async fn a_second_run_finds_nothing_to_do() {
        for house in trial::houses().await {
            assert_eq!(house.sql.migrate().await.unwrap(), 0, "{}", house.sql.engine_name());
        }
    }

    #[tokio::test]
    async fn nodes_that_start_together_do_not_trip_over_each_other() {
        for house in trial::empty_houses().await {
            let (one, two) = (house.another().await, house.another().await);
            let (one, two) = tokio::join!(one.migrate(), two.migrate());
            assert_eq!(one.unwrap() + two.unwrap(), MIGRATIONS.len(), "{}", house.sql.engine_name());
        }
    }

    #[tokio::test]
    async fn a_newer_schema_is_refused_with_both_versions() {
        const OLDER: &[Migration] = &[];
        for house in trial::houses().await {
            let refused = run(&house.sql, OLDER).await;
            assert!(matches!(refused, Err(Error::NewerSchema { known: 0, .. })), "{refused:?}");
        }
    }

    #[tokio::test]
    async fn a_broken_step_leaves_nothing_behind() {
        const BROKEN: &[Migration] =
            &[Migration { version: 1, name: "broken", text: "CREATE TABLE half (a BIGINT); CREATE NONSENSE;" }];
        for house in trial::empty_houses().await {
            assert!(matches!(run(&house.sql, BROKEN).await, Err(Error::Migration { version: 1, .. })));
            assert_eq!(house.sql.migrate().await.unwrap(), MIGRATIONS.len());
            assert!(house.sql.fetch_all("SELECT a FROM half", Vec::new()).await.is_err());
        }
    }

    #[test]
    fn a_line_for_one_engine_is_a_comment_to_the_other() {
        let text = "a;\n--sqlite b;\n--postgres c;\n -- --sqlite d;";
        assert_eq!(own_lines(text, "sqlite"), "a;\nb;\n--postgres c;\n -- --sqlite d;");
        assert_eq!(own_lines(text, "postgres"), "a;\n--sqlite b;\nc;\n -- --sqlite d;");
    }

    #[tokio::test]
    async fn lines_for_one_engine_run_there_alone() {
        const APART: &[Migration] = &[Migration {
            version: 1,
            name: "apart",
            text: "--sqlite CREATE TABLE here (sqlite BIGINT);\n--postgres CREATE TABLE here (postgres BIGINT);\n-- end",
        }];
        for house in trial::empty_houses().await {
            assert_eq!(run(&house.sql, APART).await.unwrap(), 1);
            let sqlite = house.sql.fetch_all("SELECT sqlite FROM here", Vec::new()).await.is_ok();
            assert_eq!(sqlite, house.sql.engine_name() == "sqlite");
            assert_ne!(sqlite, house.sql.fetch_all("SELECT postgres FROM here", Vec::new()).await.is_ok());
        }
    }

    #[tokio::test]
    async fn what_the_audit_held_before_it_became_append_only_is_still_there() {
        let at = MIGRATIONS.iter().position(|step| step.name == "audit").unwrap();
        let (before, _) = MIGRATIONS.split_at(at);
        for house in trial::empty_houses().await {
            run(&house.sql, before).await.unwrap();
            let old = "INSERT INTO audit (id, at, actor, action, subject, detail) VALUES ('aud_0', 1, 'cli:li', 'a.b', 'c', '')";
            house.sql.execute(old, Vec::new()).await.unwrap();
            run(&house.sql, MIGRATIONS).await.unwrap();
            let rows = house.sql.fetch_all("SELECT actor FROM audit", Vec::new()).await.unwrap();
            assert_eq!(rows.first().unwrap().text("actor").unwrap(), "cli:li");
            assert!(house.sql.execute("DELETE FROM audit", Vec::new()).await.is_err());
        }
    }
}

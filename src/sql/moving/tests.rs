//! What must hold when everything is moved: nothing is left out, and a file that is not whole moves nothing.

use std::collections::BTreeSet;
use std::io::{self, Cursor, Write};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};

use super::tables::TABLES;
use super::{Counts, Error, Progress, export, import};
use crate::sql::{Sql, args, migrate, trial};

/// A file in memory that is still there when it was given away.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn written(sql: &Sql) -> Vec<u8> {
    let paper = Paper::default();
    export(sql, paper.clone(), |_| {}).await.unwrap();
    paper.0.lock().unwrap().clone()
}

async fn read(sql: &Sql, bytes: &[u8]) -> Result<Counts, Error> {
    import(sql, Cursor::new(bytes.to_vec()), |_| {}).await
}

/// Something in most tables, with everything that could get lost: absence, bytes, other scripts, large numbers, rows
/// that refer to rows after them, a serial with gaps.
const FILLED: &[&str] = &[
    "INSERT INTO plans (id, in_flight, price_tier) VALUES ('own', 9223372036854775807, 'standard')",
    "INSERT INTO partners (id, name, country, plan, suspended_at, created_at) VALUES ('acme', '寻源 \"a\\b\"', 'JP', 'own', NULL, -1)",
    "INSERT INTO partners (id, name, country, plan, suspended_at, created_at) VALUES ('Zeta', '', 'FR', 'starter', 5, 1)",
    "INSERT INTO partner_keys (id, partner, algorithm, scopes, allowed, created_at) VALUES ('z-first', 'acme', 'ed25519', '', '', 1)",
    "INSERT INTO partner_keys (id, partner, algorithm, scopes, allowed, created_at, rotated_from) VALUES ('a-second', 'acme', 'ed25519', '', '', 2, 'z-first')",
    "INSERT INTO audit (id, at, actor, action, subject, detail) VALUES ('aud_1', 1, 'cli:me', 'x', 'y', '{}')",
    "INSERT INTO orders (id, partner, mode, reference, quote, document, created_at, state, version, paying, updated_at, look_at) \
     VALUES ('ord_1', 'acme', 'live', 'PO-1', 'quo_1', '{\"总\":1}', 1, 'paid', 1, 'none', 1, 0)",
    "INSERT INTO order_events (order_id, version, id, kind, state, actor, cause, facts, at) VALUES ('ord_1', 1, 'evt_1', 'received', 'received', 'partner', '', '{}', 1)",
    "INSERT INTO payments (id, partner, mode, method, created_at) VALUES ('pay_1', 'acme', 'live', 'page', 1)",
    "INSERT INTO payment_orders (payment, order_id, position, state, updated_at) VALUES ('pay_1', 'ord_1', 0, 'pending', 1)",
    "INSERT INTO events (serial, event, partner, mode, subject, kind, data, at, position) VALUES (7, 'evt_1', 'acme', 'live', 'ord_1', 'order.received', '{}', 1, 1)",
    "INSERT INTO events (serial, event, partner, mode, subject, kind, data, at) VALUES (41, 'evt_2', 'acme', 'live', 'ord_1', 'order.paid', '{}', 2)",
    "UPDATE event_head SET position = 1",
    "INSERT INTO feed_cursors (feed, seq) VALUES ('live', 12)",
];

async fn fill(sql: &Sql) {
    for text in FILLED {
        sql.execute(text, vec![]).await.unwrap();
    }
    const KEY: &str = "INSERT INTO idempotency (partner, mode, operation, key, body_hash, subject, fence, leased_until, \
        status, headers, body, created_at, expires_at) VALUES ('acme', 'live', 'create_order', $1, $2, 'ord_1', 1, 0, \
        $3, NULL, $4, 0, 0)";
    let all: Vec<u8> = (0..=255).collect();
    sql.execute(KEY, args!["k-1", all.clone(), 201_i64, Vec::<u8>::new()]).await.unwrap();
    for n in 0..130 {
        sql.execute(KEY, args![format!("many-{n:03}"), vec![n], None::<i64>, None::<Vec<u8>>]).await.unwrap();
    }
}

async fn fresh() -> trial::House {
    trial::houses().await.remove(0)
}

async fn filled() -> trial::House {
    let house = fresh().await;
    fill(&house.sql).await;
    house
}

async fn texts(sql: &Sql, text: &'static str, of: &str) -> Vec<String> {
    let rows = sql.fetch_all(text, if of.is_empty() { vec![] } else { args![of] }).await.unwrap();
    rows.iter().map(|row| row.text("name").unwrap()).collect()
}

#[tokio::test]
async fn the_list_of_tables_is_the_schema() {
    for house in trial::houses().await {
        let all = match house.sql.engine_name() {
            "sqlite" => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
            _ => {
                "SELECT CAST(table_name AS TEXT) AS name FROM information_schema.tables \
                 WHERE table_schema = current_schema()"
            }
        };
        let there: BTreeSet<_> = texts(&house.sql, all, "").await.into_iter().collect();
        let mut listed: BTreeSet<_> = TABLES.iter().map(|table| table.name.to_owned()).collect();
        assert_eq!(listed.len(), TABLES.len(), "a table is listed twice");
        listed.insert("schema_version".to_owned());
        assert_eq!(listed, there, "src/sql/moving/tables.rs has to list every table of the schema");
    }
    let house = fresh().await;
    for (at, table) in TABLES.iter().enumerate() {
        const KEY: &str = "SELECT name FROM pragma_table_info($1) WHERE pk > 0 ORDER BY pk";
        assert_eq!(texts(&house.sql, KEY, table.name).await, table.key, "the key of {}", table.name);
        const OWN: &str = "SELECT \"from\" AS name FROM pragma_foreign_key_list($1) WHERE \"table\" = $1";
        let own = texts(&house.sql, OWN, table.name).await;
        assert_eq!(own, Vec::from_iter(table.own), "what {} refers to in itself", table.name);
        const ABOVE: &str = "SELECT \"table\" AS name FROM pragma_foreign_key_list($1) WHERE \"table\" <> $1";
        for above in texts(&house.sql, ABOVE, table.name).await {
            let place = TABLES.iter().position(|one| one.name == above).unwrap();
            assert!(place < at, "{} refers to {above} and has to come after it", table.name);
        }
        let serial = migrate::MIGRATIONS.iter().any(|step| {
            let made = step.text.split("CREATE TABLE ").find(|rest| rest.starts_with(&format!("{} (", table.name)));
            made.is_some_and(|made| made.contains("{serial}"))
        });
        assert_eq!(serial, table.serial.is_some(), "whether {} counts itself", table.name);
        let text = Box::leak(format!("SELECT COUNT(*) AS n FROM {}", table.name).into_boxed_str());
        let rows = house.sql.fetch_optional(text, vec![]).await.unwrap().unwrap().int("n").unwrap();
        assert_eq!(rows, table.seeded, "rows that the schema puts into {}", table.name);
    }
}

#[tokio::test]
async fn what_went_through_every_engine_is_what_it_was() {
    let source = filled().await;
    let first = written(&source.sql).await;
    assert!(first.len() > 10_000);
    let mut bytes = first.clone();
    // SQLite to SQLite, then to PostgreSQL where there is one, and back.
    for house in trial::houses().await {
        let counts = read(&house.sql, &bytes).await.unwrap();
        assert!(counts.contains(&("idempotency", 131)) && counts.contains(&("plans", 4)), "{counts:?}");
        bytes = written(&house.sql).await;
        assert_eq!(String::from_utf8_lossy(&first), String::from_utf8_lossy(&bytes), "{}", house.sql.engine_name());
    }
    let back = fresh().await;
    read(&back.sql, &bytes).await.unwrap();
    assert_eq!(first, written(&back.sql).await);
    let key =
        back.sql.fetch_optional("SELECT body_hash, body, headers FROM idempotency WHERE key = 'k-1'", vec![]).await;
    let key = key.unwrap().unwrap();
    assert_eq!(key.bytes("body_hash").unwrap(), (0..=255).collect::<Vec<u8>>());
    assert_eq!((key.opt_bytes("body").unwrap(), key.opt_text("headers").unwrap()), (Some(vec![]), None));
}

#[tokio::test]
async fn numbers_that_count_themselves_go_on_after_the_highest() {
    let bytes = written(&filled().await.sql).await;
    for house in trial::houses().await {
        read(&house.sql, &bytes).await.unwrap();
        const NEXT: &str = "INSERT INTO events (event, partner, mode, subject, kind, data, at) \
            VALUES ('evt_3', 'acme', 'live', 'ord_1', 'order.shipped', '{}', 3)";
        house.sql.execute(NEXT, vec![]).await.unwrap();
        let row = house.sql.fetch_optional("SELECT serial FROM events WHERE event = 'evt_3'", vec![]).await;
        assert_eq!(row.unwrap().unwrap().int("serial").unwrap(), 42, "{}", house.sql.engine_name());
    }
}

#[tokio::test]
async fn a_database_in_use_is_not_written_over() {
    let bytes = written(&filled().await.sql).await;
    for house in trial::houses().await {
        const SEEN: &str = "INSERT INTO feed_cursors (feed, seq) VALUES ('sandbox', 1)";
        house.sql.execute(SEEN, vec![]).await.unwrap();
        let before = written(&house.sql).await;
        let refused = read(&house.sql, &bytes).await;
        assert!(matches!(refused, Err(Error::NotEmpty { table: "feed_cursors", rows: 1, fresh: 0 })), "{refused:?}");
        assert_eq!(before, written(&house.sql).await);
    }
}

#[tokio::test]
async fn a_file_that_is_not_whole_moves_nothing() {
    let bytes = written(&filled().await.sql).await;
    let lines: Vec<_> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    for house in trial::houses().await {
        let untouched = written(&house.sql).await;
        for keep in [0, 1, 2, lines.len() / 2, lines.len() - 1] {
            let cut = lines[..keep].concat();
            let refused = read(&house.sql, &cut).await;
            assert!(matches!(refused, Err(Error::CutOff(line)) if line == keep as u64), "{keep}: {refused:?}");
            let half = [cut.as_slice(), &lines[keep][..lines[keep].len() / 2]].concat();
            assert!(matches!(read(&house.sql, &half).await, Err(Error::CutOff(_))));
        }
        let text = String::from_utf8(bytes.clone()).unwrap();
        let version = migrate::newest();
        for (from, to, told) in [
            ("\"PO-1\"", "\"PO-2\"".to_owned(), "was changed"),
            ("xunyuan ledger", "another".to_owned(), "not an export"),
            ("[\"live\",12,null,0]", "[\"live\",12,null]".to_owned(), "more or fewer"),
            ("[\"live\",12,null,0]", "[\"live\",\"12\",null,0]".to_owned(), "another kind"),
            ("\"seq\"", "\"sequence\"".to_owned(), "other columns"),
            ("\"feed_cursors\":1", "\"feed_cursor\":1".to_owned(), "the tables this program has"),
            (&format!("\"schema\":{version}"), format!("\"schema\":{}", version + 1), "the same version of xunyuan"),
        ] {
            assert!(text.contains(from), "{from}");
            let refused = read(&house.sql, text.replacen(from, &to, 1).as_bytes()).await.unwrap_err();
            assert!(refused.to_string().contains(told), "{from} to {to}: {refused}");
        }
        for other in [&b"not json\n"[..], b"{}\n", b"[1]\n"] {
            let refused = read(&house.sql, other).await.unwrap_err();
            assert!(refused.to_string().contains("not an export"), "{refused}");
        }
        let more = [bytes.as_slice(), b"[]\n"].concat();
        assert!(read(&house.sql, &more).await.unwrap_err().to_string().contains("after the end"));
        assert_eq!(String::from_utf8_lossy(&untouched), String::from_utf8_lossy(&written(&house.sql).await));
        read(&house.sql, &bytes).await.unwrap();
    }
}

#[tokio::test]
async fn a_database_of_another_version_is_not_exported() {
    for house in trial::empty_houses().await {
        let refused = export(&house.sql, Paper::default(), |_| {}).await;
        assert!(matches!(refused, Err(Error::OldSchema { found: 0, .. })), "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn what_is_written_meanwhile_is_in_none_of_it() {
    for house in trial::houses().await {
        fill(&house.sql).await;
        let before = written(&house.sql).await;
        let (started, has_started) = tokio::sync::oneshot::channel();
        let (go_on, wait) = mpsc::channel::<()>();
        let (mut started, paper) = (Some(started), Paper::default());
        let told = move |_: Progress| {
            if let Some(started) = started.take() {
                started.send(()).unwrap();
                wait.recv().unwrap();
            }
        };
        let exporting = export(&house.sql, paper.clone(), told);
        let writing = async {
            has_started.await.unwrap();
            house.sql.execute("UPDATE orders SET version = 2", vec![]).await.unwrap();
            house.sql.execute("INSERT INTO feed_cursors (feed, seq) VALUES ('late', 1)", vec![]).await.unwrap();
            go_on.send(()).unwrap();
        };
        let (counts, ()) = tokio::join!(exporting, writing);
        assert!(counts.unwrap().contains(&("feed_cursors", 1)));
        assert_eq!(before, *paper.0.lock().unwrap(), "{}", house.sql.engine_name());
        assert_ne!(before, written(&house.sql).await);
    }
}

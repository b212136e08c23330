//! Databases for tests: a SQLite file always, and a schema of its own on PostgreSQL when
//! `XUNYUAN_TEST_POSTGRES` gives the URL of a server.

use super::{Settings, Sql};

/// A database that one test has for itself.
pub struct House {
    /// The open database.
    pub sql: Sql,
    settings: Settings,
    _folder: Option<tempfile::TempDir>,
}

impl House {
    /// Opens the same database once more, as another node would.
    pub async fn another(&self) -> Sql {
        Sql::open(&self.settings).await.unwrap()
    }
}

/// One migrated database per engine.
pub async fn houses() -> Vec<House> {
    let houses = empty_houses().await;
    for house in &houses {
        house.sql.migrate().await.unwrap();
    }
    houses
}

/// One empty database per engine.
pub async fn empty_houses() -> Vec<House> {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("test.db").display());
    let mut houses = vec![open(url, Some(folder)).await];
    #[expect(clippy::disallowed_methods, reason = "tests are told by the environment where PostgreSQL is")]
    if let Ok(server) = std::env::var("XUNYUAN_TEST_POSTGRES") {
        let schema = format!("t{}", uuid::Uuid::now_v7().simple());
        let outside = Sql::open(&Settings { url: server.clone() }).await.unwrap();
        let text = format!("CREATE SCHEMA {schema}");
        outside.transaction(|tx| Box::pin(async move { tx.script(text).await })).await.unwrap();
        outside.close().await;
        let separator = if server.contains('?') { '&' } else { '?' };
        houses.push(open(format!("{server}{separator}options[search_path]={schema}"), None).await);
    }
    houses
}

async fn open(url: String, folder: Option<tempfile::TempDir>) -> House {
    let settings = Settings { url };
    House { sql: Sql::open(&settings).await.unwrap(), settings, _folder: folder }
}

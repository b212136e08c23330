//! What machines translated before, in SQL: each text once, with who did it and when.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::clock::Clock;
use crate::language::Error;
use crate::model::language::Language;
use crate::sql::{Sql, args};

const FIND: &str = "SELECT translated FROM translations WHERE language = $1 AND digest = $2";
const KEEP: &str = "INSERT INTO translations (language, digest, original, translated, provider, characters, created_at) \
                    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (language, digest) DO NOTHING";
const SPENT: &str =
    "SELECT CAST(COALESCE(SUM(characters), 0) AS BIGINT) AS spent FROM translations WHERE created_at >= $1";

/// The translation memory.
#[derive(Clone)]
pub(super) struct Memory {
    sql: Sql,
    clock: Clock,
}

impl Memory {
    pub(super) fn new(sql: Sql, clock: Clock) -> Self {
        Self { sql, clock }
    }

    /// Those of the texts that were translated before.
    pub(super) async fn find(
        &self,
        language: Language,
        texts: &[Arc<str>],
    ) -> Result<Vec<(Arc<str>, Arc<str>)>, Error> {
        let mut found = Vec::new();
        for text in texts {
            let row = self.sql.fetch_optional(FIND, args![language.tag(), digest(text)]).await?;
            if let Some(row) = row {
                found.push((Arc::clone(text), Arc::from(row.text("translated")?)));
            }
        }
        Ok(found)
    }

    /// Remembers texts; one that is remembered already stays as it is.
    pub(super) async fn keep(
        &self,
        language: Language,
        provider: &'static str,
        pairs: Vec<(Arc<str>, Arc<str>)>,
    ) -> Result<(), Error> {
        let now_ms = self.clock.now_ms();
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    for (text, words) in pairs {
                        let characters = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
                        let row = args![language.tag(), digest(&text), &*text, &*words, provider, characters, now_ms];
                        tx.execute(KEEP, row).await?;
                    }
                    Ok::<(), Error>(())
                })
            })
            .await
    }

    /// How many Chinese characters were translated since a moment, by all nodes.
    pub(super) async fn characters_since(&self, since_ms: i64) -> Result<u64, Error> {
        let row = self.sql.fetch_optional(SPENT, args![since_ms]).await?;
        let spent = row.map(|row| row.int("spent")).transpose()?.unwrap_or(0);
        Ok(u64::try_from(spent).unwrap_or(0))
    }
}

fn digest(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

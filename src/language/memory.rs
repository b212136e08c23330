//! What machines translated before, in SQL: each text once, with who did it and when.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::clock::Clock;
use crate::language::Error;
use crate::model::language::Language;
use crate::sql::{Arg, Sql, args};

const FIND: &str = "SELECT digest, translated FROM translations WHERE language = $1 \
                    AND digest IN ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
/// So many digests `FIND` takes.
const AT_ONCE: usize = 16;
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
        for some in texts.chunks(AT_ONCE) {
            let wanted: Vec<(String, &Arc<str>)> = some.iter().map(|text| (digest(text), text)).collect();
            let mut args = args![language.tag()];
            args.extend(wanted.iter().map(|(digest, _)| Arg::from(digest)));
            args.resize(1 + AT_ONCE, Arg::from(""));
            for row in self.sql.fetch_all(FIND, args).await? {
                let (digest, words) = (row.text("digest")?, row.text("translated")?);
                let texts = wanted.iter().filter(|(one, _)| *one == digest);
                found.extend(texts.map(|(_, text)| (Arc::clone(text), Arc::from(words.as_str()))));
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

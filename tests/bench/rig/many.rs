//! Partners by the thousand, written into the database as the directory writes them, but many at a time: the directory
//! reads itself anew after each.

use std::sync::Arc;

use anyhow::Result;
use xunyuan::clock::Clock;
use xunyuan::config::Config;
use xunyuan::model::partner::Scopes;
use xunyuan::partners::{MasterKeys, Sealer, StoredAt};
use xunyuan::signing::http_message::{HmacKey, Signer, SigningKey};
use xunyuan::signing::key_format::{KeyId, Mode, Secret};
use xunyuan::sql::{Arg, Error, Sql};

/// Rows of one transaction.
const TOGETHER: usize = 500;

const PARTNER: &str = "INSERT INTO partners (id, name, country, plan, created_at) VALUES ($1, 'Bench', 'JP', $2, $3)";
const KEY: &str = "INSERT INTO partner_keys (id, partner, scopes, allowed, created_at, algorithm, master_version, \
    wrapped_key, sealed_secret) VALUES ($1, $2, $3, '', $4, 'hmac-sha256', $5, $6, $7)";

/// Writes partners with these numbers, each with a live key; gives the keys.
pub async fn partners(config: &Config, sql: &Sql, plan: &str, numbers: std::ops::Range<usize>) -> Result<Vec<Signer>> {
    let sealer = Sealer::new(MasterKeys::parse(&config.secrets.master_key)?);
    let now_ms = Clock::System.now_ms();
    let (mut signers, mut rows) = (Vec::with_capacity(numbers.len()), Vec::new());
    let last = numbers.end;
    for number in numbers {
        let id = KeyId::generate(Mode::Live, &drawn()?);
        let secret = Secret::generate(&drawn()?);
        let at = StoredAt { table: "partner_keys", row: id.as_str(), column: "sealed_secret" };
        let sealed = sealer.seal(at, secret.expose().as_bytes())?;
        let partner = format!("bench-{number}");
        let own: Vec<Arg> = vec![partner.as_str().into(), plan.into(), now_ms.into()];
        let key: Vec<Arg> = vec![
            id.as_str().into(),
            partner.as_str().into(),
            Scopes::all().to_string().into(),
            now_ms.into(),
            i64::from(sealed.master_version).into(),
            sealed.wrapped_key.into(),
            sealed.ciphertext.into(),
        ];
        rows.push((own, key));
        let key = SigningKey::HmacSha256(HmacKey::new(secret.expose().as_bytes()));
        signers.push(Signer { key_id: id.to_string(), key });
        if rows.len() == TOGETHER || number + 1 == last {
            write(sql, std::mem::take(&mut rows)).await?;
        }
    }
    Ok(signers)
}

fn drawn<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

async fn write(sql: &Sql, rows: Vec<(Vec<Arg>, Vec<Arg>)>) -> Result<()> {
    let rows = Arc::new(rows);
    let written = sql.transaction(move |tx| {
        let rows = Arc::clone(&rows);
        Box::pin(async move {
            for (partner, key) in rows.iter() {
                tx.execute(PARTNER, partner.clone()).await?;
                tx.execute(KEY, key.clone()).await?;
            }
            Ok::<_, Error>(())
        })
    });
    Ok(written.await?)
}

//! How long it takes from a change in the catalogue until every node shows it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use serde_json::{Value, json};

use crate::rig::batch::Batch;
use crate::rig::gateway::{Gateway, TOKEN};
use crate::rig::generator;

/// Each node is looked at this often.
const LOOK_EVERY: Duration = Duration::from_millis(4);
/// Longer than any node shows an old price unless it was told.
const PATIENCE: Duration = Duration::from_secs(30);

/// Changes the price of an offer so many times; gives the milliseconds until all nodes showed it, sorted.
pub async fn shown_by_all(nodes: &[Gateway], catalogue: SocketAddr, path: &str, times: u32) -> Result<Vec<f64>> {
    let id = path.rsplit('/').next().unwrap_or_default();
    let client = reqwest::Client::builder().no_proxy().build()?;
    let mut took_ms = Vec::new();
    for round in 0..times {
        let before = prices(nodes.first().context("no node")?, path).await?;
        try_join_all(nodes.iter().map(|node| shows(node, path, |now| *now == before))).await?;
        let change = if round % 2 == 0 { "+20%" } else { "-16%" };
        let told = client.post(format!("http://{catalogue}/control/goods/{id}")).header("x-internal-token", TOKEN);
        let begun = Instant::now();
        told.json(&json!({ "price": change })).send().await?.error_for_status()?;
        try_join_all(nodes.iter().map(|node| shows(node, path, |now| *now != before))).await?;
        took_ms.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    took_ms.sort_unstable_by(f64::total_cmp);
    Ok(took_ms)
}

/// Waits until a node's prices are as wanted.
async fn shows(node: &Gateway, path: &str, wanted: impl Fn(&Value) -> bool) -> Result<()> {
    let begun = Instant::now();
    while !wanted(&prices(node, path).await?) {
        ensure!(begun.elapsed() < PATIENCE, "a node does not show a change");
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}

async fn prices(node: &Gateway, path: &str) -> Result<Value> {
    let once = Batch::signed(&node.signer, node.at, std::iter::once(path))?;
    let got = generator::ask(node.at, &once).await?;
    ensure!(got.status == 200, "a node answers {}", got.status);
    let offer: Value = serde_json::from_slice(&got.body)?;
    offer.get("price_tiers").cloned().context("an offer without prices")
}

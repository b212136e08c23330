//! Orders as partners place them: signed requests over HTTP to a gateway, behind it the catalogue in another process.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde_json::json;
use xunyuan::clock::Clock;
use xunyuan::commands::client::{Client, Draft};
use xunyuan::sandbox::goods::Shop;

use super::drive::numbered;
use crate::rig::batch::Batch;
use crate::rig::gateway::{Gateway, PROGRAM, SEED};
use crate::rig::generator::{CONNECTIONS, Sent, send_over};
use crate::rig::process::Core;

const OFFERS: u32 = 3_000;
/// Only what can be bought many times.
const PLENTY: u32 = 200;
const QUOTED_AT_ONCE: usize = 8;

/// A gateway, its partners, and what they buy.
pub struct Whole {
    gateway: Gateway,
    clients: Vec<Client>,
    goods: Vec<(String, u32)>,
}

impl Whole {
    /// Starts catalogue and gateway on a database.
    pub async fn start(database: &str, core: Core, folder: &Path) -> Result<Self> {
        let program = Path::new(PROGRAM);
        let gateway = Gateway::start_on(database, CONNECTIONS, program, core, folder, OFFERS).await?;
        let base: url::Url = format!("http://{}", gateway.at).parse()?;
        let client =
            |signer: &xunyuan::signing::http_message::Signer| Client::new(base.clone(), signer.clone(), Clock::System);
        let clients = gateway.signers.iter().map(client).collect::<Result<Vec<_>>>()?;
        let mut whole = Self { gateway, clients, goods: wanted() };
        whole.keep_what_is_sold().await?;
        Ok(whole)
    }

    /// Places so many orders, each of its own quote, from as many partners as connections; a connection is not a
    /// partner, so partners take turns on each. Besides, microseconds of the gateway's processor for each order.
    pub async fn turn(&self, at_once: usize, count: usize) -> Result<(Sent, f64)> {
        let quotes = self.quotes(count).await?;
        let mut orders = Vec::new();
        for ((partner, quote), name) in quotes.iter().zip(numbered("PO", count)) {
            let body = json!({"reference": name, "quote_id": quote});
            let client = self.clients.get(*partner).context("a partner")?;
            orders.push(client.sign(&Draft::post("/v1/orders", &body).once(name))?);
        }
        let batch = Batch::creating(self.gateway.at, orders.into_iter())?;
        let before = self.gateway.process.cpu_s()?;
        let sent = send_over(at_once, self.gateway.at, batch, None).await?;
        ensure!(sent.failures == 0, "{} orders failed, e.g.\n{}", sent.failures, sent.told.join("\n\n"));
        Ok((sent, (self.gateway.process.cpu_s()? - before) * 1e6 / count.max(1) as f64))
    }

    async fn quotes(&self, count: usize) -> Result<Vec<(usize, String)>> {
        let quote = |number: usize| async move {
            let partner = number % self.clients.len();
            let goods = self.goods.get(number % self.goods.len()).context("nothing is sold")?;
            let quoted = self.quote(partner, goods).await?;
            Ok::<_, anyhow::Error>((partner, quoted.with_context(|| format!("{} is not sold any more", goods.0))?))
        };
        stream::iter((0..count).map(quote)).buffer_unordered(QUOTED_AT_ONCE).try_collect().await
    }

    async fn quote(&self, partner: usize, (sku, quantity): &(String, u32)) -> Result<Option<String>> {
        let body =
            json!({"lines": [{"sku_id": sku, "quantity": quantity}], "ship_to_country": "JP", "currency": "CNY"});
        let client = self.clients.get(partner).context("a partner")?;
        let answer = client.ask(&Draft::post("/v1/quotes", &body)).await?.json();
        Ok(answer.pointer("/quotes/0/id").and_then(|id| id.as_str()).map(str::to_owned))
    }

    async fn keep_what_is_sold(&mut self) -> Result<()> {
        let mut sold = Vec::new();
        for goods in &self.goods {
            if self.quote(0, goods).await?.is_some() {
                sold.push(goods.clone());
            }
        }
        ensure!(!sold.is_empty(), "nothing can be quoted");
        self.goods = sold;
        Ok(())
    }
}

/// SKUs with their least quantity, of which there is plenty.
fn wanted() -> Vec<(String, u32)> {
    let shop = Shop::open(SEED, OFFERS);
    let goods = (0..OFFERS).map(|index| shop.goods(index));
    let skus = goods.filter_map(|goods| {
        let step = goods.batch.unwrap_or(1).max(1);
        let least = goods.min_order.max(1).div_ceil(step) * step;
        let sku = goods.skus.iter().find(|sku| sku.stock >= least.saturating_mul(PLENTY))?;
        Some((sku.id.to_string(), least))
    });
    skus.take(200).collect()
}

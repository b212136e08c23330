//! `tests/bench/run growth`: what a request costs as partners, kept listings and the space of listings grow, in processor
//! time and against the smallest of each row; and what one listing takes in the process and in Redis.

#![allow(clippy::print_stdout, reason = "a bench tells what it found")]

mod catalogue;
mod grown;
mod listings;
#[path = "../rig/mod.rs"]
mod rig;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use serde_json::{Value, json};

use grown::{Ask, Grown, Making};
use rig::batch::Batch;
use rig::contender::print_heads;
use rig::figures::{Series, Target};
use rig::gateway::{Gateway, offer_paths};
use rig::generator;
use rig::process::Core;
use rig::redis_server::RedisServer;

/// The answer is about as large as in all other figures.
const USUAL_BYTES: usize = 3_000;
const CANDIDATES: u32 = 200;
const MIB: f64 = 1_048_576.0;
const MOST: f64 = 1.6;
/// Room for one rendered answer, with some to spare, where all are to be kept.
const ROOM_BYTES: u64 = 4_096;

#[derive(Debug, Parser)]
struct Asked {
    /// How often each row has its turn
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Requests in a turn
    #[arg(long, default_value_t = 40_000)]
    requests: usize,
    /// Partners, row by row
    #[arg(long, value_delimiter = ',', default_value = "10,10000,100000")]
    partners: Vec<usize>,
    /// Listings that are kept, row by row
    #[arg(long, value_delimiter = ',', default_value = "1000,100000,1000000")]
    listings: Vec<u64>,
    /// Listings there are, where most are asked for seldom
    #[arg(long, default_value_t = 50_000_000)]
    space: u64,
    /// Listings that are loaded to see what they take
    #[arg(long, default_value_t = 20_000)]
    hot: u64,
    /// The servers' core
    #[arg(long)]
    server_core: Option<usize>,
    /// Where the figures go
    #[arg(long, default_value = "target/bench/growth.json")]
    out: PathBuf,
    /// `cargo bench` says so
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<ExitCode> {
    let asked = Asked::parse();
    rig::until_ended(run(&asked))
}

async fn run(asked: &Asked) -> Result<ExitCode> {
    let folder = tempfile::tempdir()?;
    let mut making = Making { core: Core(asked.server_core), folder: folder.path(), catalogue: None };
    let first = making.start("first", 1, &[]).await?;
    let like = usual(&first).await?;
    making.catalogue = Some(catalogue::endless(first.catalogue_at, &like).await?);
    let memory = memory(&making, asked).await?;
    let mut field = Field::start(&making, asked).await?;
    for _ in 0..asked.rounds {
        field.round(asked.requests).await?;
    }
    field.print();
    let mut targets = memory.targets.clone();
    targets.extend(field.targets());
    println!();
    for target in &targets {
        let word = if target.met { "met   " } else { "MISSED" };
        println!("{word} {}: {:.2}, wanted {}", target.what, target.value, target.wanted);
    }
    write(&asked.out, &json!({ "rows": field.json(), "memory": memory.told, "targets": targets }))?;
    Ok(if targets.iter().all(|target| target.met) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The number of the offer whose answer is closest to the usual size.
async fn usual(gateway: &Gateway) -> Result<String> {
    let mut sized = Vec::new();
    for path in offer_paths(CANDIDATES) {
        let batch = Batch::signed(&gateway.signer, gateway.at, std::iter::once(path.as_str()))?;
        let got = generator::ask(gateway.at, &batch).await?;
        if got.status == 200 {
            sized.push((got.body.len().abs_diff(USUAL_BYTES), path));
        }
    }
    let (_, path) = sized.into_iter().min().context("no offer can be shown")?;
    Ok(path.rsplit('/').next().unwrap_or_default().to_owned())
}

/// All rows.
struct Field {
    partners: Vec<Grown>,
    listings: Vec<Grown>,
    /// Everything missed, and a space in which much is.
    missed: Grown,
    space: Grown,
}

impl Field {
    async fn start(making: &Making<'_>, asked: &Asked) -> Result<Self> {
        let (mut partners, mut listings) = (Vec::new(), Vec::new());
        for count in &asked.partners {
            let name = format!("{} partners", thousands(*count as u64));
            let gateway = making.start(&name, *count, &[]).await?;
            println!("{name}: process {}", gateway.process.id());
            partners.push(Grown::of(name, gateway, Ask::One).await?);
        }
        for count in &asked.listings {
            let name = format!("{} listings kept", thousands(*count));
            let room = [("XUNYUAN__CACHE__RENDERED_BYTES", (count * ROOM_BYTES).max(48 << 20).to_string())];
            let gateway = making.start(&name, 1, &room).await?;
            println!("{name}: process {}", gateway.process.id());
            listings.push(Grown::of(name, gateway, Ask::Some(*count)).await?);
        }
        let missed = making.start("each new", 1, &[]).await?;
        let missed = Grown::of("each one new".to_owned(), missed, Ask::New).await?;
        let name = format!("{} listings, Zipf 0.99", thousands(asked.space));
        let space = making.start("space", 1, &[]).await?;
        let space = Grown::of(name, space, Ask::Any(asked.space)).await?;
        Ok(Self { partners, listings, missed, space })
    }

    fn rows(&self) -> impl Iterator<Item = &Grown> {
        self.partners.iter().chain(&self.listings).chain([&self.missed, &self.space])
    }

    async fn round(&mut self, requests: usize) -> Result<()> {
        let rows = self.partners.iter_mut().chain(&mut self.listings).chain([&mut self.missed, &mut self.space]);
        for row in rows {
            row.turn(requests).await?;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok(())
    }

    fn print(&self) {
        print_heads();
        self.rows().for_each(|row| row.figures.print(&row.name));
        println!("\nfetches for each request");
        self.rows().for_each(|row| println!("{:<32} {:.3}", row.name, row.fetched()));
    }

    /// The dearest of some rows against the smallest of them.
    fn dearest(rows: &[Grown]) -> f64 {
        let Some((first, rest)) = rows.split_first() else { return 0.0 };
        let ratio = |row: &Grown| first.figures.ratio(&row.figures).median;
        rest.iter().map(ratio).fold(1.0, f64::max)
    }

    /// What a request among all listings costs, against what as many hits and misses cost in a small house.
    fn space_over_small(&self) -> f64 {
        let Some(hits) = self.listings.first() else { return 0.0 };
        let [hit, miss, real] = [hits, &self.missed, &self.space].map(|row| row.figures.cpu_us());
        let expected = hit.0.iter().zip(&miss.0).zip(&self.space.fetches);
        let expected = expected.map(|((hit, miss), fetches)| hit + fetches * (miss - hit).max(0.0)).collect();
        real.over(&Series(expected)).middle().median
    }

    fn targets(&self) -> Vec<Target> {
        vec![
            Target::at_most("most partners over fewest", Self::dearest(&self.partners), MOST),
            Target::at_most("most listings kept over fewest", Self::dearest(&self.listings), MOST),
            Target::at_most("the whole space over as many hits and misses", self.space_over_small(), MOST),
        ]
    }

    fn json(&self) -> Value {
        let rows = self.rows().map(|row| {
            let mut figures = row.figures.json();
            figures["fetches"] = json!(row.fetched());
            (row.name.clone(), figures)
        });
        Value::Object(rows.collect())
    }
}

/// What listings take.
struct Memory {
    told: Value,
    targets: Vec<Target>,
}

async fn memory(making: &Making<'_>, asked: &Asked) -> Result<Memory> {
    let resident = |gateway: &Gateway| anyhow::Ok(gateway.process.resident()? as f64);
    let each = |bytes: f64| bytes / asked.hot as f64;
    // As it is shipped, the process holds what fits.
    let plain = making.start("as shipped", 1, &[]).await?;
    let empty = resident(&plain)?;
    plain.load(0..asked.hot).await?;
    let full = resident(&plain)?;
    println!("as shipped: {:.0} MB empty, {:.0} MB with {} listings", empty / MIB, full / MIB, thousands(asked.hot));
    let mut targets = vec![Target::at_most("MB resident with the listings loaded", full / MIB, 100.0)];
    drop(plain);
    let roomy = |share: u64| (asked.hot * share).to_string();
    let mut own = vec![
        ("XUNYUAN__CACHE__DOCUMENTS_BYTES", roomy(2 * ROOM_BYTES)),
        ("XUNYUAN__CACHE__RENDERED_BYTES", roomy(2 * ROOM_BYTES)),
    ];
    let redis = RedisServer::start(Core(None)).await?;
    own.extend(redis.as_ref().map(|redis| ("XUNYUAN__REDIS__URL", redis.url())));
    let gateway = making.start("everything kept", 1, &own).await?;
    let (empty, before) = (resident(&gateway)?, used(redis.as_ref())?);
    gateway.load(0..asked.hot).await?;
    // What is written to Redis is written behind the callers' backs.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let process = each(resident(&gateway)? - empty);
    let documents = each(gateway.metric("xunyuan_cache_documents_bytes ").await?);
    let rendered = each(gateway.metric("xunyuan_cache_rendered_bytes ").await?);
    println!(
        "bytes for each listing in the process: {process:.0}, of which document {documents:.0}, answer {rendered:.0}"
    );
    let shared = used(redis.as_ref())?.zip(before).map(|(now, before)| each(now - before));
    match shared {
        Some(shared) => println!("bytes for each listing in Redis: {shared:.0}"),
        None => println!("Redis is not installed: what it keeps is not measured"),
    }
    // A kept listing is smaller than its bytes as they are sent.
    targets.push(Target::at_most("bytes of a kept answer", rendered, ROOM_BYTES as f64));
    let told = json!({
        "listings": asked.hot, "as_shipped_mb": full / MIB,
        "bytes_each": {"process": process, "document": documents, "answer": rendered, "redis": shared},
    });
    Ok(Memory { told, targets })
}

/// Bytes that Redis uses.
fn used(redis: Option<&RedisServer>) -> Result<Option<f64>> {
    let Some(redis) = redis else { return Ok(None) };
    let mut connection = redis::Client::open(redis.url())?.get_connection()?;
    let told: String = redis::cmd("INFO").arg("memory").query(&mut connection)?;
    let used = told.lines().find_map(|line| line.strip_prefix("used_memory:")).context("Redis does not say")?;
    Ok(Some(used.trim().parse()?))
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

fn write(path: &Path, figures: &Value) -> Result<()> {
    std::fs::create_dir_all(path.parent().context("the figures need a folder")?)?;
    Ok(std::fs::write(path, format!("{figures:#}\n"))?)
}

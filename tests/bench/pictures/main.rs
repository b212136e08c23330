//! `tests/bench/run pictures`: how surely and how quickly the reference catalogue finds an offer by its picture, after
//! what is commonly done to pictures on their way.

#![allow(clippy::print_stdout, reason = "a bench tells what it found")]

mod changes;
#[path = "../rig/figures.rs"]
#[allow(dead_code, reason = "the rig serves every bench")]
mod figures;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use serde::Serialize;
use xunyuan::sandbox::goods::Shop;
use xunyuan::sandbox::likeness::{Likeness, Small, Window};

use changes::{CHANGES, Chance, Change, Picture};
use figures::Target;

/// How large pictures are before they are changed, pixels.
const SIDE: u32 = 480;
/// An offer is found when it is among so many.
const FIRST: usize = 3;
const SHARE: f64 = 0.95;
const SLOWEST_MS: f64 = 50.0;

#[derive(Debug, Parser)]
struct Asked {
    /// How many offers the catalogue has
    #[arg(long, default_value_t = 100_000)]
    offers: u32,
    /// How many pictures are changed in each way
    #[arg(long, default_value_t = 1_000)]
    pictures: u32,
    /// The number all goods are derived from
    #[arg(long, default_value_t = 1688)]
    seed: u64,
    /// Which chance the changes are drawn from
    #[arg(long, default_value_t = 7)]
    chance: u64,
    /// There is no server; the search has this core for itself
    #[arg(long, hide = true)]
    server_core: Option<usize>,
    /// Where the figures go
    #[arg(long, default_value = "target/bench/pictures.json")]
    out: PathBuf,
    /// `cargo bench` says so
    #[arg(long, hide = true)]
    bench: bool,
}

/// What came of one change.
#[derive(Debug, Serialize)]
struct Row {
    change: &'static str,
    found: f64,
    first: f64,
    decode_ms: f64,
    p50_ms: f64,
    p95_ms: f64,
}

fn main() -> Result<ExitCode> {
    let asked = Asked::parse();
    ensure!(asked.offers > 0 && asked.pictures > 0, "there must be offers and pictures");
    let shop = Shop::open(asked.seed, asked.offers);
    let likeness = Likeness::open(None).context("the pictures cannot be kept")?;
    let began = Instant::now();
    likeness.describe(&shop, 1);
    let described = began.elapsed();
    println!("{} offers described in {:.1} s on one core\n", asked.offers, described.as_secs_f64());
    println!("{:<24} {:>8} {:>8} {:>10} {:>10} {:>10}", "change", "in 3", "first", "decode ms", "p50 ms", "p95 ms");
    let rows = CHANGES.iter().map(|change| one(&asked, &shop, &likeness, change)).collect::<Result<Vec<_>>>()?;
    let mut targets: Vec<Target> = rows.iter().map(|row| Target::at_least(row.change, row.found, SHARE)).collect();
    let slowest = rows.iter().map(|row| row.p95_ms).fold(0.0, f64::max);
    targets.push(Target::at_most("p95 of a search, ms", slowest, SLOWEST_MS));
    println!();
    for Target { what, value, wanted, met } in &targets {
        println!("{:<24} {value:>8.3} {wanted:>12}  {}", what, if *met { "met" } else { "MISSED" });
    }
    if let Some(folder) = asked.out.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let told = serde_json::json!({
        "offers": asked.offers, "pictures": asked.pictures, "described_s": described.as_secs_f64(),
        "rows": rows, "targets": targets,
    });
    std::fs::write(&asked.out, serde_json::to_vec_pretty(&told)?)?;
    Ok(if targets.iter().all(|target| target.met) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Changes pictures in one way and looks for each.
fn one(asked: &Asked, shop: &Shop, likeness: &Likeness, change: &Change) -> Result<Row> {
    let (mut found, mut first) = (0_u32, 0_u32);
    let (mut decoding, mut times) = (Duration::ZERO, Vec::new());
    let mut chance = Chance::new(asked.chance, change.name);
    for _ in 0..asked.pictures {
        let index = chance.below(asked.offers);
        let side = usize::try_from(SIDE)?;
        let whole = Picture { width: side, height: side, rgb: shop.pixels(index, SIDE) };
        let bytes = (change.make)(&whole, &mut chance)?;
        let began = Instant::now();
        let small = Small::decode("image/jpeg", &bytes).map_err(|flaw| anyhow::anyhow!("a picture: {}", flaw.0))?;
        decoding += began.elapsed();
        let began = Instant::now();
        let matches = likeness.matches(shop, &small, Window::WHOLE, |_| true);
        times.push(began.elapsed());
        let place = matches.iter().position(|one| one.goods == index);
        found += u32::from(place.is_some_and(|place| place < FIRST));
        first += u32::from(place == Some(0));
    }
    times.sort_unstable();
    let at =
        |percent: usize| times.get((times.len() * percent / 100).min(times.len() - 1)).copied().unwrap_or_default();
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    let share = |count: u32| f64::from(count) / f64::from(asked.pictures);
    let row = Row {
        change: change.name,
        found: share(found),
        first: share(first),
        decode_ms: ms(decoding) / f64::from(asked.pictures),
        p50_ms: ms(at(50)),
        p95_ms: ms(at(95)),
    };
    println!(
        "{:<24} {:>8.3} {:>8.3} {:>10.2} {:>10.1} {:>10.1}",
        row.change, row.found, row.first, row.decode_ms, row.p50_ms, row.p95_ms
    );
    Ok(row)
}

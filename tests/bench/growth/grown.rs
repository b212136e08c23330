//! A gateway grown in one way, and how it does.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::listings::{Draw, path};
use crate::rig::batch::Batch;
use crate::rig::contender::{Contender, all_answered};
use crate::rig::gateway::{Gateway, PROGRAM};
use crate::rig::generator;
use crate::rig::process::Core;

/// Signatures grow old, and batches take room: so many requests are made at a time.
const TOGETHER: usize = 50_000;
/// So many listings are asked in a turn, fewer than are kept open: what differs between rows is what lies around them.
const ASKED: u64 = 500;
/// The catalogue behind the endless one; what it has besides offers is asked there.
const STOCK: u32 = 200;
/// Zipf's exponent.
const EXPONENT: f64 = 0.99;

/// What a turn asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// One listing, for each of the partners in turn.
    One,
    /// Some of so many listings that are kept.
    Some(u64),
    /// Any of so many, most of them seldom.
    Any(u64),
    /// What nobody asked for before.
    New,
}

/// A gateway with its row.
pub struct Grown {
    /// Its row's name.
    pub name: String,
    /// The gateway.
    pub gateway: Gateway,
    /// How it did.
    pub figures: Contender,
    /// Fetches for each request, turn by turn.
    pub fetches: Vec<f64>,
    ask: Ask,
    draw: Draw,
    next: u64,
}

/// How a gateway is made.
pub struct Making<'m> {
    /// The servers' core.
    pub core: Core,
    /// Where what they keep goes.
    pub folder: &'m Path,
    /// The catalogue they ask; their own where none is given.
    pub catalogue: Option<SocketAddr>,
}

impl Making<'_> {
    /// A gateway of so many partners with settings of its own.
    pub async fn start(&self, name: &str, partners: usize, own: &[(&'static str, String)]) -> Result<Gateway> {
        let mut own = own.to_vec();
        own.extend(self.catalogue.map(|at| ("XUNYUAN__UPSTREAM__LIVE__URL", format!("http://{at}"))));
        let folder = self.folder.join(name.replace([' ', ','], "-"));
        Gateway::start_among(partners, Path::new(PROGRAM), self.core, &folder, STOCK, &own).await
    }
}

impl Grown {
    /// One that is ready for its turns.
    pub async fn of(name: String, gateway: Gateway, ask: Ask) -> Result<Self> {
        let figures = Contender::default();
        let mut grown = Self { name, gateway, figures, fetches: Vec::new(), ask, draw: Draw(1), next: 0 };
        if let Ask::Some(listings) = ask {
            grown.gateway.load(0..listings).await?;
        }
        if let Ask::Any(_) = ask {
            let paths = grown.paths(TOGETHER);
            grown.gateway.answer_all(&paths).await?;
        }
        Ok(grown)
    }

    fn paths(&mut self, count: usize) -> Vec<String> {
        let place = |_| match self.ask {
            Ask::One => 0,
            Ask::Some(listings) => self.draw.below(ASKED.min(listings)) * (listings / ASKED).max(1),
            Ask::Any(space) => self.draw.zipf(space, EXPONENT),
            Ask::New => {
                self.next += 1;
                self.next
            }
        };
        (0..count).map(place).map(path).collect()
    }

    /// Takes its turn.
    pub async fn turn(&mut self, count: usize) -> Result<()> {
        let paths = self.paths(count);
        if matches!(self.ask, Ask::One | Ask::Some(_)) {
            // What got old meanwhile is renewed before the clock runs: the first time it is shown old, the second new.
            for _ in 0..2 {
                let mut once = paths.clone();
                once.sort_unstable();
                once.dedup();
                self.gateway.answer_all(&once).await?;
            }
        }
        // Partners in an order that is not that of their making.
        let signers = &self.gateway.signers;
        let mut drawn = || signers.get(self.draw.below(signers.len() as u64) as usize);
        let signed = paths.iter().map(|path| Some((drawn()?, path.as_str())));
        let signed: Option<Vec<_>> = signed.collect();
        let batch = Batch::signed_by(self.gateway.at, signed.context("no partner")?.into_iter())?;
        let before = self.gateway.fetches().await?;
        self.figures.turn_of(&self.gateway.process, self.gateway.at, batch).await?;
        self.fetches.push((self.gateway.fetches().await? - before) / count as f64);
        Ok(())
    }

    /// Fetches for each request.
    pub fn fetched(&self) -> f64 {
        self.fetches.iter().sum::<f64>() / self.fetches.len().max(1) as f64
    }
}

impl Gateway {
    /// Loads listings, in order.
    pub async fn load(&self, places: std::ops::Range<u64>) -> Result<()> {
        let mut places = places;
        loop {
            let paths: Vec<_> = places.by_ref().take(TOGETHER).map(path).collect();
            if paths.is_empty() {
                return Ok(());
            }
            self.answer_all(&paths).await?;
        }
    }

    /// Asks for all of these as fast as they are answered.
    pub async fn answer_all(&self, paths: &[String]) -> Result<()> {
        for some in paths.chunks(TOGETHER) {
            let batch = Batch::signed(&self.signer, self.at, some.iter().map(String::as_str))?;
            all_answered(&generator::send(self.at, batch, None).await?)?;
        }
        Ok(())
    }

    /// Documents that the catalogue was asked for so far.
    pub async fn fetches(&self) -> Result<f64> {
        self.metric("xunyuan_cache_total{outcome=\"misses\"}").await
    }

    /// One row of `/metrics`.
    pub async fn metric(&self, row: &str) -> Result<f64> {
        let text = reqwest::get(format!("http://{}/metrics", self.ops)).await?.error_for_status()?.text().await?;
        let value = text.lines().find_map(|line| line.strip_prefix(row)).context("no such metric")?;
        let value: f64 = value.trim().parse()?;
        ensure!(value.is_finite(), "{row} is {value}");
        Ok(value)
    }
}

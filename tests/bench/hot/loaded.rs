//! A gateway with its cache filled: the whole of it in the process, or in Redis only.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::rig::batch::Batch;
use crate::rig::contender::{Contender, Questions};
use crate::rig::gateway::{Gateway, offer_paths};
use crate::rig::generator;
use crate::rig::process::Core;
use crate::rig::redis_server::RedisServer;

/// The unit's answer is about as large as in the figures of the prototype.
const USUAL_BYTES: usize = 3_000;
const CANDIDATES: usize = 200;
/// Some offers may not be sold abroad; the catalogue has this share more than are to be loaded.
const SPARE: f64 = 1.25;
const LOADED_PER_S: f64 = 1_500.0;
const MIB: f64 = 1_048_576.0;
/// Offers that are asked in turn where one would be fetched once for many who wait for it.
const SPREAD: u32 = 500;

/// A gateway with its cache filled.
pub struct Loaded {
    /// Its row's name.
    pub name: String,
    /// The gateway.
    pub gateway: Gateway,
    /// What it is asked.
    pub questions: Questions,
    /// Megabytes resident before it was loaded.
    pub empty: f64,
    /// The same with everything loaded.
    pub full: f64,
    /// How it did.
    pub figures: Contender,
}

impl Loaded {
    /// One with so many offers in its memory, to be asked for the one of usual size.
    pub async fn in_process(name: &str, program: &Path, core: Core, folder: &Path, offers: u32) -> Result<Self> {
        let stocked = (f64::from(offers) * SPARE) as u32;
        let gateway = Gateway::start(program, core, &folder.join(name), stocked).await?;
        let empty = megabytes(&gateway)?;
        let hot = load(&gateway, &offer_paths(stocked), offers as usize).await?;
        let full = megabytes(&gateway)?;
        println!("{name}: process {}, {offers} offers loaded", gateway.process.id());
        let questions = Questions { at: gateway.at, signer: gateway.signer.clone(), paths: vec![hot] };
        Ok(Self { name: name.to_owned(), gateway, questions, empty, full, figures: Contender::default() })
    }

    /// One that keeps nothing in its memory, so that every answer comes from Redis' document.
    pub async fn in_redis(program: &Path, core: Core, folder: &Path, redis: &RedisServer) -> Result<Self> {
        let own = [
            ("XUNYUAN__REDIS__URL", redis.url()),
            ("XUNYUAN__CACHE__DOCUMENTS_BYTES", "0".to_owned()),
            ("XUNYUAN__CACHE__RENDERED_BYTES", "0".to_owned()),
        ];
        let name = "gateway, Redis tier";
        let gateway = Gateway::start_with(program, core, &folder.join("redis-tier"), SPREAD, &own).await?;
        let empty = megabytes(&gateway)?;
        let mut paths = Vec::new();
        for path in offer_paths(SPREAD) {
            if generator::ask(gateway.at, &batch(&gateway, &path, 1)?).await?.status == 200 {
                paths.push(path);
            }
        }
        println!("{name}: process {}, {} offers loaded", gateway.process.id(), paths.len());
        let full = megabytes(&gateway)?;
        let questions = Questions { at: gateway.at, signer: gateway.signer.clone(), paths };
        Ok(Self { name: name.to_owned(), gateway, questions, empty, full, figures: Contender::default() })
    }

    /// Takes its turn.
    pub async fn turn(&mut self, count: usize) -> Result<()> {
        self.figures.turn(&self.gateway.process, &self.questions, count).await
    }
}

/// Megabytes resident.
pub fn megabytes(gateway: &Gateway) -> Result<f64> {
    Ok(gateway.process.resident()? as f64 / MIB)
}

fn batch(gateway: &Gateway, path: &str, count: usize) -> Result<Batch> {
    Batch::signed(&gateway.signer, gateway.at, std::iter::repeat_n(path, count))
}

/// Loads offers into the cache until it holds so many; gives the one whose answer is closest to the usual size.
async fn load(gateway: &Gateway, paths: &[String], wanted: usize) -> Result<String> {
    let mut sized = Vec::new();
    for path in paths.iter().take(CANDIDATES) {
        let got = generator::ask(gateway.at, &batch(gateway, path, 1)?).await?;
        if got.status == 200 {
            sized.push((got.body.len().abs_diff(USUAL_BYTES), path));
        }
    }
    let mut held = sized.len();
    let mut rest = paths.iter().skip(CANDIDATES);
    while held < wanted {
        let some: Vec<_> = rest.by_ref().take((wanted - held).max(100)).map(String::as_str).collect();
        ensure!(!some.is_empty(), "the catalogue has only {held} offers to show");
        let batch = Batch::signed(&gateway.signer, gateway.at, some.into_iter())?;
        let sent = generator::send(gateway.at, batch, Some(LOADED_PER_S)).await?;
        held += sent.micros.len() - sent.failures;
    }
    let (_, hot) = sized.into_iter().min().context("no offer can be shown")?;
    Ok(hot.clone())
}

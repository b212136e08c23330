//! What was asked and what was answered, one line of JSON each, written as it happens: the only thing the checker
//! believes about the clients.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// What a request was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// Offers were searched.
    Search,
    /// A quote was asked for.
    Quote,
    /// An order was placed, or placed again with the same key and body.
    Order,
    /// The key of an order that was answered, with another body.
    OtherBody,
    /// The reference of an order that was answered, under another key.
    OtherKey,
    /// An order was cancelled.
    Cancel,
    /// A payment was made, or made again with the same key and body.
    Pay,
    /// The key of a payment that was answered, with another body.
    PayOtherBody,
    /// The button on the catalogue's own payment page was pressed.
    Cashier,
    /// An order was read.
    Read,
    /// A payment was read.
    ReadPayment,
    /// Orders were listed.
    List,
    /// An order was read by its reference when all was over.
    Final,
    /// An endpoint for webhooks was made.
    Endpoint,
}

/// One request and its answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// When it was sent: milliseconds since 1970.
    pub at_ms: i64,
    /// How long it took.
    pub took_ms: i64,
    /// Who asked.
    pub partner: String,
    /// Which node was asked, from 0.
    pub node: usize,
    /// What for.
    pub op: Op,
    /// The path asked.
    pub target: String,
    /// The Idempotency-Key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The partner's number of the order it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The body asked with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    /// The status; none when no answer came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Whether the answer was marked as a repeat's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replayed: bool,
    /// The answer's body; why there was none otherwise.
    #[serde(default)]
    pub answer: String,
}

/// The history of a run, written to a file; cheap to clone.
#[derive(Clone)]
pub struct History {
    path: PathBuf,
    file: Arc<Mutex<BufWriter<File>>>,
}

impl History {
    /// Begins a history.
    pub fn begin(path: PathBuf) -> Result<Self> {
        let file = File::create(&path).with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(Self { path, file: Arc::new(Mutex::new(BufWriter::new(file))) })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes down one thing.
    pub fn write(&self, line: &impl Serialize) -> Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        Ok(self.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(&text)?)
    }

    /// Makes sure that all of it can be read.
    pub fn flush(&self) -> Result<()> {
        Ok(self.file.lock().unwrap_or_else(PoisonError::into_inner).flush()?)
    }
}

/// Reads a file of JSON lines, one after the other.
pub fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<impl Iterator<Item = Result<T>> + use<T>> {
    let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(BufReader::with_capacity(1 << 20, file).lines().map(|line| Ok(serde_json::from_str(&line?)?)))
}

/// Whether an answer only says "not now": the same request may be answered otherwise later.
pub fn is_passing(status: u16, code: &str) -> bool {
    status >= 500 || matches!(status, 408 | 429) || matches!(code, "order_in_progress" | "clock_skew" | "replayed")
}

//! Who takes turns: a process with the requests it is sent, and its figures round by round.

use std::net::SocketAddr;

use anyhow::{Result, ensure};
use serde_json::json;
use xunyuan::signing::http_message::Signer;

use super::batch::Batch;
use super::figures::{Middle, Series};
use super::generator::{self, Sent};
use super::process::Process;

/// What one is asked: requests of these paths in turn, signed with this key.
pub struct Questions {
    /// Where they go.
    pub at: SocketAddr,
    /// The key.
    pub signer: Signer,
    /// The paths.
    pub paths: Vec<String>,
}

impl Questions {
    /// So many requests, never sent before.
    pub fn batch(&self, count: usize) -> Result<Batch> {
        Batch::signed(&self.signer, self.at, self.paths.iter().map(String::as_str).cycle().take(count))
    }
}

/// One contender's figures, round by round.
#[derive(Debug, Default)]
pub struct Contender {
    /// Answers a second.
    pub rate: Series,
    cpu_us: Series,
    p50_us: Series,
    p99_us: Series,
}

impl Contender {
    /// Sends so many requests and takes the figures; one failed request ends the bench.
    pub async fn turn(&mut self, process: &Process, questions: &Questions, count: usize) -> Result<()> {
        self.turn_of(process, questions.at, questions.batch(count)?).await
    }

    /// The same with these requests.
    pub async fn turn_of(&mut self, process: &Process, at: SocketAddr, batch: Batch) -> Result<()> {
        let (count, before) = (batch.len(), process.cpu_s()?);
        let sent = generator::send(at, batch, None).await?;
        let cpu_s = process.cpu_s()? - before;
        all_answered(&sent)?;
        self.rate.0.push(sent.rate());
        self.cpu_us.0.push(cpu_s / count as f64 * 1e6);
        self.p50_us.0.push(sent.quantile(0.5));
        self.p99_us.0.push(sent.quantile(0.99));
        Ok(())
    }

    /// Answers for the same processor time, compared to another's. On a quiet machine, where the server's core is the
    /// bound, this is the ratio of answers a second; on a busy one it is the one that still means something.
    pub fn ratio(&self, other: &Self) -> Middle {
        other.cpu_us.over(&self.cpu_us).middle()
    }

    /// Microseconds of processor time for each request, round by round.
    pub fn cpu_us(&self) -> &Series {
        &self.cpu_us
    }

    /// Answers a second compared to another's.
    pub fn ratio_by_time(&self, other: &Self) -> Middle {
        self.rate.over(&other.rate).middle()
    }

    /// Its row.
    pub fn print(&self, name: &str) {
        let columns = [&self.rate, &self.cpu_us, &self.p50_us, &self.p99_us].map(|series| series.middle().to_string());
        println!("{name:<24} {}", columns.map(|column| format!("{column:<30}")).concat());
    }

    /// Its figures as data.
    pub fn json(&self) -> serde_json::Value {
        json!({
            "per_second": self.rate.middle(), "cpu_us": self.cpu_us.middle(),
            "p50_us": self.p50_us.middle(), "p99_us": self.p99_us.middle(),
        })
    }
}

/// The heads of the rows.
pub fn print_heads() {
    println!("\n{:<24} {:<30}{:<30}{:<30}{:<30}", "", "answers/s", "CPU µs each", "p50 µs", "p99 µs");
}

/// Says what failed, if anything did.
pub fn all_answered(sent: &Sent) -> Result<()> {
    ensure!(sent.failures == 0, "{} requests failed, e.g.\n{}", sent.failures, sent.told.join("\n\n"));
    Ok(())
}

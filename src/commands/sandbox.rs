//! `xunyuan sandbox`: the reference wholesale service alone, for development against it.

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Mutex;

use anyhow::Result;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::commands::stop_signal;
use crate::sandbox::{self, Progress};

/// How the sandbox is started.
#[derive(Debug, Args)]
pub struct Asked {
    /// Address and port to listen on
    #[arg(long, default_value = "127.0.0.1:8070")]
    bind: SocketAddr,
    /// How many offers the shop has
    #[arg(long, default_value_t = 20_000)]
    offers: u32,
    /// The number all goods are derived from
    #[arg(long, default_value_t = 1688)]
    seed: u64,
    /// How fast orders move by themselves: 0 = only on command, 1 = ten minutes for an order, 100 = six seconds
    #[arg(long, default_value_t = 1.0)]
    pace: f64,
    /// What callers must present as X-Internal-Token
    #[arg(long, default_value = "sandbox-internal-token", env = "XUNYUAN_SANDBOX_TOKEN", hide_env_values = true)]
    token: String,
    /// A folder in which orders and stock outlive the process
    #[arg(long)]
    data: Option<PathBuf>,
    /// Answer before the disk has what happened: faster, but a power cut loses what was answered last
    #[arg(long)]
    no_fsync: bool,
    /// How the cashier page is reached from outside
    #[arg(long)]
    public_url: Option<String>,
    /// Leave so many of a thousand goods without translations, as a seller's newest are
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1000))]
    untranslated_permille: u32,
    /// Let requests ask for faults with X-Sandbox-Fault
    #[arg(long)]
    faults_by_header: bool,
}

/// Runs the sandbox until it is told to stop.
pub async fn run(asked: Asked) -> Result<()> {
    let settings = sandbox::Settings {
        bind: asked.bind,
        offers: asked.offers,
        seed: asked.seed,
        pace: asked.pace,
        token: asked.token,
        data: asked.data,
        fsync: !asked.no_fsync,
        public_url: asked.public_url,
        untranslated_permille: asked.untranslated_permille,
        faults_by_header: asked.faults_by_header,
        describe_pictures: true,
        ..sandbox::Settings::default()
    };
    let running = sandbox::start(settings, progress()).await?;
    writeln!(
        std::io::stdout(),
        "the sandbox catalogue answers at {}; its contract is at /openapi.json",
        running.url()
    )?;
    stop_signal().await;
    running.stop().await;
    Ok(())
}

/// Shows how far loading has come: a bar on a terminal, a line a step otherwise.
pub fn progress() -> impl Fn(Progress) + Send + Sync + 'static {
    let bar = std::io::stderr().is_terminal().then(|| {
        let bar = ProgressBar::new(0);
        let style = ProgressStyle::with_template("{msg:24} {wide_bar} {pos}/{len} {eta}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar
    });
    let told = Mutex::new("");
    move |step: Progress| match &bar {
        Some(bar) => {
            bar.set_length(step.total);
            bar.set_position(step.done);
            bar.set_message(step.what);
            if step.done >= step.total {
                bar.finish_and_clear();
            }
        }
        None => {
            if let Ok(mut told) = told.lock()
                && *told != step.what
            {
                *told = step.what;
                // Nobody can be told that telling failed.
                let _ = writeln!(std::io::stderr(), "{} ({})", step.what, step.total);
            }
        }
    }
}

//! `xunyuan health`: asks `/readyz`, for container health checks and people.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;

/// Where to ask.
#[derive(Debug, Args)]
pub struct Asked {
    /// Address of the readiness page
    #[arg(long, default_value = "http://127.0.0.1:9090/readyz")]
    url: url::Url,
}

/// Prints what is the matter; fails when the gateway is not ready.
pub async fn run(asked: &Asked) -> Result<()> {
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(3)).build()?;
    let response =
        client.get(asked.url.clone()).send().await.with_context(|| format!("{} cannot be reached", asked.url))?;
    let ready = response.status().is_success();
    writeln!(std::io::stdout(), "{}", response.text().await?)?;
    if !ready {
        bail!("the gateway is not ready");
    }
    Ok(())
}

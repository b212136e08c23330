//! A Redis of the bench's own, which keeps nothing on disk.

use std::net::SocketAddr;

use anyhow::Result;

use super::process::{Core, Process, free_address};

/// A server that runs.
pub struct RedisServer {
    /// Where it listens.
    pub at: SocketAddr,
    _process: Process,
}

impl RedisServer {
    /// Starts one, if it is installed.
    pub async fn start(core: Core) -> Result<Option<Self>> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        if !std::env::split_paths(&path).any(|folder| folder.join("redis-server").is_file()) {
            return Ok(None);
        }
        let at = free_address()?;
        let mut command = core.command("redis-server");
        command.args(["--port", &at.port().to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        Ok(Some(Self { at, _process: Process::listening("redis-server", command, at).await? }))
    }

    /// The setting that leads to it.
    pub fn url(&self) -> String {
        format!("redis://{}", self.at)
    }

    /// Puts the same bytes under all these keys.
    pub fn fill<'k>(&self, keys: impl Iterator<Item = &'k String>, bytes: &[u8]) -> Result<()> {
        let mut connection = redis::Client::open(self.url())?.get_connection()?;
        for key in keys {
            redis::cmd("SET").arg(key).arg(bytes).exec(&mut connection)?;
        }
        Ok(())
    }
}

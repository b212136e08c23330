//! The Redis that the gateways share: one server, or three masters of a cluster. It can be paused, ended, started again
//! and made to forget.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::rig::process::{Core, Process, free_address};

/// All servers together.
pub struct Meter {
    servers: Vec<Server>,
}

struct Server {
    at: SocketAddr,
    arguments: Vec<String>,
    process: Option<Process>,
}

impl Meter {
    /// Starts one, or a cluster of three; what a cluster writes down is in the folder.
    pub async fn start(folder: &Path, cluster: bool) -> Result<Self> {
        let mut servers = Vec::new();
        for _ in 0..if cluster { 3 } else { 1 } {
            let at = free_address()?;
            let dir = folder.join(format!("redis-{}", at.port()));
            std::fs::create_dir_all(&dir)?;
            let port = at.port().to_string();
            let mut arguments = vec!["--port".into(), port, "--save".into(), String::new(), "--dir".into()];
            arguments.extend([dir.display().to_string(), "--bind".into(), "127.0.0.1".into()]);
            if cluster {
                let bus = free_address()?.port().to_string();
                arguments.extend(["--cluster-enabled", "yes", "--cluster-port"].map(str::to_owned));
                arguments.extend([bus, "--cluster-node-timeout".into(), "2000".into()]);
            }
            let mut server = Server { at, arguments, process: None };
            server.start().await?;
            servers.push(server);
        }
        let meter = Self { servers };
        if cluster {
            meter.join()?;
        }
        Ok(meter)
    }

    fn join(&self) -> Result<()> {
        let count = self.servers.len();
        for (at, server) in self.servers.iter().enumerate() {
            let (from, to) = (16_384 * at / count, 16_384 * (at + 1) / count - 1);
            server.command::<()>(&["CLUSTER", "SET-CONFIG-EPOCH", &(at + 1).to_string()])?;
            server.command::<()>(&["CLUSTER", "ADDSLOTSRANGE", &from.to_string(), &to.to_string()])?;
            let (Some(first), Some(bus)) = (self.servers.first(), server.bus()) else { continue };
            if at > 0 {
                first.command::<()>(&["CLUSTER", "MEET", "127.0.0.1", &server.at.port().to_string(), bus])?;
            }
        }
        self.wait_until_whole()
    }

    fn wait_until_whole(&self) -> Result<()> {
        let until = Instant::now() + Duration::from_secs(30);
        let known = format!("cluster_known_nodes:{}", self.servers.len());
        let whole = |server: &Server| {
            let told = server.command::<String>(&["CLUSTER", "INFO"]).unwrap_or_default();
            told.contains("cluster_state:ok") && told.contains(&known)
        };
        while !self.servers.iter().all(whole) {
            ensure!(Instant::now() < until, "the cluster does not come together");
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// The setting that leads to it.
    pub fn url(&self) -> String {
        let urls: Vec<_> = self.servers.iter().map(|server| format!("redis://{}", server.at)).collect();
        urls.join(",")
    }

    /// Runs a command on every server.
    pub fn command(&self, words: &[&str]) -> Result<()> {
        self.servers.iter().try_for_each(|server| server.command::<redis::Value>(words).map(drop))
    }

    /// How often the rate script was asked for so far.
    pub fn scripts(&self) -> Result<u64> {
        let mut sum = 0;
        for server in &self.servers {
            let told: String = server.command(&["INFO", "commandstats"])?;
            let calls = told.lines().find_map(|line| line.strip_prefix("cmdstat_evalsha:calls="));
            sum += calls.and_then(|rest| rest.split(',').next()?.parse::<u64>().ok()).unwrap_or(0);
        }
        Ok(sum)
    }

    /// Ends all servers at once.
    pub fn end(&mut self) {
        self.servers.iter_mut().for_each(|server| drop(server.process.take()));
    }

    /// Starts them again, without what they counted.
    pub fn start_again(&mut self) -> Result<()> {
        for server in &mut self.servers {
            server.start_now()?;
        }
        if self.servers.len() > 1 { self.wait_until_whole() } else { Ok(()) }
    }

    /// Stops the servers in their tracks, or lets them go on.
    pub fn signal(&self, name: &str) -> Result<()> {
        for process in self.servers.iter().filter_map(|server| server.process.as_ref()) {
            ensure!(Command::new("kill").args([name, &process.id().to_string()]).status()?.success(), "kill {name}");
        }
        Ok(())
    }
}

impl Server {
    async fn start(&mut self) -> Result<()> {
        self.process = Some(Process::listening("redis-server", self.line(), self.at).await?);
        Ok(())
    }

    /// The same from a thread of its own.
    fn start_now(&mut self) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.start())
    }

    fn line(&self) -> Command {
        let mut command = Core(None).command("redis-server");
        command.args(&self.arguments);
        command
    }

    fn bus(&self) -> Option<&str> {
        self.arguments.iter().skip_while(|word| *word != "--cluster-port").nth(1).map(String::as_str)
    }

    fn command<T: redis::FromRedisValue>(&self, words: &[&str]) -> Result<T> {
        let (name, rest) = words.split_first().context("an empty command")?;
        let mut connection = redis::Client::open(format!("redis://{}", self.at))?.get_connection()?;
        Ok(redis::cmd(name).arg(rest).query(&mut connection)?)
    }
}

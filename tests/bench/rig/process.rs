//! Processes under measurement: started on a core of their own, read through /proc, ended with their owner.

use std::ffi::OsStr;
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::net::TcpStream;

/// Clock ticks of /proc/PID/stat; Linux tells 100 to every program whatever it ticks at inside.
const TICKS_PER_S: f64 = 100.0;

/// A process under measurement; killed when it is dropped.
pub struct Process {
    name: &'static str,
    child: Child,
}

/// Makes commands that run on a core, or where this program does when none is given.
#[derive(Clone, Copy, Debug)]
pub struct Core(pub Option<usize>);

impl Core {
    /// A command on this core.
    pub fn command(self, program: impl AsRef<OsStr>) -> Command {
        on(self.0.map(|core| core.to_string()).as_deref(), program)
    }
}

/// A command on whichever core is free, also where this program keeps to one.
pub fn anywhere(program: impl AsRef<OsStr>) -> Command {
    let all = std::fs::read_to_string("/sys/devices/system/cpu/online").ok();
    on(all.as_deref().map(str::trim).filter(|_| is_there("taskset")), program)
}

fn on(cores: Option<&str>, program: impl AsRef<OsStr>) -> Command {
    let mut command = match cores {
        None => Command::new(program),
        Some(cores) => {
            let mut command = Command::new("taskset");
            command.args(["-c", cores]).arg(program);
            command
        }
    };
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

impl Process {
    /// Starts a command and waits until it listens.
    pub async fn listening(name: &'static str, mut command: Command, at: SocketAddr) -> Result<Self> {
        let child = command.spawn().with_context(|| format!("{name} cannot be started"))?;
        let mut process = Self { name, child };
        let until = Instant::now() + Duration::from_secs(120);
        while TcpStream::connect(at).await.is_err() {
            if let Some(status) = process.child.try_wait()? {
                bail!("{name} ended before it listened: {status}");
            }
            if Instant::now() > until {
                bail!("{name} does not listen at {at}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(process)
    }

    /// Processor time used so far by it and its children, in seconds.
    pub fn cpu_s(&self) -> Result<f64> {
        self.family().into_iter().map(|id| self.cpu_s_of(id)).sum()
    }

    fn cpu_s_of(&self, id: u32) -> Result<f64> {
        let text = self.read(id, "stat")?;
        // After the name, which may hold anything, in parentheses: state is the first field, utime the 12th.
        let (_, fields) = text.rsplit_once(')').context("no stat")?;
        let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
        Ok(ticks.sum::<Result<f64, _>>()? / TICKS_PER_S)
    }

    /// It and whatever it started.
    fn family(&self) -> Vec<u32> {
        let mut all = vec![self.id()];
        let mut at = 0;
        while let Some(id) = all.get(at).copied() {
            let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
            all.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
            at += 1;
        }
        all
    }

    /// Resident memory in bytes.
    pub fn resident(&self) -> Result<u64> {
        let text = self.read(self.id(), "status")?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kib: u64 = line.split_whitespace().next().context("no VmRSS")?.parse()?;
        Ok(kib * 1024)
    }

    /// Its process id, for a profiler.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    fn read(&self, id: u32, file: &str) -> Result<String> {
        std::fs::read_to_string(format!("/proc/{id}/{file}")).with_context(|| format!("{} is gone", self.name))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address that is free now.
pub fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

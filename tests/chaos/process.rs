//! Processes that can be killed, frozen and started again. Each is told by the kernel to die when this one does.

use std::fs::OpenOptions;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::net::TcpStream;

const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How a process is started, every time anew.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// What people call it.
    pub name: String,
    /// Program and arguments.
    pub line: Vec<String>,
    /// Its environment, beside ours.
    pub environment: Vec<(String, String)>,
    /// Where it listens once it is ready.
    pub at: SocketAddr,
    /// What `setpriv` is to do before, e.g. become another user.
    pub become_other: Vec<String>,
    /// Where its output goes: NAME.log.
    pub folder: PathBuf,
}

/// A process and how to make it anew.
pub struct Process {
    /// How it is started.
    pub recipe: Recipe,
    child: Option<Child>,
}

impl Process {
    /// One that does not run yet.
    pub fn unstarted(recipe: Recipe) -> Self {
        Self { recipe, child: None }
    }

    /// Starts it and waits until it listens.
    pub async fn start(recipe: Recipe) -> Result<Self> {
        let mut process = Self::unstarted(recipe);
        process.spawn()?;
        process.ready(Duration::from_secs(120)).await?;
        Ok(process)
    }

    /// Starts it, without waiting.
    pub fn spawn(&mut self) -> Result<()> {
        let recipe = &self.recipe;
        let log = recipe.folder.join(format!("{}.log", recipe.name));
        let log = OpenOptions::new().create(true).append(true).open(log)?;
        let mut command = Command::new("setpriv");
        command.args(&recipe.become_other).args(["--pdeathsig", "KILL", "--"]).args(&recipe.line);
        command.envs(recipe.environment.iter().map(|(name, value)| (name, value)));
        command.current_dir("/").stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        self.child = Some(command.spawn().with_context(|| format!("{} cannot be started", recipe.name))?);
        Ok(())
    }

    /// Waits until it listens.
    pub async fn ready(&mut self, within: Duration) -> Result<()> {
        let until = Instant::now() + within;
        while TcpStream::connect(self.recipe.at).await.is_err() {
            let name = &self.recipe.name;
            if let Some(status) = self.child.as_mut().context("it was not started")?.try_wait()? {
                bail!("{name} ended before it listened ({status}); see {name}.log in {}", self.recipe.folder.display());
            }
            ensure!(Instant::now() < until, "{name} does not listen at {}", self.recipe.at);
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Starts it again as often as it takes, like a supervisor: what it needs may be away itself.
    pub async fn revive(&mut self, within: Duration) -> Result<()> {
        let until = Instant::now() + within;
        loop {
            self.spawn()?;
            match self.ready(until.saturating_duration_since(Instant::now())).await {
                Err(_) if self.is_gone() && Instant::now() < until => tokio::time::sleep(LOOK_EVERY * 10).await,
                done => return done,
            }
        }
    }

    /// Sends a signal, e.g. `STOP`.
    pub fn signal(&self, signal: &str) -> Result<()> {
        let Some(child) = &self.child else { return Ok(()) };
        send(signal, child.id())
    }

    /// Ends it the hard way, frozen or not.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Ends it with a signal that it may take its time for, then the hard way.
    pub async fn end(&mut self, signal: &str, within: Duration) -> Result<()> {
        self.signal(signal)?;
        let until = Instant::now() + within;
        while let Some(child) = &mut self.child {
            if child.try_wait()?.is_some() {
                self.child = None;
            } else if Instant::now() > until {
                self.kill();
            } else {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
        Ok(())
    }

    /// Whether it ended though nobody asked for it.
    pub fn is_gone(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| !matches!(child.try_wait(), Ok(None)))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn send(signal: &str, to: u32) -> Result<()> {
    // The shell's own `kill` is everywhere; there is no safe one in the standard library.
    let said = Command::new("bash").args(["-c", "kill -s \"$0\" \"$1\"", signal, &to.to_string()]).status()?;
    ensure!(said.success(), "process {to} cannot be sent {signal}");
    Ok(())
}

/// Runs a program to its end and gives what it said when it fails.
pub fn run(command: &mut Command) -> Result<()> {
    let done = command.output().with_context(|| format!("{command:?} cannot be started"))?;
    ensure!(done.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}

/// The whole path of a program that is in PATH.
pub fn which(name: &str) -> Result<String> {
    let found = Command::new("bash").args(["-c", "command -v \"$0\"", name]).output()?;
    ensure!(found.status.success(), "{name} is not installed");
    Ok(String::from_utf8(found.stdout)?.trim().to_owned())
}

/// Addresses that are free now and outside of the range from which systems give ports to clients: a server that is away
/// for a while must get its own back.
#[derive(Debug)]
pub struct Ports(u16);

impl Ports {
    const FIRST: u16 = 20_000;
    const RANGE: u16 = 12_000;

    /// Begins somewhere that depends on this process, so that two runs do not meet.
    pub fn new() -> Self {
        Self((std::process::id() % u32::from(Self::RANGE)) as u16)
    }

    /// The next that is free.
    pub fn next(&mut self) -> Result<SocketAddr> {
        for _ in 0..Self::RANGE {
            self.0 = (self.0 + 1) % Self::RANGE;
            let at = SocketAddr::from(([127, 0, 0, 1], Self::FIRST + self.0));
            if TcpListener::bind(at).is_ok() {
                return Ok(at);
            }
        }
        bail!("no port is free")
    }
}

/// Makes a folder that every user may look into.
pub fn open_folder(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::create_dir_all(path)?;
    Ok(std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))?)
}

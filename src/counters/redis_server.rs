//! A Redis of its own for a test, on a socket in a temporary folder; only compiled into tests.

use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Counters;
use super::redis::Settings;
use crate::clock::Clock;

/// A running redis-server; stopped when dropped.
pub struct Server {
    folder: tempfile::TempDir,
    child: Child,
}

impl Server {
    /// Starts one; none (and a sentence) when there is no redis-server on PATH, unless
    /// `XUNYUAN_TEST_REDIS=required` is set.
    pub fn start() -> Option<Self> {
        #[expect(clippy::disallowed_methods, reason = "not a setting of the gateway")]
        let required = std::env::var("XUNYUAN_TEST_REDIS").is_ok_and(|wish| wish == "required");
        let folder = tempfile::tempdir().unwrap();
        match spawn(&folder) {
            Ok(child) => Some(Self { folder, child }),
            Err(error) if required => panic!("XUNYUAN_TEST_REDIS=required, but redis-server does not start: {error}"),
            Err(error) => {
                println!("skipped: redis-server does not start here ({error})");
                None
            }
        }
    }

    /// How to reach it, with a budget that a busy test machine keeps.
    pub fn settings(&self) -> Settings {
        Settings { budget: Duration::from_secs(5), ..Settings::at(self.url()) }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("redis+unix://{}", self.folder.path().join("socket").display())
    }

    /// One node's counters over it.
    pub fn counters(&self, clock: &Clock) -> Counters {
        Counters::in_redis(&self.settings(), clock.clone()).unwrap()
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(self.folder.path().join("socket"));
    }

    /// Starts it again at the same address, empty.
    pub fn start_again(&mut self) {
        self.child = spawn(&self.folder).unwrap();
    }

    /// Stops it in its tracks: connections stay open and nothing is answered.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    /// Runs one command on a connection of its own.
    pub fn command(&self, words: &[&str]) -> redis::Value {
        let client = redis::Client::open(self.url()).unwrap();
        let mut command = redis::cmd(words[0]);
        words[1..].iter().for_each(|word| {
            command.arg(word);
        });
        command.query(&mut client.get_connection().unwrap()).unwrap()
    }

    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(folder: &tempfile::TempDir) -> std::io::Result<Child> {
    let socket = folder.path().join("socket");
    let mut child = Command::new("redis-server")
        .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"])
        .arg(&socket)
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .spawn()?;
    let started = Instant::now();
    while UnixStream::connect(&socket).is_err() {
        if let Some(status) = child.try_wait()? {
            return Err(std::io::Error::other(format!("it ended with {status}")));
        }
        if started.elapsed() > Duration::from_secs(20) {
            let _ = child.kill();
            return Err(std::io::Error::other("it did not open its socket"));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(child)
}

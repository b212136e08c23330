//! A PostgreSQL server of the bench's own, as a fresh installation has it: every commit waits for the disk.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use sqlx::{Connection, PgConnection};

use super::process::{Process, anywhere, free_address};

const CONNECTIONS: &str = "max_connections=300";

/// A server that runs; ended and forgotten with its folder.
pub struct Postgres {
    address: std::net::SocketAddr,
    /// Its own words.
    pub version: String,
    _process: Process,
}

impl Postgres {
    /// Makes a database cluster in the folder and serves it; all settings that say what a commit is are left alone. It may
    /// use every core: in production it is another machine.
    pub async fn start(folder: &Path) -> Result<Self> {
        let programs = programs()?;
        let data = folder.join("postgres");
        std::fs::create_dir_all(&data)?;
        // PostgreSQL refuses to run as root, and its own user has to get to its files.
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))?;
        let as_user = another_user(&data)?;
        let mut made = Command::new(as_user.first().map_or_else(|| programs.join("initdb").into(), OsString::clone));
        made.args(as_user.iter().skip(1)).args((!as_user.is_empty()).then(|| programs.join("initdb")));
        made.arg("-D").arg(&data).args(["-U", "bench", "-A", "trust", "-E", "UTF8", "--locale", "C.UTF-8"]);
        let made = made.current_dir("/").stdin(Stdio::null()).output().context("initdb cannot be started")?;
        ensure!(made.status.success(), "initdb failed: {}", String::from_utf8_lossy(&made.stderr));
        let address = free_address()?;
        let server = programs.join("postgres");
        let mut command = match as_user.split_first() {
            None => anywhere(&server),
            Some((first, rest)) => {
                let mut command = anywhere(first);
                command.args(rest).arg(&server);
                command
            }
        };
        command.arg("-D").arg(&data).arg("-k").arg(&data).args(["-p", &address.port().to_string()]);
        command.args(["-c", "listen_addresses=127.0.0.1", "-c", CONNECTIONS]).current_dir("/").stderr(Stdio::null());
        let process = Process::listening("PostgreSQL", command, address).await?;
        let version = Command::new(&server).arg("--version").output()?;
        let version = String::from_utf8_lossy(&version.stdout).trim().to_owned();
        Ok(Self { address, version, _process: process })
    }

    /// Makes databases of these names; their URLs.
    pub async fn databases<const N: usize>(&self, names: [&'static str; N]) -> Result<[String; N]> {
        let mut connection = PgConnection::connect(&self.url("postgres")).await?;
        for name in names {
            sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await?;
        }
        connection.close().await?;
        Ok(names.map(|name| self.url(name)))
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://bench@{}/{database}", self.address)
    }
}

/// The folder with `initdb` and `postgres`: on the PATH, or where Debian puts them.
fn programs() -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = std::env::split_paths(&path).collect();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    let found =
        folders.into_iter().find(|folder| ["initdb", "postgres"].iter().all(|name| folder.join(name).is_file()));
    found.context("PostgreSQL is not installed: there is no initdb")
}

/// What comes before a command so that root does not run it.
fn another_user(data: &Path) -> Result<Vec<OsString>> {
    let id = |what: &[&str]| -> Result<u32> {
        let told = Command::new("id").args(what).output()?;
        Ok(String::from_utf8_lossy(&told.stdout).trim().parse()?)
    };
    if id(&["-u"])? != 0 {
        return Ok(Vec::new());
    }
    let (Ok(user), Ok(group)) = (id(&["-u", "postgres"]), id(&["-g", "postgres"])) else {
        bail!("PostgreSQL refuses to run as root and there is no user postgres");
    };
    std::os::unix::fs::chown(data, Some(user), Some(group))?;
    Ok(["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"].map(OsString::from).to_vec())
}

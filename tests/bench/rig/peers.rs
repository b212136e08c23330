//! Other gateways that do our work, from the configurations in `tests/bench/peers/`; one that is not installed says so.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use xunyuan::signing::http_message::{HmacKey, Signer, SigningKey};

use super::process::{Core, Process, free_address};

const KEY_ID: &str = "xyk_live_peer";
const SECRET: &str = "c2VjcmV0LW9mLWEtcGVlci0wMTIzNDU2Nzg5YWJjZGVm";
const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/peers");
const MODULES: [&str; 2] = ["/usr/lib/nginx/modules", "/usr/lib64/nginx/modules"];

/// Where a peer's answers come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// Its own cache, filled by the first request.
    Cache,
    /// A Redis that listens on this port.
    Redis(u16),
    /// The upstream, every time.
    Upstream,
}

/// Which program, and what for.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// The row's name.
    pub name: &'static str,
    program: &'static str,
    from: From,
}

/// nginx with Lua, from its cache.
pub const NGINX_CACHE: Kind = Kind { name: "nginx+Lua+HMAC+cache", program: "nginx", from: From::Cache };
/// haproxy from its cache.
pub const HAPROXY_CACHE: Kind = Kind { name: "haproxy+HMAC+cache", program: "haproxy", from: From::Cache };
/// Varnish, which checks no signature.
pub const VARNISH: Kind = Kind { name: "varnish, no signature", program: "varnishd", from: From::Cache };
/// nginx with Lua, forwarding.
pub const NGINX_FORWARD: Kind = Kind { name: "nginx+Lua+HMAC forward", program: "nginx", from: From::Upstream };
/// haproxy, forwarding.
pub const HAPROXY_FORWARD: Kind = Kind { name: "haproxy+HMAC forward", program: "haproxy", from: From::Upstream };

/// nginx with Lua, from Redis.
pub const fn nginx_redis(port: u16) -> Kind {
    Kind { name: "nginx+Lua+HMAC+Redis", program: "nginx", from: From::Redis(port) }
}

/// A peer that runs.
pub struct Peer {
    /// Its process.
    pub process: Process,
    /// Where it listens.
    pub at: SocketAddr,
    /// The key it knows.
    pub signer: Signer,
}

/// A peer, or why there is none.
pub enum Presence {
    /// It runs.
    Here(Box<Peer>),
    /// It cannot: what to say in its row.
    Missing(String),
}

impl Kind {
    /// Starts it in front of an upstream; what it writes is in `folder`.
    pub async fn start(self, core: Core, folder: &Path, upstream: SocketAddr) -> Result<Presence> {
        let Some(program) = found(self.program) else {
            return Ok(Presence::Missing(format!("{} is not installed: tests/bench/run peers", self.program)));
        };
        let (at, folder) = (free_address()?, folder.join(format!("{}-{}", self.program, self.word())));
        std::fs::create_dir_all(&folder)?;
        let place = Place { at, folder: &folder, upstream };
        let command = match self.program {
            "nginx" => match modules() {
                Some(modules) => self.nginx(core, &program, &place, &modules)?,
                None => return Ok(Presence::Missing("nginx has no Lua module: tests/bench/run peers".to_owned())),
            },
            "haproxy" => self.haproxy(core, &program, &place)?,
            _ => varnish(core, &program, &place)?,
        };
        let key = SigningKey::HmacSha256(HmacKey::new(SECRET.as_bytes()));
        let signer = Signer { key_id: KEY_ID.to_owned(), key };
        Ok(match Process::listening(self.name, command, at).await {
            Ok(process) => Presence::Here(Box::new(Peer { process, at, signer })),
            Err(error) => Presence::Missing(format!("it does not start here: {error:#}")),
        })
    }

    fn word(self) -> &'static str {
        match self.from {
            From::Cache => "cache",
            From::Redis(_) => "redis",
            From::Upstream => "forward",
        }
    }

    fn nginx(self, core: Core, program: &Path, place: &Place<'_>, modules: &str) -> Result<Command> {
        let answer = match self.from {
            // What the upstream says about keeping was meant for the partner.
            From::Cache => {
                "proxy_cache answers; proxy_cache_valid 200 1h; proxy_cache_key $request_uri; \
                 proxy_ignore_headers Cache-Control Vary; proxy_pass http://catalogue;"
            }
            From::Upstream => "proxy_pass http://catalogue;",
            From::Redis(_) => "content_by_lua_block { require(\"signed\").from_redis() }",
        };
        let port = if let From::Redis(port) = self.from { port } else { 0 };
        let file = place.filled(
            "nginx.conf",
            &[
                ("@MODULES@", modules),
                ("@PEERS@", PEERS),
                ("@KEY_ID@", KEY_ID),
                ("@SECRET@", SECRET),
                ("@REDIS_PORT@", &port.to_string()),
                ("@ANSWER@", answer),
            ],
        )?;
        let mut command = core.command(program);
        command.arg("-p").arg(place.folder).arg("-c").arg(file).stderr(Stdio::inherit());
        Ok(command)
    }

    fn haproxy(self, core: Core, program: &Path, place: &Place<'_>) -> Result<Command> {
        std::fs::write(place.folder.join("secrets.map"), format!("{KEY_ID} {}\n", STANDARD.encode(SECRET)))?;
        let cached = self.from == From::Cache;
        let take = if cached { "http-request cache-use answers" } else { "" };
        // haproxy keeps nothing that is private or varies.
        let store = if cached {
            "http-response del-header cache-control\n  http-response del-header vary\n  http-response cache-store answers"
        } else {
            ""
        };
        let file = place.filled("haproxy.cfg", &[("@USE@", take), ("@STORE@", store)])?;
        let mut command = core.command(program);
        command.args(["-db", "-q", "-f"]).arg(file);
        Ok(command)
    }
}

fn varnish(core: Core, program: &Path, place: &Place<'_>) -> Result<Command> {
    let file = place.filled("default.vcl", &[])?;
    let mut command = core.command(program);
    command.arg("-F").args(["-a", &place.at.to_string(), "-s", "malloc,256m", "-n"]).arg(place.folder.join("work"));
    command.arg("-f").arg(file).stderr(Stdio::null());
    Ok(command)
}

/// What every configuration is told.
struct Place<'a> {
    at: SocketAddr,
    folder: &'a Path,
    upstream: SocketAddr,
}

impl Place<'_> {
    /// A configuration with what stands between `@` signs filled in.
    fn filled(&self, name: &str, values: &[(&str, &str)]) -> Result<PathBuf> {
        let template = Path::new(PEERS).join(name);
        let text = std::fs::read_to_string(&template).with_context(|| format!("{}", template.display()))?;
        let (at, upstream) = (self.at.to_string(), self.upstream.to_string());
        let (host, port) = (self.upstream.ip().to_string(), self.upstream.port().to_string());
        let folder = self.folder.display().to_string();
        let usual = [
            ("@AT@", at.as_str()),
            ("@FOLDER@", &folder),
            ("@UPSTREAM@", &upstream),
            ("@UPSTREAM_HOST@", &host),
            ("@UPSTREAM_PORT@", &port),
        ];
        let text = usual.iter().chain(values).fold(text, |text, (name, value)| text.replace(name, value));
        let file = self.folder.join(name);
        std::fs::write(&file, text)?;
        Ok(file)
    }
}

/// The program on the PATH or where Debian puts what serves.
fn found(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn modules() -> Option<String> {
    let here = |folder: &&str| Path::new(folder).join("ngx_http_lua_module.so").is_file();
    MODULES.into_iter().find(here).map(str::to_owned)
}

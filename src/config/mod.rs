//! Settings, read once and handed out by section: the embedded commented TOML, then the operator's file, then
//! `XUNYUAN__SECTION__KEY`. Unknown keys are refused; every mistake is told in one answer.

mod auth;
mod cache;
mod database;
mod landed;
mod language;
mod limits;
mod ops;
mod orders;
mod rates;
mod reader;
mod redis;
mod secrets;
mod server;
mod telemetry;
mod upstream;
mod webhooks;

use std::path::Path;

pub use self::auth::Auth;
pub use self::cache::Cache;
pub use self::database::Database;
pub use self::landed::Landed;
pub use self::language::Language;
pub use self::limits::Limits;
pub use self::ops::Ops;
pub use self::orders::{For, Orders};
pub use self::rates::Rates;
pub use self::redis::{Form, Redis, Servers};
pub use self::secrets::Secrets;
pub use self::server::Server;
pub use self::telemetry::Telemetry;
pub use self::upstream::{Endpoint, Upstream};
pub use self::webhooks::Webhooks;

use self::reader::{Complaint, Reader};

/// The commented defaults, as shipped in `deploy/`.
pub const DEFAULTS: &str = include_str!("../../deploy/xunyuan.toml");

/// All settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// The `[server]` section.
    pub server: Server,
    /// The `[ops]` section.
    pub ops: Ops,
    /// The `[telemetry]` section.
    pub telemetry: Telemetry,
    /// The `[database]` section.
    pub database: Database,
    /// The `[redis]` section.
    pub redis: Redis,
    /// The `[secrets]` section.
    pub secrets: Secrets,
    /// The `[auth]` section.
    pub auth: Auth,
    /// The `[limits]` section.
    pub limits: Limits,
    /// The `[upstream]` section.
    pub upstream: Upstream,
    /// The `[cache]` section.
    pub cache: Cache,
    /// The `[rates]` section.
    pub rates: Rates,
    /// The `[landed]` section.
    pub landed: Landed,
    /// The `[language]` section.
    pub language: Language,
    /// The `[orders]` section.
    pub orders: Orders,
    /// The `[webhooks]` section.
    pub webhooks: Webhooks,
    masked: String,
}

/// The settings cannot be used; lists every mistake.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Mistakes(Vec<Complaint>);

impl std::fmt::Display for Mistakes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "the settings cannot be used:")?;
        self.0.iter().try_for_each(|complaint| writeln!(f, "  {} {}", complaint.key, complaint.what))
    }
}

impl Config {
    /// Reads the settings: defaults, then the file, then the given environment.
    pub fn load(file: Option<&Path>, environment: impl Iterator<Item = (String, String)>) -> Result<Self, Mistakes> {
        let mut reader = Reader::over(&parse("the built-in settings", DEFAULTS)?);
        if let Some(path) = file {
            let text = std::fs::read_to_string(path);
            let text = text.map_err(|error| mistake("--config", format!("{}: {error}", path.display())))?;
            reader.overlay(&parse(&path.display().to_string(), &text)?);
        }
        for (name, value) in environment {
            if let Some(rest) = name.strip_prefix("XUNYUAN__") {
                reader.set_text(&rest.replace("__", ".").to_lowercase(), &value);
            }
        }
        Self::read(reader)
    }

    fn read(mut from: Reader) -> Result<Self, Mistakes> {
        let config = Self {
            server: Server::read(&mut from),
            ops: Ops::read(&mut from),
            telemetry: Telemetry::read(&mut from),
            database: Database::read(&mut from),
            redis: Redis::read(&mut from),
            secrets: Secrets::read(&mut from),
            auth: Auth::read(&mut from),
            limits: Limits::read(&mut from),
            upstream: Upstream::read(&mut from),
            cache: Cache::read(&mut from),
            rates: Rates::read(&mut from),
            landed: Landed::read(&mut from),
            language: Language::read(&mut from),
            orders: Orders::read(&mut from),
            webhooks: Webhooks::read(&mut from),
            masked: from.masked(),
        };
        if from.complaints().is_empty() { Ok(config) } else { Err(Mistakes(from.complaints().to_vec())) }
    }

    /// The settings in effect as TOML text, secrets masked.
    pub fn masked(&self) -> &str {
        &self.masked
    }
}

fn parse(name: &str, text: &str) -> Result<toml::Table, Mistakes> {
    text.parse().map_err(|error: toml::de::Error| mistake(name, format!("is not TOML: {error}")))
}

fn mistake(key: &str, what: String) -> Mistakes {
    Mistakes(vec![Complaint { key: key.to_owned(), what }])
}

#[cfg(test)]
mod tests {
    use super::Config;

    fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.toml");
        std::fs::write(&path, text).unwrap();
        let pairs = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::load(Some(&path), pairs).map_err(|mistakes| mistakes.to_string())
    }

    #[test]
    fn the_file_and_then_the_environment_override_the_defaults() {
        let config = load(
            "[server]\nbind = \"0.0.0.0:1\"\nworkers = 3",
            &[("XUNYUAN__SERVER__WORKERS", "5"), ("XUNYUAN__SERVER__PUBLIC_NAMES", "[\"a.example\"]"), ("HOME", "x")],
        );
        let config = config.unwrap();
        assert_eq!(config.server.bind.to_string(), "0.0.0.0:1");
        assert_eq!((config.server.workers, config.server.public_names), (5, vec!["a.example".to_owned()]));
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let told = load(
            "[server]\nbnd = \"x\"\nworkers = \"many\"\nscheme = \"ftp\"\n[redis]\nurl = \"http://x\"",
            &[("XUNYUAN__TELEMETRY__TRACE_SHARE", "2")],
        );
        let told = told.unwrap_err();
        for part in [
            "server.bnd is not a setting; did you mean server.bind?",
            "server.workers is string, must be integer",
            "server.scheme",
            "redis.url",
            "telemetry.trace_share",
        ] {
            assert!(told.contains(part), "{part} in {told}");
        }
    }

    #[test]
    fn secrets_are_masked_when_shown() {
        let config = load(
            "[redis]\nurl = \"redis://:topsecret@a,redis://:topsecret@b\"\n[secrets]\nmaster_key = \"topsecret\"\n[database]\nurl = \"postgres://me:topsecret@db/x\"",
            &[("XUNYUAN__UPSTREAM__LIVE__TOKEN", "topsecret")],
        );
        let config = config.unwrap();
        assert!(!config.masked().contains("topsecret") && config.masked().contains("me:********@db"));
        assert!(!format!("{config:?}").contains("master_key: \"topsecret"));
    }
}

//! The shared meter and cache: one Redis, one that sentinels watch, or a cluster. Whatever does not fit together is
//! said here; that certificates are any good, when they are used first.

use std::time::Duration;

use url::Url;

use crate::config::reader::Reader;

const SCHEMES: [&str; 3] = ["redis", "rediss", "redis+unix"];

/// The `[redis]` section.
#[derive(Clone, Debug)]
pub struct Redis {
    /// Where Redis is; `None` = this process alone.
    pub servers: Option<Servers>,
    /// Longest wait when a request is metered.
    pub limit_budget: Duration,
    /// Longest wait when a kept answer is looked for.
    pub cache_budget: Duration,
}

/// What stands at the addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// One server.
    Single,
    /// Sentinels that watch a master of this name.
    Sentinel(String),
    /// Nodes of a cluster.
    Cluster,
}

/// Where Redis is and as whom it is asked.
#[derive(Clone)]
pub struct Servers {
    /// What stands at the addresses.
    pub form: Form,
    /// `redis://…`, `rediss://…` or `redis+unix://…`.
    pub urls: Vec<String>,
    /// User, if it is not the default one, and password.
    pub account: Option<(Option<String>, String)>,
    /// The authority that signed the servers' certificates, in PEM.
    pub authority: Option<Vec<u8>>,
    /// Our certificate and its key, in PEM.
    pub client: Option<(Vec<u8>, Vec<u8>)>,
}

impl std::fmt::Debug for Servers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Servers").field("form", &self.form).field("urls", &self.urls.len()).finish_non_exhaustive()
    }
}

impl Redis {
    pub(super) fn read(from: &mut Reader) -> Self {
        Self {
            servers: Servers::read(from),
            limit_budget: Duration::from_millis(from.number("redis.limit_budget_ms", 1, 1000)),
            cache_budget: Duration::from_millis(from.number("redis.cache_budget_ms", 1, 1000)),
        }
    }
}

impl Servers {
    fn read(from: &mut Reader) -> Option<Self> {
        let text = from.text("redis.url");
        if text.is_empty() {
            for key in ["kind", "sentinel_master", "username", "password", "password_file", "ca_file"] {
                let key = format!("redis.{key}");
                if !from.text(&key).is_empty() {
                    from.complain(&key, "is given, but redis.url is not");
                }
            }
            return None;
        }
        let urls: Vec<_> = text.split(',').map(str::trim).collect();
        let read: Vec<_> = urls.iter().filter_map(|url| address(from, url)).collect();
        let form = form(from, urls.len());
        fitting(from, &read, &form);
        let account = account(from, &read, &form);
        let (authority, client) = certificates(from, &read);
        let urls = urls.into_iter().map(str::to_owned).collect();
        Some(Self { form, urls, account, authority, client })
    }
}

/// One address, if it is one. What it says may hold a password and is not repeated.
fn address(from: &mut Reader, text: &str) -> Option<Url> {
    let what = match Url::parse(text) {
        Err(error) => format!("holds an address that is none ({error})"),
        Ok(url) if !SCHEMES.contains(&url.scheme()) => "must be empty or hold addresses, separated by commas, that \
             start with redis://, rediss:// or redis+unix://"
            .to_owned(),
        Ok(url) if url.fragment().is_some() => {
            "holds an address with a #fragment; name the authority in redis.ca_file instead of trusting anybody"
                .to_owned()
        }
        Ok(url) if url.scheme() != "redis+unix" && url.host().is_none() => "holds an address without a host".to_owned(),
        Ok(url) if database(&url).is_none() => {
            "holds an address whose path is no database number; right would be redis://host:6379/0".to_owned()
        }
        Ok(url) => return Some(url),
    };
    from.complain("redis.url", what);
    None
}

/// The number of the database that an address names; none when it names something else.
fn database(url: &Url) -> Option<u32> {
    match url.path().trim_matches('/') {
        _ if url.scheme() == "redis+unix" => Some(0),
        "" => Some(0),
        number => number.parse().ok(),
    }
}

fn form(from: &mut Reader, addresses: usize) -> Form {
    let (kind, master) = (from.text("redis.kind"), from.text("redis.sentinel_master"));
    let form = match (kind.as_str(), master.is_empty(), addresses) {
        ("single", _, _) | ("", true, 1) => Form::Single,
        ("cluster", _, _) | ("", true, _) => Form::Cluster,
        ("sentinel", _, _) | ("", false, _) => Form::Sentinel(master.clone()),
        _ => {
            from.complain("redis.kind", format!("is {kind:?}, must be \"single\", \"sentinel\", \"cluster\" or empty"));
            return Form::Single;
        }
    };
    match form {
        Form::Single if addresses > 1 => {
            from.complain("redis.url", "holds several addresses, but redis.kind is \"single\"");
        }
        Form::Sentinel(_) if master.is_empty() => {
            from.complain("redis.sentinel_master", "must say by which name the sentinels know the master");
        }
        Form::Single | Form::Cluster if !master.is_empty() => {
            from.complain("redis.sentinel_master", format!("is given, but redis.kind is {kind:?}"));
        }
        _ => {}
    }
    form
}

/// Whether the addresses fit to each other and to what stands there.
fn fitting(from: &mut Reader, urls: &[Url], form: &Form) {
    let is = |scheme: &str| urls.iter().filter(|url| url.scheme() == scheme).count();
    if is("rediss") > 0 && is("rediss") < urls.len() {
        from.complain("redis.url", "holds addresses with TLS and without; they must be all alike");
    }
    let differ = |one: &Url, other: &Url| {
        (one.username(), one.password(), database(one)) != (other.username(), other.password(), database(other))
    };
    if urls.iter().zip(urls.iter().skip(1)).any(|(one, other)| differ(one, other)) {
        from.complain("redis.url", "holds addresses with different users, passwords or databases");
    }
    if *form == Form::Single {
        return;
    }
    if is("redis+unix") > 0 {
        from.complain(
            "redis.url",
            "holds a socket's path; sentinels and nodes of a cluster are found by host and port",
        );
    }
    if *form == Form::Cluster && urls.iter().any(|url| database(url) != Some(0)) {
        from.complain("redis.url", "names a database; a cluster has only 0");
    }
}

fn account(from: &mut Reader, urls: &[Url], form: &Form) -> Option<(Option<String>, String)> {
    let (username, password) = (from.text("redis.username"), from.secret("redis.password"));
    let username = Some(username).filter(|name| !name.is_empty());
    if password.is_empty() {
        if username.is_some() {
            from.complain("redis.username", "is given without redis.password or redis.password_file");
        }
        return None;
    }
    // In the addresses of sentinels they are the sentinels' own.
    let sentinels = matches!(form, Form::Sentinel(_));
    if !sentinels && urls.iter().any(|url| url.password().is_some() || !url.username().is_empty()) {
        from.complain("redis.password", "is given twice; leave it out of redis.url");
    }
    Some((username, password))
}

type Pem = Vec<u8>;

fn certificates(from: &mut Reader, urls: &[Url]) -> (Option<Pem>, Option<(Pem, Pem)>) {
    let authority = pem(from, "redis.ca_file", "CERTIFICATE");
    let certificate = pem(from, "redis.client_cert_file", "CERTIFICATE");
    let key = pem(from, "redis.client_key_file", "PRIVATE KEY");
    let given = ["redis.ca_file", "redis.client_cert_file", "redis.client_key_file"];
    if !urls.is_empty() && !urls.iter().all(|url| url.scheme() == "rediss") {
        for key in given {
            if !from.text(key).is_empty() {
                from.complain(key, "is given, but redis.url does not start with rediss://");
            }
        }
    }
    match (from.text(given[1]).is_empty(), from.text(given[2]).is_empty()) {
        (false, true) => from.complain(given[2], "is missing; redis.client_cert_file is nothing without its key"),
        (true, false) => from.complain(given[1], "is missing; redis.client_key_file is the key of no certificate"),
        _ => {}
    }
    (authority, certificate.zip(key))
}

/// What a PEM file holds, if one is named.
fn pem(from: &mut Reader, key: &str, holds: &str) -> Option<Pem> {
    let file = from.text(key);
    if file.is_empty() {
        return None;
    }
    match std::fs::read(&file) {
        Ok(bytes) if String::from_utf8_lossy(&bytes).contains(&format!("{holds}-----")) => return Some(bytes),
        Ok(_) => from.complain(key, format!("names {file:?}, which holds no {holds} in PEM")),
        Err(error) => from.complain(key, format!("names {file:?}, which cannot be read: {error}")),
    }
    None
}

#[cfg(test)]
mod tests {
    use super::Form;
    use crate::config::{Config, Servers};

    fn read(section: &str) -> Result<Option<Servers>, String> {
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in
            [("ca", "-----BEGIN CERTIFICATE-----"), ("key", "-----BEGIN PRIVATE KEY-----"), ("pw", "x\n")]
        {
            std::fs::write(folder.path().join(file), text).unwrap();
        }
        let path = folder.path().join("x.toml");
        let here = folder.path().display().to_string();
        std::fs::write(&path, format!("[redis]\n{}", section.replace("HERE", &here))).unwrap();
        let config = Config::load(Some(&path), std::iter::empty());
        config.map(|config| config.redis.servers).map_err(|mistakes| mistakes.to_string())
    }

    #[test]
    fn addresses_say_what_stands_there() {
        for (section, form) in [
            ("url = \"redis://one\"", Form::Single),
            ("url = \"redis+unix:///run/redis.sock\"", Form::Single),
            ("url = \"redis://one:1, redis://two:2\"", Form::Cluster),
            ("url = \"redis://one\"\nkind = \"cluster\"", Form::Cluster),
            ("url = \"redis://one,redis://two\"\nsentinel_master = \"m\"", Form::Sentinel("m".into())),
            ("url = \"redis://:its@one/3\"\nsentinel_master = \"m\"\npassword = \"p\"", Form::Sentinel("m".into())),
        ] {
            assert_eq!(read(section).unwrap().unwrap().form, form, "{section}");
        }
        assert!(read("").unwrap().is_none());
    }

    #[test]
    fn secrets_and_certificates_come_from_files() {
        let servers = read(
            "url = \"rediss://one\"\nusername = \"xy\"\npassword_file = \"HERE/pw\"\nca_file = \"HERE/ca\"\n\
             client_cert_file = \"HERE/ca\"\nclient_key_file = \"HERE/key\"",
        );
        let servers = servers.unwrap().unwrap();
        assert_eq!(servers.account, Some((Some("xy".to_owned()), "x".to_owned())));
        assert!(servers.authority.is_some() && servers.client.is_some());
        assert!(!format!("{servers:?}").contains("xy"));
    }

    #[test]
    fn what_does_not_fit_together_is_said() {
        for (section, told) in [
            ("url = \"one:6379\"", "redis.url must be empty or hold"),
            ("url = \"redis://one/x\"", "redis.url holds an address whose path is no database"),
            ("url = \"rediss://one/#insecure\"", "redis.url holds an address with a #fragment"),
            ("url = \"redis://one,redis://two\"\nkind = \"single\"", "redis.url holds several addresses"),
            ("url = \"redis://one\"\nkind = \"many\"", "redis.kind is \"many\", must be"),
            ("url = \"redis://one\"\nkind = \"sentinel\"", "redis.sentinel_master must say"),
            (
                "url = \"redis://one\"\nkind = \"cluster\"\nsentinel_master = \"m\"",
                "redis.sentinel_master is given, but",
            ),
            ("url = \"redis://one,rediss://two\"", "redis.url holds addresses with TLS and without"),
            ("url = \"redis://:a@one,redis://:b@two\"", "redis.url holds addresses with different users"),
            ("url = \"redis+unix:///x\"\nkind = \"cluster\"", "redis.url holds a socket's path"),
            ("url = \"redis://one/2\"\nkind = \"cluster\"", "redis.url names a database; a cluster"),
            ("url = \"redis://one\"\nusername = \"xy\"", "redis.username is given without"),
            ("url = \"redis://:a@one\"\npassword = \"b\"", "redis.password is given twice; leave it out of"),
            ("url = \"redis://one\"\npassword = \"b\"\npassword_file = \"HERE/pw\"", "redis.password is given twice"),
            ("url = \"redis://one\"\nca_file = \"HERE/ca\"", "redis.ca_file is given, but redis.url does not"),
            ("url = \"rediss://one\"\nca_file = \"HERE/no\"", "redis.ca_file names"),
            ("url = \"rediss://one\"\nca_file = \"HERE/pw\"", "which holds no CERTIFICATE in PEM"),
            ("url = \"rediss://one\"\nclient_cert_file = \"HERE/ca\"", "redis.client_key_file is missing"),
            ("url = \"rediss://one\"\nclient_key_file = \"HERE/key\"", "redis.client_cert_file is missing"),
            ("password = \"b\"", "redis.password is given, but redis.url is not"),
        ] {
            let mistakes = read(section).expect_err(section);
            assert!(mistakes.contains(told), "{section}: {mistakes}");
        }
    }
}

//! The wholesale services behind the gateway.

use std::time::Duration;

use url::Url;
use zeroize::Zeroizing;

use crate::config::reader::Reader;

/// The `[upstream]` section.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Time for one answer.
    pub deadline: Duration,
    /// Time for one answer to an order or payment.
    pub order_deadline: Duration,
    /// Time to connect.
    pub connect_timeout: Duration,
    /// Largest answer.
    pub answer_limit_bytes: usize,
    /// How long an answer that has begun may pause.
    pub stall: Duration,
    /// Calls under way at one time.
    pub at_once: usize,
    /// How long a call waits for a place.
    pub place_wait: Duration,
    /// Whether slow reads are asked a second time.
    pub hedge: bool,
    /// The service that live keys reach.
    pub live: Option<Endpoint>,
    /// The service that sandbox keys reach.
    pub sandbox: Option<Endpoint>,
}

/// One wholesale service.
#[derive(Clone)]
pub struct Endpoint {
    /// Its address.
    pub url: Url,
    /// The token it knows the gateway by.
    pub token: Zeroizing<String>,
    /// What the open platform knows the gateway by, where the service speaks its protocol.
    pub app: Option<App>,
}

/// An app of the open platform, with its tokens; an empty one is not there.
#[derive(Clone)]
pub struct App {
    /// Its number.
    pub key: String,
    /// What it signs with.
    pub secret: Zeroizing<String>,
    /// What it may speak for an account with.
    pub access_token: Zeroizing<String>,
    /// What brings the next access token.
    pub refresh_token: Zeroizing<String>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("key", &self.key).finish_non_exhaustive()
    }
}

const KINDS: [&str; 2] = ["wholesale", "open1688"];

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint").field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}

impl Upstream {
    pub(super) fn read(from: &mut Reader) -> Self {
        let live = endpoint(from, "upstream.live");
        if live.is_none() && from.text("upstream.live.url").is_empty() {
            from.complain(
                "upstream.live.url",
                "is empty; live keys need a wholesale service, e.g. \"http://127.0.0.1:8070\"",
            );
        }
        let deadline = Duration::from_millis(from.number("upstream.deadline_ms", 50, 120_000));
        let order_deadline = Duration::from_millis(from.number("upstream.order_deadline_ms", 50, 120_000));
        if order_deadline < deadline {
            from.complain(
                "upstream.order_deadline_ms",
                "is shorter than upstream.deadline_ms; an order may not get less time than a read",
            );
        }
        Self {
            deadline,
            order_deadline,
            connect_timeout: Duration::from_millis(from.number("upstream.connect_timeout_ms", 10, 60_000)),
            answer_limit_bytes: from.number("upstream.answer_limit_bytes", 1024, 256 << 20),
            stall: Duration::from_millis(from.number("upstream.stall_ms", 10, 120_000)),
            at_once: from.number("upstream.at_once", 1, 1_000_000),
            place_wait: Duration::from_millis(from.number("upstream.place_wait_ms", 0, 60_000)),
            hedge: from.flag("upstream.hedge"),
            live,
            sandbox: endpoint(from, "upstream.sandbox"),
        }
    }
}

fn endpoint(from: &mut Reader, section: &str) -> Option<Endpoint> {
    let key = format!("{section}.url");
    let token = Zeroizing::new(from.secret(&format!("{section}.token")));
    if from.text(&key).is_empty() {
        return None;
    }
    let url: Url = from.parsed(&key, "http://127.0.0.1:8070")?;
    if !matches!(url.scheme(), "http" | "https") {
        from.complain(&key, "must start with http:// or https://");
    }
    Some(Endpoint { url, token, app: app(from, section) })
}

/// The app's settings, all of whose mistakes are told; none where the service speaks its own protocol.
fn app(from: &mut Reader, section: &str) -> Option<App> {
    let key = |name: &str| format!("{section}.{name}");
    let app = App {
        key: from.text(&key("app_key")),
        secret: Zeroizing::new(from.secret(&key("app_secret"))),
        access_token: Zeroizing::new(from.secret(&key("access_token"))),
        refresh_token: Zeroizing::new(from.secret(&key("refresh_token"))),
    };
    let kind = from.text(&key("kind"));
    if !KINDS.contains(&kind.as_str()) {
        from.complain(&key("kind"), format!("is {kind:?}, must be one of {}", KINDS.join(", ")));
        return None;
    }
    let given = [&app.secret, &app.access_token, &app.refresh_token].map(|secret| !secret.is_empty());
    if kind != "open1688" {
        let names = ["app_secret", "access_token", "refresh_token"].into_iter().zip(given);
        for (name, _) in names.chain([("app_key", !app.key.is_empty())]).filter(|(_, given)| *given) {
            from.complain(&key(name), "belongs to kind = \"open1688\"; leave it empty");
        }
        return None;
    }
    if !from.text(&key("token")).is_empty() || !from.text(&key("token_file")).is_empty() {
        from.complain(&key("token"), "belongs to kind = \"wholesale\"; leave it empty");
    }
    if app.key.is_empty() || !app.key.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        from.complain(&key("app_key"), "must be the number of the app, e.g. \"1234567\"");
    }
    if app.secret.is_empty() {
        from.complain(&key("app_secret"), "is empty; give the app's secret, here or in app_secret_file");
    }
    if app.access_token.is_empty() && app.refresh_token.is_empty() {
        from.complain(&key("refresh_token"), "is empty, and so is access_token; one of them is needed");
    }
    Some(app)
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn an_order_never_gets_less_time_than_a_read() {
        let pairs = [("DEADLINE_MS", "500"), ("ORDER_DEADLINE_MS", "400")];
        let pairs = pairs.map(|(name, value)| (format!("XUNYUAN__UPSTREAM__{name}"), value.to_owned()));
        let told = Config::load(None, pairs.into_iter()).unwrap_err().to_string();
        assert!(told.contains("upstream.order_deadline_ms is shorter than upstream.deadline_ms"), "{told}");
    }

    fn load(pairs: &[(&str, &str)]) -> Result<Config, String> {
        let pairs = pairs.iter().map(|(name, value)| (format!("XUNYUAN__UPSTREAM__{name}"), (*value).to_owned()));
        Config::load(None, pairs).map_err(|mistakes| mistakes.to_string())
    }

    #[test]
    fn an_app_of_the_open_platform_is_read_whole_and_not_shown() {
        let config = load(&[
            ("SANDBOX__KIND", "open1688"),
            ("SANDBOX__URL", "https://gw.open.1688.com"),
            ("SANDBOX__APP_KEY", "1234567"),
            ("SANDBOX__APP_SECRET", "topsecret"),
            ("SANDBOX__REFRESH_TOKEN", "topsecret"),
        ]);
        let config = config.unwrap();
        let app = config.upstream.sandbox.as_ref().unwrap().app.as_ref().unwrap();
        assert_eq!((app.key.as_str(), app.access_token.is_empty()), ("1234567", true));
        assert!(!format!("{config:?}").contains("topsecret") && !config.masked().contains("topsecret"));
        assert!(config.upstream.live.unwrap().app.is_none());
    }

    #[test]
    fn every_mistake_about_an_app_is_told() {
        let told = load(&[
            ("SANDBOX__KIND", "open1688"),
            ("SANDBOX__URL", "http://127.0.0.1:1"),
            ("SANDBOX__TOKEN", "x"),
            ("LIVE__APP_KEY", "1"),
        ]);
        let told = told.unwrap_err();
        for part in [
            "sandbox.token belongs to kind = \"wholesale\"",
            "sandbox.app_key must be",
            "sandbox.app_secret is empty",
            "sandbox.refresh_token is empty",
            "live.app_key belongs to kind",
        ] {
            assert!(told.contains(part), "{part} in {told}");
        }
        assert!(load(&[("LIVE__KIND", "taobao")]).unwrap_err().contains("one of wholesale, open1688"));
    }
}

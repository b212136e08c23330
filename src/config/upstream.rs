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
}

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
    Some(Endpoint { url, token })
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
}

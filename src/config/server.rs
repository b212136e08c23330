//! How partners reach the gateway.

use std::net::SocketAddr;

use ipnet::IpNet;

use crate::config::reader::Reader;

/// The `[server]` section; the comments of `deploy/xunyuan.toml` explain each key.
#[derive(Clone, Debug)]
pub struct Server {
    /// Address and port of the partners' listener.
    pub bind: SocketAddr,
    /// Worker threads; 0 = one for each core.
    pub workers: usize,
    /// Host names that may be signed as `@authority`; empty = any.
    pub public_names: Vec<String>,
    /// `https` or `http`, as partners call.
    pub scheme: String,
    /// How browsers reach the gateway; empty = pictures' addresses are paths.
    pub public_url: String,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Largest request body.
    pub body_limit_bytes: usize,
    /// Time for a whole body.
    pub body_timeout_ms: u64,
    /// Time for a request's head.
    pub head_timeout_ms: u64,
    /// Time to work for a request.
    pub request_deadline_ms: u64,
    /// Idle connections live this long.
    pub keep_alive_s: u64,
    /// Connections that one address may hold; 0 = any number.
    pub connections_per_address: u32,
    /// A connection on which nothing gets done lives this long.
    pub stuck_s: u64,
    /// Not ready for this long before the listener closes.
    pub drain_s: u64,
    /// Running requests may take this long at the end.
    pub shutdown_s: u64,
}

impl Server {
    pub(super) fn read(from: &mut Reader) -> Self {
        let scheme = from.text("server.scheme");
        if !matches!(scheme.as_str(), "http" | "https") {
            from.complain("server.scheme", format!("is {scheme:?}, must be \"http\" or \"https\""));
        }
        Self {
            bind: from.parsed("server.bind", "127.0.0.1:8080").unwrap_or(([127, 0, 0, 1], 0).into()),
            workers: from.number("server.workers", 0, 1024),
            public_names: from.list("server.public_names", "api.example.com"),
            scheme,
            public_url: from.text("server.public_url"),
            trusted_proxies: from.list("server.trusted_proxies", "10.0.0.0/8"),
            body_limit_bytes: from.number("server.body_limit_bytes", 1024, 64 << 20),
            body_timeout_ms: from.number("server.body_timeout_ms", 100, 600_000),
            head_timeout_ms: from.number("server.head_timeout_ms", 100, 600_000),
            request_deadline_ms: from.number("server.request_deadline_ms", 100, 600_000),
            keep_alive_s: from.number("server.keep_alive_s", 1, 3600),
            connections_per_address: from.number("server.connections_per_address", 0, 1_000_000),
            stuck_s: from.number("server.stuck_s", 1, 86_400),
            drain_s: from.number("server.drain_s", 0, 600),
            shutdown_s: from.number("server.shutdown_s", 1, 600),
        }
    }
}

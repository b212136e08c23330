//! How events are sent to partners' endpoints.

use std::time::Duration;

use ipnet::IpNet;

use crate::config::reader::Reader;

/// The `[webhooks]` section.
#[derive(Clone, Debug)]
pub struct Webhooks {
    /// Networks that may be called though they are not public, and without TLS.
    pub allow_networks: Vec<IpNet>,
    /// Young attempts that may be under way at one time on this node.
    pub at_once: u32,
    /// Pause between looks for what is due.
    pub look_every: Duration,
}

impl Webhooks {
    pub(super) fn read(from: &mut Reader) -> Self {
        Self {
            allow_networks: from.list("webhooks.allow_networks", "127.0.0.0/8"),
            at_once: from.number("webhooks.at_once", 1, 4_096),
            look_every: Duration::from_millis(from.number("webhooks.look_every_ms", 10, 60_000)),
        }
    }
}

//! Where the operator's listener is.

use std::net::SocketAddr;

use crate::config::reader::Reader;

/// The `[ops]` section.
#[derive(Clone, Debug)]
pub struct Ops {
    /// Address and port of health, readiness and metrics.
    pub bind: SocketAddr,
}

impl Ops {
    pub(super) fn read(from: &mut Reader) -> Self {
        Self { bind: from.parsed("ops.bind", "127.0.0.1:9090").unwrap_or(([127, 0, 0, 1], 0).into()) }
    }
}

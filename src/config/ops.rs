//! Where the operator's listener is, and who may open its console.

use std::net::SocketAddr;

use argon2::password_hash::phc::PasswordHash;
use zeroize::Zeroizing;

use crate::config::reader::Reader;

const EXAMPLE: &str = "$argon2id$v=19$m=19456,t=2,p=1$…$…, as `xunyuan console-password` makes it";

/// The `[ops]` section.
#[derive(Clone)]
pub struct Ops {
    /// Address and port of health, readiness, metrics and console.
    pub bind: SocketAddr,
    /// The Argon2 hash of the console's password in PHC form; empty when nobody may open it.
    pub password_hash: Zeroizing<String>,
}

impl Ops {
    pub(super) fn read(from: &mut Reader) -> Self {
        let bind = from.parsed("ops.bind", "127.0.0.1:9090").unwrap_or(([127, 0, 0, 1], 0).into());
        let password_hash = Zeroizing::new(from.secret("ops.password_hash"));
        if !password_hash.is_empty() && !is_argon2(&password_hash) {
            from.complain("ops.password_hash", format!("is no Argon2 hash; right would be {EXAMPLE}"));
        }
        Self { bind, password_hash }
    }
}

fn is_argon2(text: &str) -> bool {
    PasswordHash::new(text)
        .is_ok_and(|hash| hash.algorithm.as_str().starts_with("argon2") && hash.salt.is_some() && hash.hash.is_some())
}

impl std::fmt::Debug for Ops {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ops").field("bind", &self.bind).finish_non_exhaustive()
    }
}

//! The key under which partners' secrets are sealed.

use zeroize::Zeroizing;

use crate::config::reader::Reader;

/// The `[secrets]` section.
#[derive(Clone)]
pub struct Secrets {
    /// 32 bytes in base64; empty when none is configured.
    pub master_key: Zeroizing<String>,
}

impl Secrets {
    pub(super) fn read(from: &mut Reader) -> Self {
        Self { master_key: Zeroizing::new(from.secret("secrets.master_key")) }
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(…)")
    }
}

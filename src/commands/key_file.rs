//! A key file: what a partner needs to call one gateway, as TOML of mode 0600.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::signing::http_message::{Ed25519Secret, HmacKey, Signer, SigningKey};

/// The contents of a key file.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFile {
    /// The gateway's address.
    pub url: String,
    /// The key id.
    pub key_id: String,
    /// The secret (`xys_…`), or an Ed25519 private key as PEM.
    pub secret: String,
    /// `hmac-sha256` or `ed25519`.
    pub algorithm: String,
}

impl std::fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyFile").field("url", &self.url).field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

impl KeyFile {
    /// Reads a key file.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| {
            format!("the key file {} cannot be read; `xunyuan key issue --save FILE` writes one", path.display())
        })?;
        toml::from_str(&text).with_context(|| format!("{} is not a key file", path.display()))
    }

    /// Writes the key file, readable by its owner alone.
    pub fn write(&self, path: &Path) -> Result<()> {
        write_private(path, &toml::to_string(self)?)
    }

    /// The gateway's address.
    pub fn base(&self) -> Result<Url> {
        self.url.parse().with_context(|| format!("the key file's url {:?} is no URL", self.url))
    }

    /// A signer with this key.
    pub fn signer(&self) -> Result<Signer> {
        let key = match self.algorithm.as_str() {
            "hmac-sha256" => SigningKey::HmacSha256(HmacKey::new(self.secret.as_bytes())),
            "ed25519" => SigningKey::Ed25519(Ed25519Secret::parse(&self.secret)?),
            other => bail!("the key file's algorithm is {other:?}; it must be hmac-sha256 or ed25519"),
        };
        Ok(Signer { key_id: self.key_id.clone(), key })
    }
}

/// Writes a file that only its owner may read.
pub fn write_private(path: &Path, text: &str) -> Result<()> {
    use std::io::Write;
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(path).with_context(|| format!("{} cannot be written", path.display()))?;
    // The mode above is for new files only; one that is there keeps its own until told, and that comes first.
    file.set_permissions(std::fs::Permissions::from_mode(0o600))
        .with_context(|| format!("{} cannot be closed to others", path.display()))?;
    Ok(file.write_all(text.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::write_private;

    #[test]
    fn a_file_that_others_could_read_is_closed_to_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.key");
        for before in [None, Some(0o644), Some(0o600)] {
            if let Some(mode) = before {
                std::fs::write(&path, "old").unwrap();
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            }
            write_private(&path, "secret").unwrap();
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{before:?}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), "secret");
        }
    }
}

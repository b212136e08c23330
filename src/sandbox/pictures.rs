//! Where the bytes of vouchers lie: files named by their hash, or memory when there is no data folder. Whose they are
//! is left to the book, what they show to `image`.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use super::settings::Error;

/// All pictures, by the hash of their bytes.
#[derive(Debug)]
pub struct Pictures {
    folder: Option<PathBuf>,
    fsync: bool,
    memory: Mutex<HashMap<String, Bytes>>,
    drafts: AtomicU64,
}

impl Pictures {
    /// Keeps pictures under a data folder, or in memory.
    pub fn open(data: Option<&Path>, fsync: bool) -> Result<Pictures, Error> {
        let folder = data.map(|data| data.join("vouchers"));
        if let Some(path) = &folder {
            std::fs::create_dir_all(path).map_err(|source| Error::Data { path: path.clone(), source })?;
        }
        Ok(Pictures { folder, fsync, memory: Mutex::default(), drafts: AtomicU64::new(0) })
    }

    /// Keeps a picture; it lasts when this returns. This writes to the disk and takes its time.
    pub fn keep(&self, sha256: &str, bytes: &Bytes) -> std::io::Result<()> {
        let Some(folder) = &self.folder else {
            self.memory().entry(sha256.to_owned()).or_insert_with(|| bytes.clone());
            return Ok(());
        };
        let path = folder.join(sha256);
        // Written under another name first: a file with the right name is always whole.
        let draft = folder.join(format!("{sha256}.{}", self.drafts.fetch_add(1, Ordering::Relaxed)));
        let mut file = File::create(&draft)?;
        file.write_all(bytes)?;
        if self.fsync {
            file.sync_all()?;
        }
        std::fs::rename(&draft, &path)?;
        if self.fsync { File::open(folder)?.sync_all() } else { Ok(()) }
    }

    /// The bytes under a hash, when they are there.
    pub fn find(&self, sha256: &str) -> std::io::Result<Option<Bytes>> {
        let Some(folder) = &self.folder else {
            return Ok(self.memory().get(sha256).cloned());
        };
        match std::fs::read(folder.join(sha256)) {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, HashMap<String, Bytes>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

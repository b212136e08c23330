//! The pictures that callers uploaded to search by, small: files named by their id, or memory when there is no data
//! folder.

use std::collections::{HashMap, VecDeque};
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use super::decode::Small;
use crate::sandbox::settings::Error;

/// So many are kept in memory; with a data folder the others are read again.
const IN_MEMORY: usize = 1_000;
/// How long a file is kept.
const LIFE: Duration = Duration::from_secs(10 * 86_400);

/// All uploaded pictures.
pub struct Album {
    folder: Option<PathBuf>,
    memory: Mutex<Memory>,
    drafts: AtomicU64,
}

#[derive(Default)]
struct Memory {
    pictures: HashMap<String, Arc<Small>>,
    order: VecDeque<String>,
}

impl Memory {
    fn keep(&mut self, id: &str, picture: Arc<Small>) {
        if self.pictures.insert(id.to_owned(), picture).is_none() {
            self.order.push_back(id.to_owned());
        }
        if self.order.len() > IN_MEMORY
            && let Some(oldest) = self.order.pop_front()
        {
            self.pictures.remove(&oldest);
        }
    }
}

impl Album {
    /// The album under a data folder; files past their life go.
    pub fn open(data: Option<&Path>) -> Result<Album, Error> {
        let folder = data.map(|data| data.join("pictures"));
        if let Some(path) = &folder {
            std::fs::create_dir_all(path).map_err(|source| Error::Data { path: path.clone(), source })?;
            sweep(path);
        }
        Ok(Album { folder, memory: Mutex::default(), drafts: AtomicU64::new(0) })
    }

    /// Keeps a picture of somebody's; the same bytes of the same caller have the same id.
    pub fn keep(&self, partner: &str, bytes: &[u8], picture: Small) -> std::io::Result<String> {
        let mut digest = Sha256::new();
        digest.update(partner.as_bytes());
        digest.update([0]);
        digest.update(bytes);
        let id: String = digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        if let Some(folder) = &self.folder {
            let draft = folder.join(format!("{id}.{}", self.drafts.fetch_add(1, Ordering::Relaxed)));
            std::fs::write(&draft, png(&picture))?;
            std::fs::rename(&draft, folder.join(&id))?;
        }
        self.memory().keep(&id, Arc::new(picture));
        Ok(id)
    }

    /// The picture with an id.
    pub fn find(&self, id: &str) -> Option<Arc<Small>> {
        if let Some(known) = self.memory().pictures.get(id) {
            return Some(Arc::clone(known));
        }
        let is_id = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let path = self.folder.as_ref().filter(|_| is_id)?.join(id);
        let picture = Arc::new(Small::decode("image/png", &std::fs::read(path).ok()?).ok()?);
        self.memory().keep(id, Arc::clone(&picture));
        Some(picture)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn sweep(folder: &Path) {
    let now = SystemTime::now();
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let written = entry.metadata().and_then(|facts| facts.modified());
        let old = written.is_ok_and(|written| now.duration_since(written).is_ok_and(|age| age > LIFE));
        if old {
            // What cannot be removed now is tried at the next start.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn png(picture: &Small) -> Vec<u8> {
    let mut bytes = Vec::new();
    let side = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let mut encoder = png::Encoder::new(Cursor::new(&mut bytes), side(picture.width), side(picture.height));
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&picture.rgb));
    if let Err(error) = written {
        tracing::error!(%error, "a picture of the sandbox could not be written");
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::Album;
    use crate::sandbox::likeness::decode::Small;

    fn picture() -> Small {
        Small { width: 2, height: 1, rgb: vec![1, 2, 3, 200, 100, 0] }
    }

    #[test]
    fn a_kept_picture_is_found_again_also_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let album = Album::open(Some(folder.path())).unwrap();
        let id = album.keep("acme", b"bytes", picture()).unwrap();
        assert_eq!(album.keep("acme", b"bytes", picture()).unwrap(), id);
        assert_ne!(album.keep("other", b"bytes", picture()).unwrap(), id, "everybody has pictures of their own");
        let reopened = Album::open(Some(folder.path())).unwrap();
        assert_eq!(*reopened.find(&id).unwrap(), picture());
        for wrong in ["", "../../etc/passwd", &id[1..], "0123456789abcdef0123456789abcdef"] {
            assert!(reopened.find(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn memory_alone_forgets_the_oldest() {
        let album = Album::open(None).unwrap();
        let ids: Vec<_> =
            (0..=super::IN_MEMORY).map(|at| album.keep("acme", &at.to_be_bytes(), picture()).unwrap()).collect();
        assert!(album.find(&ids[0]).is_none());
        assert!(album.find(&ids[1]).is_some());
    }
}

//! The tables in force, and reading their file again when it changes: when it was written, and how long it is, say so.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use arc_swap::ArcSwap;

use crate::landed::Source;
use crate::landed::tables::{self, Origin, Tables};

const EMBEDDED: &str = include_str!("default.toml");

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    written: Option<SystemTime>,
    bytes: u64,
}

/// The tables, and the file they are from.
#[derive(Debug)]
pub(super) struct Kept {
    tables: ArcSwap<Tables>,
    file: Option<PathBuf>,
    last: Mutex<Last>,
    failures: AtomicU64,
}

/// What came of the last look at the file.
#[derive(Debug, Default)]
struct Last {
    /// As it was then; none when it was not there.
    stamp: Option<Stamp>,
    trouble: Option<String>,
}

impl Kept {
    /// Reads the tables of a source, or says why they cannot be used.
    pub fn open(source: &Source) -> Result<Self, String> {
        let (tables, file, stamp) = match source {
            Source::None => (Tables::default(), None, None),
            Source::Embedded => (tables::parse(EMBEDDED)?, None, None),
            Source::File(path) => {
                let stamp = std::fs::metadata(path).ok().map(|found| Stamp::of(&found));
                let text = std::fs::read_to_string(path).map_err(|why| of(path, why))?;
                (tables::parse(&text).map_err(|why| of(path, why))?, Some(path.clone()), stamp)
            }
        };
        let last = Mutex::new(Last { stamp, trouble: None });
        Ok(Self { tables: ArcSwap::from_pointee(tables), file, last, failures: AtomicU64::new(0) })
    }

    pub fn tables(&self) -> Arc<Tables> {
        self.tables.load_full()
    }

    /// Takes over what the file says if it changed; `None` when nothing did.
    pub async fn refresh(&self) -> Option<Result<Origin, String>> {
        let path = self.file.as_ref()?;
        // Looked at before it is read: what is written meanwhile is a change the next time.
        let stamp = tokio::fs::metadata(path).await.ok().map(|found| Stamp::of(&found));
        if self.last().stamp == stamp {
            return None;
        }
        let text = tokio::fs::read_to_string(path).await.map_err(|why| of(path, why));
        let read = text.and_then(|text| tables::parse(&text).map_err(|why| of(path, why)));
        *self.last() = Last { stamp, trouble: read.as_ref().err().cloned() };
        Some(match read {
            Ok(tables) => {
                let origin = tables.origin.clone();
                self.tables.store(Arc::new(tables));
                Ok(origin)
            }
            Err(why) => {
                self.failures.fetch_add(1, Ordering::Relaxed);
                Err(why)
            }
        })
    }

    pub fn trouble(&self) -> Option<String> {
        self.last().trouble.clone()
    }

    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stamp {
    fn of(found: &std::fs::Metadata) -> Self {
        Self { written: found.modified().ok(), bytes: found.len() }
    }
}

fn of(path: &Path, why: impl std::fmt::Display) -> String {
    format!("{}: {why}", path.display())
}

#[cfg(test)]
mod tests {
    use super::{EMBEDDED, Kept};
    use crate::landed::Source;

    fn day(kept: &Kept) -> String {
        kept.tables().origin.date.to_string()
    }

    #[tokio::test]
    async fn a_changed_file_is_taken_over_and_a_bad_one_leaves_what_was_until_it_is_mended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines.toml");
        let write = |text: &str| std::fs::write(&path, text).unwrap();
        let of = |day: &str| EMBEDDED.replacen("2026-11-20", day, 1);
        write(EMBEDDED);
        let kept = Kept::open(&Source::File(path.clone())).unwrap();
        assert!(kept.refresh().await.is_none(), "nothing changed");

        write(&format!("{}\n# the new prices", of("2026-11-23")));
        assert_eq!(kept.refresh().await.unwrap().unwrap().date.to_string(), "2026-11-23");
        assert_eq!((day(&kept).as_str(), kept.trouble()), ("2026-11-23", None));
        assert!(kept.refresh().await.is_none());

        write(&of("2026-11-24").replacen("tax_percent = \"10\"", "tax_percent = \"ten\"", 1));
        let told = kept.refresh().await.unwrap().unwrap_err();
        assert!(told.contains("no per cent") && told.contains("lines.toml"), "{told}");
        assert_eq!((day(&kept).as_str(), kept.failures()), ("2026-11-23", 1), "the last good ones stay");
        assert!(kept.refresh().await.is_none(), "one change is told once");
        assert_eq!(kept.trouble(), Some(told), "and remembered until it is mended");

        std::fs::remove_file(&path).unwrap();
        assert!(kept.refresh().await.unwrap().is_err());
        assert!(kept.refresh().await.is_none());
        assert_eq!((day(&kept).as_str(), kept.failures()), ("2026-11-23", 2));
        write(&of("2026-11-25"));
        assert!(kept.refresh().await.unwrap().is_ok());
        assert_eq!((day(&kept).as_str(), kept.trouble()), ("2026-11-25", None));
    }

    #[tokio::test]
    async fn what_is_in_no_file_never_changes() {
        for source in [Source::None, Source::Embedded] {
            assert!(Kept::open(&source).unwrap().refresh().await.is_none());
        }
    }
}

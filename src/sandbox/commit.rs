//! When what was written is on the disk: one thread syncs the journal, and everything that was written while it did
//! shares the next sync. Writing is left to `persist`.

use std::fs::File;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::watch;

use super::envelope::{Code, Refusal};
use super::feed::Feed;

/// Group commit of a journal.
#[derive(Debug)]
pub struct Commit {
    shared: Arc<Shared>,
    feed: Arc<Feed>,
    syncer: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    work: Mutex<Work>,
    more: Condvar,
    reached: watch::Sender<Reached>,
}

/// What was written.
#[derive(Debug, Default)]
struct Work {
    /// How many lines.
    lines: u64,
    /// The newest change in them.
    newest: i64,
    over: bool,
}

/// What is on the disk.
#[derive(Clone, Copy, Debug, Default)]
struct Reached {
    lines: u64,
    failed: bool,
}

/// A place in the journal that somebody waits for.
#[derive(Debug)]
pub struct Mark {
    lines: u64,
    reached: watch::Receiver<Reached>,
}

impl Mark {
    /// Returns once everything up to the mark is lasting; refuses when it never will be.
    pub async fn lasting(mut self) -> Result<(), Refusal> {
        let lines = self.lines;
        let reached = self.reached.wait_for(|reached| reached.failed || reached.lines >= lines).await;
        match reached {
            Ok(reached) if !reached.failed => Ok(()),
            _ => Err(Code::SystemError.into()),
        }
    }
}

impl Commit {
    /// Begins to sync a file; without one whatever is written counts as lasting.
    pub fn open(file: Option<File>, feed: Arc<Feed>) -> std::io::Result<Commit> {
        let shared = Arc::new(Shared {
            work: Mutex::default(),
            more: Condvar::new(),
            reached: watch::Sender::new(Reached::default()),
        });
        let syncer = file.map(|file| {
            let (shared, feed) = (Arc::clone(&shared), Arc::clone(&feed));
            std::thread::Builder::new().name(String::from("sandbox-journal")).spawn(move || shared.sync(&file, &feed))
        });
        Ok(Commit { shared, feed, syncer: syncer.transpose()? })
    }

    /// One more line was written, with changes up to a number.
    pub fn written(&self, newest: i64) {
        let mut work = self.shared.lock();
        work.lines += 1;
        work.newest = newest;
        let lines = work.lines;
        drop(work);
        if self.syncer.is_some() {
            self.shared.more.notify_one();
        } else {
            self.feed.publish(newest);
            self.shared.reached.send_modify(|reached| reached.lines = lines);
        }
    }

    /// Nothing that was not lasting yet ever will be.
    pub fn fail(&self) {
        self.shared.reached.send_modify(|reached| reached.failed = true);
    }

    /// Everything written so far.
    pub fn mark(&self) -> Mark {
        Mark { lines: self.shared.lock().lines, reached: self.shared.reached.subscribe() }
    }
}

impl Drop for Commit {
    fn drop(&mut self) {
        self.shared.lock().over = true;
        self.shared.more.notify_one();
        if let Some(syncer) = self.syncer.take() {
            // It has logged whatever went wrong.
            let _ = syncer.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sync(&self, file: &File, feed: &Feed) {
        let mut synced = 0;
        while let Some((lines, newest)) = self.next(synced) {
            if let Err(error) = file.sync_data() {
                tracing::error!(%error, "the sandbox journal could not be synced");
                // The system may have dropped what it could not write: trying again would prove nothing.
                self.reached.send_modify(|reached| reached.failed = true);
                return;
            }
            feed.publish(newest);
            self.reached.send_modify(|reached| reached.lines = lines);
            synced = lines;
        }
    }

    /// Waits for lines that are not synced yet; nothing when all is over.
    fn next(&self, synced: u64) -> Option<(u64, i64)> {
        let mut work = self.lock();
        while work.lines == synced && !work.over {
            work = self.more.wait(work).unwrap_or_else(PoisonError::into_inner);
        }
        (work.lines > synced).then_some((work.lines, work.newest))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Commit;
    use crate::sandbox::feed::Feed;

    #[tokio::test]
    async fn waiting_ends_when_the_line_is_on_the_disk_or_never_will_be() {
        let file = tempfile::tempfile().unwrap();
        let commit = Commit::open(Some(file), Arc::new(Feed::default())).unwrap();
        commit.mark().lasting().await.unwrap();
        let marks: Vec<_> = (1..=64)
            .map(|seq| {
                commit.written(seq);
                commit.mark()
            })
            .collect();
        for mark in marks {
            mark.lasting().await.unwrap();
        }
        commit.fail();
        commit.written(65);
        assert!(commit.mark().lasting().await.is_err());
    }
}

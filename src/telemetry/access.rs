//! The access log: one JSON line a request, written by a thread of its own. When that cannot keep up, lines are
//! dropped and counted; a request never waits for the log.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

const WAITING_LINES: usize = 8192;
/// The writer looks this seldom: to be woken for each line costs the caller more than making the line. In this time
/// 8,192 lines do not come together below 1.6 million requests a second.
const NAP: Duration = Duration::from_millis(5);

/// Where lines are handed in; cheap to clone.
#[derive(Clone, Debug)]
pub struct AccessLog {
    lines: Option<SyncSender<String>>,
    lost: Arc<AtomicU64>,
}

impl AccessLog {
    /// A log written to `out` by a new thread, which ends when every clone of the log is gone.
    pub fn to(out: impl Write + Send + 'static) -> (Self, Option<JoinHandle<()>>) {
        let (lines, waiting) = sync_channel(WAITING_LINES);
        let writer = std::thread::Builder::new().name("access-log".into()).spawn(move || write_all(&waiting, out));
        (Self { lines: Some(lines), lost: Arc::default() }, writer.ok())
    }

    /// A log that keeps nothing.
    pub fn none() -> Self {
        Self { lines: None, lost: Arc::default() }
    }

    /// Whether lines go anywhere.
    pub fn is_on(&self) -> bool {
        self.lines.is_some()
    }

    /// Hands in one line, without its newline.
    pub fn line(&self, line: String) {
        if let Some(lines) = &self.lines
            && let Err(TrySendError::Full(_)) = lines.try_send(line)
        {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Lines dropped so far.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

/// Writes what is waiting, a nap's worth of lines at a time.
fn write_all(waiting: &Receiver<String>, out: impl Write) {
    let mut out = std::io::BufWriter::with_capacity(64 * 1024, out);
    while let Ok(first) = waiting.recv() {
        std::thread::sleep(NAP);
        let more = std::iter::from_fn(|| waiting.try_recv().ok());
        let written = std::iter::once(first).chain(more).try_for_each(|line| writeln!(out, "{line}"));
        if written.and_then(|()| out.flush()).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::AccessLog;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);
    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_are_written_in_order_before_the_log_ends() {
        let paper = Paper::default();
        let (log, writer) = AccessLog::to(paper.clone());
        (0..100).for_each(|n| log.line(n.to_string()));
        drop(log);
        writer.unwrap().join().unwrap();
        let text = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 100);
        assert_eq!(text.lines().last(), Some("99"));
    }

    /// A paper that takes nothing until it is let go.
    struct Stuck(std::sync::mpsc::Receiver<()>);
    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let _ = self.0.recv();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_log_that_cannot_keep_up_drops_lines_and_counts_them() {
        let (go, stuck) = std::sync::mpsc::channel();
        let (log, writer) = AccessLog::to(Stuck(stuck));
        (0..200_000).for_each(|_| log.line("x".repeat(100)));
        assert!(log.lost() > 0);
        drop((go, log));
        writer.unwrap().join().unwrap();
    }
}

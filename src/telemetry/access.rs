//! The access log: one JSON line a request, gathered in buffers of the workers and written by a thread of its own. When
//! that cannot keep up, lines are dropped and counted; a request never waits for the log.

use std::cell::Cell;
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Workers beyond this number share buffers.
const BUFFERS: usize = 32;
/// What one buffer holds at most: at 340 bytes a line, 200,000 lines a second of one worker for longer than a nap.
const MOST_BYTES: usize = 1 << 20;
/// The writer looks this seldom while there is something to write: to be woken for each line costs the caller more than
/// making the line.
const NAP: Duration = Duration::from_millis(5);
/// So many empty looks, and the writer sleeps until it is woken.
const IDLE_NAPS: u32 = 200;

/// Where lines are handed in; cheap to clone.
#[derive(Clone, Debug)]
pub struct AccessLog {
    desk: Option<Arc<Desk>>,
    lost: Arc<AtomicU64>,
}

/// What the handles share; gone with the last of them.
#[derive(Debug)]
struct Desk(Arc<Shelf>);

impl Drop for Desk {
    fn drop(&mut self) {
        self.0.closed.store(true, Ordering::Release);
        self.0.wake();
    }
}

/// What handles and writer share.
#[derive(Debug)]
struct Shelf {
    buffers: [Mutex<Vec<u8>>; BUFFERS],
    closed: AtomicBool,
    asleep: AtomicBool,
    bell: (Mutex<()>, Condvar),
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The buffer of this thread.
fn place() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static PLACE: Cell<usize> = Cell::new(NEXT.fetch_add(1, Ordering::Relaxed) % BUFFERS);
    }
    PLACE.get()
}

impl AccessLog {
    /// A log written to `out` by a new thread, which ends when every clone of the log is gone.
    pub fn to(out: impl Write + Send + 'static) -> (Self, Option<JoinHandle<()>>) {
        let shelf = Arc::new(Shelf {
            buffers: std::array::from_fn(|_| Mutex::default()),
            closed: AtomicBool::new(false),
            asleep: AtomicBool::new(false),
            bell: (Mutex::default(), Condvar::new()),
        });
        let log = Self { desk: Some(Arc::new(Desk(Arc::clone(&shelf)))), lost: Arc::default() };
        let lost = Arc::clone(&log.lost);
        let writer = std::thread::Builder::new().name("access-log".into());
        (log, writer.spawn(move || shelf.write_all(out, &lost)).ok())
    }

    /// A log that keeps nothing.
    pub fn none() -> Self {
        Self { desk: None, lost: Arc::default() }
    }

    /// Whether lines go anywhere.
    pub fn is_on(&self) -> bool {
        self.desk.is_some()
    }

    /// Hands in one line, which `write` appends without its newline.
    pub fn line(&self, write: impl FnOnce(&mut Vec<u8>)) {
        let Some(shelf) = self.desk.as_deref().map(|desk| &desk.0) else { return };
        let Some(buffer) = shelf.buffers.get(place()) else { return };
        let mut buffer = locked(buffer);
        if buffer.len() >= MOST_BYTES {
            self.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        write(&mut buffer);
        buffer.push(b'\n');
        drop(buffer);
        // The writer says that it sleeps before it looks for the last time.
        if shelf.asleep.load(Ordering::SeqCst) {
            shelf.wake();
        }
    }

    /// Lines dropped so far.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

impl Shelf {
    fn wake(&self) {
        let _bell = locked(&self.bell.0);
        self.asleep.store(false, Ordering::SeqCst);
        self.bell.1.notify_one();
    }

    /// Writes what is waiting, a nap's worth of lines at a time.
    fn write_all(&self, mut out: impl Write, lost: &AtomicU64) {
        let (mut spare, mut idle) = (Vec::new(), 0);
        loop {
            // Read first: what was handed in before the end is found by the look that follows.
            let closed = self.closed.load(Ordering::Acquire);
            match self.write_waiting(&mut out, &mut spare, lost) {
                Err(_) => return self.give_up(lost),
                Ok(false) if closed => return,
                Ok(true) => idle = 0,
                Ok(false) => idle += 1,
            }
            if idle <= IDLE_NAPS {
                if !closed {
                    std::thread::sleep(NAP);
                }
                continue;
            }
            idle = 0;
            self.asleep.store(true, Ordering::SeqCst);
            if !self.is_empty() || self.closed.load(Ordering::Acquire) {
                self.asleep.store(false, Ordering::SeqCst);
                continue;
            }
            let bell = locked(&self.bell.0);
            let woken = self.bell.1.wait_while(bell, |()| self.asleep.load(Ordering::SeqCst));
            drop(woken);
        }
    }

    fn is_empty(&self) -> bool {
        self.buffers.iter().all(|buffer| locked(buffer).is_empty())
    }

    /// Takes each buffer and gives an empty one of the same size back; says whether there was anything.
    fn write_waiting(&self, out: &mut impl Write, spare: &mut Vec<u8>, lost: &AtomicU64) -> std::io::Result<bool> {
        let mut any = false;
        for buffer in &self.buffers {
            std::mem::swap(&mut *locked(buffer), spare);
            if !spare.is_empty() {
                any = true;
                if let Err(error) = out.write_all(spare) {
                    lost.fetch_add(lines(spare), Ordering::Relaxed);
                    return Err(error);
                }
                spare.clear();
            }
        }
        if any {
            out.flush()?;
        }
        Ok(any)
    }

    /// Nobody takes lines any more: counts them as lost until the log ends.
    fn give_up(&self, lost: &AtomicU64) {
        while !self.closed.load(Ordering::Acquire) {
            for buffer in &self.buffers {
                let dropped = std::mem::take(&mut *locked(buffer));
                lost.fetch_add(lines(&dropped), Ordering::Relaxed);
            }
            std::thread::sleep(NAP * 20);
        }
    }
}

fn lines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use super::AccessLog;
    use std::io::Write;
    use std::sync::{Arc, Mutex};
    use std::time::{Duration, Instant};

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
    impl Paper {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    fn until(mut done: impl FnMut() -> bool) {
        let end = Instant::now() + Duration::from_secs(20);
        while !done() {
            assert!(Instant::now() < end, "not within 20 seconds");
            std::thread::yield_now();
        }
    }

    fn number(log: &AccessLog, number: usize) {
        log.line(|line| line.extend_from_slice(number.to_string().as_bytes()));
    }

    #[test]
    fn lines_of_a_thread_are_written_in_order_before_the_log_ends() {
        let paper = Paper::default();
        let (log, writer) = AccessLog::to(paper.clone());
        let other = log.clone();
        let elsewhere = std::thread::spawn(move || (1_000..1_100).for_each(|n| number(&other, n)));
        (0..100).for_each(|n| number(&log, n));
        elsewhere.join().unwrap();
        drop(log);
        writer.unwrap().join().unwrap();
        let numbers: Vec<usize> = paper.text().lines().map(|line| line.parse().unwrap()).collect();
        let (near, far): (Vec<_>, Vec<_>) = numbers.into_iter().partition(|n| *n < 1_000);
        assert_eq!((near, far), ((0..100).collect(), (1_000..1_100).collect()));
    }

    #[test]
    fn a_line_is_written_though_none_follows_and_wakes_a_writer_that_sleeps() {
        let paper = Paper::default();
        let (log, writer) = AccessLog::to(paper.clone());
        number(&log, 1);
        until(|| paper.text() == "1\n");
        until(|| log.desk.as_ref().unwrap().0.asleep.load(std::sync::atomic::Ordering::SeqCst));
        number(&log, 2);
        until(|| paper.text() == "1\n2\n");
        until(|| log.desk.as_ref().unwrap().0.asleep.load(std::sync::atomic::Ordering::SeqCst));
        drop(log);
        writer.unwrap().join().unwrap();
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
        (0..200_000).for_each(|_| log.line(|line| line.extend_from_slice(&[b'x'; 100])));
        assert!(log.lost() > 100_000, "{} of 200,000", log.lost());
        drop((go, log));
        writer.unwrap().join().unwrap();
    }

    struct Torn;
    impl Write for Torn {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_that_nobody_takes_are_lost_and_counted_one_by_one() {
        let (log, writer) = AccessLog::to(Torn);
        (0..50).for_each(|n| number(&log, n));
        until(|| log.lost() == 50);
        (0..7).for_each(|n| number(&log, n));
        until(|| log.lost() == 57);
        drop(log);
        writer.unwrap().join().unwrap();
    }
}

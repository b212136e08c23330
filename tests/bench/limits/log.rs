//! A gateway's access log: when it answered each call by its own clock, and how long that took.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

/// A call as the gateway saw it.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// When the answer was made: somewhere in this millisecond of the gateway's clock.
    pub at_ms: i64,
    /// Microseconds from the request's arrival to the answer.
    pub took_us: i64,
}

#[derive(Deserialize)]
struct Row<'a> {
    time: &'a str,
    duration_us: i64,
    caller_request_id: Option<&'a str>,
}

/// A log that grows.
pub struct Log {
    path: PathBuf,
    read: u64,
}

impl Log {
    /// One that is read from its beginning.
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), read: 0 }
    }

    /// What was written since it was read last, by the caller's own id of each call.
    pub fn news(&mut self) -> Result<HashMap<String, Seen>> {
        let mut file = File::open(&self.path).with_context(|| format!("{} is not there", self.path.display()))?;
        file.seek(SeekFrom::Start(self.read))?;
        let mut text = String::new();
        self.read += file.read_to_string(&mut text)? as u64;
        // Other lines are what the gateway has to say besides.
        let rows = text.lines().filter_map(|line| serde_json::from_str::<Row<'_>>(line).ok());
        let seen = rows.filter_map(|row| {
            let at_ms = row.time.parse::<jiff::Timestamp>().ok()?.as_millisecond();
            Some((row.caller_request_id?.to_owned(), Seen { at_ms, took_us: row.duration_us }))
        });
        Ok(seen.collect())
    }
}

//! The journal: one line of JSON for each thing that happened, replayed when the sandbox starts again. Without a data
//! folder there is none. What the entries mean is left to the book.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::feed::Change;
use super::settings::Error;
use super::shelf::Changed;
use super::trade::Order;

/// Something that happened.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Entry {
    /// An order as it is from now on.
    Order(Box<Order>),
    /// What changed about a goods, all in all.
    Goods {
        /// Which.
        goods_id: i64,
        /// What.
        changed: Changed,
    },
    /// What is left of a SKU.
    Stock {
        /// Which.
        sku_id: i64,
        /// How many pieces.
        left: i64,
    },
    /// A line of the feed.
    Change(Change),
}

/// The first line: whose journal this is.
#[derive(Serialize, Deserialize, PartialEq)]
struct Header {
    journal: u32,
    seed: u64,
}

/// An open journal; nobody else can open it meanwhile.
#[derive(Debug)]
pub struct Journal {
    file: File,
}

impl Journal {
    /// Opens the journal in a folder, making both when missing, and gives everything that is in it.
    pub fn open(folder: &Path, seed: u64, mut replay: impl FnMut(Entry)) -> Result<Journal, Error> {
        let trouble = |path: &Path| {
            let path = path.to_path_buf();
            move |source| Error::Data { path, source }
        };
        std::fs::create_dir_all(folder).map_err(trouble(folder))?;
        let path = folder.join("journal.jsonl");
        let mut options = OpenOptions::new();
        let mut file =
            options.read(true).write(true).create(true).truncate(false).open(&path).map_err(trouble(&path))?;
        lock(&file, &path)?;
        let mut whole = 0;
        let mut reader = BufReader::new(&file);
        let mut line = String::new();
        let mut first = true;
        loop {
            line.clear();
            let length = reader.read_line(&mut line).map_err(trouble(&path))?;
            // A last line without an end was being written when the process died: it never happened.
            if length == 0 || !line.ends_with('\n') {
                break;
            }
            if first {
                check_header(&line, seed, &path)?;
                first = false;
            } else {
                let entries: Vec<Entry> = serde_json::from_str(&line).map_err(|error| unreadable(&path, &error))?;
                entries.into_iter().for_each(&mut replay);
            }
            whole += length as u64;
        }
        file.set_len(whole).map_err(trouble(&path))?;
        file.seek(SeekFrom::End(0)).map_err(trouble(&path))?;
        if first {
            let header = serde_json::to_string(&Header { journal: 1, seed }).unwrap_or_default();
            writeln!(file, "{header}").map_err(trouble(&path))?;
        }
        Ok(Journal { file })
    }

    /// Writes down what happened together, as one line.
    pub fn write(&mut self, entries: &[Entry]) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(entries)?;
        line.push(b'\n');
        self.file.write_all(&line)
    }
}

fn lock(file: &File, path: &Path) -> Result<(), Error> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(foreign(path, String::from("another sandbox is using it"))),
        Err(TryLockError::Error(source)) => Err(Error::Data { path: path.to_path_buf(), source }),
    }
}

fn check_header(line: &str, seed: u64, path: &Path) -> Result<(), Error> {
    let header: Header = serde_json::from_str(line).map_err(|error| unreadable(path, &error))?;
    if header.journal != 1 {
        return Err(foreign(path, String::from("it was written by another edition")));
    }
    if header.seed != seed {
        return Err(foreign(path, format!("its goods were made with seed {}, not {seed}", header.seed)));
    }
    Ok(())
}

fn unreadable(path: &Path, error: &serde_json::Error) -> Error {
    foreign(path, format!("its journal cannot be read: {error}"))
}

fn foreign(path: &Path, why: String) -> Error {
    Error::Foreign { path: PathBuf::from(path), why }
}

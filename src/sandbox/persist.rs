//! The journal: one line of JSON for each thing that happened, replayed when the sandbox starts again. Without a data
//! folder there is none. What the entries mean is left to the book, when they are on the disk to `commit`.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::commit::{Commit, Mark};
use super::feed::{Change, Feed};
use super::settings::Error;
use super::shelf::Changed;
use super::trade::{Consignment, Inquiry, Order, Refund, Voucher};

/// Something that happened.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Entry {
    /// An order as it is from now on.
    Order(Box<Order>),
    /// The call that placed an order came once more.
    #[serde(rename_all = "camelCase")]
    Again {
        /// Which order.
        order_no: i64,
    },
    /// A refund as it is from now on.
    Refund(Box<Refund>),
    /// A consignment as it is from now on.
    Consignment(Box<Consignment>),
    /// An inquiry as it is from now on.
    Inquiry(Box<Inquiry>),
    /// A picture that was taken in.
    Voucher(Voucher),
    /// What changed about a goods, all in all.
    Goods {
        /// Which.
        goods_id: i64,
        /// What.
        changed: Changed,
    },
    /// What buyers think of a seller.
    #[serde(rename_all = "camelCase")]
    Seller {
        /// Which.
        seller_id: i64,
        /// Tenths of a star.
        rating_tenths: u8,
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
    commit: Commit,
    broken: bool,
}

impl Journal {
    /// Opens the journal in a folder, making both when missing, and gives everything that is in it. With `fsync` what
    /// is written is lasting only once it is on the disk.
    pub fn open(
        folder: &Path,
        seed: u64,
        fsync: bool,
        feed: Arc<Feed>,
        replay: impl FnMut(Entry),
    ) -> Result<Journal, Error> {
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
        let whole = read(&file, &path, seed, replay)?;
        file.set_len(whole).map_err(trouble(&path))?;
        file.seek(SeekFrom::End(0)).map_err(trouble(&path))?;
        if whole == 0 {
            let header = serde_json::to_string(&Header { journal: 1, seed }).unwrap_or_default();
            writeln!(file, "{header}").map_err(trouble(&path))?;
        }
        if fsync {
            file.sync_all().map_err(trouble(&path))?;
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(trouble(folder))?;
        }
        let commit = Commit::open(fsync.then(|| file.try_clone()).transpose().map_err(trouble(&path))?, feed);
        Ok(Journal { file, commit: commit.map_err(trouble(&path))?, broken: false })
    }

    /// Writes down what happened together, as one line; `newest` is the last change among it.
    pub fn write(&mut self, entries: &[Entry], newest: i64) {
        if !self.broken
            && let Err(error) = self.append(entries)
        {
            tracing::error!(%error, "the sandbox journal could not be written");
            // Half a line may stand there now; nothing can be added behind it.
            self.broken = true;
            self.commit.fail();
        }
        if !self.broken {
            self.commit.written(newest);
        }
    }

    /// Everything that was written so far, for somebody who wants to hear when it is lasting.
    pub fn mark(&self) -> Mark {
        self.commit.mark()
    }

    fn append(&mut self, entries: &[Entry]) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(entries)?;
        line.push(b'\n');
        self.file.write_all(&line)
    }
}

/// Replays a journal; says how long its sound part is.
fn read(file: &File, path: &Path, seed: u64, mut replay: impl FnMut(Entry)) -> Result<u64, Error> {
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    let mut whole = 0;
    let mut torn: Option<serde_json::Error> = None;
    loop {
        line.clear();
        let length =
            reader.read_until(b'\n', &mut line).map_err(|source| Error::Data { path: path.to_path_buf(), source })?;
        // A last line without an end was being written when the process died: nobody was told of it.
        if length == 0 || line.last() != Some(&b'\n') {
            return Ok(whole);
        }
        if whole == 0 {
            check_header(&line, seed, path)?;
        } else {
            match (serde_json::from_slice::<Vec<Entry>>(&line), &torn) {
                (Ok(entries), None) => entries.into_iter().for_each(&mut replay),
                // After a power cut the end of the file can be anything; something sound behind it means that this
                // is no such end.
                (Ok(_), Some(error)) => return Err(unreadable(path, error)),
                (Err(error), _) => torn = Some(torn.take().unwrap_or(error)),
            }
        }
        if torn.is_none() {
            whole += length as u64;
        }
    }
}

fn lock(file: &File, path: &Path) -> Result<(), Error> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(foreign(path, String::from("another sandbox is using it"))),
        Err(TryLockError::Error(source)) => Err(Error::Data { path: path.to_path_buf(), source }),
    }
}

fn check_header(line: &[u8], seed: u64, path: &Path) -> Result<(), Error> {
    let header: Header = serde_json::from_slice(line).map_err(|error| unreadable(path, &error))?;
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

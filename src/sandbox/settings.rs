//! What a sandbox is started with, what it tells while it loads, and why it may not start.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::clock::Clock;

/// Everything that can be chosen about a sandbox.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where to listen; port 0 takes a free one.
    pub bind: SocketAddr,
    /// How many offers the shop has.
    pub offers: u32,
    /// The number all goods are derived from: the same seed gives the same shop.
    pub seed: u64,
    /// How fast orders move by themselves: 0 only on command, 1 about ten minutes for a whole order, 100 about six seconds.
    pub pace: f64,
    /// What callers must present as `X-Internal-Token`.
    pub token: String,
    /// A folder in which orders, stock and changes outlive the process; without it they do not.
    pub data: Option<PathBuf>,
    /// Whether a call is answered only once the disk has what happened, so that a power cut loses nothing.
    pub fsync: bool,
    /// How the cashier page is reached from outside; the bound address when absent.
    pub public_url: Option<String>,
    /// Of a thousand goods so many are translated into no language, as a seller's newest are.
    pub untranslated_permille: u32,
    /// Whether a request may ask for its own fault with `X-Sandbox-Fault`.
    pub faults_by_header: bool,
    /// Whether all pictures are described from the start on, in the background, so that the first search by picture
    /// need not wait for it.
    pub describe_pictures: bool,
    /// HTTP worker threads.
    pub workers: usize,
    /// Where "now" comes from.
    pub clock: Clock,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            bind: SocketAddr::from(([127, 0, 0, 1], 0)),
            offers: 20_000,
            seed: 1688,
            pace: 1.0,
            token: String::from("sandbox-internal-token"),
            data: None,
            fsync: true,
            public_url: None,
            untranslated_permille: 0,
            faults_by_header: false,
            describe_pictures: false,
            workers: 2,
            clock: Clock::System,
        }
    }
}

/// How far loading has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Steps behind us.
    pub done: u64,
    /// Steps in all.
    pub total: u64,
    /// What is being done, in a few words.
    pub what: &'static str,
}

/// Why a sandbox could not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Somebody else listens there.
    #[error("the address {0} is already in use; choose another with --bind")]
    AddressTaken(SocketAddr),
    /// The address cannot be listened on.
    #[error("cannot listen on {0}: {1}")]
    Bind(SocketAddr, #[source] std::io::Error),
    /// The data folder is not usable.
    #[error("cannot use the data folder {}: {source}", path.display())]
    Data {
        /// The folder or file in question.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The data folder belongs to a running sandbox or to a shop of another seed or size.
    #[error("the data folder {} cannot be taken: {why}", path.display())]
    Foreign {
        /// The folder in question.
        path: PathBuf,
        /// The reason, as a clause.
        why: String,
    },
    /// The goods could not be indexed.
    #[error("cannot index the goods: {0}")]
    Index(#[from] tantivy::TantivyError),
    /// A setting makes no sense.
    #[error("{0}")]
    Setting(String),
}

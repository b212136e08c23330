//! Partners, their keys and plans: SQL is the truth, a snapshot in memory answers requests.
//!
//! Two kinds of visitors come here. Every request asks [`Directory::find`] for the key it was signed with: a look
//! into the current snapshot, without a lock or a wait. The operator (on the command line, in whatever process)
//! creates partners and issues, rotates, retires and suspends keys: each change is one transaction that also writes
//! an audit row and raises the directory's version. A running node calls [`Directory::refresh`] every second;
//! when the version moved it reads everything anew and swaps the snapshot. If the database cannot be asked, the
//! node goes on with what it knows; if a single secret does not open, only that key is left out.
//!
//! A partner is handed out with the plan it is held to now: its plan (`plans`), with its own figures where it has an
//! override in force (`overrides`), and with the points its paid orders have added to the day (`merits`). When an
//! override ends by itself, the next refresh after that moment reads everything anew as well.
//!
//! A shared secret is shown once, when it is made. At rest it is sealed ([`Sealer`]); of an Ed25519 key only the
//! public half ever comes here. Whether a request is signed rightly is for `auth` to say.

mod accounts;
mod apps;
mod buyers;
mod changes;
mod directory;
mod effective;
mod error;
#[cfg(test)]
pub mod example;
mod keys;
mod listing;
mod load;
mod master_key;
mod merits;
mod names;
mod overrides;
mod plans;
mod records;
mod redirects;
mod seal;
mod snapshot;
#[cfg(test)]
mod tests;
mod tokens;
mod uses;

pub use apps::{App, AppPolicy, AppRow, Door, IssuedApp};
pub use buyers::{Buyer, NewBuyer};
pub use changes::NewPartner;
pub use directory::{Directory, Refreshed};
pub use error::Error;
pub use keys::{Issued, KeyPolicy, Material, Rotation};
pub use listing::{KeyRow, PartnerRow};
pub use master_key::{InvalidMasterKey, MasterKeys};
pub use merits::Earning;
pub use names::list_names;
pub use overrides::{NewOverride, Override};
pub use plans::told as policy_told;
pub use records::{KeyRecord, KeyState};
pub use seal::{SealError, Sealed, Sealer, StoredAt};
pub use snapshot::Snapshot;
pub use tokens::{ACCESS_LASTS, Granted, REFRESH_LASTS, Refresh, TokenRecord};
pub use uses::Use;

//! From names to addresses, once for each connection: what is resolved is judged, and what was judged is connected to.
//! No second question is asked in between, so no second answer can lead elsewhere.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::guard::Guard;

/// Who is asked.
#[derive(Clone, Debug, Default)]
pub enum Names {
    /// The machine's resolver.
    #[default]
    System,
    /// A table that can be changed at any time, for trials.
    Table(Arc<Mutex<HashMap<String, Vec<IpAddr>>>>),
}

impl Names {
    /// A table of names.
    pub fn fixed<const N: usize>(rows: [(&str, Vec<IpAddr>); N]) -> Self {
        let table = rows.into_iter().map(|(name, addresses)| (name.to_owned(), addresses)).collect();
        Self::Table(Arc::new(Mutex::new(table)))
    }

    /// From now on the name has these addresses; only a table can be told so.
    pub fn change(&self, name: &str, addresses: Vec<IpAddr>) {
        if let Self::Table(table) = self {
            table.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), addresses);
        }
    }

    /// All addresses of a name.
    pub async fn resolve(&self, name: &str) -> std::io::Result<Vec<IpAddr>> {
        match self {
            Self::System => {
                let mut found: Vec<_> = tokio::net::lookup_host((name, 0)).await?.map(|at| at.ip()).collect();
                found.dedup();
                Ok(found)
            }
            Self::Table(table) => {
                let table = table.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(table.get(name).cloned().unwrap_or_default())
            }
        }
    }
}

/// Which of the judged addresses a client may connect to.
#[derive(Clone, Copy, Debug)]
pub enum Reach {
    /// Public ones and those the operator allows.
    Guarded,
    /// Those the operator allows, alone: for connections without TLS.
    AllowedOnly,
}

/// The resolver of a client: gives the connection no address that may not be called.
#[derive(Debug)]
pub struct Checked {
    /// Who is asked.
    pub names: Names,
    /// Who judges.
    pub guard: Guard,
    /// How far the client may go.
    pub reach: Reach,
}

/// No address of a name may be called.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The name has none.
    #[error("the name cannot be resolved")]
    Unresolved,
    /// It has one that is closed.
    #[error("the name leads to {0}, which may not be called")]
    Closed(IpAddr),
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let (names, guard, reach) = (self.names.clone(), self.guard.clone(), self.reach);
        Box::pin(async move {
            let addresses = names.resolve(name.as_str()).await?;
            if addresses.is_empty() {
                return Err(Refused::Unresolved.into());
            }
            let open = |address: &IpAddr| match reach {
                Reach::Guarded => guard.objection(*address).is_none(),
                Reach::AllowedOnly => guard.allows(*address),
            };
            // One closed address spoils the name: an honest one has none.
            if let Some(closed) = addresses.iter().find(|address| !open(address)) {
                return Err(Refused::Closed(*closed).into());
            }
            let sockets: Vec<_> = addresses.into_iter().map(|address| SocketAddr::new(address, 0)).collect();
            Ok(Box::new(sockets.into_iter()) as Addrs)
        })
    }
}

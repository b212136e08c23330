//! Where Redis is and as whom it is asked, as the operator says it.

use std::fmt;

/// What stands at the addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// One server.
    Single,
    /// Sentinels, who know where the master of this name is.
    Sentinel {
        /// The name.
        master: String,
    },
    /// Nodes of a cluster; the others are found through any of them.
    Cluster,
}

/// As whom Redis is asked.
#[derive(Clone)]
pub struct Account {
    /// The ACL user; none is the default one.
    pub username: Option<String>,
    /// Its password.
    pub password: String,
}

/// What proves a server to us, and us to a server; all PEM.
#[derive(Clone, Default)]
pub struct Certificates {
    /// The authority that signed the servers' certificates; none = those the system trusts.
    pub authority: Option<Vec<u8>>,
    /// Our own certificate and its key.
    pub client: Option<(Vec<u8>, Vec<u8>)>,
}

/// Where Redis is.
#[derive(Clone)]
pub struct Place {
    /// What stands at the addresses.
    pub form: Form,
    /// `redis://…`, `rediss://…` or `redis+unix://…`; a user and password in them are for what stands there.
    pub urls: Vec<String>,
    /// As whom Redis is asked, if that is not said in the addresses.
    pub account: Option<Account>,
    /// For `rediss://`.
    pub certificates: Option<Certificates>,
}

impl Place {
    /// One server.
    pub fn at(url: impl Into<String>) -> Self {
        Self { form: Form::Single, urls: vec![url.into()], account: None, certificates: None }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").field("form", &self.form).field("urls", &self.urls.len()).finish_non_exhaustive()
    }
}

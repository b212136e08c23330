//! An entry of the book: who did what to whom, when. Writing and finding it is told in `book.rs`.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use crate::model::ids::PartnerId;
use crate::model::partner::Caller;

/// Who changed something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// A person at the operator's, by console or command line.
    Operator(String),
    /// A partner, with the key its request was signed with.
    Partner {
        /// The partner.
        partner: PartnerId,
        /// The key's id.
        key: Arc<str>,
    },
    /// The program, on its own account.
    System,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator(name) => write!(f, "operator:{name}"),
            Self::Partner { partner, key } => write!(f, "partner:{partner} key:{key}"),
            Self::System => f.write_str("system"),
        }
    }
}

/// A plain name is a person's.
impl From<&str> for Who {
    fn from(name: &str) -> Self {
        Self::Operator(name.to_owned())
    }
}

/// Whoever signed a request.
impl From<&Caller> for Who {
    fn from(caller: &Caller) -> Self {
        Self::Partner { partner: caller.partner.id.clone(), key: caller.key_id.clone() }
    }
}

impl From<&Who> for Who {
    fn from(who: &Who) -> Self {
        who.clone()
    }
}

/// One change that somebody made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// Who, as [`Who`] is written; older gateways wrote `cli:<user>` and `demo` too.
    pub actor: String,
    /// What: `partner.create`, `key.rotate`, `order.settle` …
    pub action: String,
    /// To whom: the id of what was changed.
    pub subject: String,
    /// The particulars; never a secret.
    pub detail: String,
}

impl Entry {
    /// A new entry; `action` is `noun.verb`, `subject` the id of what is changed, `detail` never a secret.
    pub fn new(
        at: Timestamp,
        who: impl Into<Who>,
        action: &str,
        subject: impl fmt::Display,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            id: format!("aud_{}", uuid::Uuid::now_v7().simple()),
            at,
            actor: who.into().to_string(),
            action: action.to_owned(),
            subject: subject.to_string(),
            detail: detail.into(),
        }
    }
}

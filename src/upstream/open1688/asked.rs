//! A call as its row reads it: what the rooms asked for, and the way to ask the platform.

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::upstream::call::Call;
use crate::upstream::client::Line;
use crate::upstream::failure::{Error, Refusal};
use crate::upstream::open1688::table::Api;
use crate::upstream::open1688::words::Tongue;
use crate::upstream::open1688::{Account, door};

/// A call on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// Who asks over there.
    pub account: &'a Account,
    /// The way there.
    pub line: Line<'a>,
    /// What is asked.
    pub call: &'a Call,
}

impl<'a> Asked<'a> {
    pub(super) fn new(account: &'a Account, line: Line<'a>, call: &'a Call) -> Self {
        Self { account, line, call }
    }

    /// Asks the platform; gives the document.
    pub(super) async fn ask(&self, api: &Api, parameters: &[(&'static str, String)]) -> Result<Value, Error> {
        door::ask(self.account, self.line, api, parameters).await
    }

    /// Asks with one parameter that is JSON.
    pub(super) async fn ask_json(&self, api: &Api, name: &'static str, value: &Value) -> Result<Value, Error> {
        self.ask(api, &[(name, value.to_string())]).await
    }

    /// A parameter of the call.
    pub(super) fn query(&self, name: &str) -> Option<&'a str> {
        self.call.query.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// A parameter of the call that is a whole number.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.query(name)?.parse().ok()
    }

    /// The number in the call's path.
    pub(super) fn id(&self) -> Result<i64, Error> {
        let number = self.call.path.split('/').find_map(|part| part.parse().ok());
        number.ok_or_else(|| Error::Setup(format!("{} has no number in {}", self.call.name, self.call.path)))
    }

    /// The call's body.
    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let bytes = self.call.body.as_ref().map_or(&b"null"[..], |body| &body.bytes);
        serde_json::from_slice(bytes).map_err(|why| Error::Setup(format!("the body of {}: {why}", self.call.name)))
    }

    /// The language of the call.
    pub(super) fn tongue(&self) -> Tongue {
        Tongue::of(self.query("lang").unwrap_or("zh"))
    }

    /// An answer that is not what the protocol says.
    pub(super) fn nonsense(&self, what: impl std::fmt::Display) -> Error {
        Error::Nonsense(format!("{}: {what}", self.call.name))
    }
}

/// A document as bytes.
pub(super) fn written(document: &Value) -> Result<Bytes, Error> {
    serde_json::to_vec(document).map(Bytes::from).map_err(|why| Error::Nonsense(why.to_string()))
}

/// A refusal in the internal service's words.
pub(super) fn refused(error_code: &str, message: impl Into<String>, data: Value) -> Error {
    Error::Refused(Box::new(Refusal { error_code: error_code.to_owned(), message: message.into(), data }))
}

/// A refusal of the platform under the internal word for it; one that has none stays what it is.
pub(super) fn renamed(table: &'static [(&'static str, &'static str)]) -> impl Fn(Error) -> Error {
    move |error| match error {
        Error::Refused(refusal) => {
            let ours = table.iter().find(|(theirs, _)| *theirs == refusal.error_code).map(|(_, ours)| *ours);
            match ours {
                Some(ours) => refused(ours, refusal.message, Value::Null),
                None => Error::Refused(refusal),
            }
        }
        other => other,
    }
}

/// A failure of a request that came before the one that does something: whatever became of it, nothing was done.
pub(super) fn before(error: Error) -> Error {
    match error {
        Error::Unknown { why, .. } => Error::NotSent(why),
        Error::Nonsense(why) => Error::NotSent(format!("nonsense: {why}")),
        other => other,
    }
}

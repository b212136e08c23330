//! A call to the wholesale service as a value: what will be asked, and whether asking twice is harmless.

use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;

/// Whether the client may send a call again after it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// A read: harmless.
    Safe,
    /// It changes something; the caller decides what a failure means.
    Never,
}

/// Kinds of calls that fail, wait and are spared apart from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Browsing: goods, sellers, categories, pictures.
    Goods,
    /// Reads around trade: previews, orders, refunds, consignments, warehouses.
    Trade,
    /// Everything that changes something.
    Orders,
    /// The change feed, which waits for news.
    Feed,
}

impl Class {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Goods, Self::Trade, Self::Orders, Self::Feed];

    /// `goods`, `trade`, `orders` or `feed`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Goods => "goods",
            Self::Trade => "trade",
            Self::Orders => "orders",
            Self::Feed => "feed",
        }
    }
}

/// What a good answer is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expects {
    /// JSON in the service's envelope; the document inside is given back.
    Document,
    /// A picture without envelope.
    Picture,
}

/// A body and what it is.
#[derive(Clone, Debug)]
pub struct Body {
    /// Its media type.
    pub media_type: &'static str,
    /// Its bytes.
    pub bytes: Bytes,
}

/// One question or instruction, ready to be sent.
#[derive(Clone, Debug)]
pub struct Call {
    /// A short stable name for logs and metrics, e.g. `goods.search`.
    pub name: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// The path below the service's address, beginning with `/`.
    pub path: String,
    /// Query parameters, not yet encoded.
    pub query: Vec<(&'static str, String)>,
    /// The body.
    pub body: Option<Body>,
    /// Whom it is for, where the service wants to know that in a header field.
    pub partner: Option<String>,
    /// Whether it may be sent again.
    pub repeat: Repeat,
    /// What the answer is made of.
    pub expects: Expects,
    /// Time the service was asked to take (long polls), added to the deadline.
    pub waits: Duration,
}

impl Call {
    /// A read of a document.
    pub fn get(name: &'static str, path: impl Into<String>) -> Self {
        Self {
            name,
            method: Method::GET,
            path: path.into(),
            query: Vec::new(),
            body: None,
            partner: None,
            repeat: Repeat::Safe,
            expects: Expects::Document,
            waits: Duration::ZERO,
        }
    }

    /// An instruction with a JSON body; never repeated by the client.
    pub fn post(name: &'static str, path: impl Into<String>, body: &impl serde::Serialize) -> Self {
        // Our own request structs have string keys only, so that writing them cannot fail.
        let bytes = serde_json::to_vec(body).unwrap_or_default().into();
        Self::send(name, path, Body { media_type: "application/json", bytes })
    }

    /// An instruction with a body of any kind; never repeated by the client.
    pub fn send(name: &'static str, path: impl Into<String>, body: Body) -> Self {
        Self { method: Method::POST, body: Some(body), repeat: Repeat::Never, ..Self::get(name, path) }
    }

    /// What kind of call it is.
    pub fn class(&self) -> Class {
        const BROWSING: [&str; 3] = ["goods.", "categories", "sellers."];
        if self.repeat == Repeat::Never {
            Class::Orders
        } else if self.name == "changes" {
            Class::Feed
        } else if BROWSING.iter().any(|begin| self.name.starts_with(begin)) {
            Class::Goods
        } else {
            Class::Trade
        }
    }

    /// The same call, declared harmless to repeat.
    #[must_use]
    pub fn safe(self) -> Self {
        Self { repeat: Repeat::Safe, ..self }
    }

    /// The same call with a query parameter.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    /// The same call with a query parameter when there is a value.
    #[must_use]
    pub fn with_some(self, name: &'static str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}

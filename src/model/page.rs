//! Pages of lists: how many, from where, and how to go on.

use std::fmt::Display;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// How many items a page holds: 1 to 50, 20 unless asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PageSize(u8);

impl PageSize {
    /// The size, if it is 1 to 50.
    pub fn new(size: u32) -> Option<Self> {
        u8::try_from(size).ok().filter(|n| (1..=50).contains(n)).map(Self)
    }

    /// The size as a number.
    pub fn get(self) -> u32 {
        u32::from(self.0)
    }
}

impl Default for PageSize {
    fn default() -> Self {
        Self(20)
    }
}

/// An opaque mark of where the next page starts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cursor(pub String);

impl Cursor {
    /// The mark behind what came at this moment, in milliseconds, with this id.
    pub fn behind(at_ms: i64, id: impl Display) -> Self {
        Self(URL_SAFE_NO_PAD.encode(format!("{at_ms}-{id}")))
    }

    /// The moment and the id that it stands behind; none when it is no such mark.
    pub fn place<Id: FromStr>(&self) -> Option<(i64, Id)> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(&self.0).ok()?).ok()?;
        let (at, id) = text.split_once('-')?;
        Some((at.parse().ok()?, id.parse().ok()?))
    }
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// Where the next page starts; `None` at the end.
    pub next: Option<Cursor>,
    /// How many items the whole list has, when that is known.
    pub total: Option<u64>,
}

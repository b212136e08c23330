//! Vouchers: whose picture it is and where its bytes come from. The bytes themselves are left to `pictures`.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::book::Book;
use crate::sandbox::envelope::{Code, Refusal};
use crate::sandbox::image::Format;
use crate::sandbox::persist::Entry;

/// A picture that proves something.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Voucher {
    /// Its number.
    pub id: i64,
    /// Whose it is.
    pub partner_code: String,
    /// What kind of picture.
    pub format: Format,
    /// Where its bytes come from.
    pub source: Source,
}

/// Where the bytes of a voucher come from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Source {
    /// A caller sent them; this is their hash.
    Sent(String),
    /// They are drawn when asked for: a damaged piece of these goods.
    Drawn(i64),
}

/// All vouchers.
#[derive(Debug, Default)]
pub struct Vouchers {
    all: HashMap<i64, Voucher>,
    by_source: HashMap<(String, Source), i64>,
}

impl Vouchers {
    /// Files a voucher.
    pub fn file(&mut self, voucher: Voucher) {
        self.by_source.insert((voucher.partner_code.clone(), voucher.source.clone()), voucher.id);
        self.all.insert(voucher.id, voucher);
    }
}

impl Book {
    /// Takes a picture in, once per partner.
    pub fn take_voucher(&mut self, partner: &str, format: Format, source: Source, now_ms: i64) -> i64 {
        let key = (partner.to_owned(), source.clone());
        if let Some(known) = self.vouchers.by_source.get(&key) {
            return *known;
        }
        let voucher = Voucher { id: self.number(now_ms), partner_code: key.0, format, source };
        let id = voucher.id;
        self.enter_journal(Entry::Voucher(voucher.clone()));
        self.vouchers.file(voucher);
        id
    }

    /// The voucher with a number.
    pub fn voucher(&self, id: i64) -> Result<&Voucher, Refusal> {
        self.vouchers.all.get(&id).ok_or_else(|| Code::VoucherNotFound.into())
    }

    /// Refuses vouchers that are not the partner's.
    pub(super) fn check_vouchers<'a>(
        &self,
        partner: &str,
        ids: impl IntoIterator<Item = &'a i64>,
    ) -> Result<(), Refusal> {
        let foreign = |id: &&i64| self.vouchers.all.get(id).is_none_or(|voucher| voucher.partner_code != partner);
        let missing: Vec<&i64> = ids.into_iter().filter(foreign).collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Refusal::with(Code::VoucherNotFound, json!({ "voucherIds": missing })))
    }
}

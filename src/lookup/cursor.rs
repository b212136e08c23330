//! Partners' page marks: the service's own token wrapped with a fingerprint of the search it belongs to, so that a
//! mark used with other filters, in another world, or altered is refused instead of giving a strange page.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::cache::{Key, KeyBuilder, Kind};
use crate::error::Place;
use crate::lookup::failure::Error;
use crate::model::browse::PoolPage;
use crate::model::money::Money;
use crate::model::page::Cursor;
use crate::model::partner::Mode;
use crate::model::picture::{Alike, Pictured};
use crate::model::quote::Country;
use crate::model::search::{Filters, Search};
use crate::model::supplier::Badge;

const VERSION: u8 = 1;
const PRINT_BYTES: usize = 12;

/// What a mark belongs to.
pub(super) trait Paged {
    /// Of everything that chooses or orders the found offers, and of the service's token.
    fn fingerprint(&self, mode: Mode, token: &str) -> [u8; PRINT_BYTES];
}

/// The mark that goes on at the service's token.
pub(super) fn wrap(asked: &impl Paged, mode: Mode, token: &str) -> Cursor {
    let mut bytes = vec![VERSION];
    bytes.extend_from_slice(&asked.fingerprint(mode, token));
    bytes.extend_from_slice(token.as_bytes());
    Cursor(URL_SAFE_NO_PAD.encode(bytes))
}

/// The service's token in a mark of this very question.
pub(super) fn unwrap(asked: &impl Paged, mode: Mode, cursor: &Cursor) -> Result<String, Error> {
    let bytes = URL_SAFE_NO_PAD.decode(&cursor.0).ok();
    let token = bytes.as_deref().and_then(|bytes| {
        let (found, token) = bytes.strip_prefix(&[VERSION])?.split_first_chunk::<PRINT_BYTES>()?;
        let token = std::str::from_utf8(token).ok()?;
        (*found == asked.fingerprint(mode, token)).then(|| token.to_owned())
    });
    token.ok_or_else(|| {
        let detail = "take next_cursor from the page before and keep all filters and the sort as they were";
        Error::Invalid(vec![Place::query("cursor", detail)])
    })
}

impl Paged for PoolPage {
    fn fingerprint(&self, mode: Mode, token: &str) -> [u8; PRINT_BYTES] {
        let key = Key::of(Kind::PoolPage).text(mode.name()).number(self.pool.number());
        print(key.some_text(self.ship_to.as_ref().map(Country::as_str)).text(token).finish())
    }
}

impl Paged for Search {
    /// Language, currency of display, page size and counts may change.
    fn fingerprint(&self, mode: Mode, token: &str) -> [u8; PRINT_BYTES] {
        fingerprint(self, mode, token)
    }
}

fn fingerprint(search: &Search, mode: Mode, token: &str) -> [u8; PRINT_BYTES] {
    let currency = |money: Option<Money>| money.map(|money| money.currency.code());
    let minor = |money: Option<Money>| money.map(|money| money.minor);
    let key = Key::of(Kind::Search)
        .text(mode.name())
        .some_text(search.words.as_deref())
        .some_number(search.category.map(|id| id.number()))
        .some_number(search.supplier.map(|id| id.number()))
        .some_number(minor(search.price_min))
        .some_text(currency(search.price_min))
        .some_number(minor(search.price_max))
        .some_text(currency(search.price_max))
        .some_number(search.minimum_order_max.map(i64::from));
    let key = alike(key, search.alike.as_ref());
    print(conditions(key, &search.filters).text(search.sort.name()).text(token).finish())
}

/// Adds what found offers must be.
pub(super) fn conditions(key: KeyBuilder, filters: &Filters) -> KeyBuilder {
    let flag = |is: bool| Some(i64::from(is));
    key.some_number(filters.ships_within_h.map(i64::from))
        .some_number(filters.new_within_days.map(i64::from))
        .some_number(filters.sold_7d_min.map(i64::from))
        .some_number(filters.sold_30d_min.map(i64::from))
        .some_number(flag(filters.one_piece))
        .some_number(flag(filters.factory))
        .some_number(flag(filters.free_return))
        .some_text(filters.badge.map(Badge::name))
        .some_text(filters.ship_to.as_ref().map(Country::as_str))
        .some_text((!filters.attributes.is_empty()).then(|| filters.attributes.to_string()).as_deref())
}

/// Adds what found offers must look like; pictures are the partner's own, and so is what was found by them.
pub(super) fn alike(key: KeyBuilder, alike: Option<&Alike>) -> KeyBuilder {
    let (image, offer) = match alike.map(|alike| &alike.picture) {
        None => (None, None),
        Some(Pictured::Uploaded { image, .. }) => (Some(image.as_str()), None),
        Some(Pictured::Offer(id)) => (None, Some(id.number())),
    };
    let region = alike.and_then(|alike| alike.region).map(|region| region.to_string());
    key.some_text(image).some_number(offer).some_text(region.as_deref())
}

fn print(key: Key) -> [u8; PRINT_BYTES] {
    let mut print = [0; PRINT_BYTES];
    print.iter_mut().zip(Sha256::digest(key.bytes())).for_each(|(to, from)| *to = from);
    print
}

#[cfg(test)]
mod tests {
    use super::{unwrap, wrap};
    use crate::error::{Code, Failure};
    use crate::model::ids::CategoryId;
    use crate::model::money::Money;
    use crate::model::page::{Cursor, PageSize};
    use crate::model::partner::Mode;
    use crate::model::search::{Search, Sort};

    #[test]
    fn a_mark_is_good_for_its_own_search_only() {
        let search = Search { words: Some("杯".into()), ..Search::default() };
        let cursor = wrap(&search, Mode::Live, "tok/en+1");
        assert_eq!(unwrap(&search, Mode::Live, &cursor).unwrap(), "tok/en+1");
        let larger = Search { size: PageSize::new(50).unwrap(), ..search.clone() };
        assert!(unwrap(&larger, Mode::Live, &cursor).is_ok(), "the page size may change");
        let others = [
            Search { words: Some("碗".into()), ..search.clone() },
            Search { category: Some(CategoryId::new(1)), ..search.clone() },
            Search { price_max: Some(Money::fen(1)), ..search.clone() },
            Search { sort: Sort::Newest, ..search.clone() },
        ];
        for other in others {
            let refused = unwrap(&other, Mode::Live, &cursor).unwrap_err();
            assert_eq!(refused.code(), Code::InvalidRequest);
            assert_eq!(refused.places()[0].pointer, "query:cursor");
        }
        assert!(unwrap(&search, Mode::Sandbox, &cursor).is_err());
    }

    #[test]
    fn an_altered_or_invented_mark_is_refused() {
        let search = Search::default();
        let Cursor(text) = wrap(&search, Mode::Live, "abc");
        for at in 0..text.len() {
            let swapped = if &text[at..=at] == "A" { "B" } else { "A" };
            let altered = Cursor(format!("{}{swapped}{}", &text[..at], &text[at + 1..]));
            let read = unwrap(&search, Mode::Live, &altered);
            assert!(read.is_err(), "{altered:?}");
        }
        for invented in ["", "abc", "%%%", "AQ", "page2"] {
            assert!(unwrap(&search, Mode::Live, &Cursor(invented.into())).is_err(), "{invented}");
        }
    }
}

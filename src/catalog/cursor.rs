//! Partners' page marks: the service's own token wrapped with a fingerprint of the search it belongs to, so that a
//! mark used with other filters, in another world, or altered is refused instead of giving a strange page.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::cache::{Key, Kind};
use crate::catalog::failure::Error;
use crate::error::Place;
use crate::model::money::Money;
use crate::model::page::Cursor;
use crate::model::partner::Mode;
use crate::model::search::Search;

const VERSION: u8 = 1;
const PRINT_BYTES: usize = 12;

/// The mark that goes on at the service's token.
pub(super) fn wrap(search: &Search, mode: Mode, token: &str) -> Cursor {
    let mut bytes = vec![VERSION];
    bytes.extend_from_slice(&fingerprint(search, mode, token));
    bytes.extend_from_slice(token.as_bytes());
    Cursor(URL_SAFE_NO_PAD.encode(bytes))
}

/// The service's token in a mark of this very search.
pub(super) fn unwrap(search: &Search, mode: Mode, cursor: &Cursor) -> Result<String, Error> {
    let bytes = URL_SAFE_NO_PAD.decode(&cursor.0).ok();
    let token = bytes.as_deref().and_then(|bytes| {
        let (found, token) = bytes.strip_prefix(&[VERSION])?.split_first_chunk::<PRINT_BYTES>()?;
        let token = std::str::from_utf8(token).ok()?;
        (*found == fingerprint(search, mode, token)).then(|| token.to_owned())
    });
    token.ok_or_else(|| {
        let detail = "take next_cursor from the page before and keep all filters and the sort as they were";
        Error::Invalid(vec![Place::query("cursor", detail)])
    })
}

/// Of everything that chooses or orders the found offers; language, currency of display and page size may change.
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
        .some_number(search.minimum_order_max.map(i64::from))
        .text(search.sort.name())
        .text(token)
        .finish();
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

//! Keys of kept things: a row of typed fields, each with its length, so that two rows of different fields never make
//! the same bytes; and reading a key's fields again.

use std::borrow::Borrow;
use std::sync::Arc;

use crate::cache::freshness::Kind;

const TEXT: u8 = b't';
const NUMBER: u8 = b'n';
const NOTHING: u8 = b'0';
/// Bits of a length in each of its bytes; the eighth says that there is more.
const BITS: u32 = 7;
const MORE: u8 = 1 << BITS;

/// A finished key; cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key(Arc<[u8]>);

/// One field of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// A text.
    Text(String),
    /// A number.
    Number(i64),
    /// A text or number that is missing.
    Nothing,
}

/// What is kept is found by the bytes of its key alone.
impl Borrow<[u8]> for Key {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl Key {
    /// Begins a key for documents (or answers) of a kind.
    pub fn of(kind: Kind) -> KeyBuilder {
        KeyBuilder(Vec::with_capacity(128)).text(kind.name())
    }

    /// The key as bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The key of something that was found under these bytes.
    pub(super) fn found_by(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// The key with these bytes; `None` when they are none of a key of ours.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let key = Self(bytes.into());
        key.kind().and(key.fields()).map(|_| key)
    }

    /// The kind of what it is a key of.
    pub fn kind(&self) -> Option<Kind> {
        let mut rest = self.bytes();
        match field(&mut rest)? {
            Field::Text(name) => Kind::ALL.iter().copied().find(|kind| kind.name() == name),
            _ => None,
        }
    }

    /// What a document's key is of, for people: `offer live standard /goods/7 lang=ja`.
    pub fn named(&self) -> String {
        let texts = self.fields().unwrap_or_default().into_iter().map(|field| match field {
            Field::Text(text) => text,
            Field::Number(number) => number.to_string(),
            Field::Nothing => "-".to_owned(),
        });
        let texts: Vec<_> = texts.collect();
        // World, price tier and path, then names with values.
        let (head, query) = texts.split_at(texts.len().min(3));
        let query = query.chunks(2).map(|pair| pair.join("="));
        let kind = self.kind().map_or("?", Kind::name).to_owned();
        [kind].into_iter().chain(head.iter().cloned()).chain(query).collect::<Vec<_>>().join(" ")
    }

    /// The fields after the kind.
    pub fn fields(&self) -> Option<Vec<Field>> {
        let mut rest = self.bytes();
        field(&mut rest)?;
        let mut fields = Vec::new();
        while !rest.is_empty() {
            fields.push(field(&mut rest)?);
        }
        Some(fields)
    }
}

fn field(rest: &mut &[u8]) -> Option<Field> {
    let (mark, after) = rest.split_first()?;
    *rest = after;
    match *mark {
        TEXT => {
            let length = usize::try_from(length(rest)?).ok()?;
            let (text, after) = rest.split_at_checked(length)?;
            *rest = after;
            Some(Field::Text(std::str::from_utf8(text).ok()?.to_owned()))
        }
        NUMBER => {
            let (number, after) = rest.split_first_chunk()?;
            *rest = after;
            Some(Field::Number(i64::from_be_bytes(*number)))
        }
        NOTHING => Some(Field::Nothing),
        _ => None,
    }
}

fn length(rest: &mut &[u8]) -> Option<u64> {
    let mut length = 0_u64;
    for place in 0..9 {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        length |= u64::from(byte & !MORE) << (place * BITS);
        if byte & MORE == 0 {
            return Some(length);
        }
    }
    None
}

/// A key being put together; the order of the fields is part of it.
#[derive(Clone, Debug)]
pub struct KeyBuilder(Vec<u8>);

impl KeyBuilder {
    /// Adds a text.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.0.push(TEXT);
        let mut length = text.len() as u64;
        while length >= u64::from(MORE) {
            self.0.push(length as u8 | MORE);
            length >>= BITS;
        }
        self.0.push(length as u8);
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    /// Adds a number.
    #[must_use]
    pub fn number(mut self, number: i64) -> Self {
        self.0.push(NUMBER);
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    /// Adds a text that may be missing; missing and empty differ.
    #[must_use]
    pub fn some_text(self, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text(text),
            None => self.nothing(),
        }
    }

    /// Adds a number that may be missing; missing and zero differ.
    #[must_use]
    pub fn some_number(self, number: Option<i64>) -> Self {
        match number {
            Some(number) => self.number(number),
            None => self.nothing(),
        }
    }

    fn nothing(mut self) -> Self {
        self.0.push(NOTHING);
        self
    }

    /// The bytes of the key so far.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The finished key.
    pub fn finish(self) -> Key {
        Key(self.0.into())
    }
}

#[cfg(test)]
mod tests {
    use super::{Field as Read, Key, KeyBuilder};
    use crate::cache::freshness::Kind;
    use proptest::prelude::{Strategy, any, proptest};

    #[derive(Clone, Debug, PartialEq)]
    enum Field {
        Text(String),
        Number(i64),
        NoText,
        NoNumber,
    }

    fn key(fields: &[Field]) -> Key {
        let add = |key: KeyBuilder, field: &Field| match field {
            Field::Text(text) => key.text(text),
            Field::Number(number) => key.number(*number),
            Field::NoText => key.some_text(None),
            Field::NoNumber => key.some_number(None),
        };
        fields.iter().fold(Key::of(Kind::Offer), add).finish()
    }

    /// A missing text and a missing number are the same nothing: which of the two a place holds is fixed by the row.
    fn meaning(fields: &[Field]) -> Vec<Field> {
        fields.iter().map(|f| if *f == Field::NoNumber { Field::NoText } else { f.clone() }).collect()
    }

    fn field() -> impl Strategy<Value = Field> {
        // Few letters, among them our own marks, so that collisions would be found.
        proptest::prop_oneof![
            "[tn0\u{0}\u{3}a]{0,12}".prop_map(Field::Text),
            proptest::prop_oneof![any::<i64>(), -2..3_i64].prop_map(Field::Number),
            proptest::strategy::Just(Field::NoText),
            proptest::strategy::Just(Field::NoNumber),
        ]
    }

    proptest! {
        #[test]
        fn rows_of_different_fields_never_share_a_key(
            one in proptest::collection::vec(field(), 0..6),
            other in proptest::collection::vec(field(), 0..6),
        ) {
            proptest::prop_assert_eq!(meaning(&one) == meaning(&other), key(&one) == key(&other));
        }

        #[test]
        fn a_key_is_read_as_it_was_made(fields in proptest::collection::vec(field(), 0..6), cut in 1usize..40) {
            let made = key(&fields);
            let read: Vec<_> = fields.iter().map(|field| match field {
                Field::Text(text) => Read::Text(text.clone()),
                Field::Number(number) => Read::Number(*number),
                Field::NoText | Field::NoNumber => Read::Nothing,
            }).collect();
            proptest::prop_assert_eq!((made.kind(), made.fields()), (Some(Kind::Offer), Some(read)));
            let whole = Key::parse(made.bytes());
            proptest::prop_assert_eq!(whole.as_ref(), Some(&made));
            // Cut bytes are another key or none, and never a panic.
            let rest = made.bytes().get(..made.bytes().len().saturating_sub(cut)).and_then(Key::parse);
            proptest::prop_assert_ne!(rest.as_ref(), Some(&made));
        }

        #[test]
        fn long_texts_keep_their_length(length in 0usize..70_000) {
            let text = "x".repeat(length);
            let key = Key::of(Kind::Search).text(&text).number(1).finish();
            proptest::prop_assert_eq!(key.fields(), Some(vec![Read::Text(text), Read::Number(1)]));
        }

        #[test]
        fn moving_letters_between_neighbours_makes_another_key(text in "[a-c0-9]{1,16}", at in 0usize..16, to in 0usize..16) {
            let (at, to) = (at.min(text.len()), to.min(text.len()));
            let split = |at: usize| [Field::Text(text[..at].to_owned()), Field::Text(text[at..].to_owned())];
            proptest::prop_assert_eq!(at == to, key(&split(at)) == key(&split(to)));
        }
    }

    #[test]
    fn a_documents_key_can_be_read_by_people() {
        let key = Key::of(Kind::Offer).text("live").text("standard").text("/goods/7").text("lang").text("ja").finish();
        assert_eq!(key.named(), "offer live standard /goods/7 lang=ja");
        assert_eq!(Key::of(Kind::Offer).number(7).some_text(None).finish().named(), "offer 7 -");
    }

    #[test]
    fn missing_empty_and_zero_differ_and_so_do_kinds() {
        let keys = [
            Key::of(Kind::Offer).some_text(None).finish(),
            Key::of(Kind::Offer).some_text(Some("")).finish(),
            Key::of(Kind::Offer).some_number(Some(0)).finish(),
            Key::of(Kind::Search).some_text(None).finish(),
        ];
        for (i, one) in keys.iter().enumerate() {
            assert!(keys.iter().skip(i + 1).all(|other| other != one), "{one:?}");
        }
    }
}

//! Keys of kept things: a row of typed fields, each with its length, so that two rows of different fields never make
//! the same bytes.

use crate::cache::freshness::Kind;

const TEXT: u8 = b't';
const NUMBER: u8 = b'n';
const NOTHING: u8 = b'0';

/// A finished key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key(Box<[u8]>);

impl Key {
    /// Begins a key for documents (or answers) of a kind.
    pub fn of(kind: Kind) -> KeyBuilder {
        KeyBuilder(Vec::with_capacity(128)).text(kind.name())
    }

    /// The key as bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A key being put together; the order of the fields is part of it.
#[derive(Clone, Debug)]
pub struct KeyBuilder(Vec<u8>);

impl KeyBuilder {
    /// Adds a text.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.0.push(TEXT);
        self.0.extend_from_slice(&(text.len() as u64).to_be_bytes());
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

    /// The finished key.
    pub fn finish(self) -> Key {
        Key(self.0.into_boxed_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, KeyBuilder};
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
        fn moving_letters_between_neighbours_makes_another_key(text in "[a-c0-9]{1,16}", at in 0usize..16, to in 0usize..16) {
            let (at, to) = (at.min(text.len()), to.min(text.len()));
            let split = |at: usize| [Field::Text(text[..at].to_owned()), Field::Text(text[at..].to_owned())];
            proptest::prop_assert_eq!(at == to, key(&split(at)) == key(&split(to)));
        }
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

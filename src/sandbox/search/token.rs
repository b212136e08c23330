//! Page tokens: the place where a page ended, opaque to callers. A token belongs to one question and no other.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::question::Strictness;

/// Where a goods stands in an order; smaller comes first. The goods index makes it unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// What is sorted by.
    pub first: u64,
    /// What decides between equals.
    pub second: u64,
    /// The goods index.
    pub goods: u64,
}

/// What a token carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// The question's fingerprint.
    pub question: u64,
    /// How the first page was found.
    pub strictness: Strictness,
    /// The last place of the page before.
    pub after: Place,
}

const LENGTH: usize = 1 + 4 * 8;

impl Token {
    /// Writes the token.
    pub fn write(&self) -> String {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.push(u8::from(self.strictness == Strictness::Any));
        for number in [self.question, self.after.first, self.after.second, self.after.goods] {
            bytes.extend(number.to_be_bytes());
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a token; `None` when it is not one of ours.
    pub fn read(text: &str) -> Option<Token> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() == LENGTH)?;
        let (kind, rest) = bytes.split_first()?;
        let mut numbers = rest.chunks_exact(8).filter_map(|chunk| Some(u64::from_be_bytes(chunk.try_into().ok()?)));
        let strictness = match kind {
            0 => Strictness::All,
            1 => Strictness::Any,
            _ => return None,
        };
        let question = numbers.next()?;
        let after = Place { first: numbers.next()?, second: numbers.next()?, goods: numbers.next()? };
        Some(Token { question, strictness, after })
    }
}

#[cfg(test)]
mod tests {
    use super::{Place, Strictness, Token};

    #[test]
    fn a_token_reads_back_and_nothing_else_does() {
        let after = Place { first: u64::MAX, second: 7, goods: 42 };
        let token = Token { question: 0xfeed, strictness: Strictness::Any, after };
        assert_eq!(Token::read(&token.write()), Some(token));
        for wrong in ["", "AAAA", "!!!", &token.write()[1..]] {
            assert_eq!(Token::read(wrong), None);
        }
    }
}

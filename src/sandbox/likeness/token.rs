//! Page tokens of a search by picture: the last goods of the page before and the question it belongs to.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::fine::Match;

/// Writes the token that goes on after a match.
pub fn write(question: u64, last: Match) -> String {
    let mut bytes = question.to_be_bytes().to_vec();
    bytes.extend(last.likeness.to_be_bytes());
    bytes.extend(last.goods.to_be_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The match that a token of this question goes on after.
pub fn read(question: u64, text: &str) -> Option<Match> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() == 16)?;
    let (asked, rest) = bytes.split_first_chunk::<8>()?;
    let (likeness, goods) = rest.split_first_chunk::<4>()?;
    let last = Match { likeness: u32::from_be_bytes(*likeness), goods: u32::from_be_bytes(goods.try_into().ok()?) };
    (u64::from_be_bytes(*asked) == question).then_some(last)
}

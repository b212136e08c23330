//! Signed ids of clicks: who was sent where, when and for what, so that nothing has to be written down when a visitor is
//! sent, and nobody can invent one. An order may name it for thirty days.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::model::ids::{OfferId, PartnerId};
use crate::model::partner::Mode;
use crate::model::quote::Country;
use crate::model::referral::Click;
use crate::signing::http_message::HmacKey;

/// An order may name a click for so long.
pub const GOOD_FOR_S: i64 = 30 * 86_400;
/// A click that is later than this was signed by a clock that is wrong.
const AHEAD_S: i64 = 300;

/// Version, key's version, world, country, time, offer, partner, chance.
const SAID: usize = 1 + 2 + 1 + 2 + 8 + 8 + 8 + 8;
const MARK: usize = 16;
const VERSION: u8 = 1;
/// Stands for a country that is not known (ISO 3166-1 leaves it to its users).
const NOWHERE: [u8; 2] = *b"ZZ";

/// The keys that clicks are signed with: the newest signs, all are accepted.
#[derive(Clone, Debug)]
pub struct Keys(Vec<(u16, HmacKey)>);

/// Why a text is no click that an order may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAClick {
    /// It was not signed by this gateway, or was altered.
    #[error("the click id that the redirect put into your address, unaltered")]
    Unsigned,
    /// It belongs to another partner or world.
    #[error("a click id of your own storefront and world")]
    Foreign,
    /// It is too old.
    #[error("a click id of the last 30 days")]
    Expired,
}

impl Keys {
    /// Keys by their versions; the highest signs.
    pub fn new(keys: impl IntoIterator<Item = (u16, [u8; 32])>) -> Self {
        let mut keys: Vec<_> = keys.into_iter().map(|(version, key)| (version, HmacKey::new(&key))).collect();
        keys.sort_by_key(|(version, _)| *version);
        Self(keys)
    }

    /// Signs a click; `chance` makes it differ from all others.
    pub fn sign(
        &self,
        partner: &PartnerId,
        mode: Mode,
        offer: OfferId,
        country: Option<&Country>,
        at_s: i64,
        chance: u64,
    ) -> Option<String> {
        let (version, key) = self.0.last()?;
        let mut bytes = Vec::with_capacity(SAID + MARK);
        bytes.push(VERSION);
        bytes.extend(version.to_be_bytes());
        bytes.push(u8::from(mode == Mode::Live));
        bytes.extend(letters(country));
        bytes.extend(at_s.to_be_bytes());
        bytes.extend(offer.number().to_be_bytes());
        bytes.extend(print(partner));
        bytes.extend(chance.to_be_bytes());
        let mark = key.sign(&bytes);
        bytes.extend(mark.get(..MARK).unwrap_or(&mark));
        Some(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The click that a partner's order names.
    pub fn read(&self, text: &str, partner: &PartnerId, mode: Mode, now_s: i64) -> Result<Click, NotAClick> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() == SAID + MARK);
        let bytes = bytes.ok_or(NotAClick::Unsigned)?;
        let (said, mark) = bytes.split_at(SAID);
        let version = u16::from_be_bytes(part(said, 1));
        let known = self.0.iter().find(|(one, _)| *one == version).ok_or(NotAClick::Unsigned)?;
        let signed = known.1.sign(said);
        let same = signed.iter().zip(mark).fold(0, |differs, (one, other)| differs | (one ^ other)) == 0;
        if !same || said.first() != Some(&VERSION) {
            return Err(NotAClick::Unsigned);
        }
        let of_live = part::<1>(said, 3) == [1];
        if part::<8>(said, 22) != print(partner) || of_live != (mode == Mode::Live) {
            return Err(NotAClick::Foreign);
        }
        let at_s = i64::from_be_bytes(part(said, 6));
        if !(now_s - GOOD_FOR_S..=now_s + AHEAD_S).contains(&at_s) {
            return Err(NotAClick::Expired);
        }
        let country = std::str::from_utf8(&part::<2>(said, 4))
            .ok()
            .filter(|code| code.as_bytes() != NOWHERE)
            .and_then(|code| code.parse().ok());
        let offer = OfferId::new(i64::from_be_bytes(part(said, 14)));
        Ok(Click { id: text.to_owned(), partner: partner.clone(), mode, offer, country, at_s })
    }
}

fn letters(country: Option<&Country>) -> [u8; 2] {
    country.and_then(|country| country.as_str().as_bytes().try_into().ok()).unwrap_or(NOWHERE)
}

fn print(partner: &PartnerId) -> [u8; 8] {
    part(&Sha256::digest(partner.as_str()), 0)
}

/// So many bytes from a place on; zeros where there are none.
fn part<const N: usize>(bytes: &[u8], from: usize) -> [u8; N] {
    bytes.get(from..from + N).and_then(|part| part.try_into().ok()).unwrap_or([0; N])
}

#[cfg(test)]
mod tests {
    use super::{GOOD_FOR_S, Keys, NotAClick};
    use crate::model::ids::{OfferId, PartnerId};
    use crate::model::partner::Mode;

    const NOW: i64 = 1_795_403_328;

    fn acme() -> PartnerId {
        "acme".parse().unwrap()
    }

    #[test]
    fn a_click_is_read_back_by_its_partner_in_its_world_and_time() {
        let keys = Keys::new([(1, [1; 32]), (2, [2; 32])]);
        let japan = "JP".parse().ok();
        let id = keys.sign(&acme(), Mode::Live, OfferId::new(7), japan.as_ref(), NOW, 9).unwrap();
        assert_eq!(id.len(), 72);
        let click = keys.read(&id, &acme(), Mode::Live, NOW + 60).unwrap();
        assert_eq!((click.offer.number(), click.country.clone(), click.at_s), (7, japan, NOW));
        let read = |partner: &str, mode, now| keys.read(&id, &partner.parse().unwrap(), mode, now).unwrap_err();
        assert_eq!(read("bolt", Mode::Live, NOW), NotAClick::Foreign);
        assert_eq!(read("acme", Mode::Sandbox, NOW), NotAClick::Foreign);
        assert_eq!(read("acme", Mode::Live, NOW + GOOD_FOR_S + 1), NotAClick::Expired);
        assert_eq!(read("acme", Mode::Live, NOW - 3_600), NotAClick::Expired);
        let nowhere = keys.sign(&acme(), Mode::Live, OfferId::new(7), None, NOW, 9).unwrap();
        assert_eq!(keys.read(&nowhere, &acme(), Mode::Live, NOW).unwrap().country, None);
    }

    #[test]
    fn nobody_can_invent_or_alter_one_and_older_keys_are_still_good() {
        let old = Keys::new([(1, [1; 32])]);
        let id = old.sign(&acme(), Mode::Live, OfferId::new(7), None, NOW, 9).unwrap();
        assert!(Keys::new([(1, [1; 32]), (2, [2; 32])]).read(&id, &acme(), Mode::Live, NOW).is_ok());
        let other = Keys::new([(1, [3; 32])]);
        assert_eq!(other.read(&id, &acme(), Mode::Live, NOW), Err(NotAClick::Unsigned));
        for at in 0..id.len() {
            let swapped = if &id[at..=at] == "A" { "B" } else { "A" };
            let altered = format!("{}{swapped}{}", &id[..at], &id[at + 1..]);
            assert!(altered == id || old.read(&altered, &acme(), Mode::Live, NOW).is_err(), "{at}");
        }
        for invented in ["", "x", "%%%", &id[1..], &format!("{id}A")] {
            assert_eq!(old.read(invented, &acme(), Mode::Live, NOW), Err(NotAClick::Unsigned), "{invented}");
        }
    }
}

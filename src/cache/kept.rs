//! A kept document with the times of its life, and the envelope it has in Redis.

use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::cache::freshness::Kind;
use crate::cache::key::Key;

/// Changes whenever the envelope's layout or the meaning of documents does; older ones then read as foreign.
const MAGIC: &[u8; 4] = b"xyk1";
const CHECK_BYTES: usize = 8;
const HEAD_BYTES: usize = MAGIC.len() + CHECK_BYTES + 1 + 4 * 8;

/// What is known: a document, or that there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// The catalogue's document.
    Document(Bytes),
    /// The catalogue said that there is no such thing.
    Absent,
}

/// A kept document. Times are milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What is known.
    pub content: Content,
    /// When it was fetched.
    pub fetched_at_ms: i64,
    /// Until then it is shown without asking anyone.
    pub soft_until_ms: i64,
    /// Until then it is shown while it is refreshed.
    pub revalidate_until_ms: i64,
    /// Until then it is shown when the catalogue is down.
    pub error_until_ms: i64,
}

/// Where in its life a kept document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    Fresh,
    Revalidate,
    OnlyIfError,
    Dead,
}

impl Kept {
    /// A document that was fetched now; its soft time differs by up to a tenth from key to key and moment to moment,
    /// so that what was fetched together does not expire together.
    pub(super) fn now(kind: Kind, key: &Key, content: Content, now_ms: i64) -> Self {
        let row = kind.freshness();
        let (soft_s, revalidate_s, error_s) = match content {
            Content::Document(_) => (row.soft_s, row.revalidate_s, row.if_error_s),
            Content::Absent => (row.absent_s, 0, 0),
        };
        let soft_until_ms = now_ms + jittered(i64::from(soft_s) * 1000, key, now_ms);
        let revalidate_until_ms = soft_until_ms + i64::from(revalidate_s) * 1000;
        let error_until_ms = revalidate_until_ms + i64::from(error_s) * 1000;
        Self { content, fetched_at_ms: now_ms, soft_until_ms, revalidate_until_ms, error_until_ms }
    }

    pub(super) fn age(&self, now_ms: i64) -> Age {
        // A clock that was set back makes nothing immortal.
        if now_ms < self.fetched_at_ms - 60_000 {
            Age::Dead
        } else if now_ms < self.soft_until_ms {
            Age::Fresh
        } else if now_ms < self.revalidate_until_ms {
            Age::Revalidate
        } else if now_ms < self.error_until_ms {
            Age::OnlyIfError
        } else {
            Age::Dead
        }
    }

    /// The same document, asked for again only after a pause: the catalogue is down.
    pub(super) fn paused(&self, now_ms: i64, pause_ms: i64) -> Self {
        Self { soft_until_ms: now_ms + pause_ms, ..self.clone() }
    }

    pub(super) fn weight(&self) -> usize {
        match &self.content {
            Content::Document(bytes) => bytes.len(),
            Content::Absent => 0,
        }
    }

    /// The envelope: magic, check over key and rest, kind of content, four times, document.
    pub(super) fn encode(&self, key: &Key) -> Vec<u8> {
        let (mark, body): (u8, &[u8]) = match &self.content {
            Content::Document(bytes) => (1, bytes),
            Content::Absent => (0, b""),
        };
        let mut out = Vec::with_capacity(HEAD_BYTES + body.len());
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&[0; CHECK_BYTES]);
        out.push(mark);
        for time in [self.fetched_at_ms, self.soft_until_ms, self.revalidate_until_ms, self.error_until_ms] {
            out.extend_from_slice(&time.to_be_bytes());
        }
        out.extend_from_slice(body);
        let check = check(key, out.get(MAGIC.len() + CHECK_BYTES..).unwrap_or_default());
        if let Some(place) = out.get_mut(MAGIC.len()..MAGIC.len() + CHECK_BYTES) {
            place.copy_from_slice(&check);
        }
        out
    }

    /// Reads an envelope; foreign, truncated or altered bytes, and those of another key, give `None`.
    pub(super) fn decode(key: &Key, envelope: Bytes) -> Option<Self> {
        let rest = envelope.strip_prefix(MAGIC)?;
        let (found, rest) = rest.split_first_chunk::<CHECK_BYTES>()?;
        if *found != check(key, rest) {
            return None;
        }
        let (mark, mut rest) = rest.split_first()?;
        let mut times = [0; 4];
        for time in &mut times {
            let (bytes, after) = rest.split_first_chunk::<8>()?;
            *time = i64::from_be_bytes(*bytes);
            rest = after;
        }
        let content = match mark {
            1 => Content::Document(envelope.slice_ref(rest)),
            0 => Content::Absent,
            _ => return None,
        };
        let [fetched_at_ms, soft_until_ms, revalidate_until_ms, error_until_ms] = times;
        Some(Self { content, fetched_at_ms, soft_until_ms, revalidate_until_ms, error_until_ms })
    }
}

fn check(key: &Key, rest: &[u8]) -> [u8; CHECK_BYTES] {
    let hash = Sha256::new_with_prefix(key.bytes()).chain_update(rest).finalize();
    let mut check = [0; CHECK_BYTES];
    check.iter_mut().zip(hash.iter()).for_each(|(to, from)| *to = *from);
    check
}

fn jittered(span_ms: i64, key: &Key, now_ms: i64) -> i64 {
    let mut hasher = DefaultHasher::new();
    (key, now_ms).hash(&mut hasher);
    let thousandths = i64::try_from(hasher.finish() % 201).unwrap_or(100) - 100;
    span_ms + span_ms * thousandths / 1000
}

#[cfg(test)]
mod tests {
    use super::{Age, Content, Kept};
    use crate::cache::freshness::Kind;
    use crate::cache::key::Key;
    use bytes::Bytes;

    fn key(id: i64) -> Key {
        Key::of(Kind::Offer).number(id).finish()
    }

    fn kept(content: Content) -> Kept {
        Kept::now(Kind::Offer, &key(1), content, 1_000_000)
    }

    #[test]
    fn a_life_has_four_parts_with_a_soft_time_that_differs_by_a_tenth() {
        let row = Kind::Offer.freshness();
        let soft = i64::from(row.soft_s) * 1000;
        for moment in 0..50 {
            let kept = Kept::now(Kind::Offer, &key(moment), Content::Document(Bytes::new()), moment);
            assert!((kept.soft_until_ms - moment - soft).abs() <= soft / 10);
        }
        let kept = kept(Content::Document(Bytes::new()));
        assert_eq!(kept.age(kept.soft_until_ms - 1), Age::Fresh);
        assert_eq!(kept.age(kept.soft_until_ms), Age::Revalidate);
        assert_eq!(kept.age(kept.revalidate_until_ms), Age::OnlyIfError);
        assert_eq!(kept.age(kept.error_until_ms), Age::Dead);
        assert_eq!(kept.age(0), Age::Dead, "fetched in the future");
    }

    #[test]
    fn absence_is_believed_shortly_and_never_shown_stale() {
        let kept = kept(Content::Absent);
        assert_eq!(kept.age(kept.soft_until_ms), Age::Dead);
        assert!(kept.soft_until_ms - kept.fetched_at_ms <= i64::from(Kind::Offer.freshness().absent_s) * 1100);
    }

    #[test]
    fn an_envelope_is_read_back_only_whole_and_under_its_own_key() {
        for content in [Content::Document(Bytes::from_static(b"{\"a\":1}")), Content::Absent] {
            let kept = kept(content);
            let envelope = kept.encode(&key(1));
            assert_eq!(Kept::decode(&key(1), envelope.clone().into()), Some(kept));
            assert_eq!(Kept::decode(&key(2), envelope.clone().into()), None, "of another key");
            for cut in 0..envelope.len() {
                assert_eq!(Kept::decode(&key(1), Bytes::copy_from_slice(&envelope[..cut])), None, "cut at {cut}");
            }
            for at in 0..envelope.len() {
                let mut altered = envelope.clone();
                altered[at] ^= 1;
                assert_eq!(Kept::decode(&key(1), altered.into()), None, "altered at {at}");
            }
        }
        assert_eq!(Kept::decode(&key(1), Bytes::from_static(b"hello")), None);
    }
}

//! A kept document with the times of its life, its packed form, and the envelope it has in Redis.

use std::cell::RefCell;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use bytes::Bytes;
use flate2::Crc;
use zstd::bulk::{Compressor, Decompressor};

use crate::cache::freshness::Kind;
use crate::cache::key::Key;
use crate::cache::moves::{Heard, Position};
use crate::cache::parts::{Pack, Packing};
use crate::cache::tag::Tag;

/// Changes whenever the envelope's layout or the meaning of documents does; older ones then read as foreign.
const MAGIC: &[u8; 4] = b"xyk3";
const CHECK_BYTES: usize = 8;
const HEAD_BYTES: usize = MAGIC.len() + CHECK_BYTES + 1 + 5 * 8 + 4 + 4 + 2;
/// Smaller documents are not worth compressing.
const WORTH_BYTES: usize = 512;
const LEVEL: i32 = 3;
/// Rough share of memory an entry takes beside its bytes.
const OVERHEAD_BYTES: usize = 200;
/// No document is larger; whatever says that it is, is damaged.
const LARGEST_BYTES: usize = 64 << 20;

thread_local! {
    // To make one costs more than to use it.
    static PRESS: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static OPENER: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// What is known: a document, or that there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// The catalogue's document.
    Plain(Bytes),
    /// The same, compressed.
    Packed {
        /// Zstandard.
        bytes: Bytes,
        /// How long it is when unpacked.
        length: u32,
    },
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
    /// What it is about.
    pub(super) tags: Arc<[Tag]>,
    /// What had been heard of when it was fetched.
    pub(super) heard: Heard,
    /// How long the fetch took.
    pub(super) took_ms: u32,
    /// Until then it stands in for the catalogue, which was asked in vain.
    pub(super) stands_in_until_ms: i64,
}

/// Where in its life a kept document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Age {
    Fresh,
    Revalidate,
    OnlyIfError,
    Dead,
}

impl Content {
    /// A document as it came.
    pub(super) fn of(document: &Bytes) -> Self {
        // A copy of its own length: what came off the wire may sit in a larger buffer than is weighed.
        Self::Plain(Bytes::copy_from_slice(document))
    }

    /// The same, compressed if that makes it smaller.
    pub(super) fn packed(&self) -> Self {
        match self {
            Self::Plain(document) => match packed(document) {
                Some((bytes, length)) => Self::Packed { bytes, length },
                None => self.clone(),
            },
            other => other.clone(),
        }
    }

    /// The document; `None` when there is none.
    pub fn document(&self) -> Option<Bytes> {
        match self {
            Self::Plain(bytes) => Some(bytes.clone()),
            Self::Packed { bytes, length } => unpacked(bytes, *length),
            Self::Absent => None,
        }
    }

    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Plain(bytes) | Self::Packed { bytes, .. } => bytes.len(),
            Self::Absent => 0,
        }
    }
}

/// Bytes compressed, and how long they were; none when that is not worth it.
pub(super) fn packed(plain: &[u8]) -> Option<(Bytes, u32)> {
    if plain.len() < WORTH_BYTES || plain.len() > LARGEST_BYTES {
        return None;
    }
    let bytes = PRESS.with_borrow_mut(|press| {
        let press = match press {
            Some(press) => press,
            None => press.insert(Compressor::new(LEVEL).ok()?),
        };
        press.compress(plain).ok()
    });
    let bytes = bytes.filter(|bytes| bytes.len() < plain.len() / 10 * 9)?;
    // The compressor's buffer is as large as the worst case.
    Some((Bytes::from(bytes.into_boxed_slice()), u32::try_from(plain.len()).ok()?))
}

/// What was compressed.
pub(super) fn unpacked(bytes: &[u8], length: u32) -> Option<Bytes> {
    let length = usize::try_from(length).ok().filter(|length| *length <= LARGEST_BYTES)?;
    OPENER.with_borrow_mut(|opener| {
        let opener = match opener {
            Some(opener) => opener,
            None => opener.insert(Decompressor::new().ok()?),
        };
        opener.decompress(bytes, length).ok().map(Bytes::from)
    })
}

impl Pack for Kept {
    type Packed = Kept;

    /// Every document is worth its place: to fetch it again costs more than to pack it.
    fn pack(&self, _: Option<&Kept>) -> Packing<Kept> {
        Packing::Put(self.packed())
    }

    fn weight(&self) -> usize {
        self.content.weight() + self.tags.len() * size_of::<Tag>() + size_of::<Self>() + OVERHEAD_BYTES
    }

    fn packed_weight(packed: &Kept) -> usize {
        packed.weight()
    }
}

impl Kept {
    /// A document that was fetched now; its soft time differs by up to a tenth from key to key and moment to moment,
    /// so that what was fetched together does not expire together.
    pub(super) fn now(kind: Kind, key: &Key, content: Content, now_ms: i64) -> Self {
        let row = kind.freshness();
        let (soft_s, revalidate_s, error_s) = match content {
            Content::Absent => (row.absent_s, 0, 0),
            _ => (row.soft_s, row.revalidate_s, row.if_error_s),
        };
        let soft_until_ms = now_ms + jittered(i64::from(soft_s) * 1000, key, now_ms);
        let revalidate_until_ms = soft_until_ms + i64::from(revalidate_s) * 1000;
        let error_until_ms = revalidate_until_ms + i64::from(error_s) * 1000;
        Self {
            content,
            fetched_at_ms: now_ms,
            soft_until_ms,
            revalidate_until_ms,
            error_until_ms,
            tags: Arc::default(),
            heard: Heard::default(),
            took_ms: 0,
            stands_in_until_ms: 0,
        }
    }

    pub(super) fn age(&self, now_ms: i64) -> Age {
        // A clock that was set back makes nothing immortal.
        if now_ms < self.fetched_at_ms - 60_000 {
            Age::Dead
        } else if now_ms < self.soft_until_ms.max(self.stands_in_until_ms) {
            Age::Fresh
        } else if now_ms < self.revalidate_until_ms {
            Age::Revalidate
        } else if now_ms < self.error_until_ms {
            Age::OnlyIfError
        } else {
            Age::Dead
        }
    }

    /// The same document, compressed if that makes it smaller.
    pub(super) fn packed(&self) -> Self {
        Self { content: self.content.packed(), ..self.clone() }
    }

    /// The same document, asked for again only after a pause: the catalogue is down.
    pub(super) fn standing_in(&self, now_ms: i64, pause_ms: i64) -> Self {
        Self { stands_in_until_ms: now_ms + pause_ms, ..self.clone() }
    }

    /// Whether it is shown for want of a better one.
    pub(super) fn stands_in(&self, now_ms: i64) -> bool {
        (self.soft_until_ms..self.stands_in_until_ms).contains(&now_ms)
    }

    /// The envelope: magic, check over key and rest, kind of content, four times, place in the stream of moves, how long
    /// the fetch took, length when unpacked, tags, document.
    pub(super) fn encode(&self, key: &Key) -> Vec<u8> {
        let (mark, length, body): (u8, u32, &[u8]) = match &self.content {
            Content::Absent => (0, 0, b""),
            Content::Plain(bytes) => (1, 0, bytes),
            Content::Packed { bytes, length } => (2, *length, bytes),
        };
        let tags = self.tags.get(..self.tags.len().min(usize::from(u16::MAX))).unwrap_or_default();
        let mut out = Vec::with_capacity(HEAD_BYTES + 8 * tags.len() + body.len());
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&[0; CHECK_BYTES]);
        out.push(mark);
        for time in [self.fetched_at_ms, self.soft_until_ms, self.revalidate_until_ms, self.error_until_ms] {
            out.extend_from_slice(&time.to_be_bytes());
        }
        out.extend_from_slice(&self.heard.shared.0.to_be_bytes());
        out.extend_from_slice(&self.took_ms.to_be_bytes());
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&(tags.len() as u16).to_be_bytes());
        tags.iter().for_each(|tag| out.extend_from_slice(&tag.0.to_be_bytes()));
        out.extend_from_slice(body);
        let check = check(key, out.get(MAGIC.len() + CHECK_BYTES..).unwrap_or_default());
        if let Some(place) = out.get_mut(MAGIC.len()..MAGIC.len() + CHECK_BYTES) {
            place.copy_from_slice(&check);
        }
        out
    }

    /// Reads an envelope; foreign, truncated or altered bytes, and those of another key, give `None`. What this process
    /// had heard of, its reader has to say.
    pub(super) fn decode(key: &Key, envelope: Bytes) -> Option<Self> {
        let rest = envelope.strip_prefix(MAGIC)?;
        let (found, rest) = rest.split_first_chunk::<CHECK_BYTES>()?;
        if *found != check(key, rest) {
            return None;
        }
        let mut rest = rest;
        let [mark] = taken(&mut rest)?;
        let mut times = [0; 4];
        for time in &mut times {
            *time = i64::from_be_bytes(taken(&mut rest)?);
        }
        let shared = Position(u64::from_be_bytes(taken(&mut rest)?));
        let took_ms = u32::from_be_bytes(taken(&mut rest)?);
        let length = u32::from_be_bytes(taken(&mut rest)?);
        let count = u16::from_be_bytes(taken(&mut rest)?);
        let tags: Option<_> = (0..count).map(|_| taken(&mut rest).map(u64::from_be_bytes).map(Tag)).collect();
        let content = match mark {
            0 => Content::Absent,
            1 => Content::Plain(envelope.slice_ref(rest)),
            2 => Content::Packed { bytes: envelope.slice_ref(rest), length },
            _ => return None,
        };
        let [fetched_at_ms, soft_until_ms, revalidate_until_ms, error_until_ms] = times;
        Some(Self {
            content,
            fetched_at_ms,
            soft_until_ms,
            revalidate_until_ms,
            error_until_ms,
            tags: tags?,
            heard: Heard { own: 0, shared },
            took_ms,
            stands_in_until_ms: 0,
        })
    }
}

/// The next bytes, if there are so many.
fn taken<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*bytes)
}

/// Length and CRC-32: they tell of accidents. Whoever may write to Redis on purpose is trusted, with any check.
fn check(key: &Key, rest: &[u8]) -> [u8; CHECK_BYTES] {
    let mut crc = Crc::new();
    crc.update(key.bytes());
    crc.update(rest);
    let length = u64::try_from(rest.len()).unwrap_or(u64::MAX);
    (length << 32 | u64::from(crc.sum())).to_be_bytes()
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
    use crate::cache::moves::{Heard, Position};
    use crate::cache::tag::Tag;
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
            let kept = Kept::now(Kind::Offer, &key(moment), Content::Plain(Bytes::new()), moment);
            assert!((kept.soft_until_ms - moment - soft).abs() <= soft / 10);
        }
        let kept = kept(Content::Plain(Bytes::new()));
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
    fn a_large_document_is_kept_small_and_read_as_it_was() {
        let large = Bytes::from("{\"花盆\": \"植木鉢\"}".repeat(200));
        let content = Content::of(&large).packed();
        assert!(content.weight() < large.len() / 4 && matches!(content, Content::Packed { .. }));
        assert_eq!(content.document(), Some(large));
        let small = Bytes::from_static(b"{}");
        assert_eq!(Content::of(&small).packed(), Content::Plain(small.clone()));
        assert_eq!(Content::Packed { bytes: small, length: 100 }.document(), None, "damaged");
        assert_eq!(Content::Absent.document(), None);
    }

    #[test]
    fn an_envelope_is_read_back_only_whole_and_under_its_own_key() {
        let packed = Content::of(&Bytes::from("{\"a\":1}".repeat(100))).packed();
        for content in [Content::Plain(Bytes::from_static(b"{\"a\":1}")), packed, Content::Absent] {
            let mut kept = kept(content);
            kept.tags = [Tag(7), Tag(u64::MAX)].into();
            kept.heard = Heard { own: 0, shared: Position::parse("1700000000000-3").unwrap() };
            kept.took_ms = 31;
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

//! A rendered answer: bytes, strong ETag, how long it may be kept, compressed variants that are made once, and its packed
//! form.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use actix_web::http::header::HeaderValue;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::cache::freshness::Kind;
use crate::cache::kept::{Content, Kept};
use crate::cache::key::Key;
use crate::cache::moves::Moves;
use crate::cache::parts::{Held, Pack, Packing};
use crate::cache::tag::Tag;
use crate::edge::encoding::{Encoding, WORTH_BYTES};

/// Rough share of memory an entry takes beside its bytes.
const OVERHEAD_BYTES: usize = 320;

/// When and of what an answer was made; shared by its packed and its open form.
#[derive(Debug)]
pub(super) struct Life {
    pub kind: Kind,
    /// The document it shows.
    pub document: Key,
    pub fetched_at_ms: i64,
    pub soft_until_ms: i64,
    pub error_until_ms: i64,
    pub stands_in_until_ms: i64,
    pub took_ms: u32,
    tags: Arc<[Tag]>,
    /// What this process had heard of when the document was fetched.
    pub own: u64,
    /// Up to here it is known that nothing of it moved.
    looked_up: AtomicU64,
}

impl Life {
    pub fn of(kind: Kind, document: &Key, kept: &Kept) -> Self {
        Self {
            kind,
            document: document.clone(),
            fetched_at_ms: kept.fetched_at_ms,
            soft_until_ms: kept.soft_until_ms,
            error_until_ms: kept.error_until_ms,
            stands_in_until_ms: kept.stands_in_until_ms,
            took_ms: kept.took_ms,
            tags: Arc::clone(&kept.tags),
            own: kept.heard.own,
            looked_up: AtomicU64::new(kept.heard.own),
        }
    }

    /// Whether it shows this very document.
    pub fn shows(&self, kept: &Kept) -> bool {
        (self.fetched_at_ms, self.own) == (kept.fetched_at_ms, kept.heard.own)
    }

    /// Whether its times are those of this document, too.
    pub fn lives_like(&self, kept: &Kept) -> bool {
        (self.soft_until_ms, self.stands_in_until_ms) == (kept.soft_until_ms, kept.stands_in_until_ms)
    }

    /// Whether something it shows has moved. Costs nothing as long as nothing at all moved since it was asked last.
    pub fn fell(&self, moves: &Moves) -> bool {
        let newest = moves.newest();
        if self.looked_up.load(Ordering::Acquire) == newest {
            return false;
        }
        if moves.moved_since(&self.tags, self.own) {
            return true;
        }
        self.looked_up.store(newest, Ordering::Release);
        false
    }
}

/// An answer as it is sent.
#[derive(Debug)]
pub struct Rendered {
    /// The body as it is.
    pub bytes: Bytes,
    /// Strong entity tag of the body as it is, quoted, ready to be sent.
    pub etag: HeaderValue,
    /// When the document it shows was fetched, milliseconds since 1970.
    pub fetched_at_ms: i64,
    pub(super) life: Arc<Life>,
    compressible: bool,
    variants: [OnceLock<Option<Variant>>; 3],
    /// Whether it was asked for more than once, so that it is worth its room.
    wanted: AtomicBool,
}

/// The body in a content coding.
#[derive(Clone, Debug)]
pub struct Variant {
    /// The encoded body.
    pub bytes: Bytes,
    /// Its own strong entity tag (RFC 9110 §8.8.3.3), quoted, ready to be sent.
    pub etag: HeaderValue,
}

/// An answer that takes little room.
#[derive(Debug)]
pub(super) struct Packed {
    content: Content,
    etag: Box<str>,
    pub life: Arc<Life>,
    /// Whether it was opened before.
    opened: AtomicBool,
}

impl Packed {
    /// The answer in its small form; pictures cannot be made smaller.
    fn of(answer: &Rendered) -> Self {
        let plain = Content::Plain(answer.bytes.clone());
        Self {
            content: if answer.life.kind == Kind::Picture { plain } else { plain.packed() },
            etag: text_of(&answer.etag).into(),
            life: Arc::clone(&answer.life),
            opened: AtomicBool::new(false),
        }
    }

    /// The answer as it is sent.
    pub fn open(&self) -> Option<Rendered> {
        let etag = HeaderValue::from_str(&self.etag).ok()?;
        let open = Rendered::with(Arc::clone(&self.life), self.content.document()?, etag, true);
        if let (Content::Packed { bytes, .. }, [.., zstd]) = (&self.content, &open.variants) {
            // What is kept is one of the variants.
            let variant = if open.compressible { open.variant_of(bytes.clone(), "zstd") } else { None };
            let _ = zstd.set(variant);
        }
        Some(open)
    }

    /// Whether it is wanted again: what was asked for once is not worth a place among the hottest.
    pub fn is_wanted_again(&self) -> bool {
        self.opened.swap(true, Ordering::Relaxed)
    }
}

impl Pack for Rendered {
    type Packed = Packed;

    /// What was asked for once is made again from its document if anybody ever asks again.
    fn pack(&self, before: Option<&Packed>) -> Packing<Packed> {
        match before {
            Some(before) if Arc::ptr_eq(&before.life, &self.life) => Packing::There,
            _ if self.wanted.load(Ordering::Relaxed) => Packing::Put(Packed::of(self)),
            _ => Packing::Drop,
        }
    }

    fn weight(&self) -> usize {
        let variants = if self.compressible { self.bytes.len() } else { 0 };
        self.bytes.len() + variants + OVERHEAD_BYTES
    }

    fn packed_weight(packed: &Packed) -> usize {
        packed.content.weight() + OVERHEAD_BYTES
    }
}

impl Held<Rendered> {
    /// When and of what it was made.
    pub fn life(&self) -> &Arc<Life> {
        match self {
            Self::Open(open) => &open.life,
            Self::Packed(packed) => &packed.life,
        }
    }
}

impl Rendered {
    /// The answer that shows a document; `wanted`: it is not asked for the first time.
    pub(super) fn new(life: Arc<Life>, bytes: Bytes, wanted: bool) -> Self {
        let etag = tag(&bytes);
        Self::with(life, bytes, etag, wanted)
    }

    /// The answer under a tag that was made before.
    pub(super) fn tagged(life: Arc<Life>, bytes: Bytes, etag: HeaderValue) -> Self {
        Self::with(life, bytes, etag, true)
    }

    /// The same bytes under other times.
    pub(super) fn under(&self, life: Arc<Life>) -> Self {
        let again = Self::with(life, self.bytes.clone(), self.etag.clone(), true);
        Self { variants: self.variants.clone(), ..again }
    }

    /// Notes that it was asked for once more.
    pub(super) fn want(&self) {
        // Mostly it is known: then nothing is written where other threads read.
        if !self.wanted.load(Ordering::Relaxed) {
            self.wanted.store(true, Ordering::Relaxed);
        }
    }

    fn with(life: Arc<Life>, bytes: Bytes, etag: HeaderValue, wanted: bool) -> Self {
        Self {
            wanted: AtomicBool::new(wanted),
            etag,
            fetched_at_ms: life.fetched_at_ms,
            compressible: life.kind != Kind::Picture && bytes.len() >= WORTH_BYTES,
            variants: [OnceLock::new(), OnceLock::new(), OnceLock::new()],
            bytes,
            life,
        }
    }

    /// The body in this coding; `None` when it is not worth it (then it is sent as it is). Made on first use.
    pub fn variant(&self, encoding: Encoding) -> Option<&Variant> {
        let place = match encoding {
            Encoding::Gzip => self.variants.first(),
            Encoding::Brotli => self.variants.get(1),
            Encoding::Zstd => self.variants.get(2),
            Encoding::Identity => None,
        }?;
        if !self.compressible {
            return None;
        }
        let make = || {
            let bytes: Bytes = encoding.encode(&self.bytes)?.into_boxed_slice().into();
            let name = encoding.name()?;
            if bytes.len() < self.bytes.len() { self.variant_of(bytes, name) } else { None }
        };
        place.get_or_init(make).as_ref()
    }

    fn variant_of(&self, bytes: Bytes, coding: &str) -> Option<Variant> {
        let etag = format!("\"{}-{coding}\"", text_of(&self.etag).trim_matches('"'));
        Some(Variant { bytes, etag: HeaderValue::try_from(etag).ok()? })
    }

    /// What it is a picture of, a page of, …: says how long a caller may keep it.
    pub fn kind(&self) -> Kind {
        self.life.kind
    }

    /// Whether the body is sent differently to callers who accept other codings.
    pub fn varies(&self) -> bool {
        self.compressible
    }

    /// Seconds since the document was fetched.
    pub fn age_s(&self, now_ms: i64) -> u64 {
        u64::try_from((now_ms - self.fetched_at_ms) / 1000).unwrap_or(0)
    }

    /// Whether it is shown for want of a newer one: the catalogue was asked in vain.
    pub fn stands_in(&self, now_ms: i64) -> bool {
        (self.life.soft_until_ms..self.life.stands_in_until_ms).contains(&now_ms)
    }

    /// Seconds until the document is asked for again; negative when that is past.
    pub fn left_s(&self, now_ms: i64) -> i64 {
        (self.life.soft_until_ms - now_ms).div_euclid(1000)
    }
}

/// The strong entity tag of a body.
fn tag(bytes: &[u8]) -> HeaderValue {
    let hash = Sha256::digest(bytes);
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(hash.get(..16).unwrap_or(&hash)));
    // Letters of base64 can stand in a field.
    HeaderValue::try_from(tag).unwrap_or(HeaderValue::from_static("\"\""))
}

fn text_of(tag: &HeaderValue) -> &str {
    tag.to_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Life, Packed, Rendered};
    use crate::cache::freshness::Kind;
    use crate::cache::kept::{Content, Kept};
    use crate::cache::key::Key;
    use crate::cache::parts::{Pack, Packing};
    use crate::edge::encoding::Encoding;
    use actix_web::http::header::HeaderValue;
    use bytes::Bytes;
    use std::io::Read;
    use std::sync::Arc;

    fn rendered(kind: Kind, bytes: Vec<u8>) -> Rendered {
        let key = Key::of(kind).finish();
        let kept = Kept::now(kind, &key, Content::Absent, 5_000);
        Rendered::new(Arc::new(Life::of(kind, &key, &kept)), Bytes::from(bytes), false)
    }

    fn gunzipped(bytes: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
        plain
    }

    #[test]
    fn variants_are_made_once_and_have_tags_of_their_own() {
        let body = "花盆 ".repeat(500).into_bytes();
        let answer = rendered(Kind::Offer, body.clone());
        let first = answer.variant(Encoding::Gzip).unwrap();
        assert_eq!(first.bytes.as_ptr(), answer.variant(Encoding::Gzip).unwrap().bytes.as_ptr());
        assert_eq!(gunzipped(&first.bytes), body);
        let tags = [&answer.etag, &first.etag, &answer.variant(Encoding::Brotli).unwrap().etag];
        let quoted = |tag: &&HeaderValue| tag.as_bytes().starts_with(b"\"") && tag.as_bytes().ends_with(b"\"");
        assert!(tags.iter().all(quoted));
        assert!(tags[0] != tags[1] && tags[1] != tags[2]);
        assert!(answer.variant(Encoding::Identity).is_none());
    }

    #[test]
    fn a_packed_answer_opens_as_it_was_in_every_coding() {
        for (kind, body) in [
            (Kind::Offer, "花盆 ".repeat(500).into_bytes()),
            (Kind::Offer, b"{}".to_vec()),
            (Kind::Picture, vec![7; 5_000]),
        ] {
            let answer = rendered(kind, body.clone());
            let packed = Packed::of(&answer);
            let open = packed.open().unwrap();
            assert_eq!((&open.bytes, &open.etag, open.varies()), (&answer.bytes, &answer.etag, answer.varies()));
            for coding in [Encoding::Zstd, Encoding::Gzip, Encoding::Brotli] {
                let [was, is] = [&answer, &open].map(|one| one.variant(coding));
                assert_eq!(was.map(|v| &v.etag), is.map(|v| &v.etag));
            }
            if let Some(variant) = open.variant(Encoding::Zstd) {
                assert_eq!(zstd::bulk::decompress(&variant.bytes, 1 << 20).unwrap(), body);
                assert!(Rendered::packed_weight(&packed) < answer.weight() / 2);
            }
        }
    }

    #[test]
    fn only_what_is_asked_for_again_is_packed_and_only_once() {
        let answer = rendered(Kind::Offer, "花盆 ".repeat(500).into_bytes());
        assert!(matches!(answer.pack(None), Packing::Drop));
        answer.want();
        let Packing::Put(packed) = answer.pack(None) else { panic!("it is wanted") };
        assert!(matches!(answer.pack(Some(&packed)), Packing::There));
        let open = packed.open().unwrap();
        assert!(matches!(open.pack(Some(&packed)), Packing::There), "opened, it is the same");
        let key = Key::of(Kind::Offer).finish();
        let kept = Kept::now(Kind::Offer, &key, Content::Absent, 9_000);
        let later = open.under(Arc::new(Life::of(Kind::Offer, &key, &kept)));
        assert!(matches!(later.pack(Some(&packed)), Packing::Put(_)), "under other times it is not");
    }

    #[test]
    fn small_answers_and_pictures_are_sent_as_they_are() {
        assert!(rendered(Kind::Offer, b"{}".to_vec()).variant(Encoding::Gzip).is_none());
        assert!(rendered(Kind::Picture, vec![0; 9000]).variant(Encoding::Brotli).is_none());
    }

    #[test]
    fn tags_tell_bytes_apart_and_age_counts_from_the_fetch() {
        let one = rendered(Kind::Offer, b"a".to_vec());
        assert_ne!(one.etag, rendered(Kind::Offer, b"b".to_vec()).etag);
        assert_eq!(one.etag, rendered(Kind::Search, b"a".to_vec()).etag);
        assert_eq!((one.age_s(7_999), one.age_s(0)), (2, 0));
    }
}

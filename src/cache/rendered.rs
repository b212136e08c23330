//! A rendered answer: bytes, strong ETag, how long it may be kept, and compressed variants that are made once.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::cache::freshness::Kind;
use crate::cache::kept::Kept;
use crate::edge::encoding::{Encoding, WORTH_BYTES};

/// Rough share of memory an entry takes beside its bytes.
const OVERHEAD_BYTES: usize = 320;

/// An answer as it is sent.
#[derive(Debug)]
pub struct Rendered {
    /// The body as it is.
    pub bytes: Bytes,
    /// Strong entity tag of the body as it is, quoted.
    pub etag: Box<str>,
    /// When the document it shows was fetched, milliseconds since 1970.
    pub fetched_at_ms: i64,
    /// Seconds a caller may keep it from the moment it was fetched.
    pub max_age_s: u32,
    /// Seconds more a caller may show it while asking again.
    pub swr_s: u32,
    pub(super) soft_until_ms: i64,
    compressible: bool,
    variants: [OnceLock<Option<Variant>>; 3],
}

/// The body in a content coding.
#[derive(Clone, Debug)]
pub struct Variant {
    /// The encoded body.
    pub bytes: Bytes,
    /// Its own strong entity tag (RFC 9110 §8.8.3.3), quoted.
    pub etag: Box<str>,
}

impl Rendered {
    /// The answer that shows this document.
    pub fn new(kind: Kind, kept: &Kept, bytes: Bytes) -> Self {
        let row = kind.freshness();
        Self {
            etag: format!("\"{}\"", tag(&bytes)).into(),
            fetched_at_ms: kept.fetched_at_ms,
            max_age_s: row.soft_s,
            swr_s: row.revalidate_s,
            soft_until_ms: kept.soft_until_ms,
            compressible: kind != Kind::Picture && bytes.len() >= WORTH_BYTES,
            variants: [OnceLock::new(), OnceLock::new(), OnceLock::new()],
            bytes,
        }
    }

    /// The same bytes under the times of another document that looks the same.
    pub(super) fn under(&self, kept: &Kept) -> Self {
        Self {
            bytes: self.bytes.clone(),
            etag: self.etag.clone(),
            fetched_at_ms: kept.fetched_at_ms,
            max_age_s: self.max_age_s,
            swr_s: self.swr_s,
            soft_until_ms: kept.soft_until_ms,
            compressible: self.compressible,
            variants: self.variants.clone(),
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
            let bytes: Bytes = encoding.encode(&self.bytes)?.into();
            let etag = format!("\"{}-{}\"", self.etag.trim_matches('"'), encoding.name()?).into();
            (bytes.len() < self.bytes.len()).then_some(Variant { bytes, etag })
        };
        place.get_or_init(make).as_ref()
    }

    /// Whether the body is sent differently to callers who accept other codings.
    pub fn varies(&self) -> bool {
        self.compressible
    }

    /// Seconds since the document was fetched.
    pub fn age_s(&self, now_ms: i64) -> u64 {
        u64::try_from((now_ms - self.fetched_at_ms) / 1000).unwrap_or(0)
    }

    /// Bytes it takes at most, variants included.
    pub(super) fn weight(&self) -> usize {
        let variants = if self.compressible { self.bytes.len() } else { 0 };
        self.bytes.len() + variants + OVERHEAD_BYTES
    }
}

fn tag(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    URL_SAFE_NO_PAD.encode(hash.get(..16).unwrap_or(&hash))
}

#[cfg(test)]
mod tests {
    use super::Rendered;
    use crate::cache::freshness::Kind;
    use crate::cache::kept::{Content, Kept};
    use crate::cache::key::Key;
    use crate::edge::encoding::Encoding;
    use bytes::Bytes;
    use std::io::Read;

    fn rendered(kind: Kind, bytes: Vec<u8>) -> Rendered {
        let key = Key::of(kind).finish();
        Rendered::new(kind, &Kept::now(kind, &key, Content::Absent, 5_000), Bytes::from(bytes))
    }

    #[test]
    fn variants_are_made_once_and_have_tags_of_their_own() {
        let body = "花盆 ".repeat(500).into_bytes();
        let answer = rendered(Kind::Offer, body.clone());
        let first = answer.variant(Encoding::Gzip).unwrap();
        assert_eq!(first.bytes.as_ptr(), answer.variant(Encoding::Gzip).unwrap().bytes.as_ptr());
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&first.bytes[..]).read_to_end(&mut plain).unwrap();
        assert_eq!(plain, body);
        let tags = [&answer.etag, &first.etag, &answer.variant(Encoding::Brotli).unwrap().etag];
        assert!(tags.iter().all(|tag| tag.starts_with('"') && tag.ends_with('"')));
        assert!(tags[0] != tags[1] && tags[1] != tags[2]);
        assert!(answer.variant(Encoding::Identity).is_none());
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

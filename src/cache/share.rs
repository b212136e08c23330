//! Rendered answers that the nodes share: an answer whose document was found in Redis, and not here, is likely to be
//! rendered by others, too. It is kept in Redis under its document's times, tags and place in the stream of moves, so that
//! it is believed exactly as long.

use std::sync::Arc;

use actix_web::http::header::HeaderValue;
use bytes::{BufMut, Bytes, BytesMut};
use sha2::{Digest, Sha256};

use crate::cache::freshness::Kind;
use crate::cache::keep::{Cache, Trouble};
use crate::cache::kept::{Age, Content, Kept};
use crate::cache::key::Key;
use crate::cache::rendered::{Life, Rendered};
use crate::cache::tally::Tally;

/// One in so many of those that could be shared is: what is asked for again and again is there soon, and the many that
/// are asked for twice do not take the room of documents.
const ONE_IN: f64 = 4.0;
/// Longer answers are compressed: to open them costs less than to send them.
const LONG_BYTES: usize = 16 << 10;

/// Whose answers are alike: what is asked for in the same words at two such gateways is answered in the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Renderer([u8; 16]);

impl Renderer {
    pub fn named(name: &str) -> Self {
        let mut mark = [0; 16];
        mark.iter_mut().zip(Sha256::digest(name).iter()).for_each(|(to, from)| *to = *from);
        Self(mark)
    }

    /// The key of an answer among all renderers'.
    fn key(self, key: &Key) -> Key {
        Key::found_by(&[self.0.as_slice(), key.bytes()].concat())
    }
}

impl<E: Trouble> Cache<E> {
    /// A rendered answer that Redis has and that may be sent as it is. Not asked for where this process has the document:
    /// to render it is quicker.
    pub async fn shared_answer(&self, key: &Key, document: &Key, kind: Kind) -> Option<Arc<Rendered>> {
        let redis = self.redis.as_ref().filter(|_| kind.freshness().shared)?;
        if self.documents.get(document).is_some() {
            return None;
        }
        let own = self.moves.heard().own;
        let found = redis.find_answer(&self.renderer.key(key)).await?;
        let kept = self.judged(Some(found), own, None, false).ok()?;
        let now_ms = self.clock.now_ms();
        let life = Arc::new(Life::of(kind, document, &kept));
        if self.age(&kept, now_ms) != Age::Fresh || self.is_early(&life, now_ms) {
            return None;
        }
        let (etag, bytes) = opened(&kept.content)?;
        let answer = Arc::new(Rendered::tagged(life, bytes, etag));
        self.answers.keep(key.clone(), Arc::clone(&answer));
        Tally::one(&self.tally.hits_redis);
        Tally::one(&self.tally.hits_rendered);
        self.sketch.note(document);
        Some(answer)
    }

    /// Lets other nodes have an answer that was rendered of a document from Redis.
    pub(super) fn share(&self, key: &Key, document: &Kept, answer: &Rendered) {
        let Some(redis) = self.redis.as_ref().filter(|_| self.drawn() * ONE_IN < 1.0) else { return };
        let content = closed(answer);
        redis.keep_answer(&self.renderer.key(key), &Kept { content, ..document.clone() });
    }
}

/// An answer as Redis keeps it: how long its entity tag is, the tag, the body.
fn closed(answer: &Rendered) -> Content {
    let tag = answer.etag.as_bytes();
    let mut all = BytesMut::with_capacity(1 + tag.len() + answer.bytes.len());
    all.put_u8(u8::try_from(tag.len()).unwrap_or(0));
    all.put_slice(tag);
    all.put_slice(&answer.bytes);
    let content = Content::Plain(all.freeze());
    if answer.bytes.len() > LONG_BYTES { content.packed() } else { content }
}

fn opened(content: &Content) -> Option<(HeaderValue, Bytes)> {
    let all = content.document()?;
    let body_at = 1 + usize::from(*all.first()?);
    let tag = HeaderValue::from_bytes(all.get(1..body_at)?).ok()?;
    Some((tag, all.slice(body_at..)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &str) -> Rendered {
        let key = Key::of(Kind::Offer).number(1).finish();
        let kept = Kept::now(Kind::Offer, &key, Content::Absent, 1_000_000);
        Rendered::new(Arc::new(Life::of(Kind::Offer, &key, &kept)), Bytes::copy_from_slice(body.as_bytes()), false)
    }

    #[test]
    fn an_answer_is_opened_as_it_was_closed() {
        for body in ["", "{}", &"花盆 ".repeat(LONG_BYTES)] {
            let answer = answer(body);
            let content = closed(&answer);
            assert_eq!(matches!(content, Content::Packed { .. }), body.len() > LONG_BYTES);
            assert_eq!(opened(&content), Some((answer.etag.clone(), answer.bytes.clone())));
        }
        for damaged in [&b""[..], b"\x09abc", b"\x01\n{}"] {
            assert_eq!(opened(&Content::Plain(Bytes::copy_from_slice(damaged))), None);
        }
    }

    #[test]
    fn renderers_of_other_names_have_other_keys() {
        let key = Key::of(Kind::Offer).number(1).finish();
        let [one, same, other] =
            ["1 https://a", "1 https://a", "1 https://b"].map(|name| Renderer::named(name).key(&key));
        assert_eq!(one, same);
        assert_ne!(one, other);
        assert_ne!(one, Renderer::named("1 https://a").key(&Key::of(Kind::Offer).number(2).finish()));
    }
}

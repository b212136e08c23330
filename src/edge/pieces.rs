//! Large answers in pieces: the server copies what it is given into a buffer of the connection, and whoever reads slowly
//! would make it keep the whole answer there.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;

/// Smaller answers are given whole.
const LARGE_BYTES: u64 = 64 * 1024;
const PIECE_BYTES: usize = 16 * 1024;

/// Bytes that are handed over a piece at a time.
#[derive(Debug)]
struct Pieces(Bytes);

impl MessageBody for Pieces {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.0.len() as u64)
    }

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        if self.0.is_empty() {
            return Poll::Ready(None);
        }
        let end = self.0.len().min(PIECE_BYTES);
        Poll::Ready(Some(Ok(self.0.split_to(end))))
    }
}

/// The same body, in pieces where it is large and at hand.
pub fn in_pieces(body: BoxBody) -> BoxBody {
    match body.size() {
        BodySize::Sized(size) if size > LARGE_BYTES => match body.try_into_bytes() {
            Ok(bytes) => BoxBody::new(Pieces(bytes)),
            Err(body) => body,
        },
        _ => body,
    }
}

#[cfg(test)]
mod tests {
    use super::{LARGE_BYTES, PIECE_BYTES, in_pieces};
    use actix_web::body::{BodySize, BoxBody, MessageBody, to_bytes};
    use actix_web::web::Bytes;
    use std::future::poll_fn;
    use std::pin::Pin;

    #[actix_web::test]
    async fn a_large_answer_comes_in_pieces_and_whole() {
        let whole: Bytes = (0..200_000_u32).flat_map(u32::to_be_bytes).collect::<Vec<_>>().into();
        let mut body = in_pieces(BoxBody::new(whole.clone()));
        assert_eq!(body.size(), BodySize::Sized(800_000));
        let first = poll_fn(|context| Pin::new(&mut body).poll_next(context)).await.unwrap().unwrap();
        assert_eq!(first.len(), PIECE_BYTES);
        let rest = to_bytes(body).await.unwrap();
        assert_eq!([first, rest].concat(), whole);
    }

    #[actix_web::test]
    async fn a_small_or_an_empty_answer_is_left_as_it_is() {
        for size in [0, 1, LARGE_BYTES as usize] {
            let mut body = in_pieces(BoxBody::new(Bytes::from(vec![7; size])));
            assert_eq!(body.size(), BodySize::Sized(size as u64));
            let first = poll_fn(|context| Pin::new(&mut body).poll_next(context)).await;
            assert_eq!(first.map_or(0, |piece| piece.unwrap().len()), size);
        }
    }
}

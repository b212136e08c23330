//! `Content-Digest` (RFC 9530): made, read, and checked over the bytes received.
//! Other algorithms than sha-256 and sha-512 are passed over, as the RFC wants; one of these must be there.

use std::convert::Infallible;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sfv::visitor::{DictionaryVisitor, EntryVisitor, Ignored, InnerListVisitor, ItemVisitor, ParameterVisitor};
use sfv::{BareItemFromInput, KeyRef, Parser};
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;

/// A digest algorithm we accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// `sha-256`
    Sha256,
    /// `sha-512`
    Sha512,
}

impl Algorithm {
    /// All of them, in the order we recommend them.
    pub const ALL: [Self; 2] = [Self::Sha256, Self::Sha512];

    /// Returns the name of the registry of RFC 9530 §5.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha-256",
            Self::Sha512 => "sha-512",
        }
    }

    fn fits(self, body: &[u8], expected: &[u8]) -> bool {
        let fits = match self {
            Self::Sha256 => Sha256::digest(body).ct_eq(expected),
            Self::Sha512 => Sha512::digest(body).ct_eq(expected),
        };
        fits.into()
    }
}

/// Says what is wrong with a digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// A body without the header.
    #[error("there is a body but no Content-Digest")]
    Missing,
    /// More than one header line.
    #[error("Content-Digest was sent more than once")]
    Repeated,
    /// Not a structured field of the right shape.
    #[error("Content-Digest is not a dictionary like sha-256=:BASE64: ({0})")]
    Malformed(String),
    /// No algorithm that we know.
    #[error("Content-Digest names no accepted algorithm; accepted are sha-256 and sha-512")]
    NoneKnown,
    /// The body received is not the body that was digested.
    #[error("the {} digest does not fit the body received", .0.name())]
    Mismatch(Algorithm),
}

/// The digests of a `Content-Digest` header that we know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentDigest {
    sha256: Option<Vec<u8>>,
    sha512: Option<Vec<u8>>,
}

impl ContentDigest {
    /// Reads the header's value; fails when it holds no algorithm that we know.
    pub fn parse(value: &[u8]) -> Result<Self, DigestError> {
        let mut reader = Reader::default();
        Parser::new(value)
            .parse_dictionary_with_visitor(&mut reader)
            .map_err(|error| DigestError::Malformed(error.to_string()))?;
        if let Some(problem) = reader.problem {
            return Err(DigestError::Malformed(problem.to_owned()));
        }
        let Reader { sha256, sha512, .. } = reader;
        if sha256.is_none() && sha512.is_none() {
            return Err(DigestError::NoneKnown);
        }
        Ok(Self { sha256, sha512 })
    }

    /// Checks every known digest against the bytes received, in constant time.
    pub fn verify(&self, body: &[u8]) -> Result<(), DigestError> {
        let members = [(Algorithm::Sha256, &self.sha256), (Algorithm::Sha512, &self.sha512)];
        for (algorithm, expected) in members {
            if let Some(expected) = expected
                && !algorithm.fits(body, expected)
            {
                return Err(DigestError::Mismatch(algorithm));
            }
        }
        Ok(())
    }
}

/// Writes a `Content-Digest` value for a body.
pub fn content_digest(algorithm: Algorithm, body: &[u8]) -> String {
    let encoded = match algorithm {
        Algorithm::Sha256 => STANDARD.encode(Sha256::digest(body)),
        Algorithm::Sha512 => STANDARD.encode(Sha512::digest(body)),
    };
    format!("{}=:{encoded}:", algorithm.name())
}

#[derive(Debug, Default)]
struct Reader {
    sha256: Option<Vec<u8>>,
    sha512: Option<Vec<u8>>,
    problem: Option<&'static str>,
}

impl<'a> DictionaryVisitor<'a> for &mut Reader {
    type Out = ();
    type Error = Infallible;

    fn entry(&mut self, key: &'a KeyRef) -> Result<impl EntryVisitor<'a>, Self::Error> {
        let place = match key.as_str() {
            "sha-256" => &mut self.sha256,
            "sha-512" => &mut self.sha512,
            _ => return Ok(None),
        };
        Ok(Some(Member { place, problem: &mut self.problem }))
    }

    fn finish(self) -> Result<(), Infallible> {
        Ok(())
    }
}

struct Member<'m> {
    place: &'m mut Option<Vec<u8>>,
    problem: &'m mut Option<&'static str>,
}

impl<'a> EntryVisitor<'a> for Member<'_> {
    type Error = Infallible;

    fn item(self) -> Result<impl ItemVisitor<'a>, Self::Error> {
        Ok(self)
    }

    fn inner_list(self) -> Result<impl InnerListVisitor<'a>, Self::Error> {
        *self.problem = Some("a digest must be a byte sequence between colons");
        Ok(Ignored)
    }
}

impl<'a> ItemVisitor<'a> for Member<'_> {
    type Out = ();
    type Error = Infallible;

    fn bare_item(self, item: BareItemFromInput<'a>) -> Result<impl ParameterVisitor<'a, Out = ()>, Self::Error> {
        match item {
            BareItemFromInput::ByteSequence(bytes) => {
                if self.place.replace(bytes).is_some() {
                    *self.problem = Some("an algorithm is given twice");
                }
            }
            _ => *self.problem = Some("a digest must be a byte sequence between colons"),
        }
        Ok(Ignored)
    }
}

#[cfg(test)]
mod tests {
    use super::{Algorithm, ContentDigest, DigestError, content_digest};
    use proptest::prelude::*;

    /// RFC 9530 appendix B.1: the same JSON with its line feed.
    const BODY: &[u8] = b"{\"hello\": \"world\"}\n";
    const SHA256: &str = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";
    /// RFC 9530 appendix D and RFC 9421 B.2: without the line feed.
    const SHA512: &str =
        "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:";

    #[test]
    fn rfc_9530_examples_fit() {
        assert_eq!(content_digest(Algorithm::Sha256, BODY), SHA256);
        assert_eq!(content_digest(Algorithm::Sha256, b""), "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:");
        let without_line_feed = b"{\"hello\": \"world\"}";
        assert_eq!(content_digest(Algorithm::Sha512, without_line_feed), SHA512);
        let read = ContentDigest::parse(SHA256.as_bytes()).unwrap();
        assert_eq!(read.verify(BODY), Ok(()));
        assert_eq!(read.verify(without_line_feed), Err(DigestError::Mismatch(Algorithm::Sha256)));
    }

    #[test]
    fn every_known_member_must_fit() {
        let both = format!("{SHA256}, {SHA512}");
        let read = ContentDigest::parse(both.as_bytes()).unwrap();
        assert_eq!(read.verify(BODY), Err(DigestError::Mismatch(Algorithm::Sha512)));
        let fitting = format!("{}, md5=:AAAA:, {SHA256}", content_digest(Algorithm::Sha512, BODY));
        let read = ContentDigest::parse(fitting.as_bytes()).unwrap();
        assert_eq!(read.verify(BODY), Ok(()));
    }

    #[test]
    fn what_says_nothing_is_refused() {
        for none in ["", "md5=:AAAA:", "SHA=1"] {
            let error = ContentDigest::parse(none.as_bytes()).unwrap_err();
            assert!(matches!(error, DigestError::NoneKnown | DigestError::Malformed(_)), "{none}");
        }
        for bad in ["sha-256=abc", "sha-256", "sha-256=(:AAAA:)", "sha-256=:AAAA:, sha-256=:AAAA:", "sha-256=:*:"] {
            let error = ContentDigest::parse(bad.as_bytes()).unwrap_err();
            assert!(matches!(error, DigestError::Malformed(_)), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_made_is_read_back(body: Vec<u8>, other: Vec<u8>) {
            for algorithm in Algorithm::ALL {
                let made = content_digest(algorithm, &body);
                let read = ContentDigest::parse(made.as_bytes()).unwrap();
                prop_assert_eq!(read.verify(&body), Ok(()));
                prop_assert_eq!(read.verify(&other).is_ok(), body == other);
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            let _ = ContentDigest::parse(&bytes);
        }
    }
}

//! A signature as it was presented: read strictly from `Signature-Input` and `Signature`.
//! Says nothing about whether it is true, in time, or new.

use std::borrow::Cow;

use sfv::{Parser, Version};

use crate::signing::http_message::members::{Members, SignatureBytes};
use crate::signing::http_message::{Algorithm, Component, Malformed, check_nonce, usual};

/// The tag that marks a signature as meant for us.
pub const TAG: &str = "xunyuan-v1";

/// The most that `Signature-Input` and `Signature` may hold together.
pub const HEADERS_MAX_BYTES: usize = 8 * 1024;

/// A well-formed signature with our tag, borrowed from the request's headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presented<'a> {
    /// The dictionary label that joins the two headers; any will do.
    pub label: &'a str,
    /// When it was signed, Unix seconds.
    pub created: i64,
    /// Until when the signer wants it to count, Unix seconds.
    pub expires: Option<i64>,
    /// The nonce, at least 128 bits.
    pub nonce: Cow<'a, str>,
    /// The key id, unchecked.
    pub key_id: Cow<'a, str>,
    /// The algorithm the signer names; the key record decides, this may only agree.
    pub algorithm: Option<Algorithm>,
    /// What is covered, in order, nothing twice.
    pub components: Vec<Component<'a>>,
    /// The inner list with its parameters byte for byte as received: the value of `@signature-params`.
    pub inner_list: &'a str,
    /// The signature.
    pub signature: Vec<u8>,
}

impl<'a> Presented<'a> {
    /// Reads the lines of `Signature-Input` and of `Signature`.
    pub fn parse(signature_input: &[&'a [u8]], signature: &[&[u8]]) -> Result<Self, Malformed> {
        if let ([input], [signature]) = (signature_input, signature)
            && let Some(usual) = usual::read(input, signature)
        {
            return Ok(usual);
        }
        Self::parsed(signature_input, signature)
    }

    /// The same by the parser, whatever the spelling.
    pub(super) fn parsed(signature_input: &[&'a [u8]], signature: &[&[u8]]) -> Result<Self, Malformed> {
        let lines = signature_input.iter().chain(signature);
        let size = lines.map(|line| line.len()).sum::<usize>();
        if size > HEADERS_MAX_BYTES {
            return Err(Malformed::TooLarge(size));
        }
        let mut members = Members::default();
        for line in signature_input {
            parser(line)
                .parse_dictionary_with_visitor(members.line(line))
                .map_err(|error| syntax("Signature-Input", &error))?;
        }
        if let Some(problem) = members.problem {
            return Err(problem);
        }
        let draft = members.ours.ok_or(Malformed::Missing)?;
        let created = draft.created.ok_or(Malformed::ParameterMissing("created"))?;
        let key_id = draft.key_id.ok_or(Malformed::ParameterMissing("keyid"))?;
        let nonce = draft.nonce.ok_or(Malformed::ParameterMissing("nonce"))?;
        check_nonce(&nonce)?;
        if draft.expires.is_some_and(|expires| expires <= created) {
            return Err(Malformed::ExpiresBeforeCreated);
        }
        Ok(Self {
            label: draft.label,
            created,
            expires: draft.expires,
            nonce,
            key_id,
            algorithm: draft.algorithm,
            components: draft.components,
            inner_list: draft.raw,
            signature: signature_under(draft.label, signature)?,
        })
    }

    /// Says whether the component of this name is covered.
    pub fn covers(&self, name: &str) -> bool {
        self.components.iter().any(|component| component.name() == name)
    }
}

fn signature_under(label: &str, lines: &[&[u8]]) -> Result<Vec<u8>, Malformed> {
    let mut found = SignatureBytes::under(label);
    for line in lines {
        parser(line).parse_dictionary_with_visitor(&mut found).map_err(|error| syntax("Signature", &error))?;
    }
    match found {
        SignatureBytes { problem: Some(problem), .. } => Err(problem),
        SignatureBytes { bytes: Some(bytes), .. } => Ok(bytes),
        SignatureBytes { seen: true, .. } => Err(Malformed::SignatureNotBytes(label.to_owned())),
        _ => Err(Malformed::SignatureAbsent(label.to_owned())),
    }
}

/// RFC 9421 is built on RFC 8941: no dates, no display strings.
fn parser<'a>(line: &&'a [u8]) -> Parser<'a> {
    Parser::new(*line).with_version(Version::Rfc8941)
}

fn syntax(field: &'static str, error: &sfv::Error) -> Malformed {
    Malformed::Syntax { field, reason: error.to_string() }
}

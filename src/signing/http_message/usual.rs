//! Reads the signature headers in the one spelling that our examples send, by hand and without a parser's generality.
//! Whatever looks different in any way is left to the parser, which also words every complaint: this never refuses.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::signing::http_message::presented::{HEADERS_MAX_BYTES, Presented, TAG};
use crate::signing::http_message::{Algorithm, Component, check_nonce};

/// What the contract has partners cover at most; longer lists are the parser's.
const MOST_COMPONENTS: usize = 8;
/// Structured-field integers have at most 15 digits (RFC 8941 §3.3.1).
const MOST_DIGITS: usize = 15;

/// Lists that our examples send, with what they cover.
const LISTS: [(&str, &[Component<'static>]); 3] = [
    (
        "(\"@method\" \"@authority\" \"@path\" \"@query\")",
        &[Component::Method, Component::Authority, Component::Path, Component::Query],
    ),
    (
        "(\"@method\" \"@authority\" \"@path\" \"@query\" \"content-digest\" \"content-type\")",
        &[
            Component::Method,
            Component::Authority,
            Component::Path,
            Component::Query,
            Component::Field("content-digest"),
            Component::Field("content-type"),
        ],
    ),
    (
        "(\"@method\" \"@authority\" \"@path\" \"@query\" \"content-digest\" \"content-type\" \"idempotency-key\")",
        &[
            Component::Method,
            Component::Authority,
            Component::Path,
            Component::Query,
            Component::Field("content-digest"),
            Component::Field("content-type"),
            Component::Field("idempotency-key"),
        ],
    ),
];

/// The signature, if both headers are spelt as usual; then it is what the parser would have read.
pub(super) fn read<'a>(input: &'a [u8], signature: &[u8]) -> Option<Presented<'a>> {
    if input.len() + signature.len() > HEADERS_MAX_BYTES {
        return None;
    }
    let input = std::str::from_utf8(input).ok()?;
    let (label, inner_list) = cut(input, b'=')?;
    if !is_label(label) {
        return None;
    }
    let (components, mut rest) = list(inner_list)?;
    let (mut created, mut expires, mut nonce, mut key_id, mut algorithm, mut tag) =
        (None, None, None, None, None, None);
    while let Some(parameter) = rest.strip_prefix(';') {
        let (name, value) = cut(parameter, b'=')?;
        rest = match name {
            "created" => number(value, &mut created)?,
            "expires" => number(value, &mut expires)?,
            "nonce" => text(value, &mut nonce)?,
            "keyid" => text(value, &mut key_id)?,
            "alg" => text(value, &mut algorithm)?,
            "tag" => text(value, &mut tag)?,
            _ => return None,
        };
    }
    let (created, nonce, key_id) = (created?, nonce?, key_id?);
    let in_order = expires.is_none_or(|expires| expires > created);
    if !rest.is_empty() || tag? != TAG || !in_order || check_nonce(nonce).is_err() {
        return None;
    }
    let algorithm = match algorithm {
        Some(name) => Some(Algorithm::parse(name)?),
        None => None,
    };
    Some(Presented {
        label,
        created,
        expires,
        nonce: Cow::Borrowed(nonce),
        key_id: Cow::Borrowed(key_id),
        algorithm,
        components,
        inner_list,
        signature: bytes_under(label, signature)?,
    })
}

/// What stands before and after the first such byte.
fn cut(text: &str, byte: u8) -> Option<(&str, &str)> {
    text.split_once(char::from(byte))
}

/// The covered components, and what follows them.
fn list(inner_list: &str) -> Option<(Vec<Component<'_>>, &str)> {
    for (spelling, components) in LISTS {
        if let Some(rest) = inner_list.strip_prefix(spelling) {
            return Some((components.to_vec(), rest));
        }
    }
    let mut rest = inner_list.strip_prefix('(')?;
    let mut components = Vec::with_capacity(MOST_COMPONENTS);
    loop {
        let (name, behind) = cut(rest.strip_prefix('"')?, b'"')?;
        let component = Component::parse(name).ok()?;
        if components.len() == MOST_COMPONENTS || components.contains(&component) {
            return None;
        }
        components.push(component);
        if let Some(behind) = behind.strip_prefix(')') {
            return Some((components, behind));
        }
        rest = behind.strip_prefix(' ')?;
    }
}

/// A narrow alphabet of dictionary keys (RFC 8941 §3.1.2).
fn is_label(label: &str) -> bool {
    label.as_bytes().first().is_some_and(u8::is_ascii_lowercase)
        && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// Digits up to the next parameter; gives the rest.
fn number<'a>(value: &'a str, place: &mut Option<i64>) -> Option<&'a str> {
    let end = value.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(value.len());
    let (digits, rest) = value.split_at_checked(end)?;
    if digits.is_empty() || digits.len() > MOST_DIGITS || place.is_some() {
        return None;
    }
    *place = Some(digits.bytes().fold(0, |number, digit| number * 10 + i64::from(digit - b'0')));
    Some(rest)
}

/// A string without anything escaped; gives the rest.
fn text<'a>(value: &'a str, place: &mut Option<&'a str>) -> Option<&'a str> {
    let (text, rest) = cut(value.strip_prefix('"')?, b'"')?;
    // Without a way out of the loop many bytes are looked at in one step.
    let odd = |byte: u8| !(0x20..0x7f).contains(&byte) || byte == b'\\';
    let plain = !text.bytes().fold(false, |found, byte| found | odd(byte));
    (plain && place.replace(text).is_none()).then_some(rest)
}

/// The bytes of `label=:BASE64:`, padded as it should be.
fn bytes_under(label: &str, signature: &[u8]) -> Option<Vec<u8>> {
    let encoded = signature.strip_prefix(label.as_bytes())?.strip_prefix(b"=:")?.strip_suffix(b":")?;
    STANDARD.decode(encoded).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::read;
    use crate::signing::http_message::Presented;

    const INPUT: &str = "sig=(\"@method\" \"@authority\" \"@path\" \"@query\");created=1618884473;\
        nonce=\"AAECAwQFBgcICQoLDA0ODw\";keyid=\"xyk_live_1\";alg=\"hmac-sha256\";tag=\"xunyuan-v1\"";
    const SIGNATURE: &str = "sig=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";

    fn agrees(input: &[u8], signature: &[u8]) -> bool {
        read(input, signature).is_none_or(|usual| Presented::parsed(&[input], &[signature]) == Ok(usual))
    }

    #[test]
    fn the_usual_spelling_is_read_as_the_parser_reads_it() {
        let usual = read(INPUT.as_bytes(), SIGNATURE.as_bytes()).unwrap();
        assert_eq!(Presented::parsed(&[INPUT.as_bytes()], &[SIGNATURE.as_bytes()]), Ok(usual));
    }

    #[test]
    fn with_a_body_and_a_key_it_is_read_too() {
        let input = INPUT.replace("\"@query\"", "\"@query\" \"content-digest\" \"content-type\" \"idempotency-key\"");
        assert!(
            read(input.as_bytes(), SIGNATURE.as_bytes()).is_some() && agrees(input.as_bytes(), SIGNATURE.as_bytes())
        );
    }

    #[test]
    fn what_is_spelt_otherwise_is_left_to_the_parser() {
        for (one, other) in [
            ("sig=", "sig =("),
            ("\"@path\"", "\"@path\";req"),
            ("\"@path\"", " \"@path\""),
            ("\"@path\"", "\"@method\""),
            ("\"@path\"", "\"@status\""),
            (";created", "; created"),
            ("1618884473", "-1"),
            ("1618884473", "1.5"),
            ("1618884473", "1234567890123456"),
            ("xyk_live_1", "xyk\\\"1"),
            ("hmac-sha256", "rsa"),
            ("xunyuan-v1", "other"),
            ("AAECAwQFBgcICQoLDA0ODw", "short"),
            (";tag", ";expires=5;tag"),
            (";tag", ";created=1618884473;tag"),
            (";tag", ";tag=\"xunyuan-v1\";tag"),
            (";tag", ";more=1;tag"),
            ("xunyuan-v1\"", "xunyuan-v1\", two=()"),
        ] {
            let input = INPUT.replace(one, other);
            assert!(read(input.as_bytes(), SIGNATURE.as_bytes()).is_none(), "{input}");
        }
        for signature in ["sig=:*:", "other=:AAAA:", "sig=:RK/0:, sig=:RK/0:", "sig=:AAA:", "sig=(:AAAA:)"] {
            assert!(read(INPUT.as_bytes(), signature.as_bytes()).is_none(), "{signature}");
        }
    }

    /// Pieces from which spellings close to the usual one are put together.
    fn pieces() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just(";created=1618884473"),
            Just(";created=0001618884473"),
            Just(";expires=1618884999"),
            Just(";expires=1"),
            Just(";nonce=\"AAECAwQFBgcICQoLDA0ODw\""),
            Just(";nonce=\"0001020304050607 08090a0b0c0d0e0f\""),
            Just(";keyid=\"xyk_live_1\""),
            Just(";keyid=\"a;b=\\\\\""),
            Just(";alg=\"ed25519\""),
            Just(";alg=\"hmac-sha256\""),
            Just(";tag=\"xunyuan-v1\""),
            Just(" "),
            Just(";"),
            Just(";tag"),
            Just(", b=1"),
            Just("\""),
        ];
        let names = prop::collection::vec(
            prop_oneof![
                Just("@method"),
                Just("@path"),
                Just("@query"),
                Just("date"),
                Just("Date"),
                Just(""),
                Just("a\" \"b")
            ],
            0..10,
        );
        (names, prop::collection::vec(piece, 0..9))
            .prop_map(|(names, pieces)| format!("sig=(\"{}\"){}", names.join("\" \""), pieces.concat()))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn spellings_close_to_the_usual_one_are_read_alike(input in pieces(), signature in "(sig|b)=:[A-Za-z0-9+/=]{0,12}:") {
            prop_assert!(agrees(input.as_bytes(), signature.as_bytes()), "{input} {signature}");
            prop_assert!(agrees(input.as_bytes(), SIGNATURE.as_bytes()), "{input}");
        }

        #[test]
        fn usual_headers_with_bytes_changed_are_read_alike(at in 0..INPUT.len(), byte: u8, cut in 0..SIGNATURE.len(), other: u8) {
            let (mut input, mut signature) = (INPUT.as_bytes().to_vec(), SIGNATURE.as_bytes().to_vec());
            input[at] = byte;
            prop_assert!(agrees(&input, SIGNATURE.as_bytes()));
            signature[cut] = other;
            prop_assert!(agrees(INPUT.as_bytes(), &signature));
            input.remove(at);
            prop_assert!(agrees(&input, &signature));
        }
    }
}

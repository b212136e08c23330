//! Claims about the whole walk: RFC vectors, round trips, refusals, and what any altered byte does.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::{
    BaseError, Component, Ed25519Secret, HmacKey, Malformed, Message, Needs, NoFields, Outcome, Presented, SignError,
    Signer, SigningKey, WeakNonce, coverage, explain, signature_base, signature_base_of,
};

const NONCE: &str = "AAECAwQFBgcICQoLDA0ODw";
const CREATED: i64 = 1_618_884_473;
/// RFC 9421 B.1.5.
const RFC_SECRET: &str = "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==";
/// RFC 9421 B.1.4.
const RFC_ED25519: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF\n\
    -----END PRIVATE KEY-----\n";

type Headers = Vec<(&'static str, String)>;

fn rfc_headers() -> Headers {
    [
        ("Host", "example.com"),
        ("Date", "Tue, 20 Apr 2021 02:07:55 GMT"),
        ("Content-Type", "application/json"),
        (
            "Content-Digest",
            "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:",
        ),
        ("Content-Length", "18"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec()
}

fn message<'a>(headers: &'a Headers, path: &'a str, query: Option<&'a str>) -> Message<'a> {
    Message { method: "POST", scheme: "https", authority: "example.com", path, query, headers }
}

fn base_text(names: &[&str], inner_list: &str, message: &Message<'_>) -> Result<String, BaseError> {
    let components: Vec<_> = names.iter().map(|name| Component::parse(name).unwrap()).collect();
    let mut out = b"left over from the last request".to_vec();
    signature_base_of(&components, inner_list, message, &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

#[test]
fn rfc_9421_b_2_5_hmac_sha256() {
    let headers = rfc_headers();
    let inner_list = r#"("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret""#;
    let base = base_text(
        &["date", "@authority", "content-type"],
        inner_list,
        &message(&headers, "/foo", Some("param=Value&Pet=dog")),
    )
    .unwrap();
    assert_eq!(
        base,
        format!(
            "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n\"@authority\": example.com\n\"content-type\": application/json\n\"@signature-params\": {inner_list}"
        )
    );
    let key = SigningKey::HmacSha256(HmacKey::new(&STANDARD.decode(RFC_SECRET).unwrap()));
    assert_eq!(STANDARD.encode(key.sign(base.as_bytes())), "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=");
}

#[test]
fn rfc_9421_b_2_6_ed25519() {
    let headers = rfc_headers();
    let names = ["date", "@method", "@path", "@authority", "content-type", "content-length"];
    let inner_list = r#"("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519""#;
    let request = message(&headers, "/foo", Some("param=Value&Pet=dog"));
    let base = base_text(&names, inner_list, &request).unwrap();
    let key = SigningKey::Ed25519(Ed25519Secret::parse(RFC_ED25519).unwrap());
    assert_eq!(
        STANDARD.encode(key.sign(base.as_bytes())),
        "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
    );
}

#[test]
fn derived_components_follow_the_rfc_examples() {
    let headers = Headers::new();
    let all = ["@method", "@authority", "@scheme", "@path", "@query", "@request-target", "@target-uri"];
    let request = Message {
        authority: "WWW.Example.COM:443",
        scheme: "HTTPS",
        ..message(&headers, "/path", Some("param=value"))
    };
    assert_eq!(
        base_text(&all, "()", &request).unwrap(),
        "\"@method\": POST\n\"@authority\": www.example.com\n\"@scheme\": https\n\"@path\": /path\n\
         \"@query\": ?param=value\n\"@request-target\": /path?param=value\n\
         \"@target-uri\": https://www.example.com/path?param=value\n\"@signature-params\": ()"
    );
}

#[test]
fn no_query_and_a_bare_question_mark_have_the_same_value() {
    let headers = Headers::new();
    for query in [None, Some("")] {
        let request = message(&headers, "", query);
        assert_eq!(
            base_text(&["@path", "@query"], "()", &request).unwrap(),
            "\"@path\": /\n\"@query\": ?\n\"@signature-params\": ()"
        );
    }
}

#[test]
fn another_port_stays_in_the_authority() {
    for (scheme, authority, expected) in [
        ("https", "a.example:80", "a.example:80"),
        ("http", "a.example:80", "a.example"),
        ("http", "127.0.0.1:8443", "127.0.0.1:8443"),
        ("https", "[::1]:443", "[::1]"),
    ] {
        let request = Message { method: "GET", scheme, authority, path: "/", query: None, headers: &NoFields };
        assert_eq!(
            base_text(&["@authority"], "()", &request).unwrap(),
            format!("\"@authority\": {expected}\n\"@signature-params\": ()")
        );
    }
}

#[test]
fn field_values_are_trimmed_and_folds_become_one_space() {
    let headers = vec![("X-Obs-Fold", " Obsolete\r\n    line folding.\t ".to_owned())];
    assert_eq!(
        base_text(&["x-obs-fold"], "()", &message(&headers, "/", None)).unwrap(),
        "\"x-obs-fold\": Obsolete line folding.\n\"@signature-params\": ()"
    );
}

#[test]
fn a_value_cannot_pretend_to_be_another_line() {
    let headers = vec![("x-a", "1\n\"x-b\": 2".to_owned())];
    assert_eq!(
        base_text(&["x-a"], "()", &message(&headers, "/", None)),
        Err(BaseError::ControlCharacter("x-a".to_owned()))
    );
}

#[test]
fn a_covered_field_must_be_there_exactly_once() {
    let headers = vec![("x-a", "1".to_owned()), ("X-A", "2".to_owned())];
    let request = message(&headers, "/", None);
    assert_eq!(base_text(&["x-a"], "()", &request), Err(BaseError::FieldRepeated("x-a".to_owned())));
    assert_eq!(base_text(&["x-b"], "()", &request), Err(BaseError::FieldAbsent("x-b".to_owned())));
}

fn parse(input: &str) -> Result<Presented<'_>, Malformed> {
    Presented::parse(&[input.as_bytes()], &[b"sig=:AAAA:"])
}

/// A member that is in order but for what is put in the two places.
fn input(list: &str, more: &str) -> String {
    format!("sig=({list});created=1;nonce=\"{NONCE}\";keyid=\"k\";alg=\"hmac-sha256\";tag=\"xunyuan-v1\"{more}")
}

#[test]
fn the_inner_list_is_kept_byte_for_byte() {
    let odd =
        format!("(  \"@method\"   \"@path\" ); created=001;nonce=\"{NONCE}\";  keyid=\"a\\\"b\";tag=\"xunyuan-v1\"");
    let lines = [
        format!("other=(\"date\");created=1 , mine={odd} \t,\t last=()"),
        format!("other=(\"date\");x=\"(a), mine=b\", mine={odd}  "),
        format!("mine={odd}"),
    ];
    for line in lines {
        let read = Presented::parse(&[line.as_bytes()], &[b"mine=:AAAA:, other=:BBBB:"]).unwrap();
        assert_eq!(read.inner_list, odd);
        assert_eq!(read.label, "mine");
        assert_eq!(read.key_id, "a\"b");
        assert_eq!(read.signature, [0, 0, 0]);
    }
}

#[test]
fn a_signature_spread_over_header_lines_is_found() {
    let ours = input("\"@method\"", "");
    let read = Presented::parse(&[b"proxy=();created=1", ours.as_bytes()], &[b"proxy=:BBBB:", b"sig=:AAAA:"]).unwrap();
    assert_eq!(read.inner_list, &ours[4..]);
}

#[test]
fn without_our_tag_the_signature_is_missing() {
    for line in ["", "sig=();created=1", "sig=();tag=\"other\"", "sig=();tag=\"xunyuan-v2\""] {
        assert_eq!(parse(line), Err(Malformed::Missing), "{line}");
    }
    assert_eq!(Presented::parse(&[], &[]), Err(Malformed::Missing));
}

#[test]
fn each_mistake_has_its_own_sentence() {
    let at = |expected: &str, line: String| {
        let error = parse(&line).unwrap_err().to_string();
        assert!(error.contains(expected), "{line}\n  gives: {error}");
    };
    at("not a valid structured field", "sig=(".to_owned());
    at("not a valid structured field", format!("{},", input("", "")));
    at("two signatures", format!("a{}, {}", input("", ""), input("", "")));
    at("\"sig\" twice", format!("{}, {}", input("", ""), input("", "")));
    let labels: String = (0..16).map(|n| format!("l{n}=(), ")).collect();
    at("more than 16 members", format!("{labels}{}", input("", "")));
    at("\"other\" is not a list", format!("other=1, {}", input("", "")));
    at("\"flag\" is not a list", format!("flag, {}", input("", "")));
    at("not a quoted string", input("date", ""));
    at("@status", input("\"@status\"", ""));
    at("lower case", input("\"Date\"", ""));
    at("covered twice", input("\"date\" \"date\"", ""));
    for parameter in ["bs", "sf", "req", "tr", "key=\"a\"", "foo"] {
        at("not supported: \"date\"", input(&format!("\"date\";{parameter}"), ""));
    }
    at("\"foo\" is not known", input("", ";foo=1"));
    at("\"created\" is given twice", input("", ";created=1"));
    at("\"alg\" is given twice", input("", ";alg=\"ed25519\""));
    at("\"tag\" is given twice", input("", ";tag=\"xunyuan-v1\""));
    at("\"expires\" must be an integer", input("", ";expires=\"5\""));
    at("expires is not after", input("", ";expires=1"));
    let swap = |from: &str, to: &str| input("", "").replace(from, to);
    at("\"created\" must be an integer", swap("created=1", "created=1.0"));
    at("\"created\" must be an integer", swap("created=1", "created=-1"));
    at("\"created\" must be an integer", swap("created=1", "created"));
    at("\"created\" is missing", swap("created=1;", ""));
    at("\"keyid\" is missing", swap("keyid=\"k\";", ""));
    at("\"keyid\" must be a string", swap("keyid=\"k\"", "keyid=k"));
    at("\"nonce\" is missing", swap(&format!("nonce=\"{NONCE}\";"), ""));
    at("nonce is too short", swap(NONCE, "abc"));
    at("\"rsa-v1_5-sha256\" is not supported", swap("hmac-sha256", "rsa-v1_5-sha256"));
    let many: Vec<_> = (0..65).map(|n| format!("\"x-{n}\"")).collect();
    at("more than 64", input(&many.join(" "), ""));
}

#[test]
fn the_signature_header_must_hold_the_bytes() {
    let line = input("", "");
    let with = |signature: &str| Presented::parse(&[line.as_bytes()], &[signature.as_bytes()]);
    assert_eq!(with("x=:AAAA:"), Err(Malformed::SignatureAbsent("sig".into())));
    assert_eq!(with("sig=\"AAAA\""), Err(Malformed::SignatureNotBytes("sig".into())));
    assert_eq!(with("sig=(:AAAA:)"), Err(Malformed::SignatureNotBytes("sig".into())));
    assert!(matches!(with("sig=:A*:"), Err(Malformed::Syntax { field: "Signature", .. })));
    assert!(matches!(with("sig=:AAAA:, sig=:AAAA:"), Err(Malformed::RepeatedLabel { .. })));
}

#[test]
fn more_than_eight_kibibytes_are_not_even_read() {
    let line = input("", "");
    let padding = vec![b'('; 8192 - line.len() - "sig=:AAAA:".len() + 1];
    assert_eq!(Presented::parse(&[line.as_bytes(), &padding], &[b"sig=:AAAA:"]), Err(Malformed::TooLarge(8193)));
}

#[test]
fn coverage_lists_what_is_missing_and_accepts_more() {
    let line = input("\"@path\" \"@query\" \"x-more\" \"content-type\"", "");
    let read = parse(&line).unwrap();
    assert_eq!(coverage(&read, &Needs::default()), ["@method", "@authority"]);
    let all = Needs { body: true, idempotency_key: true };
    assert_eq!(coverage(&read, &all), ["@method", "@authority", "content-digest", "idempotency-key"]);
}

#[test]
fn a_weak_nonce_or_an_unprintable_key_id_is_not_signed() {
    let headers = Headers::new();
    let mut signer = Signer { key_id: "k".to_owned(), key: SigningKey::HmacSha256(HmacKey::new(b"secret")) };
    let request = message(&headers, "/", None);
    assert_eq!(signer.sign(&request, b"", 1, "short"), Err(SignError::Nonce(WeakNonce::TooShort)));
    assert_eq!(
        signer.sign(&request, b"{}", 1, NONCE),
        Err(SignError::Base(BaseError::FieldAbsent("content-type".to_owned())))
    );
    signer.key_id = "键".to_owned();
    assert_eq!(signer.sign(&request, b"", 1, NONCE), Err(SignError::NotPrintable("the key id")));
}

#[test]
fn an_explanation_names_the_step_that_failed() {
    let headers = vec![("Content-Type", "application/json".to_owned())];
    let request = message(&headers, "/v1/orders", None);
    let signer = Signer { key_id: "k".to_owned(), key: SigningKey::HmacSha256(HmacKey::new(b"secret")) };
    let signed = signer.sign(&request, b"{}", CREATED, NONCE).unwrap();
    let mut headers = headers.clone();
    headers.push(("Content-Digest", signed.content_digest.clone().unwrap()));
    let told = |path: &str, body: &[u8]| {
        let request = message(&headers, path, None);
        let key = signer.key.verifying_key();
        let lines = [signed.signature_input.as_bytes()];
        let explanation = explain(&lines, &[signed.signature.as_bytes()], &request, body, Some(&key));
        explanation
            .steps()
            .into_iter()
            .filter(|step| step.outcome == Outcome::Failed)
            .map(|step| (step.name, step.detail))
            .collect::<Vec<_>>()
    };
    assert_eq!(told("/v1/orders", b"{}"), []);
    assert_eq!(told("/v1/order", b"{}")[0].0, "signature");
    let (name, detail) = &told("/v1/orders", b"{ }")[0];
    assert_eq!(*name, "digest");
    assert!(detail.contains("expected sha-256=:"), "{detail}");
    let unread = explain(&[b"sig=("], &[], &request, b"", None);
    assert_eq!(unread.steps()[0].outcome, Outcome::Failed);
    assert_eq!(unread.steps()[3].outcome, Outcome::Skipped);
}

fn printable() -> impl Strategy<Value = String> {
    "[ -~é商]{0,40}"
}

fn verifies(signer: &Signer, message: &Message<'_>, input: &str, signature: &str) -> bool {
    let Ok(read) = Presented::parse(&[input.as_bytes()], &[signature.as_bytes()]) else {
        return false;
    };
    let mut base = Vec::new();
    signature_base(&read, message, &mut base).is_ok() && signer.key.verifying_key().verify(&base, &read.signature)
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(
        input: Vec<Vec<u8>>, signature: Vec<Vec<u8>>, text in "[-a-z0-9=();:\",@ \\\\]{0,80}"
    ) {
        let mut lines: Vec<&[u8]> = input.iter().map(Vec::as_slice).collect();
        let signature: Vec<&[u8]> = signature.iter().map(Vec::as_slice).collect();
        let _ = Presented::parse(&lines, &signature);
        let near = format!("sig=({text});tag=\"xunyuan-v1\"{text}");
        lines.push(near.as_bytes());
        let _ = Presented::parse(&[near.as_bytes()], &signature);
        let headers = Headers::new();
        for step in explain(&lines, &signature, &message(&headers, &text, None), b"x", None).steps() {
            prop_assert!(!step.detail.is_empty());
        }
    }

    #[test]
    fn what_is_signed_verifies_and_any_other_request_does_not(
        path in "/[!-~]{0,30}", other_path in "/[!-~]{0,30}",
        query in proptest::option::of("[!-~]{0,30}"), other_query in proptest::option::of("[!-~]{0,30}"),
        key in printable(), body: Vec<u8>, ed25519: bool,
    ) {
        let key_material = if ed25519 {
            SigningKey::Ed25519(Ed25519Secret::from_seed(&[5; 32]))
        } else {
            SigningKey::HmacSha256(HmacKey::new(b"secret"))
        };
        let signer = Signer { key_id: "k\"\\ ".to_owned(), key: key_material };
        let mut headers = vec![("Content-Type", "a/b".to_owned()), ("Idempotency-Key", key.clone())];
        let signed = signer.sign(&message(&headers, &path, query.as_deref()), &body, CREATED, NONCE).unwrap();
        headers.extend(signed.content_digest.clone().map(|digest| ("Content-Digest", digest)));
        let ok = |headers: &Headers, path: &str, query: Option<&str>| {
            verifies(&signer, &message(headers, path, query), &signed.signature_input, &signed.signature)
        };
        prop_assert!(ok(&headers, &path, query.as_deref()));
        let read = Presented::parse(&[signed.signature_input.as_bytes()], &[signed.signature.as_bytes()]).unwrap();
        let needs = Needs::of(&message(&headers, &path, None), body.len());
        prop_assert!(coverage(&read, &needs).is_empty());
        prop_assert_eq!(ok(&headers, &other_path, query.as_deref()), path == other_path);
        let same_query = query.as_deref().unwrap_or("") == other_query.as_deref().unwrap_or("");
        prop_assert_eq!(ok(&headers, &path, other_query.as_deref()), same_query);
        headers[1].1 = format!("{key}x");
        prop_assert!(!ok(&headers, &path, query.as_deref()));
    }

    #[test]
    fn any_flipped_bit_of_the_signed_headers_fails(at in 4_usize..300, bit in 0_u8..7) {
        let headers = Headers::new();
        let request = message(&headers, "/v1/offers", Some("q=%E7%9A%BF"));
        let signer = Signer {
            key_id: "xyk_live_".to_owned(),
            key: SigningKey::HmacSha256(HmacKey::new(b"secret")),
        };
        let signed = signer.sign(&request, b"", CREATED, NONCE).unwrap();
        prop_assert!(verifies(&signer, &request, &signed.signature_input, &signed.signature));
        let mut input = signed.signature_input.clone().into_bytes();
        let at = 4 + (at - 4) % (input.len() - 4);
        input[at] ^= 1 << bit;
        if let Ok(input) = String::from_utf8(input) {
            prop_assert!(!verifies(&signer, &request, &input, &signed.signature), "{input}");
        }
        let mut base = signed.signature_base.clone();
        let at = at % base.len();
        base[at] ^= 1 << bit;
        let read = Presented::parse(&[signed.signature_input.as_bytes()], &[signed.signature.as_bytes()]).unwrap();
        prop_assert!(!signer.key.verifying_key().verify(&base, &read.signature));
    }
}

//! The proof of who calls, over a real directory: each refusal its own code, and nothing told to whom it should not.

use std::time::{Duration, Instant};

use jiff::SignedDuration;
use proptest::prelude::*;

use crate::auth::trial::{ACTOR, Call, Door, MASTER, issue, policy, signer, stranger, with_id};
use crate::auth::verify::{Lines, trial_key};
use crate::auth::{Reason, Refusal, Settings};
use crate::error::{Code, Failure};
use crate::model::partner::Mode;
use crate::partners::{Directory, KeyPolicy, MasterKeys, Material, Rotation, Sealer};
use crate::signing::http_message::{Algorithm, Ed25519Secret, Presented, Signer, SigningKey, VerifyingKey};
use crate::signing::key_format;

#[tokio::test]
async fn a_signed_request_becomes_its_caller() {
    let door = Door::open().await;
    let caller = door.verify(&Call::get().signed(&door.live, door.now())).await.unwrap();
    assert_eq!((caller.partner.id.as_str(), caller.mode), ("acme", Mode::Live));
    assert_eq!(*caller.key_id, *door.live.key_id);
    let caller = door.verify(&Call::order().signed(&door.sandbox, door.now())).await.unwrap();
    assert_eq!(caller.mode, Mode::Sandbox);
}

#[tokio::test]
async fn each_step_refuses_with_its_own_code() {
    let door = Door::open().await;
    let now = door.now();
    let good = || Call::get().signed(&door.sandbox, now);
    let order = || Call::order().signed(&door.sandbox, now);
    let mut unsigned = good();
    unsigned.headers.clear();
    let mut altered_body = order();
    altered_body.body.push(b' ');
    let mut wrong_path = good();
    wrong_path.path.push('x');
    let mut twice = order();
    twice.headers.push(("idempotency-key".into(), b"other".to_vec()));
    let mut elsewhere = Call::get();
    elsewhere.authority = "evil.example".into();
    let forged = Signer { key: stranger(), ..door.sandbox.clone() };
    let cases = [
        (unsigned, "signature_missing"),
        (good().altered("signature-input", "xunyuan-v1", "other"), "signature_missing"),
        (good().altered("signature-input", ";nonce=", ";nunce="), "signature_malformed"),
        (good().altered("signature-input", "sig=", "gis="), "signature_malformed"),
        (twice, "signature_malformed"),
        (order().altered("signature-input", " \"idempotency-key\"", ""), "coverage_insufficient"),
        (order().altered("signature-input", " \"content-digest\"", ""), "coverage_insufficient"),
        (good().altered("signature-input", " \"@query\"", ""), "coverage_insufficient"),
        (elsewhere.signed(&door.sandbox, now), "authority_not_served"),
        (Call::get().signed(&door.sandbox, now - 301), "clock_skew"),
        (Call::get().signed(&door.sandbox, now + 32), "clock_skew"),
        (Call::order().signed(&door.sandbox, now - 122), "clock_skew"),
        (Call::get().signed(&with_id(&door.sandbox, "xyk_test_typo"), now), "unknown_key"),
        (Call::get().signed(&with_id(&door.sandbox, "AKIA"), now), "unknown_key"),
        (Call::get().signed(&forged, now), "signature_mismatch"),
        (wrong_path, "signature_mismatch"),
        (good().altered("signature-input", "hmac-sha256", "ed25519"), "signature_mismatch"),
        (altered_body, "digest_mismatch"),
        (order(), "let in"),
    ];
    for (at, (call, expected)) in cases.into_iter().enumerate() {
        assert_eq!(door.code(&call).await, expected, "case {at}");
    }
}

#[tokio::test]
async fn an_oversized_signature_is_refused_before_it_is_read() {
    let door = Door::open().await;
    let mut call = Call::get().signed(&door.live, door.now());
    call.set("signature", &format!("sig=:{}:", "A".repeat(9000)));
    let refusal = door.refusal(&call).await;
    assert_eq!(refusal.code(), Code::SignatureMalformed);
    assert!(refusal.detail().unwrap().contains("8192"), "{:?}", refusal.detail());
}

#[tokio::test]
async fn a_received_request_is_refused_the_second_time_whatever_its_class() {
    let door = Door::open().await;
    for call in [Call::get(), Call::order()] {
        let call = call.signed(&door.live, door.now());
        assert_eq!(door.code(&call).await, "let in");
        assert_eq!(door.code(&call).await, "replayed");
        // As long as the signature counts.
        door.clock.advance_ms(119_000);
        assert_eq!(door.code(&call).await, "replayed");
    }
}

#[tokio::test]
async fn a_refused_request_does_not_spend_its_nonce() {
    let door = Door::open().await;
    let call = Call::order().signed(&door.live, door.now());
    let mut altered = call.clone();
    altered.body.push(b'x');
    assert_eq!(door.code(&altered).await, "digest_mismatch");
    door.directory.suspend_partner(ACTOR, &"acme".parse().unwrap(), "").await.unwrap();
    assert_eq!(door.code(&call).await, "key_suspended");
    door.directory.resume_partner(ACTOR, &"acme".parse().unwrap()).await.unwrap();
    assert_eq!(door.code(&call).await, "let in");
}

#[tokio::test]
async fn an_unknown_live_key_is_answered_exactly_like_a_wrong_signature() {
    let door = Door::open().await;
    let now = door.now();
    let never_issued = key_format::KeyId::generate(key_format::Mode::Live, &[9; 16]);
    let answers = [
        Call::get().signed(&Signer { key: stranger(), ..door.live.clone() }, now),
        Call::get().signed(&with_id(&door.live, never_issued.as_str()), now),
        Call::get().signed(&with_id(&door.live, "xyk_live_typo"), now),
        Call::get().signed(&door.live, now).altered("signature-input", "hmac-sha256", "ed25519"),
    ];
    for call in &answers {
        let told = door.refusal(call).await;
        assert_eq!((told.code(), told.detail()), (Code::SignatureMismatch, None));
        assert!(told.extras().is_empty() && told.places().is_empty(), "{told:?}");
        assert_eq!(told.headers(), door.refusal(&answers[0]).await.headers());
    }
}

#[tokio::test]
async fn which_algorithm_is_computed_never_depends_on_the_directory() {
    let door = Door::open().await;
    let public = Material::Public(Ed25519Secret::from_seed(&[7; 32]).public());
    let partner = "acme".parse().unwrap();
    let issued = door.directory.issue_key(ACTOR, &partner, policy(Mode::Live), public).await.unwrap();
    let hmac = door.directory.find(&door.live.key_id).unwrap();
    let ed25519 = door.directory.find(issued.key_id.as_str()).unwrap();
    let whole = Call::get().signed(&door.live, door.now());
    let unnamed = whole.clone().altered("signature-input", ";alg=\"hmac-sha256\"", "");
    let mut long = unnamed.clone();
    long.set("signature", &format!("sig=:{}==:", "A".repeat(86)));
    let named_otherwise = whole.clone().altered("signature-input", "hmac-sha256", "ed25519");
    for (call, computed) in [
        (&whole, Algorithm::HmacSha256),
        (&unnamed, Algorithm::HmacSha256),
        (&long, Algorithm::Ed25519),
        (&named_otherwise, Algorithm::Ed25519),
    ] {
        let lines = Lines::of(&call.message());
        let (input, signature) = (lines.input.clone(), lines.signature.clone());
        let presented = Presented::parse(&input, &signature).unwrap();
        for record in [None, Some(&*hmac), Some(&*ed25519)] {
            let key = trial_key(record, &presented);
            assert_eq!(key.algorithm(), computed);
            let real = record.is_some_and(|record| record.algorithm() == computed);
            assert_eq!(!matches!(key, VerifyingKey::Decoy(_)), real);
        }
    }
}

#[tokio::test]
async fn an_unknown_key_takes_as_long_as_a_wrong_signature() {
    let door = Door::with(Settings { refusals_per_minute: 0, ..Settings::default() }).await;
    let public = Material::Public(Ed25519Secret::from_seed(&[7; 32]).public());
    let issued = door.directory.issue_key(ACTOR, &"acme".parse().unwrap(), policy(Mode::Live), public).await.unwrap();
    let wrong = SigningKey::Ed25519(Ed25519Secret::from_seed(&[8; 32]));
    let known = Signer { key_id: issued.key_id.to_string(), key: wrong.clone() };
    let never_issued = key_format::KeyId::generate(key_format::Mode::Live, &[9; 16]);
    let unknown = Signer { key_id: never_issued.to_string(), key: wrong };
    let calls = [known, unknown].map(|signer| Call::get().signed(&signer, door.now()));
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..300 {
        for (call, times) in calls.iter().zip(&mut times) {
            let start = Instant::now();
            assert_eq!(door.code(call).await, "signature_mismatch");
            times.push(start.elapsed());
        }
    }
    // Ed25519 is far dearer than all the rest, so a way around it would show at once.
    let [known, unknown] = times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2]
    });
    let (shorter, longer) = (known.min(unknown), known.max(unknown));
    assert!(longer < shorter * 2 && shorter > Duration::from_micros(10), "known {known:?}, unknown {unknown:?}");
}

#[tokio::test]
async fn what_became_of_a_key_is_told_only_to_its_holder() {
    let door = Door::open().await;
    let partner = "acme".parse().unwrap();
    let net = KeyPolicy { allowed: vec!["198.51.100.0/24".parse().unwrap()], ..policy(Mode::Live) };
    let bound = issue(&door.directory, "acme", net).await;
    let retired = issue(&door.directory, "acme", policy(Mode::Live)).await;
    door.directory.retire_key(ACTOR, &retired.key_id).await.unwrap();
    let suspended = issue(&door.directory, "acme", policy(Mode::Live)).await;
    door.directory.suspend_key(ACTOR, &suspended.key_id, "").await.unwrap();
    for (signer, code) in [(&bound, "address_not_allowed"), (&retired, "key_expired"), (&suspended, "key_suspended")] {
        assert_eq!(door.code(&Call::get().signed(signer, door.now())).await, code);
        let forged = Signer { key: stranger(), ..signer.clone() };
        assert_eq!(door.code(&Call::get().signed(&forged, door.now())).await, "signature_mismatch");
    }
    door.directory.suspend_partner(ACTOR, &partner, "").await.unwrap();
    assert_eq!(door.code(&Call::get().signed(&door.live, door.now())).await, "key_suspended");
}

#[tokio::test]
async fn the_allow_list_is_asked_for_v4_and_v6() {
    let door = Door::open().await;
    let nets = ["203.0.113.0/24", "2001:db8:7::/48"].map(|net| net.parse().unwrap()).to_vec();
    let bound = issue(&door.directory, "acme", KeyPolicy { allowed: nets, ..policy(Mode::Live) }).await;
    for (address, expected) in [
        ("203.0.113.77", "let in"),
        ("::ffff:203.0.113.77", "let in"),
        ("2001:db8:7::1", "let in"),
        ("203.0.112.77", "address_not_allowed"),
        ("2001:db8:6::1", "address_not_allowed"),
    ] {
        let mut call = Call::get().signed(&bound, door.now());
        call.address = address.parse().unwrap();
        assert_eq!(door.code(&call).await, expected, "{address}");
    }
}

#[tokio::test]
async fn a_key_expires_by_the_clock() {
    let door = Door::open().await;
    let end = door.clock.now() + SignedDuration::from_mins(10);
    let brief = issue(&door.directory, "acme", KeyPolicy { expires_at: Some(end), ..policy(Mode::Live) }).await;
    assert_eq!(door.code(&Call::get().signed(&brief, door.now())).await, "let in");
    door.clock.advance_ms(601_000);
    assert_eq!(door.code(&Call::get().signed(&brief, door.now())).await, "key_expired");
}

#[tokio::test]
async fn both_keys_count_while_a_rotation_overlaps() {
    let door = Door::open().await;
    let rotation =
        Rotation { overlap: SignedDuration::from_hours(1), material: Material::SharedSecret, expires_at: None };
    let newer = signer(door.directory.rotate_key(ACTOR, &door.live.key_id, rotation).await.unwrap());
    assert_eq!(door.code(&Call::get().signed(&door.live, door.now())).await, "let in");
    assert_eq!(door.code(&Call::get().signed(&newer, door.now())).await, "let in");
    door.clock.advance_ms(3_601_000);
    assert_eq!(door.code(&Call::get().signed(&door.live, door.now())).await, "key_expired");
    assert_eq!(door.code(&Call::get().signed(&newer, door.now())).await, "let in");
}

#[tokio::test]
async fn a_suspension_by_another_process_takes_hold_with_the_next_refresh() {
    let door = Door::open().await;
    let sealer = Sealer::new(MasterKeys::parse(MASTER).unwrap());
    let cli = Directory::open(door.house.another().await, sealer, door.clock.clone()).await.unwrap();
    cli.suspend_partner(ACTOR, &"acme".parse().unwrap(), "").await.unwrap();
    assert_eq!(door.code(&Call::get().signed(&door.live, door.now())).await, "let in");
    door.directory.refresh().await;
    assert_eq!(door.code(&Call::get().signed(&door.live, door.now())).await, "key_suspended");
}

#[tokio::test]
async fn a_refusal_challenges_with_what_to_sign_and_tells_the_time() {
    let door = Door::open().await;
    let refusal = door.refusal(&Call::order().signed(&door.live, door.now() - 3600)).await;
    let expected = "sig=(\"@method\" \"@authority\" \"@path\" \"@query\" \"content-digest\" \"content-type\" \
        \"idempotency-key\");created;tag=\"xunyuan-v1\"";
    assert_eq!(
        refusal.headers(),
        [("www-authenticate", "Signature realm=\"xunyuan\"".into()), ("accept-signature", expected.to_owned())]
    );
    let extras = refusal.extras();
    assert_eq!(extras.len(), 1);
    let time: jiff::Timestamp = extras[0].1.trim_matches('"').parse().unwrap();
    assert_eq!((extras[0].0, time.as_second()), ("server_time", door.now()));
}

#[tokio::test]
async fn only_sandbox_keys_are_shown_the_signature_base() {
    let door = Door::open().await;
    let shown = |refusal: Refusal| refusal.extras().into_iter().find(|(name, _)| *name == "signature_base");
    for (signer, expected) in [(&door.live, false), (&door.sandbox, true)] {
        let forged = Signer { key: stranger(), ..signer.clone() };
        let base = shown(door.refusal(&Call::get().signed(&forged, door.now())).await);
        assert_eq!(base.is_some(), expected);
        if let Some((_, json)) = base {
            let text: String = serde_json::from_str(&json).unwrap();
            assert!(text.starts_with("\"@method\": GET\n\"@authority\": api.example.com\n"), "{text}");
        }
    }
}

#[tokio::test]
async fn missing_coverage_names_every_component() {
    let door = Door::open().await;
    let call = Call::order().signed(&door.live, door.now()).altered("signature-input", "\"@query\" ", "");
    let call = call.altered("signature-input", " \"content-type\"", "");
    let refusal = door.refusal(&call).await;
    assert_eq!(refusal.reason(), &Reason::Coverage(vec!["@query", "content-type"]));
    assert_eq!(refusal.places().len(), 2);
}

#[tokio::test]
async fn too_many_refusals_are_throttled_and_valid_requests_from_there_still_pass() {
    let door = Door::with(Settings { refusals_per_minute: 5, ..Settings::default() }).await;
    let forged = Signer { key: stranger(), ..door.sandbox.clone() };
    for _ in 0..5 {
        assert_eq!(door.code(&Call::get().signed(&forged, door.now())).await, "signature_mismatch");
    }
    let refusal = door.refusal(&Call::get().signed(&forged, door.now())).await;
    assert_eq!(refusal.code(), Code::AuthThrottled);
    assert!(refusal.retry_after_s().is_some_and(|wait| (1..=13).contains(&wait)), "{refusal:?}");
    assert!(refusal.extras().is_empty() && refusal.headers().is_empty());
    assert_eq!(door.code(&Call::get().signed(&door.sandbox, door.now())).await, "let in");
    assert_eq!(door.code(&Call::get().signed(&door.live, door.now())).await, "let in");
    door.clock.advance_ms(13_000);
    assert_eq!(door.code(&Call::get().signed(&forged, door.now())).await, "signature_mismatch");
}

/// The parts of a request that a signature covers, each as bytes that can be altered.
const PARTS: [&str; 9] = [
    "method",
    "authority",
    "path",
    "query",
    "body",
    "content-type",
    "content-digest",
    "idempotency-key",
    "signature-input",
];

fn flip(bytes: &mut [u8], at: usize, bit: u8) {
    let at = at % bytes.len();
    bytes[at] ^= 1 << bit;
}

fn flip_text(text: &mut String, at: usize, bit: u8) {
    let mut bytes = text.clone().into_bytes();
    flip(&mut bytes, at, bit);
    *text = String::from_utf8(bytes).unwrap();
}

#[test]
fn flipping_any_bit_of_a_covered_part_never_verifies() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let door = runtime.block_on(Door::with(Settings { refusals_per_minute: 0, ..Settings::default() }));
    let mut order = Call::order();
    order.query = Some("dry=1".into());
    let good = order.signed(&door.live, door.now());
    // Text stays ASCII: the eighth bit of a request line never reaches a handler.
    let config = ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(part in proptest::sample::select(&PARTS[..]), at in 0_usize..1000, bit in 0_u8..7)| {
        let mut call = good.clone();
        match part {
            "method" => flip_text(&mut call.method, at, bit),
            "authority" => flip_text(&mut call.authority, at, bit),
            "path" => flip_text(&mut call.path, at, bit),
            "query" => flip_text(call.query.as_mut().unwrap(), at, bit),
            "body" => flip(&mut call.body, at, bit),
            name => {
                let field = call.headers.iter_mut().find(|(field, _)| field == name).unwrap();
                flip(&mut field.1, at, bit);
            }
        }
        // Host names have no case.
        prop_assume!(part != "authority" || !call.authority.eq_ignore_ascii_case(&good.authority));
        prop_assert!(runtime.block_on(door.verify(&call)).is_err(), "{part} {at} {bit}");
    });
    // The untouched one was good all along, and is still unspent.
    assert!(runtime.block_on(door.verify(&good)).is_ok());
    for byte in 0..32 {
        let mut presented = Call::order().signed(&door.live, door.now());
        let value = presented.value("signature");
        let encoded = value.trim_start_matches("sig=").trim_matches(':');
        let mut bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, encoded).unwrap();
        bytes[byte] ^= 1;
        let altered = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes);
        presented.set("signature", &format!("sig=:{altered}:"));
        assert!(runtime.block_on(door.verify(&presented)).is_err(), "{byte}");
    }
}

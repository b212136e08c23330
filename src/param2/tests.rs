//! The door as a whole, over any bytes: it never stumbles, and whatever it believes is, letter for letter, what was signed.
//! (Where a name ends and its value begins is not signed; that is the rule's own weakness, and why `/v1` has another.)

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::prelude::*;

use crate::param2::parameters::Parameters;
use crate::param2::route::Route;
use crate::signing::aop::{AppSecret, SIGNATURE};

const PATH: &str = "/openapi/param2/1/com.alibaba.trade/alibaba.trade.cancel/1234567";

fn secret() -> AppSecret {
    AppSecret::new(b"secretXYZ").unwrap()
}

/// A request as it travels.
#[derive(Clone, Debug)]
struct Sent {
    path: String,
    query: Vec<u8>,
    content_type: String,
    body: Vec<u8>,
}

/// What the door makes of a request: the parameters that it believes, by path.
fn believed(sent: &Sent) -> Option<(String, BTreeMap<String, String>)> {
    let route = Route::of(&sent.path)?;
    let query = String::from_utf8_lossy(&sent.query);
    let read = Parameters::read(&query, &sent.content_type, &Bytes::from(sent.body.clone()), &["imageData"]);
    let fits = secret().verify(&route.signed, read.texts(), read.signature()?);
    let texts = read.texts().iter().filter(|(name, _)| name != SIGNATURE).cloned();
    fits.then(|| (route.signed, texts.collect()))
}

fn encoded(pairs: &[(String, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// A signed request in one of the ways that clients send it: 0 form, 1 query, 2 parts that nobody closes.
fn sent(parameters: &BTreeMap<String, String>, way: u8) -> Sent {
    let signed = Route::of(PATH).unwrap().signed;
    let mut pairs: Vec<_> = parameters.clone().into_iter().collect();
    let signature = secret().sign(&signed, &pairs);
    let empty = Sent { path: PATH.to_owned(), query: Vec::new(), content_type: String::new(), body: Vec::new() };
    let signed = (SIGNATURE.to_owned(), signature);
    match way {
        0 => {
            pairs.push(signed);
            Sent { content_type: "application/x-www-form-urlencoded".into(), body: encoded(&pairs).into(), ..empty }
        }
        1 => {
            pairs.push(signed);
            Sent { query: encoded(&pairs).into(), ..empty }
        }
        _ => {
            let mut body = String::new();
            for (name, value) in &pairs {
                body.push_str(&format!(
                    "--form-1688\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
                ));
            }
            let content_type = "multipart/form-data; boundary=form-1688".to_owned();
            Sent { query: encoded(&[signed]).into(), content_type, body: body.into(), ..empty }
        }
    }
}

fn parameters() -> impl Strategy<Value = BTreeMap<String, String>> {
    proptest::collection::btree_map("[a-zA-Z_]{1,10}", "[ -~å-ö杯子]{0,20}", 1..6)
        .prop_filter("the signature is added", |all| !all.contains_key(SIGNATURE))
}

/// The letters that are signed, in either order.
fn letters(texts: &BTreeMap<String, String>) -> [String; 2] {
    let by_key: Vec<_> = texts.iter().map(|(name, value)| format!("{name}{value}")).collect();
    let mut joined = by_key.clone();
    joined.sort();
    [joined.concat(), by_key.concat()]
}

/// 512 cases, or as many more as PROPTEST_CASES says.
fn cases() -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig { cases: config.cases.max(512), ..config }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn what_is_signed_is_believed_however_it_is_sent(all in parameters(), way in 0..3_u8) {
        let believed = believed(&sent(&all, way));
        prop_assert_eq!(believed.map(|(_, texts)| texts), Some(all));
    }

    #[test]
    fn no_altered_request_is_believed_to_say_anything_else(
        all in parameters(),
        way in 0..3_u8,
        part in 0..3_u8,
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        how in 0..3_u8,
    ) {
        let mut altered = sent(&all, way);
        let mut path = altered.path.clone().into_bytes();
        let bytes = match part {
            0 => &mut altered.body,
            1 => &mut altered.query,
            _ => &mut path,
        };
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => {
                    bytes.remove(at);
                }
            }
        }
        altered.path = String::from_utf8_lossy(&path).into_owned();
        let signed = Route::of(PATH).unwrap().signed;
        if let Some((path, texts)) = believed(&altered) {
            let wanted = letters(&all)[0].clone();
            prop_assert_eq!(path, signed);
            prop_assert!(letters(&texts).contains(&wanted), "{:?} was signed, {:?} was believed", all, altered);
        }
    }

    #[test]
    fn any_bytes_at_all_are_refused_and_do_no_harm(
        path in ".{0,80}",
        query in proptest::collection::vec(any::<u8>(), 0..120),
        body in proptest::collection::vec(any::<u8>(), 0..200),
        content_type in prop_oneof![
            Just("multipart/form-data; boundary=-".to_owned()),
            Just("application/x-www-form-urlencoded".to_owned()),
            ".{0,40}",
        ],
    ) {
        prop_assert_eq!(believed(&Sent { path: format!("/openapi/{path}"), query, content_type, body }), None);
    }
}

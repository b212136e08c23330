//! `_aop_signature`, the rule of 1688's open platform: HMAC-SHA1 over the path and every parameter as it arrived.
//! HMAC-SHA1 is used nowhere else; whose secret it is and how old a request may be is for others to say.

use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The parameter that carries the signature, and the only one that is not signed.
pub const SIGNATURE: &str = "_aop_signature";
/// Bytes of a signature.
const TAG_BYTES: usize = 20;

/// An app's secret, prepared.
#[derive(Clone)]
pub struct AppSecret {
    mac: Hmac<Sha1>,
    /// For the frames of the message channel, which know no keyed hash.
    pub(super) text: Arc<Zeroizing<Vec<u8>>>,
}

/// In which order the signed pairs stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// `key + value` as one text: what the official clients do.
    Joined,
    /// By key: what several others do. It differs only when one key is the beginning of another.
    ByKey,
}

impl AppSecret {
    /// The secret with these bytes.
    pub fn new(secret: &[u8]) -> Option<Self> {
        let mac = Hmac::new_from_slice(secret).ok()?;
        Some(Self { mac, text: Arc::new(Zeroizing::new(secret.to_vec())) })
    }

    /// A secret that nobody holds, so that an unknown app costs the time of a known one.
    pub fn decoy() -> Option<Self> {
        Self::new(b"nobody's")
    }

    /// Whether this text is the secret; for calls that send it, as those for tokens do.
    pub fn is(&self, text: &str) -> bool {
        let Some(other) = Self::new(text.as_bytes()) else { return false };
        let tag = |secret: &Self| secret.tag("is it?", &[] as &[(&str, &str)], Order::Joined);
        bool::from(tag(self).ct_eq(&tag(&other)))
    }

    /// The signature over a path (`param2/1/namespace/api/appKey`) and these parameters, in capitals.
    pub fn sign<K: AsRef<str>, V: AsRef<str>>(&self, path: &str, parameters: &[(K, V)]) -> String {
        hex(&self.tag(path, parameters, Order::Joined))
    }

    /// Whether the signature is of this path and these parameters, in either order and either case. Both orders are
    /// always computed.
    pub fn verify<K: AsRef<str>, V: AsRef<str>>(&self, path: &str, parameters: &[(K, V)], signature: &str) -> bool {
        let given = unhex(signature);
        let fits = |order| {
            let wanted = self.tag(path, parameters, order);
            given.is_some_and(|given| bool::from(given.ct_eq(&wanted)))
        };
        fits(Order::Joined) | fits(Order::ByKey)
    }

    fn tag<K: AsRef<str>, V: AsRef<str>>(&self, path: &str, parameters: &[(K, V)], order: Order) -> [u8; TAG_BYTES] {
        let signed = |(key, value): &'_ (K, V)| (key.as_ref().to_owned(), value.as_ref().to_owned());
        let mut pairs: Vec<_> = parameters.iter().map(signed).filter(|(key, _)| key != SIGNATURE).collect();
        match order {
            Order::Joined => pairs.sort_by(|a, b| joined(a).cmp(joined(b))),
            Order::ByKey => pairs.sort(),
        }
        let mut mac = self.mac.clone();
        mac.update(path.as_bytes());
        for (key, value) in &pairs {
            mac.update(key.as_bytes());
            mac.update(value.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }
}

fn joined((key, value): &(String, String)) -> impl Iterator<Item = u8> + '_ {
    key.bytes().chain(value.bytes())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn unhex(text: &str) -> Option<[u8; TAG_BYTES]> {
    let digits = text.as_bytes();
    let mut bytes = [0; TAG_BYTES];
    if digits.len() != 2 * TAG_BYTES {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |at: usize| pair.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        *byte = u8::try_from(digit(0)? * 16 + digit(1)?).ok()?;
    }
    Some(bytes)
}

impl std::fmt::Debug for AppSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AppSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{AppSecret, Order, hex};

    fn secret(text: &str) -> AppSecret {
        AppSecret::new(text.as_bytes()).unwrap()
    }

    type Vector = (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str);

    /// Signatures that clients of the platform are known to make.
    const VECTORS: &[Vector] = &[
        (
            "secretXYZ",
            "param2/1/com.alibaba.trade/alibaba.trade.getBuyerOrderList/1234567",
            &[
                ("access_token", "tok-abc"),
                ("_aop_datatype", "application/json"),
                ("_aop_timestamp", "1700000000000"),
                ("page", "1"),
                ("pageSize", "20"),
            ],
            "D01C12C8FCD4B59367FFDD51E1DEC31C7C237A4C",
        ),
        (
            "sk",
            "param2/1/com.alibaba.agent/newtoncloud.task.create/mykey",
            &[
                ("access_token", "a1"),
                ("_aop_datatype", "application/json"),
                ("_aop_timestamp", "1699999999999"),
                ("message", "hello"),
                ("fileUrls", "[\"u1\",\"u2\"]"),
            ],
            "AAE1AB7148B81D8EB334345395E71D7338F6BB43",
        ),
        (
            "s",
            "param2/1/ns/api/k",
            &[("_aop_datatype", "application/json"), ("_aop_timestamp", "1")],
            "207584D75CAB31AC2141CC17D2EAAC3EB016AE42",
        ),
        (
            "secretXYZ",
            "param2/1/com.alibaba.fenxiao.crossborder/product.search.queryProductDetail/1234567",
            &[("access_token", "tok-abc"), ("offerDetailParam", "{\"offerId\":610947572360,\"country\":\"en\"}")],
            "45FF7385FAC079C8437224133856843EFD2E97D4",
        ),
        (
            "secretXYZ",
            "param2/1/com.alibaba.fenxiao.crossborder/product.search.keywordQuery/1234567",
            &[
                ("access_token", "tok-abc"),
                ("offerQueryParam", "{\"keyword\":\"连衣裙\",\"beginPage\":1,\"pageSize\":20,\"country\":\"en\"}"),
            ],
            "6406C2E877DF8AB5E0139E973E61285002B7DD58",
        ),
        (
            "s",
            "param2/1/ns/api/k",
            &[("page", "z9"), ("pageSize", "20"), ("access_token", "t")],
            "32052DBB7F5943A4D0847A41353B0655D089657C",
        ),
    ];

    #[test]
    fn known_signatures_are_made_and_believed() {
        for (of, path, parameters, signature) in VECTORS {
            assert_eq!(secret(of).sign(path, parameters), *signature, "{path}");
            assert!(secret(of).verify(path, parameters, signature));
            assert!(secret(of).verify(path, parameters, &signature.to_lowercase()));
            let mut turned = parameters.to_vec();
            turned.reverse();
            assert!(secret(of).verify(path, &turned, signature), "the order of arrival is nothing");
        }
    }

    #[test]
    fn pairs_sorted_by_key_are_believed_too() {
        let (of, path, parameters, _) = VECTORS[5];
        let by_key = "0220562729B6B156FA08A0F94D5528243A5C7C9F";
        assert_eq!(hex(&secret(of).tag(path, parameters, Order::ByKey)), by_key);
        assert!(secret(of).verify(path, parameters, by_key));
    }

    #[test]
    fn a_secret_that_is_sent_is_recognised() {
        assert!(secret("s3cret").is("s3cret"));
        assert!(["", "s3cre", "s3cretx", "S3CRET"].iter().all(|wrong| !secret("s3cret").is(wrong)));
    }

    #[test]
    fn an_empty_value_is_signed_like_any_other() {
        let without: &[(&str, &str)] = &[("a", "1")];
        let with: &[(&str, &str)] = &[("a", "1"), ("memo", "")];
        let signature = secret("s").sign("p", with);
        assert!(secret("s").verify("p", with, &signature) && !secret("s").verify("p", without, &signature));
    }

    proptest! {
        #[test]
        fn nothing_but_the_right_secret_signs(
            parameters in proptest::collection::vec(("[a-zA-Z_]{1,8}", ".{0,12}"), 0..6),
            given in ".{0,44}",
            other in "[a-z]{1,12}",
        ) {
            prop_assume!(other != "right");
            let right = secret("right");
            prop_assert!(!right.verify("param2/1/n/a/1", &parameters, &given));
            prop_assert!(!right.verify("param2/1/n/a/1", &parameters, &secret(&other).sign("param2/1/n/a/1", &parameters)));
            let signature = right.sign("param2/1/n/a/1", &parameters);
            prop_assert!(right.verify("param2/1/n/a/1", &parameters, &signature));
            prop_assert!(!right.verify("param2/1/n/a/2", &parameters, &signature));
        }
    }
}

//! `sign` in frames of the message channel: MD5 over secret, app, content and time, as the channel's clients make it. It
//! only opens the channel, together with a time near now; MD5 is used nowhere else.

use md5::{Digest, Md5};
use subtle::ConstantTimeEq;

use super::aop::{AppSecret, hex};

impl AppSecret {
    /// The signature of a frame, in capitals.
    pub fn sign_frame(&self, app_key: &str, content: Option<&str>, sent_ms: i64) -> String {
        let mut hash = Md5::new();
        hash.update(self.text.as_slice());
        hash.update(app_key);
        hash.update(content.unwrap_or_default());
        hash.update(sent_ms.to_string());
        hex(&hash.finalize())
    }

    /// Whether the signature is of this frame, in either case; some clients leave the content out.
    pub fn verify_frame(&self, app_key: &str, content: Option<&str>, sent_ms: i64, signature: &str) -> bool {
        let given = signature.to_ascii_uppercase();
        let fits = |content| bool::from(self.sign_frame(app_key, content, sent_ms).as_bytes().ct_eq(given.as_bytes()));
        fits(content) | fits(None)
    }
}

#[cfg(test)]
mod tests {
    use super::AppSecret;

    const WHEN: i64 = 1_700_000_000_000;

    #[test]
    fn known_signatures_of_frames_are_made_and_believed() {
        let secret = AppSecret::new(b"secretXYZ").unwrap();
        assert_eq!(secret.sign_frame("mykey", None, WHEN), "B9E65D4592778AE92A46050E139FABC6");
        assert!(secret.verify_frame("mykey", None, WHEN, "b9e65d4592778ae92a46050e139fabc6"));
        assert!(secret.verify_frame("mykey", Some("x"), WHEN, "B9E65D4592778AE92A46050E139FABC6"));
        assert!(!secret.verify_frame("mykey", None, WHEN + 1, "B9E65D4592778AE92A46050E139FABC6"));
        assert!(!secret.verify_frame("other", None, WHEN, "B9E65D4592778AE92A46050E139FABC6"));
        assert!(!AppSecret::new(b"another").unwrap().verify_frame(
            "mykey",
            None,
            WHEN,
            "B9E65D4592778AE92A46050E139FABC6"
        ));
    }

    #[test]
    fn what_a_frame_says_is_signed_where_its_client_signs_it() {
        let secret = AppSecret::new(b"secretXYZ").unwrap();
        assert_eq!(secret.sign_frame("mykey", Some("content-str"), WHEN), "252610EA907DCC37211639F39097455A");
    }
}

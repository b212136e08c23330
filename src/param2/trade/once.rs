//! What must have its effect once though its caller names no key: the same signed request again within a minute is the
//! same wish. The signature covers every parameter, so that it stands for all of them.

use sha2::{Digest, Sha256};

use crate::orders::Once;
use crate::param2::asked::Asked;
use crate::param2::fault::Refusal;
use crate::param2::gate::Gate;

/// How long the same request is the same wish.
pub const WINDOW_MS: i64 = 60_000;

/// A signed request in its minute.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Stands for the request now: 1 to 64 letters and digits.
    pub now: String,
    /// What would have stood for it a minute ago.
    pub before: String,
    /// Since when `before` can be the same wish.
    pub since_ms: i64,
}

impl Wish {
    /// The wish of a request.
    pub fn of(asked: &Asked) -> Result<Self, Refusal> {
        let signature = asked.parameters.signature().unwrap_or_default().to_ascii_uppercase();
        let told = format!("{}\n{}\n{signature}", asked.row.api, asked.caller.key_id);
        Ok(Self::at(&told, asked.room::<Gate>()?.clock.now_ms()))
    }

    fn at(told: &str, now_ms: i64) -> Self {
        let minute = now_ms.div_euclid(WINDOW_MS);
        let digits: String = Sha256::digest(told).iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        let name = |minute: i64| format!("xyt-{digits}-{minute}");
        Self { now: name(minute), before: name(minute - 1), since_ms: now_ms - WINDOW_MS }
    }

    /// The key of the wish.
    pub fn key(&self) -> Once {
        key(&self.now, self.now.as_bytes())
    }
}

/// The key of a name that a caller gave, with what it was given for.
pub fn key(name: &str, what: &[u8]) -> Once {
    Once { key: format!("param2:{name}"), body_hash: Sha256::digest(what).to_vec() }
}

#[cfg(test)]
mod tests {
    use super::{WINDOW_MS, Wish};
    use crate::model::order::Reference;

    #[test]
    fn the_same_request_is_the_same_wish_for_a_minute() {
        let first = Wish::at("api\nkey\nABC", 90 * WINDOW_MS + 1);
        assert_eq!(first.now, Wish::at("api\nkey\nABC", 91 * WINDOW_MS - 1).now);
        assert_eq!(first.now, Wish::at("api\nkey\nABC", 91 * WINDOW_MS).before);
        assert_ne!(first.now, Wish::at("api\nkey\nABD", 90 * WINDOW_MS + 1).now);
        assert!(first.now.parse::<Reference>().is_ok(), "{}", first.now);
    }
}

//! Partners and keys for tests.

use std::sync::Arc;

use crate::model::partner::{Mode, Partner, Scopes};
use crate::model::plan::Plan;
use crate::partners::records::KeyRecord;
use crate::signing::http_message::{HmacKey, VerifyingKey};

/// The secret of every example key.
pub const SECRET: &[u8] = b"an example secret";

/// A partner in good standing.
pub fn partner(id: &str) -> Partner {
    Partner {
        id: id.parse().unwrap(),
        name: id.to_uppercase(),
        country: "JP".to_owned(),
        suspended: false,
        plan: Arc::new(Plan {
            id: "starter".into(),
            policies: Vec::new(),
            in_flight: 4,
            price_tier: "standard".into(),
        }),
    }
}

/// An active key of partner `acme` with all scopes and [`SECRET`].
pub fn key(id: &str) -> KeyRecord {
    KeyRecord {
        id: id.into(),
        partner: Arc::new(partner("acme")),
        mode: if id.starts_with("xyk_test_") { Mode::Sandbox } else { Mode::Live },
        verifying: VerifyingKey::HmacSha256(HmacKey::new(SECRET)),
        scopes: Scopes::all(),
        allowed: Vec::new(),
        created_at: jiff::Timestamp::UNIX_EPOCH,
        expires_at: None,
        retired_at: None,
        suspended: false,
        rotated_from: None,
    }
}

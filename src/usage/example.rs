//! Calls for tests.

use crate::model::partner::Mode;
use crate::usage::call::{Account, Call};

/// A call of a partner's sandbox key at a moment, answered with a status and charged units.
pub fn call(partner: &str, at_ms: i64, status: u16, units: u32) -> Call {
    let account = Account { partner: partner.into(), mode: Mode::Sandbox, proven: true, age_s: Some(1) };
    Call {
        at_ms,
        account: Some(account),
        operation: "get_offer",
        status,
        code: "",
        request_id: (status >= 400).then(|| format!("req_{at_ms}").into()),
        cost: units,
        units,
        refused_by: None,
        shadow: Vec::new(),
        decided: None,
        micros: 500,
        waited_us: 100,
    }
}

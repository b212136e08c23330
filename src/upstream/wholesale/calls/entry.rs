//! Entry of goods into cross-border trade: how many are in which state, and entering and withdrawing them. Entering what is
//! entered changes nothing, so that all of it may be repeated.

use std::time::Duration;

use crate::upstream::call::Call;
use crate::upstream::wholesale::wire::entry::Which;

/// The service may take so long over everything that qualifies.
const FOR_ALL: Duration = Duration::from_secs(60);

/// How many goods are in which state → `entry::Counts`.
pub fn counts() -> Call {
    Call::get("entry.counts", "/entry/counts")
}

/// Enters goods → `entry::Done`.
pub fn enter(which: &Which) -> Call {
    changing("entry.enter", "/entry/enter", which)
}

/// Takes goods out → `entry::Done`.
pub fn withdraw(which: &Which) -> Call {
    changing("entry.withdraw", "/entry/withdraw", which)
}

fn changing(name: &'static str, path: &str, which: &Which) -> Call {
    let waits = if which.all { FOR_ALL } else { Duration::ZERO };
    Call { waits, ..Call::post(name, path, which).safe() }
}

#[cfg(test)]
mod tests {
    use super::{enter, withdraw};
    use crate::upstream::wholesale::wire::entry::Which;

    #[test]
    fn only_what_is_asked_for_is_said() {
        let said = |call: crate::upstream::Call| String::from_utf8(call.body.unwrap().bytes.to_vec()).unwrap();
        assert_eq!(said(enter(&Which { all: true, ..Which::default() })), r#"{"all":true}"#);
        let selected = Which { goods_ids: vec![7, 8], ..Which::default() };
        assert_eq!(said(withdraw(&selected)), r#"{"goodsIds":[7,8]}"#);
    }
}

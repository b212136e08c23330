//! A key as the running gateway holds it: ready to verify with, and able to say whether it counts now and from here.
//! Where it is stored is told by the files around it.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use jiff::Timestamp;

use crate::model::partner::{Caller, Mode, Partner, Scopes};
use crate::signing::http_message::{Algorithm, VerifyingKey};
use crate::signing::key_format;

/// A key of a partner, with everything a request needs worked out before.
#[derive(Clone, Debug)]
pub struct KeyRecord {
    /// The key id.
    pub id: Arc<str>,
    /// Whose key it is.
    pub partner: Arc<Partner>,
    /// Live or sandbox, as the id's prefix says.
    pub mode: Mode,
    /// Checks signatures; holds the prepared secret or the public key.
    pub verifying: VerifyingKey,
    /// What the key may do.
    pub scopes: Scopes,
    /// Networks the key may be used from; empty for anywhere.
    pub allowed: Vec<IpNet>,
    /// When it was issued.
    pub created_at: Timestamp,
    /// From when on it does not count.
    pub expires_at: Option<Timestamp>,
    /// When it was withdrawn.
    pub retired_at: Option<Timestamp>,
    /// Whether the key itself is suspended.
    pub suspended: bool,
    /// The key it takes the place of.
    pub rotated_from: Option<Arc<str>>,
}

/// Whether a key counts at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// It does.
    Active,
    /// Past its end or withdrawn.
    Expired,
    /// The key or its partner is suspended.
    Suspended,
}

impl KeyState {
    /// The state at a moment; an expired key is told to be expired even when it is suspended too.
    pub(super) fn at(
        now: Timestamp,
        expires_at: Option<Timestamp>,
        retired_at: Option<Timestamp>,
        suspended: bool,
    ) -> Self {
        let ended = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        if ended(expires_at) || ended(retired_at) {
            Self::Expired
        } else if suspended {
            Self::Suspended
        } else {
            Self::Active
        }
    }

    /// `active`, `expired` or `suspended`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Suspended => "suspended",
        }
    }
}

impl KeyRecord {
    /// Whether the key counts at a moment.
    pub fn state(&self, now: Timestamp) -> KeyState {
        KeyState::at(now, self.expires_at, self.retired_at, self.suspended || self.partner.suspended)
    }

    /// Whether the key may be used from this address; an IPv4 address inside IPv6 counts as IPv4.
    pub fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.allowed.is_empty() || self.allowed.iter().any(|net| net.contains(&address))
    }

    /// The algorithm the key is for.
    pub fn algorithm(&self) -> Algorithm {
        self.verifying.algorithm()
    }

    /// The caller that a request signed with this key comes from.
    pub fn caller(&self) -> Caller {
        Caller { partner: self.partner.clone(), key_id: self.id.clone(), mode: self.mode, scopes: self.scopes }
    }
}

/// The model's word for the mode that a key id shows.
pub fn mode_of(mode: key_format::Mode) -> Mode {
    match mode {
        key_format::Mode::Live => Mode::Live,
        key_format::Mode::Sandbox => Mode::Sandbox,
    }
}

/// The key id's word for a mode.
pub fn id_mode(mode: Mode) -> key_format::Mode {
    match mode {
        Mode::Live => key_format::Mode::Live,
        Mode::Sandbox => key_format::Mode::Sandbox,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;

    use super::KeyState;
    use crate::model::partner::Partner;
    use crate::partners::example::{key, partner};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_key_ends_at_the_moment_it_expires() {
        let mut key = key("xyk_live_1");
        key.expires_at = Some(at(100));
        assert_eq!(key.state(at(99)), KeyState::Active);
        assert_eq!(key.state(at(100)), KeyState::Expired);
        key.expires_at = None;
        key.retired_at = Some(at(50));
        assert_eq!(key.state(at(50)), KeyState::Expired);
    }

    #[test]
    fn a_suspended_partner_suspends_all_its_keys() {
        let mut key = key("xyk_live_1");
        key.partner = Arc::new(Partner { suspended: true, ..partner("acme") });
        assert_eq!(key.state(at(0)), KeyState::Suspended);
    }

    #[test]
    fn the_allow_list_speaks_v4_v6_and_v4_inside_v6() {
        let mut key = key("xyk_live_1");
        assert!(key.allows("203.0.113.9".parse().unwrap()));
        key.allowed = vec!["203.0.113.0/24".parse().unwrap(), "2001:db8:7::/48".parse().unwrap()];
        for (address, allowed) in [
            ("203.0.113.9", true),
            ("203.0.114.9", false),
            ("::ffff:203.0.113.9", true),
            ("2001:db8:7:1::1", true),
            ("2001:db8:8::1", false),
            ("::1", false),
        ] {
            assert_eq!(key.allows(address.parse().unwrap()), allowed, "{address}");
        }
    }
}

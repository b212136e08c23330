//! Which network addresses may be called: public ones, and networks that the operator allows. A partner names the
//! address, so everything that is not the open internet could be the operator's own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(a: u16, b: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), prefix)
}

/// What of IPv4 is not the open internet: IANA's registry of special purposes, and multicast.
const CLOSED_V4: &[(Ipv4Net, &str)] = &[
    (v4(0, 0, 0, 0, 8), "unspecified"),
    (v4(10, 0, 0, 0, 8), "private"),
    (v4(100, 64, 0, 0, 10), "a carrier's own"),
    (v4(127, 0, 0, 0, 8), "loopback"),
    (v4(169, 254, 0, 0, 16), "link-local"),
    (v4(172, 16, 0, 0, 12), "private"),
    (v4(192, 0, 0, 0, 24), "reserved"),
    (v4(192, 0, 2, 0, 24), "for documentation"),
    (v4(192, 31, 196, 0, 24), "reserved"),
    (v4(192, 52, 193, 0, 24), "reserved"),
    (v4(192, 88, 99, 0, 24), "a 6to4 relay"),
    (v4(192, 168, 0, 0, 16), "private"),
    (v4(192, 175, 48, 0, 24), "reserved"),
    (v4(198, 18, 0, 0, 15), "for benchmarking"),
    (v4(198, 51, 100, 0, 24), "for documentation"),
    (v4(203, 0, 113, 0, 24), "for documentation"),
    (v4(224, 0, 0, 0, 4), "multicast"),
    (v4(240, 0, 0, 0, 4), "reserved"),
];

/// What of IPv6 is the open internet at all; mapped, compatible, NAT64, unique local (with the metadata service
/// fd00:ec2::254), link-local, site-local and multicast addresses are all outside.
const OPEN_V6: Ipv6Net = v6(0x2000, 0, 3);

/// What of that is not.
const CLOSED_V6: &[(Ipv6Net, &str)] = &[
    (v6(0x2001, 0, 23), "reserved, Teredo or for benchmarking"),
    (v6(0x2001, 0xdb8, 32), "for documentation"),
    (v6(0x2002, 0, 16), "6to4"),
    (v6(0x2620, 0x4f, 32), "reserved"),
    (v6(0x3fff, 0, 20), "for documentation"),
];

/// Says which addresses may be called.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    allowed: Vec<IpNet>,
}

impl Guard {
    /// A guard that lets these networks through besides public addresses.
    pub fn new(allowed: Vec<IpNet>) -> Self {
        Self { allowed }
    }

    /// Whether the operator allows this address by name of its network; such may be called without TLS.
    pub fn allows(&self, address: IpAddr) -> bool {
        self.allowed.iter().any(|net| net.contains(&address))
    }

    /// Why the address may not be called; none when it may.
    pub fn objection(&self, address: IpAddr) -> Option<&'static str> {
        if self.allows(address) { None } else { closed(address) }
    }
}

fn closed(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => CLOSED_V4.iter().find(|(net, _)| net.contains(&address)).map(|(_, what)| *what),
        IpAddr::V6(address) if !OPEN_V6.contains(&address) => Some("not public"),
        IpAddr::V6(address) => CLOSED_V6.iter().find(|(net, _)| net.contains(&address)).map(|(_, what)| *what),
    }
}

#[cfg(test)]
mod tests {
    use super::Guard;
    use std::net::IpAddr;

    fn refused(address: &str) -> bool {
        Guard::default().objection(address.parse().unwrap()).is_some()
    }

    #[test]
    fn nothing_but_the_open_internet_may_be_called() {
        for closed in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
        ] {
            assert!(refused(closed), "{closed}");
        }
        for open in ["1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "198.20.0.1"] {
            assert!(!refused(open), "{open}");
        }
    }

    #[test]
    fn no_form_of_ipv6_hides_a_closed_address() {
        for closed in [
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "::ffff:0:127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::a00:1",
            "100::1",
            "2001::1",
            "2001:0:7f00:1::",
            "2001:2::1",
            "2001:10::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(refused(closed), "{closed}");
        }
        for open in ["2606:4700:4700::1111", "2a00:1450:4001::200e", "2400:cb00::1"] {
            assert!(!refused(open), "{open}");
        }
    }

    #[test]
    fn a_network_that_the_operator_allows_is_let_through_and_its_neighbours_are_not() {
        let guard = Guard::new(vec!["127.0.0.0/8".parse().unwrap(), "fd12::/16".parse().unwrap()]);
        let objects = |address: &str| guard.objection(address.parse::<IpAddr>().unwrap()).is_some();
        assert!(!objects("127.0.0.1") && !objects("fd12::1") && !objects("8.8.8.8"));
        assert!(objects("10.0.0.1") && objects("::1") && objects("::ffff:127.0.0.1"));
    }
}

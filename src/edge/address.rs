//! The network address a request really comes from, behind any proxies that are trusted.

use std::net::{IpAddr, Ipv6Addr};

use actix_web::HttpRequest;
use ipnet::IpNet;

/// The caller's address: the peer's, or, when the peer is a trusted proxy, the rightmost entry of
/// `X-Forwarded-For` that is not one (leftmost entries can be invented by anybody).
pub fn caller(request: &HttpRequest, trusted: &[IpNet]) -> IpAddr {
    let peer = request.peer_addr().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.ip().to_canonical());
    if !is_trusted(peer, trusted) {
        return peer;
    }
    let mut nearest = peer;
    for line in request.headers().get_all("x-forwarded-for").collect::<Vec<_>>().into_iter().rev() {
        for entry in line.to_str().unwrap_or("").rsplit(',') {
            let Ok(hop) = entry.trim().parse::<IpAddr>() else { return nearest };
            nearest = hop.to_canonical();
            if !is_trusted(nearest, trusted) {
                return nearest;
            }
        }
    }
    nearest
}

/// The network an address is counted under: an IPv6 customer has a /64 at least, and counting single addresses of it
/// would count nothing.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

/// Whether an address is a trusted proxy's.
pub fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|net| net.contains(&address))
}

#[cfg(test)]
mod tests {
    use super::caller;
    use actix_web::test::TestRequest;

    fn seen(peer: &str, forwarded: &str) -> String {
        let request = TestRequest::default()
            .peer_addr(format!("{peer}:1234").parse().unwrap())
            .insert_header(("x-forwarded-for", forwarded))
            .to_http_request();
        caller(&request, &["10.0.0.0/8".parse().unwrap()]).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_its_own_entry() {
        assert_eq!(seen("203.0.113.9", "198.51.100.1"), "203.0.113.9");
        assert_eq!(seen("10.0.0.2", "6.6.6.6, 198.51.100.1, 10.0.0.7"), "198.51.100.1");
        assert_eq!(seen("10.0.0.2", "garbage"), "10.0.0.2");
    }
}

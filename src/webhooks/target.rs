//! Where events may be sent: the rules for an endpoint's URL, before and after its name is resolved.

use std::net::IpAddr;

use url::{Host, Url};

use super::guard::Guard;
use super::names::Names;

const MOST_CHARS: usize = 500;

/// Ports below 1024 that may be called, and those above that other protocols listen at (the Fetch standard's list of
/// bad ports).
const LOW_PORTS: &[u16] = &[80, 443];
const BAD_PORTS: &[u16] = &[
    1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
];

/// Why a URL cannot be an endpoint's, with what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Objection {
    /// It breaks a rule by itself.
    #[error("{0}")]
    Form(&'static str),
    /// Its port belongs to something else.
    #[error("port {0} is not called; use 443, or one from 1024 up that no other protocol owns")]
    Port(u16),
    /// Its name has no address.
    #[error("{0} cannot be resolved; check the name, or try again when its DNS answers")]
    Unresolved(String),
    /// An address of it is closed.
    #[error("{host} is at {address}, which is {what}: only public addresses are called")]
    Closed {
        /// The host.
        host: String,
        /// Its address.
        address: IpAddr,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Without TLS outside the operator's networks.
    #[error("must begin with https://; http:// is only for networks that the operator allows")]
    Plain,
}

/// A URL that keeps the rules; what its name resolves to is another matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target(Url);

impl Target {
    /// Reads a URL.
    pub fn read(text: &str) -> Result<Self, Objection> {
        if text.chars().count() > MOST_CHARS {
            return Err(Objection::Form("has more than 500 characters"));
        }
        let url = Url::parse(text).map_err(|_| Objection::Form("is no URL such as https://shop.example/webhooks"))?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(Objection::Form("must begin with https://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Objection::Form("must hold no user name and no password; deliveries are signed instead"));
        }
        if url.fragment().is_some() {
            return Err(Objection::Form("must hold no fragment: the part from # on is never sent"));
        }
        if url.host().is_none() {
            return Err(Objection::Form("must name a host"));
        }
        Ok(Self(url))
    }

    /// The URL.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// Whether it is called with TLS.
    pub fn is_tls(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The URL's host, when it is an address and needs no resolving.
    fn literal(&self) -> Option<IpAddr> {
        match self.0.host()? {
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
            Host::Domain(_) => None,
        }
    }

    /// What speaks against calling this URL as it is resolved now. Every address of its name has to do.
    pub async fn examine(&self, guard: &Guard, names: &Names) -> Result<(), Objection> {
        let host = self.0.host_str().unwrap_or_default();
        let addresses = match self.literal() {
            Some(address) => vec![address],
            None => names.resolve(host).await.unwrap_or_default(),
        };
        if addresses.is_empty() {
            return Err(Objection::Unresolved(host.to_owned()));
        }
        for address in addresses {
            self.judge(guard, address)?;
        }
        Ok(())
    }

    /// The same for a host that is an address, as the connection itself asks only about names.
    pub fn examine_literal(&self, guard: &Guard) -> Result<(), Objection> {
        self.literal().map_or(Ok(()), |address| self.judge(guard, address))
    }

    fn judge(&self, guard: &Guard, address: IpAddr) -> Result<(), Objection> {
        if let Some(what) = guard.objection(address) {
            let host = self.0.host_str().unwrap_or_default().to_owned();
            return Err(Objection::Closed { host, address, what });
        }
        if guard.allows(address) {
            return Ok(());
        }
        if !self.is_tls() {
            return Err(Objection::Plain);
        }
        match self.0.port_or_known_default().unwrap_or(0) {
            port if port < 1024 && !LOW_PORTS.contains(&port) => Err(Objection::Port(port)),
            port if BAD_PORTS.contains(&port) => Err(Objection::Port(port)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Guard, Names, Objection, Target};

    async fn examine(url: &str, allowed: &[&str]) -> Result<(), Objection> {
        let names = Names::fixed([
            ("public.example", vec!["93.184.216.34".parse().unwrap()]),
            ("inside.example", vec!["10.0.0.7".parse().unwrap()]),
            ("both.example", vec!["93.184.216.34".parse().unwrap(), "10.0.0.7".parse().unwrap()]),
        ]);
        let guard = Guard::new(allowed.iter().map(|net| net.parse().unwrap()).collect());
        Target::read(url)?.examine(&guard, &names).await
    }

    #[tokio::test]
    async fn a_public_https_address_will_do() {
        for url in ["https://public.example/hooks?x=1", "https://public.example:8443/", "https://93.184.216.34/"] {
            assert_eq!(examine(url, &[]).await, Ok(()), "{url}");
        }
    }

    #[tokio::test]
    async fn every_way_to_name_a_closed_address_is_refused() {
        for url in [
            "https://inside.example/",
            "https://both.example/",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://0x7f.0.0.1/",
            "https://2130706433/",
            "https://0177.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:169.254.169.254]/",
            "https://[fd00:ec2::254]/",
            "https://169.254.169.254/latest/meta-data",
            "https://①②⑦.⓪.⓪.①/",
        ] {
            assert!(matches!(examine(url, &[]).await, Err(Objection::Closed { .. })), "{url}");
        }
    }

    #[tokio::test]
    async fn what_is_no_fit_url_is_told_so() {
        for url in [
            "",
            "shop",
            "ftp://public.example/",
            "https://",
            "https://me:pw@public.example/",
            "https://public.example/#x",
        ] {
            assert!(matches!(examine(url, &[]).await, Err(Objection::Form(_))), "{url}");
        }
        assert!(matches!(examine("https://nowhere.example/", &[]).await, Err(Objection::Unresolved(_))));
        for port in [22, 25, 6000, 10080] {
            let url = format!("https://public.example:{port}/");
            assert_eq!(examine(&url, &[]).await, Err(Objection::Port(port)));
        }
        assert_eq!(examine("http://public.example/", &[]).await, Err(Objection::Plain));
    }

    #[tokio::test]
    async fn in_an_allowed_network_tls_is_not_needed() {
        assert_eq!(examine("http://inside.example:81/", &["10.0.0.0/8"]).await, Ok(()));
        assert_eq!(examine("http://both.example/", &["10.0.0.0/8"]).await, Err(Objection::Plain));
    }
}

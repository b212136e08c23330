//! The names under which partners call this gateway: a signature made for another host is none for us.

use crate::signing::http_message::Message;

/// The configured public names; none means that any is accepted, which only fits a trial.
#[derive(Clone, Debug, Default)]
pub struct PublicNames(Vec<String>);

impl PublicNames {
    /// Takes names like `api.example.com` or `api.example.com:8443`.
    pub fn new<I: IntoIterator<Item = S>, S: AsRef<str>>(names: I) -> Self {
        Self(names.into_iter().map(|name| name.as_ref().trim().to_ascii_lowercase()).collect())
    }

    /// Whether the authority the partner called is one of ours; the scheme's default port may be left out or given.
    pub fn serve(&self, message: &Message<'_>) -> bool {
        let port = if message.scheme.eq_ignore_ascii_case("http") { ":80" } else { ":443" };
        let called = bare(message.authority, port);
        let is_called = |name: &str| name == called || name.eq_ignore_ascii_case(called);
        self.0.is_empty() || self.0.iter().any(|name| is_called(bare(name, port)))
    }

    /// The names as one text.
    pub fn listed(&self) -> String {
        self.0.join(", ")
    }
}

fn bare<'a>(authority: &'a str, default_port: &str) -> &'a str {
    authority.strip_suffix(default_port).unwrap_or(authority)
}

#[cfg(test)]
mod tests {
    use super::PublicNames;
    use crate::signing::http_message::{Message, NoFields};

    fn serves(names: &[&str], scheme: &str, authority: &str) -> bool {
        let message = Message { method: "GET", scheme, authority, path: "/", query: None, headers: &NoFields };
        PublicNames::new(names).serve(&message)
    }

    #[test]
    fn only_the_configured_names_are_served_whatever_their_case_and_default_port() {
        let names = ["API.example.com", "alt.example.com:8443"];
        for (scheme, authority, served) in [
            ("https", "api.example.com", true),
            ("https", "Api.Example.com:443", true),
            ("https", "api.example.com:80", false),
            ("http", "api.example.com:80", true),
            ("https", "alt.example.com:8443", true),
            ("https", "alt.example.com", false),
            ("https", "evil.example", false),
            ("https", "api.example.com.evil.example", false),
            ("https", "", false),
        ] {
            assert_eq!(serves(&names, scheme, authority), served, "{scheme} {authority}");
        }
    }

    #[test]
    fn without_names_every_host_will_do() {
        assert!(serves(&[], "http", "127.0.0.1:8080"));
    }
}

//! The address of an offer's page at a partner's, with places to fill in. What could send a visitor anywhere else than to
//! one of the partner's registered hosts is refused when it is set; what is filled in later is letters, digits, - and _.

use url::{Host, Url};

/// Names that may stand in braces, and whether one must.
const PLACES: [(&str, bool); 4] = [("offer_id", true), ("click_id", true), ("language", false), ("country", false)];
const LONGEST: usize = 500;

/// Why a template will not do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Objection {
    /// It is no https address.
    #[error("an https address, such as https://shop.example/offers/{{offer_id}}?ref={{click_id}}")]
    NotHttps,
    /// It is too long, or holds what no address holds unescaped.
    #[error("at most 500 visible ASCII characters, without spaces, backslashes or quotes")]
    Letters,
    /// It names a user, a port, or a place within a page.
    #[error("without user, port and fragment")]
    Parts,
    /// Something in braces that is no place, or in the host's name.
    #[error("braces only behind the host's name, around one of offer_id, click_id, language, country")]
    Braces,
    /// A place is missing, or given twice.
    #[error("{{offer_id}} and {{click_id}} once each, {{language}} and {{country}} at most once")]
    Places,
    /// The host is none that the operator registered for the partner.
    #[error("one of your registered hosts ({known}); the operator registers others")]
    Host {
        /// Those that are.
        known: String,
    },
}

/// Checks a template against a partner's registered hosts.
pub fn check(template: &str, hosts: &[String]) -> Result<(), Objection> {
    let visible = |letter: char| letter.is_ascii_graphic() && !matches!(letter, '\\' | '"' | '\'' | '<' | '>' | '`');
    if template.len() > LONGEST || !template.chars().all(visible) {
        return Err(Objection::Letters);
    }
    let rest = template.strip_prefix("https://").ok_or(Objection::NotHttps)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    if authority.contains(['{', '}']) {
        return Err(Objection::Braces);
    }
    if template.contains('#') || authority.contains(['@', ':']) {
        return Err(Objection::Parts);
    }
    places(rest)?;
    let url = Url::parse(&template.replace(['{', '}'], "")).map_err(|_| Objection::NotHttps)?;
    let host = match url.host() {
        // What a browser will read is what was registered, letter by letter.
        Some(Host::Domain(host)) if host == authority => host,
        _ => return Err(foreign(hosts)),
    };
    if hosts.iter().any(|known| known == host) { Ok(()) } else { Err(foreign(hosts)) }
}

fn foreign(hosts: &[String]) -> Objection {
    let known = if hosts.is_empty() { "there is none yet".to_owned() } else { hosts.join(", ") };
    Objection::Host { known }
}

fn places(text: &str) -> Result<(), Objection> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        let (name, after) = behind.split_once('}').ok_or(Objection::Braces)?;
        if before.contains('}') || PLACES.iter().all(|(known, _)| *known != name) {
            return Err(Objection::Braces);
        }
        found.push(name);
        rest = after;
    }
    if rest.contains('}') {
        return Err(Objection::Braces);
    }
    let fits = |(name, must): &(&str, bool)| match found.iter().filter(|one| *one == name).count() {
        0 => !must,
        count => count == 1,
    };
    if PLACES.iter().all(fits) { Ok(()) } else { Err(Objection::Places) }
}

/// The address with its places filled in.
pub fn fill(template: &str, offer: &str, click: &str, language: &str, country: &str) -> String {
    template
        .replace("{offer_id}", offer)
        .replace("{click_id}", click)
        .replace("{language}", language)
        .replace("{country}", country)
}

/// Whether a name can be registered as a partner's host: a domain in lower case with a dot in it, no address of a machine.
pub fn is_host(name: &str) -> bool {
    let plain = name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'));
    let read = Url::parse(&format!("https://{name}/")).ok();
    let same = read.is_some_and(|url| matches!(url.host(), Some(Host::Domain(host)) if host == name));
    plain && same && name.contains('.') && !name.ends_with('.') && name.len() <= 253
}

#[cfg(test)]
mod tests {
    use super::{Objection, check, fill, is_host};

    fn hosts() -> Vec<String> {
        vec!["shop.example".into(), "b2b.shop.example".into()]
    }

    #[test]
    fn a_template_leads_to_a_registered_host_and_nowhere_else() {
        let ok = |template: &str| check(template, &hosts());
        assert_eq!(ok("https://shop.example/o/{offer_id}?ref={click_id}&lang={language}&from={country}"), Ok(()));
        assert_eq!(ok("https://b2b.shop.example/{click_id}/{offer_id}"), Ok(()));
        for elsewhere in [
            "https://evil.example/{offer_id}?r={click_id}",
            "https://shop.example.evil.example/{offer_id}?r={click_id}",
            "https://evilshop.example/{offer_id}?r={click_id}",
            "https://SHOP.example/{offer_id}?r={click_id}",
            "https://127.0.0.1/{offer_id}?r={click_id}",
            "https://0x7f.1/{offer_id}?r={click_id}",
            "https:///shop.example/{offer_id}?r={click_id}",
            "https://shop.example./{offer_id}?r={click_id}",
        ] {
            let told = ok(elsewhere);
            assert!(matches!(told, Err(Objection::Host { .. } | Objection::NotHttps)), "{elsewhere}: {told:?}");
        }
        for (wrong, objection) in [
            ("http://shop.example/{offer_id}?r={click_id}", Objection::NotHttps),
            ("//shop.example/{offer_id}?r={click_id}", Objection::NotHttps),
            ("javascript:alert({offer_id}{click_id})", Objection::NotHttps),
            ("https://shop.example@evil.example/{offer_id}?r={click_id}", Objection::Parts),
            ("https://shop.example:8443/{offer_id}?r={click_id}", Objection::Parts),
            ("https://shop.example/{offer_id}#{click_id}", Objection::Parts),
            ("https://shop.example\\@evil.example/{offer_id}?r={click_id}", Objection::Letters),
            ("https://shop.example/{offer_id}?r={click_id}\nX: y", Objection::Letters),
            ("https://shop.example/{offer_id}?r={click_id}&é", Objection::Letters),
            ("https://{country}.shop.example/{offer_id}?r={click_id}", Objection::Braces),
            ("https://shop.example/{offer_id}?r={click_id}&to={target}", Objection::Braces),
            ("https://shop.example/{offer_id}?r={click_id", Objection::Braces),
            ("https://shop.example/{offer_id}?r={click_id}}", Objection::Braces),
            ("https://shop.example/{offer_id}", Objection::Places),
            ("https://shop.example/{offer_id}?r={click_id}&s={click_id}", Objection::Places),
        ] {
            assert_eq!(ok(wrong), Err(objection), "{wrong}");
        }
        assert!(matches!(check("https://shop.example/{offer_id}?r={click_id}", &[]), Err(Objection::Host { .. })));
    }

    #[test]
    fn places_are_filled_in() {
        let filled =
            fill("https://shop.example/{language}/{offer_id}?c={country}&r={click_id}", "7", "Ab_-", "ja", "JP");
        assert_eq!(filled, "https://shop.example/ja/7?c=JP&r=Ab_-");
    }

    #[test]
    fn only_domains_can_be_registered() {
        assert!(is_host("shop.example") && is_host("xn--fsq.example"));
        for wrong in [
            "",
            "localhost",
            "Shop.example",
            "shop.example.",
            "127.0.0.1",
            "[::1]",
            "a b.example",
            "shop.example/x",
            "shop.example:1",
        ] {
            assert!(!is_host(wrong), "{wrong}");
        }
    }
}

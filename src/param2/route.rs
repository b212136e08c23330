//! Where a request leads: `/openapi/{protocol}/{version}/{namespace}/{api}/{appKey}`, read off the path as it arrived.

/// The protocols that clients name; the answer is JSON whatever they say.
pub const PROTOCOLS: [&str; 7] = ["param2", "http", "json2", "json", "xml2", "xml", "param"];
/// Longest part of a path that is looked at.
const MOST_LETTERS: usize = 128;

/// The parts of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// What a signature begins with: everything after `/openapi/`.
    pub signed: String,
    /// The API's version; 1 where it cannot be read, as old clients send -1.
    pub version: u32,
    /// The API's namespace.
    pub namespace: String,
    /// The API's name; a `-1` that some clients put behind it is not part of it.
    pub api: String,
    /// The app's number; none when the path ends before it.
    pub app_key: Option<String>,
}

impl Route {
    /// Reads a path.
    pub fn of(path: &str) -> Option<Self> {
        let signed = path.strip_prefix("/openapi/").or_else(|| path.strip_prefix("/api/"))?;
        let mut parts = signed.trim_end_matches('/').split('/');
        let mut next = || parts.next().filter(|part| !part.is_empty() && part.len() <= MOST_LETTERS);
        let (_protocol, version, namespace, api) = (next()?, next()?, next()?, next()?);
        let app_key = next().map(str::to_owned);
        if parts.next().is_some() {
            return None;
        }
        Some(Self {
            version: version.parse().unwrap_or(1),
            namespace: namespace.to_owned(),
            api: api.strip_suffix("-1").unwrap_or(api).to_owned(),
            app_key,
            signed: signed.trim_end_matches('/').to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Route;

    #[test]
    fn a_path_is_taken_apart_and_what_is_signed_stays_as_it_arrived() {
        let path = "/openapi/param2/1/com.alibaba.trade/alibaba.trade.cancel-1/1234567";
        let route = Route::of(path).unwrap();
        assert_eq!((route.version, &*route.namespace, &*route.api), (1, "com.alibaba.trade", "alibaba.trade.cancel"));
        assert_eq!(route.app_key.as_deref(), Some("1234567"));
        assert_eq!(route.signed, "param2/1/com.alibaba.trade/alibaba.trade.cancel-1/1234567");
        assert_eq!(
            Route::of("/api/http/-1/ns/a/1").map(|route| (route.version, route.signed)),
            Some((1, "http/-1/ns/a/1".to_owned()))
        );
    }

    #[test]
    fn a_path_without_an_app_is_told_from_one_that_leads_nowhere() {
        assert_eq!(Route::of("/openapi/param2/1/ns/api/").unwrap().app_key, None);
        for nowhere in ["/openapi/param2/1/ns", "/openapi/param2/1//api/1", "/openapi/param2/1/ns/a/1/2", "/v1/offers"]
        {
            assert_eq!(Route::of(nowhere), None, "{nowhere}");
        }
    }
}

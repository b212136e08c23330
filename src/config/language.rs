//! Who translates what the catalogue leaves open.

use std::time::Duration;

use url::Url;
use zeroize::Zeroizing;

use crate::config::reader::Reader;

/// Providers whose shapes are known.
const PROVIDERS: [&str; 3] = ["none", "libretranslate", "deepl"];

/// The `[language]` section.
#[derive(Clone)]
pub struct Language {
    /// `libretranslate` or `deepl` with its address; none when no machine translates.
    pub provider: Option<(String, Url)>,
    /// The key the provider knows us by.
    pub token: Zeroizing<String>,
    /// The longest an answer waits for it.
    pub budget: Duration,
    /// The most Chinese characters a day; 0 for any number.
    pub characters_per_day: u64,
}

impl std::fmt::Debug for Language {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Language")
            .field("provider", &self.provider)
            .field("budget", &self.budget)
            .finish_non_exhaustive()
    }
}

impl Language {
    pub(super) fn read(from: &mut Reader) -> Self {
        Self {
            provider: provider(from),
            token: Zeroizing::new(from.secret("language.token")),
            budget: Duration::from_millis(from.number("language.budget_ms", 0, 10_000)),
            characters_per_day: from.number("language.characters_per_day", 0, i64::MAX),
        }
    }
}

fn provider(from: &mut Reader) -> Option<(String, Url)> {
    let name = from.text("language.provider");
    if !PROVIDERS.contains(&name.as_str()) {
        from.complain("language.provider", format!("is {name:?}, must be one of {}", PROVIDERS.join(", ")));
    }
    if name == "none" {
        return None;
    }
    let url: Url = from.parsed("language.url", "http://127.0.0.1:5000")?;
    if !matches!(url.scheme(), "http" | "https") {
        from.complain("language.url", "must start with http:// or https://");
    }
    Some((name, url))
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    fn load(pairs: &[(&str, &str)]) -> Result<Config, String> {
        let live = ("XUNYUAN__UPSTREAM__LIVE__URL".to_owned(), "http://127.0.0.1:8070".to_owned());
        let pairs = pairs.iter().map(|(name, value)| (format!("XUNYUAN__LANGUAGE__{name}"), (*value).to_owned()));
        Config::load(None, pairs.chain([live])).map_err(|mistakes| mistakes.to_string())
    }

    #[test]
    fn a_provider_needs_a_known_name_and_an_address() {
        assert!(load(&[]).unwrap().language.provider.is_none());
        let told = load(&[("PROVIDER", "babel")]).unwrap_err();
        assert!(told.contains("language.provider") && told.contains("libretranslate"), "{told}");
        assert!(load(&[("PROVIDER", "deepl")]).unwrap_err().contains("language.url"));
        let config = load(&[("PROVIDER", "deepl"), ("URL", "http://127.0.0.1:1"), ("TOKEN", "topsecret")]).unwrap();
        assert!(!config.masked().contains("topsecret") && !format!("{config:?}").contains("topsecret"));
    }
}

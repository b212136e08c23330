//! Machine translation over HTTP, in the shapes of two services that many others copy.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;
use zeroize::Zeroizing;

use crate::language::Error;
use crate::model::language::Language;

/// A provider that takes longer than this has failed; whoever waits for the words has gone long before.
const PATIENCE: Duration = Duration::from_secs(20);
const LARGEST_BYTES: usize = 1 << 20;

/// Whose shapes a provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `POST /translate` with `q`, `source`, `target`.
    LibreTranslate,
    /// `POST /v2/translate` with `text`, `source_lang`, `target_lang`.
    DeepL,
}

/// A provider.
#[derive(Clone)]
pub struct Settings {
    /// Its shapes.
    pub kind: Kind,
    /// Its address, without the path of the call.
    pub url: Url,
    /// The key it knows us by; may be empty.
    pub key: Zeroizing<String>,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("kind", &self.kind).field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}

/// A provider that can be asked.
pub(super) struct Provider {
    settings: Settings,
    client: Client,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Libre {
    translated_text: Vec<String>,
}

#[derive(Deserialize)]
struct Deep {
    translations: Vec<DeepText>,
}

#[derive(Deserialize)]
struct DeepText {
    text: String,
}

impl Provider {
    pub(super) fn new(settings: &Settings) -> Result<Self, Error> {
        let client = Client::builder().no_proxy().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none());
        Ok(Self { settings: settings.clone(), client: client.build().map_err(Error::Setup)? })
    }

    /// Its name, as the memory keeps it.
    pub(super) fn name(&self) -> &'static str {
        match self.settings.kind {
            Kind::LibreTranslate => "libretranslate",
            Kind::DeepL => "deepl",
        }
    }

    /// Chinese texts in a language, in the same order.
    pub(super) async fn translate(&self, language: Language, texts: &[Arc<str>]) -> Result<Vec<String>, Error> {
        let texts: Vec<&str> = texts.iter().map(|text| &**text).collect();
        let (path, body) = match self.settings.kind {
            Kind::LibreTranslate => ("translate", self.libre(language, &texts)),
            Kind::DeepL => ("v2/translate", deep(language, &texts)),
        };
        let address = format!("{}/{path}", self.settings.url.as_str().trim_end_matches('/'));
        let mut request = self.client.post(address).json(&body);
        if self.settings.kind == Kind::DeepL {
            request = request.header("authorization", format!("DeepL-Auth-Key {}", *self.settings.key));
        }
        // The address may hold what is nobody's business.
        let response = request.send().await.and_then(reqwest::Response::error_for_status);
        let words = self.read(&bounded(response.map_err(reqwest::Error::without_url)?).await?)?;
        if words.len() == texts.len() && words.iter().zip(&texts).all(|(words, text)| is_sane(words, text)) {
            Ok(words)
        } else {
            Err(Error::Nonsense(format!("{} texts for {}, or texts that are none", words.len(), texts.len())))
        }
    }

    fn libre(&self, language: Language, texts: &[&str]) -> Value {
        let mut body = json!({"q": texts, "source": "zh", "target": language.tag(), "format": "text"});
        if !self.settings.key.is_empty() {
            body["api_key"] = json!(*self.settings.key);
        }
        body
    }

    fn read(&self, answer: &[u8]) -> Result<Vec<String>, Error> {
        let nonsense = |error: serde_json::Error| Error::Nonsense(error.to_string());
        match self.settings.kind {
            Kind::LibreTranslate => Ok(serde_json::from_slice::<Libre>(answer).map_err(nonsense)?.translated_text),
            Kind::DeepL => {
                let told: Deep = serde_json::from_slice(answer).map_err(nonsense)?;
                Ok(told.translations.into_iter().map(|one| one.text).collect())
            }
        }
    }
}

fn deep(language: Language, texts: &[&str]) -> Value {
    let target = match language {
        Language::English => "EN-US".to_owned(),
        Language::Portuguese => "PT-BR".to_owned(),
        other => other.tag().to_uppercase(),
    };
    json!({"text": texts, "source_lang": "ZH", "target_lang": target})
}

async fn bounded(mut response: reqwest::Response) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
        body.extend_from_slice(&chunk);
        if body.len() > LARGEST_BYTES {
            return Err(Error::Nonsense(format!("more than {LARGEST_BYTES} bytes")));
        }
    }
    Ok(body)
}

/// Not empty, and not a flood.
fn is_sane(words: &str, text: &str) -> bool {
    !words.trim().is_empty() && words.chars().count() <= 200 + 20 * text.chars().count()
}

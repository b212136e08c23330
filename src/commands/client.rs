//! A signed client of one gateway: what `xunyuan sign`, `xunyuan call` and the demo's own check send requests with.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use reqwest::header::HeaderMap;
use url::Url;

use crate::clock::Clock;
use crate::signing::http_message::{Message, SignedHeaders, Signer};

/// A request before it is signed.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The method in capitals.
    pub method: String,
    /// Path and query, or a whole URL of the same gateway.
    pub target: String,
    /// The body's bytes; empty = none.
    pub body: Vec<u8>,
    /// The Idempotency-Key, for operations that need one.
    pub idempotency_key: Option<String>,
    /// More header fields.
    pub headers: Vec<(String, String)>,
}

impl Draft {
    /// A request without a body.
    pub fn get(target: impl Into<String>) -> Self {
        Self {
            method: "GET".into(),
            target: target.into(),
            body: Vec::new(),
            idempotency_key: None,
            headers: Vec::new(),
        }
    }

    /// A request with a JSON body.
    pub fn post(target: impl Into<String>, body: &serde_json::Value) -> Self {
        Self { method: "POST".into(), body: body.to_string().into_bytes(), ..Self::get(target) }
    }

    /// The same with an Idempotency-Key.
    pub fn once(self, key: impl Into<String>) -> Self {
        Self { idempotency_key: Some(key.into()), ..self }
    }
}

/// A request ready to be sent.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The method.
    pub method: String,
    /// The whole URL.
    pub url: Url,
    /// All header fields to send.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// What was signed, to show to people.
    pub base: String,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON; null when it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// One header field as text.
    pub fn field(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }
}

/// A client of one gateway with one key.
#[derive(Clone, Debug)]
pub struct Client {
    base: Url,
    signer: Signer,
    http: reqwest::Client,
    clock: Clock,
}

impl Client {
    /// A client of the gateway at `base`.
    pub fn new(base: Url, signer: Signer, clock: Clock) -> Result<Self> {
        // A signature is good for one address: nothing is gained by going elsewhere with it.
        let stays = reqwest::redirect::Policy::none();
        let http = reqwest::Client::builder().no_proxy().redirect(stays).timeout(Duration::from_secs(60)).build()?;
        Ok(Self { base, signer, http, clock })
    }

    /// Signs a request with a fresh nonce at the clock's time.
    pub fn sign(&self, draft: &Draft) -> Result<Signed> {
        let url = self.base.join(&draft.target).with_context(|| format!("{:?} is no path or URL", draft.target))?;
        let mut headers = draft.headers.clone();
        if !draft.body.is_empty() && !has(&headers, "content-type") {
            headers.push(("content-type".into(), "application/json".into()));
        }
        if let Some(key) = &draft.idempotency_key {
            headers.push(("idempotency-key".into(), key.clone()));
        }
        let signed = self.signature(draft, &url, &headers)?;
        headers.extend(signed.content_digest.map(|digest| ("content-digest".to_owned(), digest)));
        headers.push(("signature-input".into(), signed.signature_input));
        headers.push(("signature".into(), signed.signature));
        let base = String::from_utf8_lossy(&signed.signature_base).into_owned();
        Ok(Signed { method: draft.method.clone(), url, headers, body: draft.body.clone(), base })
    }

    fn signature(&self, draft: &Draft, url: &Url, headers: &[(String, String)]) -> Result<SignedHeaders> {
        let host = url.host_str().context("the URL has no host")?;
        let authority = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let fields = headers.to_vec();
        let message = Message {
            method: &draft.method,
            scheme: url.scheme(),
            authority: &authority,
            path: url.path(),
            query: url.query(),
            headers: &fields,
        };
        Ok(self.signer.sign(&message, &draft.body, self.clock.now_s(), &nonce()?)?)
    }

    /// Sends a signed request.
    pub async fn send(&self, signed: &Signed) -> Result<Answer> {
        let method = Method::from_bytes(signed.method.as_bytes())?;
        let mut request = self.http.request(method, signed.url.clone()).body(signed.body.clone());
        for (name, value) in &signed.headers {
            request = request.header(name, value);
        }
        let response = request
            .send()
            .await
            .with_context(|| format!("{} cannot be reached; is the gateway running?", self.base))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer { status, headers, body: response.bytes().await?.to_vec() })
    }

    /// Signs and sends.
    pub async fn ask(&self, draft: &Draft) -> Result<Answer> {
        self.send(&self.sign(draft)?).await
    }

    /// Signs and sends, and refuses any answer but a success.
    pub async fn must(&self, draft: &Draft) -> Result<Answer> {
        let answer = self.ask(draft).await?;
        if !(200..300).contains(&answer.status) {
            bail!(
                "{} {} was answered {}: {}",
                draft.method,
                draft.target,
                answer.status,
                String::from_utf8_lossy(&answer.body)
            );
        }
        Ok(answer)
    }
}

fn has(headers: &[(String, String)], name: &str) -> bool {
    headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name))
}

/// 128 random bits as base64url.
pub fn nonce() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).context("the system has no randomness")?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

//! `xunyuan sign` and `xunyuan call`: sign a request like a partner does, and show or send it.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::clock::Clock;
use crate::commands::client::{Client, Draft, Signed};
use crate::commands::key_file::KeyFile;

/// The request to sign.
#[derive(Debug, Args)]
pub struct Asked {
    /// HTTP method, e.g. GET
    method: String,
    /// Path with query (`/v1/offers?q=cup`), or a whole URL
    target: String,
    /// Key file, as `xunyuan key issue --save` and the demo write it
    #[arg(long = "as", value_name = "FILE", env = "XUNYUAN_KEY_FILE")]
    key_file: PathBuf,
    /// JSON body, or @FILE to read it from a file (@- = standard input)
    #[arg(long, short)]
    data: Option<String>,
    /// Idempotency-Key, for orders and payments
    #[arg(long, short = 'k', value_name = "KEY")]
    idempotency_key: Option<String>,
    /// Another header field, "name: value"; repeatable
    #[arg(long, short = 'H', value_name = "FIELD")]
    header: Vec<String>,
    /// Another gateway than the key file names, e.g. http://127.0.0.1:8080
    #[arg(long)]
    url: Option<url::Url>,
    /// Also print the signature base on standard error
    #[arg(long)]
    show_base: bool,
}

impl Asked {
    fn draft(&self) -> Result<Draft> {
        let headers = self.header.iter().map(|field| {
            let (name, value) = field.split_once(':').with_context(|| format!("{field:?} is not \"name: value\""))?;
            Ok((name.trim().to_lowercase(), value.trim().to_owned()))
        });
        Ok(Draft {
            method: self.method.to_uppercase(),
            target: self.target.clone(),
            body: self.data.as_deref().map(body).transpose()?.unwrap_or_default(),
            idempotency_key: self.idempotency_key.clone(),
            headers: headers.collect::<Result<_>>()?,
        })
    }

    fn signed(&self) -> Result<(Client, Signed)> {
        let key = KeyFile::read(&self.key_file)?;
        let base = self.url.clone().map_or_else(|| key.base(), Ok)?;
        let client = Client::new(base, key.signer()?, Clock::System)?;
        let signed = client.sign(&self.draft()?)?;
        if self.show_base {
            writeln!(std::io::stderr(), "{}", signed.base)?;
        }
        Ok((client, signed))
    }
}

fn body(text: &str) -> Result<Vec<u8>> {
    match text.strip_prefix('@') {
        None => Ok(text.as_bytes().to_vec()),
        Some("-") => {
            let mut body = Vec::new();
            std::io::Read::read_to_end(&mut std::io::stdin(), &mut body)?;
            Ok(body)
        }
        Some(path) => std::fs::read(path).with_context(|| format!("{path} cannot be read")),
    }
}

/// Prints the signed request as a configuration for `curl -K -`.
pub fn sign(asked: &Asked) -> Result<()> {
    let (_, signed) = asked.signed()?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "url = {}", quoted(signed.url.as_str()))?;
    writeln!(out, "request = {}", quoted(&signed.method))?;
    for (name, value) in &signed.headers {
        writeln!(out, "header = {}", quoted(&format!("{name}: {value}")))?;
    }
    if !signed.body.is_empty() {
        let text = std::str::from_utf8(&signed.body).context("curl's configuration holds text; use `xunyuan call`")?;
        writeln!(out, "data-raw = {}", quoted(text))?;
    }
    Ok(())
}

/// A string of curl's configuration syntax.
fn quoted(text: &str) -> String {
    let escaped =
        text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t");
    format!("\"{escaped}\"")
}

/// Sends the request and prints the answer: body on standard output, status and rate fields on standard error.
pub async fn call(asked: &Asked) -> Result<()> {
    let (client, signed) = asked.signed()?;
    let answer = client.send(&signed).await?;
    let mut told = std::io::stderr().lock();
    writeln!(told, "HTTP {}", answer.status)?;
    for name in ["x-request-id", "ratelimit", "retry-after", "location", "etag", "idempotency-replayed"] {
        if !answer.field(name).is_empty() {
            writeln!(told, "{name}: {}", answer.field(name))?;
        }
    }
    let mut out = std::io::stdout().lock();
    match serde_json::from_slice::<serde_json::Value>(&answer.body) {
        Ok(value) => writeln!(out, "{}", serde_json::to_string_pretty(&value)?)?,
        Err(_) => out.write_all(&answer.body)?,
    }
    if !(200..400).contains(&answer.status) {
        bail!("the gateway answered {}; /docs/errors tells what each code means", answer.status);
    }
    Ok(())
}

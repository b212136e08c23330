//! Fetching a table: from a file, or over HTTP with bounds on time and size.

use std::path::Path;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{ETAG, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use url::Url;

use crate::rates::table::Table;
use crate::rates::{Error, ecb, table};

const PATIENCE: Duration = Duration::from_secs(20);
const LARGEST_BYTES: usize = 1 << 20;
const WHO_ASKS: &str = concat!("xunyuan/", env!("CARGO_PKG_VERSION"));

/// The table in a file.
pub(super) fn file(path: &Path) -> Result<Table, Error> {
    let text = std::fs::read_to_string(path).map_err(|why| Error::Unreadable(format!("{}: {why}", path.display())))?;
    either(&text)
}

/// What an address said last time, so that it need not say it again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Validators {
    tag: Option<HeaderValue>,
    modified: Option<HeaderValue>,
}

/// The table at an address, unless it still is what these validators are of; and its own. Opened for this one question: it
/// is asked a few times a day.
pub(super) async fn web(url: &Url, known: &Validators) -> Result<Option<(Table, Validators)>, Error> {
    let lost = |why: reqwest::Error| Error::Unreadable(format!("{url}: {why}"));
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).user_agent(WHO_ASKS).build().map_err(lost)?;
    let mut asked = client.get(url.clone());
    for (name, value) in [(IF_NONE_MATCH, &known.tag), (IF_MODIFIED_SINCE, &known.modified)] {
        if let Some(value) = value {
            asked = asked.header(name, value.clone());
        }
    }
    let mut response = asked.send().await.and_then(reqwest::Response::error_for_status).map_err(lost)?;
    if response.status() == StatusCode::NOT_MODIFIED {
        return Ok(None);
    }
    let field = |name| response.headers().get(name).cloned();
    let validators = Validators { tag: field(ETAG), modified: field(LAST_MODIFIED) };
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(lost)? {
        body.extend_from_slice(&chunk);
        if body.len() > LARGEST_BYTES {
            return Err(Error::Unreadable(format!("{url}: more than {LARGEST_BYTES} bytes")));
        }
    }
    let text = String::from_utf8(body).map_err(|_| Error::Unreadable(format!("{url}: not UTF-8")))?;
    Ok(Some((either(&text)?, validators)))
}

fn either(text: &str) -> Result<Table, Error> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with('<') { ecb::parse(text) } else { table::parse(text) }
}

#[cfg(test)]
mod tests {
    use super::{Validators, web};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    const DAY: &str =
        "<Envelope><Cube><Cube time='2026-11-20'><Cube currency='CNY' rate='8'/></Cube></Cube></Envelope>";

    /// Answers as many questions as there are answers, and tells what was asked.
    async fn answering(answers: Vec<Vec<u8>>) -> (url::Url, tokio::task::JoinHandle<Vec<String>>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = tokio::spawn(async move {
            let mut asked = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut bytes = [0; 4096];
                let length = stream.read(&mut bytes).await.unwrap_or(0);
                asked.push(String::from_utf8_lossy(&bytes[..length]).to_lowercase());
                let _ = stream.write_all(&answer).await;
            }
            asked
        });
        (format!("http://{address}/daily.xml").parse().unwrap(), asked)
    }

    fn ok(head: &str, body: &str) -> Vec<u8> {
        format!("HTTP/1.1 200 OK\r\nconnection: close\r\n{head}\r\n{body}").into_bytes()
    }

    #[tokio::test]
    async fn a_bank_is_asked_by_name_and_need_not_say_the_same_twice() {
        let same = b"HTTP/1.1 304 Not Modified\r\nconnection: close\r\n\r\n".to_vec();
        let (url, asked) =
            answering(vec![ok("etag: \"one\"\r\nlast-modified: Fri, 20 Nov 2026 15:00:00 GMT\r\n", DAY), same]).await;
        let (table, validators) = web(&url, &Validators::default()).await.unwrap().unwrap();
        assert_eq!(table.codes(), ["CNY", "EUR"]);
        assert!(web(&url, &validators).await.unwrap().is_none());
        let asked = asked.await.unwrap();
        assert!(asked[0].contains("user-agent: xunyuan/") && !asked[0].contains("if-none-match"), "{asked:?}");
        assert!(
            asked[1].contains("if-none-match: \"one\"") && asked[1].contains("if-modified-since: fri, 20 nov"),
            "{asked:?}"
        );
    }

    #[tokio::test]
    async fn errors_and_floods_are_refused() {
        let (refused, _asked) = answering(vec![b"HTTP/1.1 503 Busy\r\nconnection: close\r\n\r\n".to_vec()]).await;
        assert!(web(&refused, &Validators::default()).await.is_err());
        let (flood, _asked) = answering(vec![ok("", &" ".repeat(2 << 20))]).await;
        let told = web(&flood, &Validators::default()).await.unwrap_err().to_string();
        assert!(told.contains("more than"), "{told}");
    }
}

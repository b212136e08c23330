//! Fetching a table: from a file, or over HTTP with bounds on time and size.

use std::path::Path;
use std::time::Duration;

use url::Url;

use crate::rates::table::Table;
use crate::rates::{Error, ecb, table};

const PATIENCE: Duration = Duration::from_secs(20);
const LARGEST_BYTES: usize = 1 << 20;

/// The table in a file.
pub(super) fn file(path: &Path) -> Result<Table, Error> {
    let text = std::fs::read_to_string(path).map_err(|why| Error::Unreadable(format!("{}: {why}", path.display())))?;
    either(&text)
}

/// The table at an address. Opened for this one question: it is asked a few times a day.
pub(super) async fn web(url: &Url) -> Result<Table, Error> {
    let lost = |why: reqwest::Error| Error::Unreadable(format!("{url}: {why}"));
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().map_err(lost)?;
    let mut response =
        client.get(url.clone()).send().await.and_then(reqwest::Response::error_for_status).map_err(lost)?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(lost)? {
        body.extend_from_slice(&chunk);
        if body.len() > LARGEST_BYTES {
            return Err(Error::Unreadable(format!("{url}: more than {LARGEST_BYTES} bytes")));
        }
    }
    let text = String::from_utf8(body).map_err(|_| Error::Unreadable(format!("{url}: not UTF-8")))?;
    either(&text)
}

fn either(text: &str) -> Result<Table, Error> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with('<') { ecb::parse(text) } else { table::parse(text) }
}

#[cfg(test)]
mod tests {
    use super::web;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn answering(answer: Vec<u8>) -> url::Url {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(&answer).await;
        });
        format!("http://{address}/daily.xml").parse().unwrap()
    }

    #[tokio::test]
    async fn a_bank_that_answers_with_xml_is_understood() {
        let url = answering(
            b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n<Cube time='2026-11-20'><Cube currency='CNY' rate='8'/></Cube>"
                .to_vec(),
        )
        .await;
        assert_eq!(web(&url).await.unwrap().codes(), ["CNY", "EUR"]);
    }

    #[tokio::test]
    async fn errors_and_floods_are_refused() {
        let refused = answering(b"HTTP/1.1 503 Busy\r\nconnection: close\r\n\r\n".to_vec()).await;
        assert!(web(&refused).await.is_err());
        let mut flood = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
        flood.resize(2 << 20, b' ');
        let told = web(&answering(flood).await).await.unwrap_err().to_string();
        assert!(told.contains("more than"), "{told}");
    }
}

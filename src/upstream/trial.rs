//! A doorway in front of a catalogue, at which tests hold an answer back: what the catalogue said is old by the time it
//! is heard.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// Everything passes, but for the answer to the next call that is named.
#[derive(Clone)]
pub(crate) struct Doorway {
    url: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    named: Mutex<Option<String>>,
    held: Notify,
    opened: Notify,
}

impl Doorway {
    /// A doorway to this address, on one of its own.
    pub(crate) async fn to(url: &str) -> Self {
        let behind = url.trim_end_matches('/').strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::<Shared>::default();
        let passing = shared.clone();
        tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                let (behind, shared) = (behind.clone(), passing.clone());
                tokio::spawn(async move {
                    let catalogue = TcpStream::connect(behind).await.unwrap();
                    pass(caller, catalogue, &shared).await.ok();
                });
            }
        });
        Self { url, shared }
    }

    /// Its own address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Holds the answer to the next call that begins so, e.g. `GET /trade/orders/byOutRef`.
    pub(crate) fn hold(&self, call: &str) {
        *self.shared.named.lock().unwrap() = Some(call.to_owned());
    }

    /// Waits until an answer is held.
    pub(crate) async fn held(&self) {
        tokio::time::timeout(Duration::from_secs(20), self.shared.held.notified()).await.unwrap();
    }

    /// Lets the held answer pass.
    pub(crate) fn open(&self) {
        self.shared.opened.notify_one();
    }
}

async fn pass(mut caller: TcpStream, mut catalogue: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let (mut asked, mut said) = (vec![0; 65_536], vec![0; 65_536]);
    let mut hold = false;
    loop {
        tokio::select! {
            read = caller.read(&mut asked) => {
                let bytes = &asked[..read?];
                if bytes.is_empty() {
                    return Ok(());
                }
                let text = String::from_utf8_lossy(bytes);
                hold |= shared.named.lock().unwrap().take_if(|call| text.starts_with(call.as_str())).is_some();
                catalogue.write_all(bytes).await?;
            }
            read = catalogue.read(&mut said) => {
                let bytes = &said[..read?];
                if std::mem::take(&mut hold) {
                    shared.held.notify_one();
                    shared.opened.notified().await;
                }
                if bytes.is_empty() {
                    return Ok(());
                }
                caller.write_all(bytes).await?;
            }
        }
    }
}

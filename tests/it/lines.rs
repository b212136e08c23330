//! Connections as such: how many one address may hold, and what becomes of those on which nothing gets done.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{House, plain};
use crate::nodes::until;

const REQUEST: &[u8] = b"GET /v1/nowhere HTTP/1.1\r\nhost: trial\r\n\r\n";
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection, and the status of what it is answered to one request; `None` where it is closed without a word.
async fn asked(at: SocketAddr) -> (TcpStream, Option<String>) {
    let mut line = TcpStream::connect(at).await.unwrap();
    // Whoever is not let in may find the connection closed already.
    let _ = line.write_all(REQUEST).await;
    let mut buffer = vec![0; 4096];
    let read = tokio::time::timeout(PATIENCE, line.read(&mut buffer)).await.expect("neither answered nor closed");
    let read = read.unwrap_or(0);
    let status = (read > 0).then(|| String::from_utf8_lossy(&buffer[9..12]).into_owned());
    (line, status)
}

async fn is_told(house: &House, row: &str) -> bool {
    plain().get(house.ops("/metrics")).send().await.unwrap().text().await.unwrap().lines().any(|line| line == row)
}

#[actix_web::test]
async fn one_address_holds_so_many_connections_and_gets_another_for_each_it_gives_up() {
    let house = House::with(&[("SERVER__CONNECTIONS_PER_ADDRESS", "3")]).await;
    let at = house.running.address;
    let mut held = Vec::new();
    for _ in 0..3 {
        let (line, status) = asked(at).await;
        assert_eq!(status.as_deref(), Some("404"));
        held.push(line);
    }
    let (_, status) = asked(at).await;
    assert!(status.is_none_or(|status| status == "503"), "it is not let in");
    assert!(is_told(&house, "xunyuan_connections_ended_total{why=\"crowded\"} 1").await);
    assert!(is_told(&house, "xunyuan_connections 3").await);
    held.pop();
    let until = tokio::time::Instant::now() + PATIENCE;
    while asked(at).await.1.as_deref() != Some("404") {
        assert!(tokio::time::Instant::now() < until, "a place that is given up gets free");
        tokio::task::yield_now().await;
    }
    drop(held);
    house.close().await;
}

#[actix_web::test]
async fn a_second_head_that_never_ends_does_not_hold_its_connection() {
    let house = House::with(&[("SERVER__STUCK_S", "1")]).await;
    let (mut line, status) = asked(house.running.address).await;
    assert_eq!(status.as_deref(), Some("404"));
    let trickle = async {
        // For as long as it is let, a byte at a time: a field that goes on and on.
        let beginning = b"GET /v1/nowhere HTTP/1.1\r\nhost: trial\r\nx-slow: ";
        for byte in beginning.iter().chain(std::iter::repeat(&b'a')) {
            if line.write_all(&[*byte]).await.is_err() {
                return;
            }
            let mut one = [0];
            let read = tokio::time::timeout(Duration::from_millis(50), line.read(&mut one)).await;
            if let Ok(Ok(0) | Err(_)) = read {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, trickle).await.expect("the connection is closed");
    until("it is told", async || is_told(&house, "xunyuan_connections_ended_total{why=\"stuck\"} 1").await).await;
    house.close().await;
}

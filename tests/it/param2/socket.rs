//! A client of the message channel, down to the bytes of its frames.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::House;
use crate::param2::trader::Trader;

const PATIENCE: Duration = Duration::from_secs(40);
const MASK: [u8; 4] = [7, 1, 3, 9];

/// An open WebSocket.
pub struct Socket {
    link: TcpStream,
    bytes: Vec<u8>,
}

impl Socket {
    pub async fn open(address: &str) -> Self {
        let mut link = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "GET /websocket HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        );
        link.write_all(head.as_bytes()).await.unwrap();
        let mut socket = Self { link, bytes: Vec::new() };
        let end = loop {
            match socket.bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                Some(at) => break at + 4,
                None => assert!(socket.more().await, "the handshake was broken off"),
            }
        };
        let head: Vec<_> = socket.bytes.drain(..end).collect();
        let head = String::from_utf8(head).unwrap();
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        socket
    }

    /// A socket whose `CONNECT` was signed by the trader's app.
    pub async fn of(house: &House, trader: &Trader) -> Self {
        let mut socket = Self::open(trader.host()).await;
        socket.say(&connect(house, trader)).await;
        let welcome = socket.hears().await.unwrap();
        assert_eq!((&welcome["type"], &welcome["appKey"]), (&json!("CONNECT_ACK"), &json!(trader.app_key)));
        socket
    }

    pub async fn say(&mut self, frame: &Value) {
        self.send(1, frame.to_string().as_bytes()).await;
    }

    /// Sends one frame of this kind, masked as clients have to.
    pub async fn send(&mut self, opcode: u8, payload: &[u8]) {
        let mut frame = vec![0x80 | opcode];
        match payload.len() {
            short @ 0..=125 => frame.push(0x80 | u8::try_from(short).unwrap()),
            long => {
                frame.push(0x80 | 126);
                frame.extend(u16::try_from(long).unwrap().to_be_bytes());
            }
        }
        frame.extend(MASK);
        frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        // A server that is about to close may not take it.
        let _ = self.link.write_all(&frame).await;
    }

    /// The next text; none when the other side closes.
    pub async fn hears(&mut self) -> Option<Value> {
        loop {
            let (opcode, payload) = self.frame().await?;
            match opcode {
                1 => return Some(serde_json::from_slice(&payload).unwrap()),
                8 => return None,
                _ => {}
            }
        }
    }

    /// The next message, confirmed.
    pub async fn message(&mut self) -> Value {
        let frame = self.hears().await.expect("a message");
        assert_eq!(frame["type"], "SERVER_PUSH", "{frame}");
        self.confirm(&frame).await;
        serde_json::from_str(frame["content"].as_str().unwrap()).unwrap()
    }

    pub async fn confirm(&mut self, frame: &Value) {
        let id: i64 = frame["id"].as_str().unwrap().parse().unwrap();
        let told = json!({
            "type": "CONFIRM", "id": "0123456789abcdef", "relatedId": id, "relatedMsgTime": frame["pubTime"],
            "pubTime": 1, "costInIsv": 3, "msgSource": frame["msgSource"],
        });
        self.say(&told).await;
    }

    /// The next frame of any kind.
    pub async fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            if let Some(frame) = self.whole() {
                return Some(frame);
            }
            if !self.more().await {
                return None;
            }
        }
    }

    fn whole(&mut self) -> Option<(u8, Vec<u8>)> {
        let (first, second) = (*self.bytes.first()?, *self.bytes.get(1)?);
        let (begin, length) = match second & 0x7f {
            126 => (4, usize::from(u16::from_be_bytes(self.bytes.get(2..4)?.try_into().unwrap()))),
            127 => panic!("no message is so long"),
            short => (2, usize::from(short)),
        };
        let payload = self.bytes.get(begin..begin + length)?.to_vec();
        self.bytes.drain(..begin + length);
        Some((first & 0x0f, payload))
    }

    async fn more(&mut self) -> bool {
        let read = tokio::time::timeout(PATIENCE, self.link.read_buf(&mut self.bytes)).await;
        read.expect("nothing came").is_ok_and(|count| count > 0)
    }
}

/// A signed `CONNECT`.
pub fn connect(house: &House, trader: &Trader) -> Value {
    let now = house.clock.now_ms();
    let sign = trader.secret.sign_frame(&trader.app_key, None, now);
    json!({"type": "CONNECT", "appKey": trader.app_key, "pubTime": now, "sign": sign})
}

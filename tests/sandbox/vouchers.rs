//! Vouchers: pictures in and out.

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use super::{Sandbox, TOKEN};

/// A whole JPEG of so many bytes: header, one frame, end, and what cameras append.
pub(crate) fn jpeg(width: u16, length: usize) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0, 2];
    bytes.extend(width.to_be_bytes());
    bytes.extend([1, 1, 0x11, 0, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0x2a, 0xff, 0xd9]);
    bytes.resize(length.max(bytes.len()), 0);
    bytes
}

impl Sandbox {
    pub(crate) async fn send_picture(&self, partner: &str, kind: &str, bytes: Vec<u8>) -> Response {
        let request = self.client.post(format!("{}/trade/vouchers", self.running.url()));
        let request = request.header("X-Internal-Token", TOKEN).header("Content-Type", kind);
        request.header("X-Partner-Code", partner).body(bytes).send().await.unwrap()
    }

    /// A voucher of acme.
    pub(crate) async fn voucher(&self, width: u16) -> Value {
        let answer: Value = self.send_picture("acme", "image/jpeg", jpeg(width, 0)).await.json().await.unwrap();
        answer["data"]["voucherId"].clone()
    }

    pub(crate) async fn picture(&self, voucher_id: &Value) -> Response {
        let request = self.client.get(format!("{}/trade/vouchers/{voucher_id}", self.running.url()));
        request.header("X-Internal-Token", TOKEN).send().await.unwrap()
    }
}

#[tokio::test]
async fn a_picture_comes_out_as_it_went_in_and_the_same_one_is_kept_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = Some(folder.path().to_path_buf());
    let sandbox = Sandbox::with(|settings| settings.data = data.clone()).await;
    let bytes = jpeg(640, 5000);
    let send = async |partner: &str| {
        let answer: Value = sandbox.send_picture(partner, "image/jpeg", bytes.clone()).await.json().await.unwrap();
        answer["data"].clone()
    };
    let first = send("acme").await;
    assert_eq!(send("acme").await, first);
    let other = send("other").await;
    assert_eq!((&other["sha256"], other["voucherId"] == first["voucherId"]), (&first["sha256"], false));
    sandbox.running.stop().await;
    let sandbox = Sandbox::with(|settings| settings.data = data.clone()).await;
    let answer = sandbox.picture(&first["voucherId"]).await;
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!((header("content-type"), header("x-partner-code")), ("image/jpeg".into(), "acme".into()));
    assert_eq!(header("etag"), format!("\"{}\"", first["sha256"].as_str().unwrap()));
    assert_eq!(answer.bytes().await.unwrap(), bytes);
    let unknown = sandbox.picture(&json!(7)).await;
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
    assert_eq!(unknown.json::<Value>().await.unwrap()["errorCode"], "VOUCHER_NOT_FOUND");
}

#[tokio::test]
async fn only_whole_pictures_up_to_a_mebibyte_are_taken() {
    let sandbox = Sandbox::open().await;
    let why = async |kind: &str, bytes: Vec<u8>| {
        let answer: Value = sandbox.send_picture("acme", kind, bytes).await.json().await.unwrap();
        assert_eq!(answer["errorCode"], "VOUCHER_INVALID", "{answer}");
        answer["errorData"]["why"].as_str().unwrap().to_owned()
    };
    assert_eq!(why("image/gif", jpeg(5, 0)).await, "type");
    assert_eq!(why("image/png", jpeg(5, 0)).await, "magic");
    assert_eq!(why("image/jpeg", b"\xff\xd8\xff<script>".to_vec()).await, "header");
    assert_eq!(why("image/jpeg", jpeg(0, 0)).await, "pixels");
    assert_eq!(why("image/jpeg", jpeg(5, 0)[..24].to_vec()).await, "end");
    let largest = sandbox.send_picture("acme", "image/jpeg", jpeg(5, 1 << 20)).await;
    assert_eq!(largest.json::<Value>().await.unwrap()["success"], true, "a whole mebibyte is let through");
    let larger = sandbox.send_picture("acme", "image/jpeg", jpeg(5, (1 << 20) + 1)).await;
    assert_eq!(larger.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let nobody: Value = sandbox.send_picture("", "image/jpeg", jpeg(5, 0)).await.json().await.unwrap();
    assert_eq!(nobody["errorData"]["param"], "X-Partner-Code");
}

//! Traces leave the house when they are configured to.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use xunyuan::telemetry;

use crate::harness::House;

/// Takes one request and gives its bytes.
fn collector(listener: &TcpListener) -> Vec<u8> {
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    let mut taken = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(read) = stream.read(&mut chunk) {
        taken.extend_from_slice(&chunk[..read]);
        if read < chunk.len() {
            break;
        }
    }
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    taken
}

#[test]
fn a_sampled_request_is_exported_under_its_request_id() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let otlp_endpoint = Some(format!("http://{}", listener.local_addr().unwrap()));
    let settings = telemetry::Settings { log: "off".into(), pretty: true, otlp_endpoint };
    let guard = telemetry::start(&settings).unwrap();
    let exported = std::thread::spawn(move || collector(&listener));
    let request_id = actix_web::rt::System::new().block_on(async {
        let house = House::with(&[("TELEMETRY__TRACE_SHARE", "1")]).await;
        let partner = house.partner("acme").await;
        let answer = partner.get("/v1/categories").await;
        let id = answer.field("x-request-id").to_owned();
        house.close().await;
        id
    });
    drop(guard);
    let taken = exported.join().unwrap();
    assert!(taken.starts_with(b"POST /v1/traces"));
    let hex = request_id.strip_prefix("req_").unwrap();
    let id = u128::from_str_radix(hex, 16).unwrap().to_be_bytes();
    assert!(taken.windows(16).any(|window| window == id), "the trace id is not the request id");
}

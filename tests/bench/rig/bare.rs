//! The unit of all ratios: one actix-web worker whose only handler answers given bytes under given header fields.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpResponse, HttpServer};
use anyhow::{Context, Result};

use super::generator::Got;
use super::process::{Core, Process, free_address};

/// Fields that actix writes by itself.
const OWN: [&str; 3] = ["content-length", "date", "connection"];

/// A bare server that runs.
pub struct Bare {
    /// Its process.
    pub process: Process,
    /// Where it listens.
    pub at: SocketAddr,
}

impl Bare {
    /// This very program once more, as a bare server that answers as `like`.
    pub async fn start(core: Core, folder: &Path, like: &Got) -> Result<Self> {
        let at = free_address()?;
        let file = folder.join(format!("answer-{}", at.port()));
        let mut answer = like.head.clone().into_bytes();
        answer.extend_from_slice(b"\r\n\r\n");
        answer.extend_from_slice(&like.body);
        std::fs::write(&file, answer)?;
        let mut command = core.command(std::env::current_exe()?);
        command.arg("bare").arg(at.to_string()).arg(&file);
        Ok(Self { process: Process::listening("the bare server", command, at).await?, at })
    }
}

#[derive(Clone)]
struct Answer {
    fields: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

async fn answer(answer: Data<Answer>) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    for (name, value) in &answer.fields {
        response.insert_header((name.clone(), value.clone()));
    }
    response.body(answer.body.clone())
}

/// Serves until it is killed.
pub fn serve(at: SocketAddr, file: &PathBuf) -> Result<()> {
    let answer = read(&std::fs::read(file)?)?;
    let app = move || {
        App::new().app_data(Data::new(answer.clone())).route("/v1/offers/{offer_id}", web::get().to(self::answer))
    };
    actix_web::rt::System::new().block_on(HttpServer::new(app).workers(1).bind(at)?.run())?;
    Ok(())
}

fn read(bytes: &[u8]) -> Result<Answer> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").context("no head")?;
    let (head, body) = bytes.split_at(end);
    let mut fields = Vec::new();
    for line in std::str::from_utf8(head)?.lines().skip(1) {
        let (name, value) = line.split_once(':').context("no field")?;
        if !OWN.contains(&name.to_ascii_lowercase().as_str()) {
            fields.push((HeaderName::from_bytes(name.as_bytes())?, HeaderValue::from_str(value.trim())?));
        }
    }
    Ok(Answer { fields, body: Bytes::copy_from_slice(body.get(4..).unwrap_or_default()) })
}

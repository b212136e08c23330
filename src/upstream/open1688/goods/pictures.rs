//! Pictures: one to search by is given in base64; that of an offer is fetched from the address its detail tells.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};
use url::Url;

use crate::upstream::failure::{Error, Loss};
use crate::upstream::open1688::asked::{Asked, refused, written};
use crate::upstream::open1688::goods::detail;
use crate::upstream::open1688::table::UPLOAD;
use crate::upstream::open1688::words::{self, Tongue};

/// What the platform calls a picture that it cannot use.
const UNUSABLE: &str = "0";

/// Answers `goods.give_picture`.
pub(in crate::upstream::open1688) async fn give(asked: &Asked<'_>) -> Result<Bytes, Error> {
    let bytes = asked.call.body.as_ref().map(|body| body.bytes.clone()).unwrap_or_default();
    let wanted = json!({"imageBase64": STANDARD.encode(bytes)});
    let told = asked.ask_json(&UPLOAD, "uploadImageParam", &wanted).await?;
    match words::text(&told, "") {
        Some(id) if id != UNUSABLE => written(&json!({"pictureId": id})),
        _ => Err(refused("PICTURE_INVALID", "the picture cannot be used", Value::Null)),
    }
}

/// The address of an offer's picture.
pub(in crate::upstream::open1688) async fn address(asked: &Asked<'_>, offer: i64) -> Result<String, Error> {
    let told = detail::told(asked, offer, &Tongue::of("zh")).await?;
    let first = words::text(&told, "/productImage/images/0").or_else(|| words::text(&told, "/productImage/whiteImage"));
    first.ok_or_else(|| refused("GOODS_NOT_FOUND", format!("offer {offer} has no picture"), Value::Null))
}

/// Answers `goods.picture`, in whatever size there is.
pub(in crate::upstream::open1688) async fn show(asked: &Asked<'_>) -> Result<Bytes, Error> {
    let offer = asked.id()?;
    let address = address(asked, offer).await?;
    // Some tell where a picture is without saying at whom.
    let there = Url::parse(&asked.account.prefix).and_then(|own| own.join(&address));
    let there = there.map_err(|why| asked.nonsense(format_args!("{address}: {why}")))?;
    if !matches!(there.scheme(), "http" | "https") {
        return Err(asked.nonsense(format_args!("{address} is no address of a picture")));
    }
    let said = asked.line.get(there.as_str()).await?;
    let status = said.status.as_u16();
    match (said.status.is_success(), status) {
        (true, _) if !said.is_json && is_picture(&said.answer) => Ok(said.answer),
        (true, _) => Err(asked.nonsense(format_args!("{there} is no picture"))),
        (false, 404 | 410) => Err(detail::absent(offer)),
        (false, _) => Err(Error::Unknown { loss: Loss::Status(status), why: format!("{there}: status {status}") }),
    }
}

/// Whether these bytes begin as a PNG, a JPEG or a WebP does.
fn is_picture(bytes: &[u8]) -> bool {
    let webp = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP");
    webp || bytes.starts_with(b"\x89PNG") || bytes.starts_with(b"\xFF\xD8\xFF")
}

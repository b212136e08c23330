//! Vouchers over HTTP: pictures go in as raw bytes and come out as they went in.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, X_CONTENT_TYPE_OPTIONS};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::asked;
use super::envelope::{Answer, Code, Envelope, Refusal, Sent, refused};
use super::goods_wire::PictureBytes;
use super::image::{Flaw, Format};
use super::market::Market;
use super::photo;
use super::trade::{Source, Voucher};

type Shared = web::Data<Market>;

const PARTNER: &str = "X-Partner-Code";

/// A picture that was taken in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VoucherWire {
    /// Names it in refunds and inspections.
    #[schema(example = 2_600_000_000_000_123_456_i64)]
    voucher_id: i64,
    /// Hash of its bytes, hexadecimal.
    sha256: String,
}

/// Takes in a picture of at most 1 MiB. The same bytes of the same partner answer the same id.
#[utoipa::path(tag = "vouchers", params(("X-Partner-Code" = String, Header, description = "On whose behalf.")),
    request_body(description = "The bytes of the picture.", content((PictureBytes = "image/jpeg"), (PictureBytes = "image/png"))),
    responses(
        (status = 200, description = "Its id, or VOUCHER_INVALID.", body = Envelope<VoucherWire>),
        (status = 413, description = "BODY_TOO_LARGE.", body = Envelope<String>)))]
#[post("/trade/vouchers")]
pub async fn add_voucher(
    market: Shared,
    request: HttpRequest,
    bytes: Result<web::Bytes, actix_web::Error>,
) -> Answer<VoucherWire> {
    let bytes = bytes.map_err(|_| Refusal::from(Code::BodyTooLarge))?;
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
    let partner = header(PARTNER);
    asked::reference(PARTNER, partner, 64)?;
    let invalid = |flaw: Flaw| Refusal::with(Code::VoucherInvalid, json!({ "why": flaw.0 }));
    let format = Format::parse(header(CONTENT_TYPE.as_str())).ok_or_else(|| invalid(Flaw("type")))?;
    let shared = market.clone();
    let kept = web::block(move || {
        format.check(&bytes).map_err(invalid)?;
        let sha256 = hex(&bytes);
        // The bytes are lasting before anybody can name them.
        shared.pictures.keep(&sha256, &bytes).map_err(|error| lost(&error))?;
        Ok::<_, Refusal>(sha256)
    });
    let sha256 = kept.await.map_err(|_| Refusal::from(Code::SystemError))??;
    let now_ms = market.clock.now_ms();
    let source = Source::Sent(sha256.clone());
    let voucher_id = market.lasting(|book| Ok(book.take_voucher(partner, format, source, now_ms))).await?;
    Ok(Sent(VoucherWire { voucher_id, sha256 }))
}

/// A voucher's bytes.
#[utoipa::path(tag = "vouchers", params(("voucherId" = i64, Path, description = "Which voucher.")), responses(
    (status = 200, description = "The picture, with ETag (its sha256) and X-Partner-Code.", content((
        PictureBytes = "image/jpeg"), (PictureBytes = "image/png"))),
    (status = 404, description = "VOUCHER_NOT_FOUND.", body = Envelope<String>)))]
#[get("/trade/vouchers/{voucherId}")]
pub async fn get_voucher(market: Shared, voucher_id: web::Path<i64>) -> Result<HttpResponse, Refusal> {
    let voucher = match market.lasting(|book| book.voucher(*voucher_id).cloned()).await {
        Err(Refusal { code: Code::VoucherNotFound, .. }) => {
            let (word, sentence, _) = Code::VoucherNotFound.facts();
            return Ok(refused(StatusCode::NOT_FOUND, word, sentence, None));
        }
        other => other?,
    };
    let Voucher { partner_code, format, source, .. } = voucher;
    let read = web::block(move || match source {
        Source::Sent(sha256) => {
            let bytes = market.pictures.find(&sha256).map_err(|error| lost(&error))?;
            bytes.map(|bytes| (sha256, bytes)).ok_or(Refusal::from(Code::SystemError))
        }
        Source::Drawn(goods_id) => {
            let bytes = photo::damaged(&market.shop, goods_id).ok_or(Refusal::from(Code::SystemError))?;
            Ok((hex(&bytes), bytes.into()))
        }
    });
    let (sha256, bytes) = read.await.map_err(|_| Refusal::from(Code::SystemError))??;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, format.content_type()))
        .insert_header((ETAG, format!("\"{sha256}\"")))
        .insert_header((CACHE_CONTROL, "private, max-age=86400"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((PARTNER, partner_code))
        .body(bytes))
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn lost(error: &std::io::Error) -> Refusal {
    tracing::error!(%error, "a voucher of the sandbox could not be kept or read");
    Code::SystemError.into()
}

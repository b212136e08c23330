//! Vouchers: pictures that prove something, given as raw bytes and read back as they are kept.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::aftersale::{Aftersale, MediaType};
use crate::api::asked::Asked;
use crate::api::gate::Admitted;
use crate::api::operations::op;
use crate::edge::parts::Path;
use crate::edge::problem::Problem;
use crate::edge::reply::{self, Reply};
use crate::edge::upload::{File, Upload};
use crate::error::Code;
use crate::model::ids::VoucherId;

/// The bytes of a picture, as they are.
#[derive(Debug, ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "says to the OpenAPI document what is sent")]
pub struct PictureBytes(Vec<u8>);

/// A picture that proves something.
#[derive(Debug)]
pub struct VoucherFile;

impl Upload for VoucherFile {
    const MEDIA_TYPES: &'static [&'static str] = &[MediaType::Jpeg.name(), MediaType::Png.name()];
    const MOST_BYTES: usize = 1 << 20;
}

/// A picture that was taken in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Voucher)]
pub struct VoucherView {
    /// What to give in `voucher_ids`.
    #[schema(example = "vch_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    voucher_id: String,
}

/// Takes in a picture that proves something: one JPEG or PNG of at most 1 MB as the raw body, with its `Content-Type`
/// (cover it and `Content-Digest` in the signature, as with any body). It is decoded to see that it is a picture, of at
/// most 8,000 pixels a side and 25 million in all. What a camera wrote beside the pixels — place, time, names, comments
/// — is removed and never reaches the supplier; orientation and colours stay. The same picture given again is the same
/// voucher, so that repeating is harmless.
#[utoipa::path(tag = "After sales",
    request_body(content(
        (PictureBytes = "image/jpeg"),
        (PictureBytes = "image/png"),
    ), description = "The picture's bytes"),
    responses(
    (status = 201, description = "Taken in", body = VoucherView,
        headers(("Location" = String, description = "The picture"))),
    (status = 400, description = "`voucher_invalid`: the detail says what is wrong with the picture; `invalid_request`"),
    (status = 413, description = "`body_too_large`: more than 1 MB"),
    (status = 415, description = "`unsupported_media_type`: neither image/jpeg nor image/png"),
))]
#[post("/v1/vouchers")]
pub async fn create_voucher(
    request: HttpRequest,
    call: Admitted<op::CreateVoucher, File<VoucherFile>>,
    aftersale: Data<Aftersale>,
) -> Reply {
    let File { media_type, bytes, .. } = &call.parts;
    let media_type = MediaType::ALL.iter().copied().find(|one| one.name() == *media_type);
    let media_type = media_type.ok_or_else(|| Problem::new(Code::UnsupportedMediaType))?;
    let id = aftersale.keep_picture(&call.caller, media_type, bytes.clone()).await?;
    let mut response = reply::written(&request, StatusCode::CREATED, &VoucherView { voucher_id: id.to_string() })?;
    if let Ok(location) = HeaderValue::from_str(&format!("/v1/vouchers/{id}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// Names a voucher.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct VoucherPath {
    /// Id of the voucher.
    #[param(example = "vch_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    voucher_id: String,
}

/// Gives a picture's bytes: one you took in, or one that a warehouse took of your goods.
#[utoipa::path(tag = "After sales", params(VoucherPath), responses(
    (status = 200, description = "The picture, for your eyes only", content((PictureBytes = "image/jpeg"), (PictureBytes = "image/png"))),
    (status = 304, description = "You hold it already; it costs nothing"),
    (status = 404, description = "`voucher_not_found`"),
))]
#[get("/v1/vouchers/{voucher_id}")]
pub async fn get_voucher(call: Admitted<op::GetVoucher, Path<VoucherPath>>, aftersale: Data<Aftersale>) -> Reply {
    let mut asked = Asked::default();
    let id = asked.path::<VoucherId>("voucher_id", &call.parts.0.voucher_id);
    let picture = aftersale.picture(&call.caller, &asked.done(id)?).await?;
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::CONTENT_TYPE, picture.media_type.name()))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        // The bytes behind an id never change.
        .insert_header((header::CACHE_CONTROL, "private, max-age=86400, immutable"))
        .insert_header((header::CONTENT_DISPOSITION, "inline"))
        .insert_header((header::ETAG, reply::etag(&picture.bytes)));
    Ok(response.body(picture.bytes))
}

//! Pictures to search by: given as raw bytes, named in searches for a week.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, post};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::gate::Admitted;
use crate::api::operations::op;
use crate::api::vouchers::PictureBytes;
use crate::edge::parts::Complaint;
use crate::edge::problem::Problem;
use crate::edge::reply::{self, Reply};
use crate::edge::upload::{File, Upload};
use crate::error::Code;
use crate::pictures::{Image, MediaType, Pictures};

/// A picture to search by.
#[derive(Debug)]
pub struct ImageFile;

impl Upload for ImageFile {
    const MEDIA_TYPES: &'static [&'static str] =
        &[MediaType::Jpeg.name(), MediaType::Png.name(), MediaType::Webp.name()];
    const MOST_BYTES: usize = 3 << 20;
}

/// A picture that was taken in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Image)]
pub struct ImageView {
    /// What to give as `image_id`.
    #[schema(example = "img_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    image_id: String,
    /// Width in pixels.
    #[schema(example = 1200)]
    width: u32,
    /// Height in pixels.
    #[schema(example = 900)]
    height: u32,
    /// Whether a QR code on it can be read; `POST /v1/links/resolve` says where it leads.
    has_code: bool,
    /// Until when it is kept; giving it again keeps it for longer.
    #[schema(example = "2026-11-30T03:08:48Z", format = DateTime)]
    expires_at: String,
}

impl From<&Image> for ImageView {
    fn from(image: &Image) -> Self {
        Self {
            image_id: image.id.to_string(),
            width: image.width,
            height: image.height,
            has_code: image.code.is_some(),
            expires_at: Timestamp::from_millisecond(image.expires_at_ms).unwrap_or(Timestamp::MAX).to_string(),
        }
    }
}

/// Takes in a picture to search by.
///
/// One JPEG, PNG or WebP of at most 3 MB as the raw body, with its `Content-Type` (cover it and `Content-Digest` in the
/// signature, as with any body), of at most 8,000 pixels a side and 16 million in all. Search with its `image_id` at
/// `GET /v1/offers?image_id=…`; it is kept for seven days, for you alone. The same bytes given again are the same
/// picture, so that repeating is harmless. What a camera wrote beside the pixels goes no further.
#[utoipa::path(tag = "Catalogue",
    request_body(content(
        (PictureBytes = "image/jpeg"),
        (PictureBytes = "image/png"),
        (PictureBytes = "image/webp"),
    ), description = "The picture's bytes"),
    responses(
    (status = 201, description = "Taken in", body = ImageView),
    (status = 400, description = "`image_invalid`: the detail says what is wrong with the picture; `invalid_request`"),
    (status = 413, description = "`body_too_large`: more than 3 MB"),
    (status = 415, description = "`unsupported_media_type`: none of image/jpeg, image/png, image/webp"),
))]
#[post("/v1/images")]
pub async fn create_image(
    request: HttpRequest,
    call: Admitted<op::CreateImage, File<ImageFile>>,
    pictures: Data<Pictures>,
) -> Reply {
    let File { media_type, bytes, .. } = &call.parts;
    let media_type = MediaType::named(media_type).ok_or_else(|| Problem::new(Code::UnsupportedMediaType))?;
    let image = pictures.keep(&call.caller, media_type, bytes.clone()).await?;
    reply::written(&request, StatusCode::CREATED, &ImageView::from(&image))
}

/// That a body is of none of the accepted kinds.
pub(super) fn unsupported(accepted: &str) -> Complaint {
    let detail = format!("accepted here: {accepted}");
    Complaint::Whole(Box::new(Problem::new(Code::UnsupportedMediaType).detail(detail)))
}

//! `uploadRefundVoucher`: a picture that proves something, taken in as the newer face takes it in.

use serde::Serialize;

use crate::aftersale::{Aftersale, MediaType};
use crate::error::Code;
use crate::param2::asked::{Asked, Told};
use crate::param2::fault::Refusal;
use crate::param2::trade::named;

const MOST_BYTES: usize = 1 << 20;
const CODES: &[(Code, &str)] = &[(Code::VoucherInvalid, "4000")];

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Uploaded {
    image_domain: String,
    image_relative_url: String,
}

/// Answers.
pub async fn upload(asked: Asked) -> Told {
    let bytes = asked.file("imageData")?;
    if bytes.len() > MOST_BYTES {
        return Err(Refusal::own("4000", "imageData: at most 1 MB"));
    }
    let kind = MediaType::sniffed(&bytes);
    let kind = kind.ok_or_else(|| Refusal::own("4000", "imageData: a JPEG or PNG is wanted"))?;
    let room = asked.room::<Aftersale>()?;
    let id = room.keep_picture(&asked.caller, kind, bytes).await.map_err(named::coded(CODES))?;
    asked.answer(&Uploaded { image_domain: asked.origin(), image_relative_url: format!("v1/vouchers/{id}") })
}

//! Pictures to search by: `product.image.upload`, and which one `product.search.imageQuery` means.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;

use crate::error::{Code, Failure};
use crate::model::ids::ImageId;
use crate::model::picture::{Alike, Pictured, Region};
use crate::param2::asked::{Asked, Told};
use crate::param2::fault::Refusal;
use crate::param2::lenient;
use crate::pictures::{MediaType, Pictures};

/// The largest picture.
const MOST_BYTES: usize = 3 << 20;
/// The same in base64, percent-encoded as unkindly as can be, with what stands around it.
pub const MOST_BODY_BYTES: usize = 6 << 20;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Given {
    #[serde(deserialize_with = "lenient::text")]
    image_base64: Option<String>,
}

/// Answers `product.image.upload`: the picture's id, and `"0"` for one that cannot be used, as clients expect it.
pub async fn upload(asked: Asked) -> Told {
    let given: Given = asked.json("uploadImageParam")?;
    let text = given.image_base64.ok_or_else(|| Refusal::missing("uploadImageParam.imageBase64"))?;
    let bytes = decoded(&text).ok_or_else(|| Refusal::invalid("uploadImageParam.imageBase64", "base64 is wanted"))?;
    if bytes.len() > MOST_BYTES {
        return Err(Refusal::invalid("uploadImageParam.imageBase64", "a picture of at most 3 MB is wanted"));
    }
    let Some(media_type) = kind(&bytes) else { return asked.answer(&"0") };
    match asked.room::<Pictures>()?.keep(&asked.caller, media_type, bytes).await {
        Ok(image) => asked.answer(&image.id.to_string()),
        Err(error) if error.code() == Code::ImageInvalid => asked.answer(&"0"),
        Err(error) => Err(error.into()),
    }
}

/// Base64 as clients send it: after a `data:` head, with line ends, with spaces where a form lost its `+`.
fn decoded(text: &str) -> Option<Bytes> {
    let text = text.split_once("base64,").map_or(text, |(_, rest)| rest);
    let plain: String = text.trim().replace(' ', "+").chars().filter(|letter| !letter.is_whitespace()).collect();
    STANDARD.decode(plain).ok().map(Bytes::from)
}

/// What a picture is by its first bytes; nobody says so on this wire.
fn kind(bytes: &[u8]) -> Option<MediaType> {
    let webp = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP");
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Some(MediaType::Jpeg),
        [0x89, b'P', b'N', b'G', ..] => Some(MediaType::Png),
        _ if webp => Some(MediaType::Webp),
        _ => None,
    }
}

/// A picture that the caller uploaded, or a part of it in pixels: `x1,x2,y1,y2`.
pub async fn uploaded(asked: &Asked, image: &str, region: Option<&str>) -> Result<Alike, Refusal> {
    let id: ImageId = image.parse().map_err(|why| Refusal::invalid("offerQueryParam.imageId", why))?;
    let image = asked.room::<Pictures>()?.find(&asked.caller, &id).await?;
    let wrong = || Refusal::invalid("offerQueryParam.region", "x1,x2,y1,y2 in pixels of the picture are wanted");
    let region = region.map(|text| part(text, (image.width, image.height)).ok_or_else(wrong)).transpose()?;
    Ok(Alike { picture: Pictured::Uploaded { image: image.id, catalogue_id: image.catalogue_id }, region })
}

fn part(text: &str, (width, height): (u32, u32)) -> Option<Region> {
    let numbers: Vec<u32> = text.split(',').map(|one| one.trim().parse().ok()).collect::<Option<_>>()?;
    let &[x1, x2, y1, y2] = numbers.as_slice() else { return None };
    let share = |number: u32, of: u32| u16::try_from(u64::from(number) * 1_000 / u64::from(of.max(1))).ok();
    let region =
        Region { x1: share(x1, width)?, y1: share(y1, height)?, x2: share(x2, width)?, y2: share(y2, height)? };
    let inside = region.x1 < region.x2 && region.x2 <= 1_000 && region.y1 < region.y2 && region.y2 <= 1_000;
    inside.then_some(region)
}

#[cfg(test)]
mod tests {
    use super::{decoded, kind, part};

    #[test]
    fn a_part_is_told_in_pixels_left_and_right_first() {
        let region = part("266,799,48,581", (1_000, 1_000)).unwrap();
        assert_eq!((region.x1, region.y1, region.x2, region.y2), (266, 48, 799, 581));
        for wrong in ["", "1,2,3", "799,266,48,581", "0,1001,0,10", "a,b,c,d", "1,2,3,4,5", "0,4294967295,0,10"] {
            assert_eq!(part(wrong, (1_000, 1_000)), None, "{wrong}");
        }
    }

    #[test]
    fn base64_is_read_however_it_was_mangled() {
        let wanted = [0xFF, 0xD8, 0xFF, 0xFB];
        for text in ["/9j/+w==", " /9j/+w==\n", "data:image/jpeg;base64,/9j/+w==", "/9j/ w=="] {
            assert_eq!(decoded(text).as_deref(), Some(&wanted[..]), "{text}");
        }
        assert_eq!(decoded("*"), None);
        assert!(kind(&wanted).is_some() && kind(b"GIF89a").is_none() && kind(b"").is_none());
    }
}

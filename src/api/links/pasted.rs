//! The body of something pasted: JSON with a text or the id of a picture, a picture itself, or a form with one file.

use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::web::Bytes;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::images::{ImageFile, unsupported};
use crate::edge::parts::{Complaint, Json, Part};
use crate::edge::upload::{File, Upload};
use crate::error::Place;
use crate::model::ids::ImageId;
use crate::pictures::MediaType;

const LONGEST_TEXT: usize = 4_000;
const FORM: &str = "multipart/form-data";
/// What a form may hold beside the file.
const FORM_BYTES: usize = 4096;

/// A link, text or number, or the id of a picture; one of the two.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PastedLink)]
pub struct PastedBody {
    /// What was pasted, at most 4,000 characters.
    #[schema(example = "https://detail.1688.com/offer/610947572360.html", max_length = 4000)]
    link: Option<String>,
    /// A picture with a QR code, as `POST /v1/images` named it.
    #[schema(example = "img_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    image_id: Option<String>,
}

/// A form with one picture.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "says to the OpenAPI document what is sent")]
pub struct FormBytes {
    /// The picture, with its `Content-Type`.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// What was pasted.
#[derive(Debug)]
pub enum Pasted {
    /// A link, a text with one, or a number.
    Text(String),
    /// A picture that was given before.
    Image(ImageId),
    /// A picture.
    Picture(MediaType, Bytes),
}

impl Part for Pasted {
    const MOST_BYTES: Option<usize> = Some(ImageFile::MOST_BYTES + FORM_BYTES);

    fn take(request: &HttpRequest, body: &Bytes) -> Result<Self, Complaint> {
        let said = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let essence = said.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        if essence == FORM {
            let (media_type, file) = file_of(said, body)?;
            return Ok(Self::Picture(media_type, file));
        }
        if essence.starts_with("image/") {
            let File { media_type, bytes, .. } = File::<ImageFile>::take(request, body)?;
            let media_type = MediaType::named(media_type).ok_or_else(|| unsupported(media_type))?;
            return Ok(Self::Picture(media_type, bytes));
        }
        if essence == "application/json" {
            return read(Json::<PastedBody>::take(request, body)?.0);
        }
        let kinds = [&["application/json", FORM], ImageFile::MEDIA_TYPES].concat();
        Err(unsupported(&kinds.join(", ")))
    }
}

fn read(body: PastedBody) -> Result<Pasted, Complaint> {
    let wrong = |member: &str, detail: String| Err(Complaint::Places(vec![Place::body(member, detail)]));
    match (body.link, body.image_id) {
        (Some(link), None) if link.trim().is_empty() => wrong("/link", "what was pasted; not empty".into()),
        (Some(link), None) if link.chars().count() > LONGEST_TEXT => {
            wrong("/link", format!("at most {LONGEST_TEXT} characters"))
        }
        (Some(link), None) => Ok(Pasted::Text(link)),
        (None, Some(id)) => match id.parse() {
            Ok(id) => Ok(Pasted::Image(id)),
            Err(why) => wrong("/image_id", format!("{why}")),
        },
        (Some(_), Some(_)) => wrong("/image_id", "give either link or image_id".into()),
        (None, None) => wrong("/link", "missing; give link or image_id".into()),
    }
}

/// The one picture of a form (RFC 7578).
fn file_of(content_type: &str, body: &Bytes) -> Result<(MediaType, Bytes), Complaint> {
    let wrong = |detail: &str| Complaint::Places(vec![Place::body("", detail)]);
    let boundary = boundary(content_type).ok_or_else(|| wrong("Content-Type names no boundary of the form"))?;
    let delimiter = [b"\r\n--", boundary.as_bytes()].concat();
    // The first delimiter has no line end before it.
    let mut at = if body.starts_with(delimiter.get(2..).unwrap_or_default()) {
        delimiter.len() - 2
    } else {
        find(body, &delimiter, 0).ok_or_else(|| wrong("the form does not begin with its boundary"))? + delimiter.len()
    };
    while body.get(at..at + 2) == Some(b"\r\n") {
        let head_end = find(body, b"\r\n\r\n", at).ok_or_else(|| wrong("a part of the form has no end of its head"))?;
        let end = find(body, &delimiter, head_end).ok_or_else(|| wrong("a part of the form has no end"))?;
        let head = String::from_utf8_lossy(body.get(at..head_end).unwrap_or_default()).to_ascii_lowercase();
        let content_type = head.lines().find_map(|line| line.strip_prefix("content-type:"));
        if let Some(media_type) = content_type.map(|kind| kind.split(';').next().unwrap_or("").trim()) {
            let known = MediaType::named(media_type);
            let known = known.ok_or_else(|| unsupported(&ImageFile::MEDIA_TYPES.join(", ")))?;
            let file = body.slice((head_end + 4).min(end)..end);
            return if file.is_empty() { Err(wrong("the file of the form is empty")) } else { Ok((known, file)) };
        }
        at = end + delimiter.len();
    }
    Err(wrong("the form holds no file with a Content-Type"))
}

fn boundary(content_type: &str) -> Option<&str> {
    let parameters = content_type.split(';').skip(1).map(str::trim);
    let named = |text: &str| text.get(..9).is_some_and(|name| name.eq_ignore_ascii_case("boundary="));
    let given = parameters.into_iter().find(|text| named(text))?.get(9..)?.trim_matches('"');
    (1..=70).contains(&given.len()).then_some(given)
}

fn find(body: &[u8], wanted: &[u8], from: usize) -> Option<usize> {
    let behind = body.get(from..)?;
    behind.windows(wanted.len()).position(|window| window == wanted).map(|at| at + from)
}

#[cfg(test)]
mod tests {
    use super::{MediaType, Pasted};
    use crate::edge::parts::{Complaint, Part};
    use actix_web::test::TestRequest;

    fn take(content_type: &'static str, body: &str) -> Result<Pasted, Complaint> {
        let request = TestRequest::default().insert_header(("content-type", content_type)).to_http_request();
        Pasted::take(&request, &body.to_owned().into())
    }

    fn pointers(taken: Result<Pasted, Complaint>) -> Vec<String> {
        match taken {
            Err(Complaint::Places(places)) => places.into_iter().map(|place| place.pointer).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_body_is_one_of_the_four_ways_to_paste() {
        let text = take("application/json", r#"{"link": " https://x "}"#);
        assert!(matches!(text, Ok(Pasted::Text(text)) if text == " https://x "));
        let id = format!("img_{}", "0".repeat(32));
        assert!(matches!(take("application/json", &format!(r#"{{"image_id": "{id}"}}"#)), Ok(Pasted::Image(_))));
        assert!(matches!(take("image/webp", "x"), Ok(Pasted::Picture(MediaType::Webp, _))));
        let form = "--b1\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--b1\r\n\
                    content-disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n\
                    bytes\r\n--b1--\r\n";
        match take("multipart/form-data; boundary=\"b1\"", form) {
            Ok(Pasted::Picture(MediaType::Png, bytes)) => assert_eq!(bytes, "bytes"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (body, pointer) in [
            ("{}", "#/link"),
            (r#"{"link": " "}"#, "#/link"),
            (r#"{"link": "a", "image_id": "b"}"#, "#/image_id"),
            (r#"{"image_id": "voucher"}"#, "#/image_id"),
        ] {
            assert_eq!(pointers(take("application/json", body)), [pointer], "{body}");
        }
        assert_eq!(pointers(take("application/json", &format!(r#"{{"link": "{}"}}"#, "x".repeat(4001)))), ["#/link"]);
        let form = "multipart/form-data; boundary=b1";
        for broken in ["", "--b1", "--b1\r\nContent-Type: image/png\r\n\r\nx", "--b1--", "--b1\r\n\r\nx\r\n--b1--"] {
            assert_eq!(pointers(take(form, broken)), ["#"], "{broken:?}");
        }
        assert_eq!(pointers(take("multipart/form-data", "--b1--")), ["#"]);
        for (kind, body) in
            [("text/plain", "x"), ("image/gif", "x"), (form, "--b1\r\nContent-Type: image/gif\r\n\r\nx\r\n--b1--")]
        {
            assert!(matches!(take(kind, body), Err(Complaint::Whole(_))), "{kind}");
        }
    }
}

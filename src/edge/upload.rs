//! A body that is a file: of one of the media types an operation takes, and larger than its usual bodies.

use std::marker::PhantomData;

use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::web::Bytes;

use crate::edge::parts::{Complaint, Part};
use crate::edge::problem::Problem;
use crate::error::{Code, Place};

/// What an operation takes as a file.
pub trait Upload: std::fmt::Debug + 'static {
    /// The media types.
    const MEDIA_TYPES: &'static [&'static str];
    /// The largest file in bytes.
    const MOST_BYTES: usize;
}

/// A file that came as the body.
#[derive(Debug)]
pub struct File<U> {
    /// What it says to be: one of the accepted media types. Whether it is, the room has to see.
    pub media_type: &'static str,
    /// Its bytes, at least one.
    pub bytes: Bytes,
    upload: PhantomData<U>,
}

impl<U: Upload> Part for File<U> {
    const MOST_BYTES: Option<usize> = Some(U::MOST_BYTES);

    fn take(request: &HttpRequest, body: &Bytes) -> Result<Self, Complaint> {
        let said = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let essence = said.split(';').next().unwrap_or("").trim();
        let Some(media_type) = U::MEDIA_TYPES.iter().copied().find(|one| one.eq_ignore_ascii_case(essence)) else {
            let accepted = format!("accepted here: {}", U::MEDIA_TYPES.join(", "));
            return Err(Complaint::Whole(Box::new(Problem::new(Code::UnsupportedMediaType).detail(accepted))));
        };
        if body.is_empty() {
            return Err(Complaint::Places(vec![Place::body("", "the body is empty; send the file's bytes")]));
        }
        Ok(Self { media_type, bytes: body.clone(), upload: PhantomData })
    }
}

#[cfg(test)]
mod tests {
    use super::{File, Upload};
    use crate::edge::parts::{Complaint, Part};
    use crate::error::Code;
    use actix_web::test::TestRequest;

    #[derive(Debug)]
    struct Sketch;
    impl Upload for Sketch {
        const MEDIA_TYPES: &'static [&'static str] = &["image/png", "image/jpeg"];
        const MOST_BYTES: usize = 10;
    }

    fn take(media_type: &'static str, body: &'static str) -> Result<&'static str, Complaint> {
        let request = TestRequest::default().insert_header(("content-type", media_type)).to_http_request();
        File::<Sketch>::take(&request, &body.into()).map(|file| file.media_type)
    }

    #[test]
    fn a_file_is_one_of_the_accepted_kinds_and_not_empty() {
        assert_eq!(take("image/PNG; q=1", "x").unwrap(), "image/png");
        assert!(matches!(take("image/png", ""), Err(Complaint::Places(places)) if places[0].pointer == "#"));
        for wrong in ["", "image/gif", "application/json", "image/png2"] {
            let Err(Complaint::Whole(problem)) = take(wrong, "x") else { panic!("{wrong} was taken") };
            assert_eq!(problem.code(), Code::UnsupportedMediaType);
            let told = String::from_utf8(problem.render("req_1", "/")).unwrap();
            assert!(told.contains("image/png, image/jpeg"), "{told}");
        }
    }

    #[test]
    fn the_largest_body_of_a_request_is_that_of_its_largest_part() {
        assert_eq!(<((), File<Sketch>)>::MOST_BYTES, Some(10));
        assert_eq!(<(File<Sketch>, ())>::MOST_BYTES, Some(10));
        assert_eq!(<((), (), File<Sketch>)>::MOST_BYTES, Some(10));
        assert_eq!(<((), ())>::MOST_BYTES, None);
    }
}

//! The parameters of a request, wherever they stand: query, urlencoded body and multipart parts together, the last of a
//! name winning. Files stand apart, because they are not signed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use crate::param2::multipart;
use crate::signing::aop::SIGNATURE;

/// More parameters than any API has.
const MOST_TEXTS: usize = 256;
/// Names that the protocol keeps for itself.
pub const ACCESS_TOKEN: &str = "access_token";
/// When the request was made, in milliseconds since 1970.
pub const TIMESTAMP: &str = "_aop_timestamp";

/// What came with a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    texts: Vec<(String, String)>,
    files: Vec<(String, Bytes)>,
}

impl Parameters {
    /// Reads query and body. `files` are the names that the API takes as files: only under these names a part counts
    /// as one, because a file is not signed.
    pub fn read(query: &str, content_type: &str, body: &Bytes, files: &[&str]) -> Self {
        let mut all = Self::default();
        all.pairs(query.as_bytes());
        match multipart::boundary(content_type).filter(|_| is(content_type, "multipart/")) {
            Some(boundary) => {
                for part in multipart::parts(body, boundary) {
                    if part.file && files.contains(&part.name.as_str()) {
                        all.files.retain(|(name, _)| *name != part.name);
                        all.files.push((part.name, part.bytes));
                    } else {
                        all.put(part.name, String::from_utf8_lossy(&part.bytes).into_owned());
                    }
                }
            }
            // Several clients forget to say what their body is.
            None if !is(content_type, "application/json") => all.pairs(body),
            None => {}
        }
        all
    }

    fn pairs(&mut self, text: &[u8]) {
        for (name, value) in url::form_urlencoded::parse(text) {
            self.put(name.into_owned(), value.into_owned());
        }
    }

    fn put(&mut self, name: String, value: String) {
        let full = self.texts.len() >= MOST_TEXTS;
        match self.texts.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            // What is left out is missed by the signature.
            None if full => {}
            None => self.texts.push((name, value)),
        }
    }

    /// Everything that a signature covers, and the signature itself.
    pub fn texts(&self) -> &[(String, String)] {
        &self.texts
    }

    /// The files, which no signature covers.
    pub fn files(&self) -> &[(String, Bytes)] {
        &self.files
    }

    /// The signature; none when it is empty.
    pub fn signature(&self) -> Option<&str> {
        self.text(SIGNATURE)
    }

    /// A parameter; none when it is not there or empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        let found = self.texts.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// A file, sent as a part or, as some clients do, in base64 as a text.
    pub fn file(&self, name: &str) -> Option<Bytes> {
        let part = self.files.iter().find(|(known, _)| known == name).map(|(_, bytes)| bytes.clone());
        part.filter(|bytes| !bytes.is_empty()).or_else(|| STANDARD.decode(self.text(name)?).ok().map(Bytes::from))
    }
}

fn is(content_type: &str, kind: &str) -> bool {
    content_type.trim().get(..kind.len()).is_some_and(|start| start.eq_ignore_ascii_case(kind))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::Parameters;

    const FORM: &str = "application/x-www-form-urlencoded";

    fn read(query: &str, content_type: &str, body: &str) -> Parameters {
        Parameters::read(query, content_type, &Bytes::copy_from_slice(body.as_bytes()), &["imageData"])
    }

    fn names(of: &Parameters) -> Vec<&str> {
        of.texts().iter().map(|(name, _)| name.as_str()).collect()
    }

    #[test]
    fn query_and_body_are_one_and_the_last_of_a_name_wins() {
        let all = read("a=1&b=%E6%9D%AF&empty=", FORM, "a=2&c=x+y");
        assert_eq!((all.text("a"), all.text("b"), all.text("c")), (Some("2"), Some("杯"), Some("x y")));
        assert_eq!(all.text("empty"), None);
        assert_eq!(names(&all), ["a", "b", "empty", "c"], "an empty value is kept, because it is signed");
        assert_eq!(read("", "", "a=2").text("a"), Some("2"), "a body of no kind is a form");
    }

    #[test]
    fn raw_json_and_text_in_the_query_are_taken_as_they_are() {
        let all = read("offerQueryParam={\"keyword\":\"连衣裙\",\"country\":\"en\"}&_aop_signature=AB", "", "");
        assert_eq!(all.text("offerQueryParam"), Some("{\"keyword\":\"连衣裙\",\"country\":\"en\"}"));
        assert_eq!(all.signature(), Some("AB"));
    }

    #[test]
    fn a_part_counts_as_a_file_only_where_the_api_takes_one() {
        let body = "--b\r\nContent-Disposition: form-data; name=\"imageData\"; filename=\"x\"\r\n\r\nJPEG\r\n\
            --b\r\nContent-Disposition: form-data; name=\"orderId\"; filename=\"x\"\r\n\r\n12\r\n--b--";
        let all = read("_aop_signature=AB", "multipart/form-data; boundary=b", body);
        assert_eq!(all.file("imageData"), Some(Bytes::from_static(b"JPEG")));
        assert_eq!(all.file("orderId"), None);
        assert_eq!(all.text("orderId"), Some("12"), "it is signed, whatever its part claims to be");
        assert_eq!(read("", FORM, "imageData=SlBFRw%3D%3D").file("imageData"), Some(Bytes::from_static(b"JPEG")));
    }
}

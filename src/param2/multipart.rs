//! `multipart/form-data` as clients of the platform really send it: part headers with stray quotes, bare line feeds, no
//! closing boundary. Whoever reads is as lenient as can be without guessing.

use bytes::Bytes;

/// Parts of one body that are looked at.
const MOST_PARTS: usize = 256;
/// The longest head of a part.
const MOST_HEAD_BYTES: usize = 4_096;

/// RFC 2046 §5.1.1.
const LONGEST_BOUNDARY: usize = 70;

/// One part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its field's name.
    pub name: String,
    /// Whether its head says that it is a file: it has a file name, or a media type of its own.
    pub file: bool,
    /// Its bytes.
    pub bytes: Bytes,
}

/// The boundary that a `Content-Type` names.
pub fn boundary(content_type: &str) -> Option<&str> {
    let (_, rest) = content_type.split_once("boundary=")?;
    let text = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => rest.split(';').next()?.trim(),
    };
    (!text.is_empty() && text.len() <= LONGEST_BOUNDARY).then_some(text)
}

/// The parts of a body; what cannot be read as one is left out.
pub fn parts(body: &Bytes, boundary: &str) -> Vec<Part> {
    let mark = format!("--{boundary}").into_bytes();
    let mut starts = starts_of(body, &mark);
    starts.truncate(MOST_PARTS + 1);
    let ends = starts.iter().skip(1).map(|start| (*start, true)).chain([(body.len(), false)]);
    let read = |(start, (end, closed)): (&usize, (usize, bool))| {
        let section = body.get(start + mark.len()..end)?;
        part(body, section, closed)
    };
    starts.iter().zip(ends).take(MOST_PARTS).filter_map(read).collect()
}

/// Where the mark begins a line.
fn starts_of(body: &[u8], mark: &[u8]) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut at = 0;
    while let Some(found) = body.get(at..).and_then(|rest| find(rest, mark)) {
        let start = at + found;
        if start == 0 || body.get(start - 1) == Some(&b'\n') {
            starts.push(start);
        }
        at = start + mark.len();
    }
    starts
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut at = 0;
    while let Some(found) = text.get(at..)?.iter().position(|byte| *byte == first) {
        at += found;
        if text.get(at..)?.starts_with(wanted) {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// `closed`: another boundary follows, so that the line end before it is not the part's.
fn part(body: &Bytes, section: &[u8], closed: bool) -> Option<Part> {
    // `--` behind the mark closes the body.
    let section = section.strip_prefix(b"\r\n").or_else(|| section.strip_prefix(b"\n"))?;
    let head_room = section.get(..MOST_HEAD_BYTES).unwrap_or(section);
    let ends = [b"\r\n\r\n".as_slice(), b"\n\n"].map(|blank| find(head_room, blank).map(|at| (at, blank.len())));
    let (head_end, blank) = ends.into_iter().flatten().min()?;
    let head = String::from_utf8_lossy(section.get(..head_end)?);
    let content = section.get(head_end + blank..)?;
    let (name, file) = described(&head)?;
    let content = if closed || !file { without_line_end(content) } else { content };
    Some(Part { name, file, bytes: body.slice_ref(content) })
}

fn without_line_end(content: &[u8]) -> &[u8] {
    content.strip_suffix(b"\r\n").or_else(|| content.strip_suffix(b"\n")).unwrap_or(content)
}

/// Name of a part, and whether it is a file.
fn described(head: &str) -> Option<(String, bool)> {
    let (mut name, mut file) = (None, false);
    for line in head.lines() {
        let Some((field, value)) = line.split_once(':') else { continue };
        match field.trim().to_ascii_lowercase().as_str() {
            "content-disposition" => {
                name = parameter(value, "name");
                file |= value.to_ascii_lowercase().contains("filename");
            }
            "content-type" => file |= !value.trim().to_ascii_lowercase().starts_with("text/plain"),
            _ => {}
        }
    }
    Some((name?, file))
}

/// A parameter of a disposition: what stands between its first two quotes, or up to the next semicolon.
fn parameter(value: &str, wanted: &str) -> Option<String> {
    let found = value.split(';').find_map(|one| {
        let (name, text) = one.trim().split_once('=')?;
        name.trim().eq_ignore_ascii_case(wanted).then_some(text.trim())
    })?;
    let text = found.strip_prefix('"').map_or(found, |quoted| quoted.split('"').next().unwrap_or(""));
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::{boundary, parts};

    fn told(body: &str, boundary: &str) -> Vec<(String, bool, String)> {
        let body = Bytes::copy_from_slice(body.as_bytes());
        let read = parts(&body, boundary).into_iter();
        read.map(|part| (part.name, part.file, String::from_utf8_lossy(&part.bytes).into_owned())).collect()
    }

    fn text(name: &str, value: &str) -> (String, bool, String) {
        (name.to_owned(), false, value.to_owned())
    }

    #[test]
    fn what_a_well_behaved_client_sends_is_read() {
        let body = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n\
            --b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n\u{1}\r\n\r\n\
            --b--\r\n";
        assert_eq!(told(body, "b"), [text("a", "1"), ("f".into(), true, "\u{1}\r\n".into())]);
        assert_eq!(boundary("multipart/form-data; boundary=\"b\"; charset=utf-8"), Some("b"));
        assert_eq!(boundary("multipart/form-data; boundary=----x1"), Some("----x1"));
        assert_eq!(boundary("multipart/form-data"), None);
    }

    #[test]
    fn what_the_java_client_sends_is_read_though_it_never_ends_and_its_quotes_do_not_match() {
        let mark = "---------------------------123821742118716";
        let body = format!(
            "\r\n--{mark}\r\nContent-Disposition: form-data; name=\"access_token\"\r\n\r\ntok\r\n\
             --{mark}\r\nContent-Disposition: form-data; name=\"imageData\"\"\r\n\
             Content-Type:application/x-www-form-urlencoded\r\n\r\nJPEG\n"
        );
        assert_eq!(told(&body, mark), [text("access_token", "tok"), ("imageData".into(), true, "JPEG\n".into())]);
    }

    #[test]
    fn line_feeds_alone_and_missing_heads_do_no_harm() {
        let body = "--b\nContent-Disposition: form-data; name=a\n\n1\n--b\nnothing\n\n2\n--b\n\n--b";
        assert_eq!(told(body, "b"), [text("a", "1")]);
        assert_eq!(told("", "b"), []);
        assert_eq!(told("a--b\r\n", "b"), []);
    }

    proptest! {
        #[test]
        fn no_body_makes_it_stumble(body in proptest::collection::vec(any::<u8>(), 0..200), of in "[-a]{1,3}") {
            let body = Bytes::from(body);
            let read = parts(&body, &of);
            prop_assert!(read.iter().map(|part| part.bytes.len()).sum::<usize>() <= body.len());
        }
    }
}

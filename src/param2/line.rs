//! Request lines as clients of the platform write them: JSON and text in the query just as they are, where HTTP wants
//! them escaped. Those of this face are escaped before the server reads them; the decoded parameters, and so what is
//! signed, stay the same. Everything else passes as it came.
//!
//! A line is only taken for one where a request begins. Where that is says the server's own parser, over the same bytes;
//! on a connection where it might be said otherwise (chunked bodies, upgrades, anything unreadable) nothing is changed
//! from there on, so that no body is ever taken for a request.

use std::mem::MaybeUninit;

use bytes::{Bytes, BytesMut};
use httparse::{Request, Status};

use crate::param2::route::PROTOCOLS;

/// What the server takes of a head before it gives up; no more is held back here.
const MOST_HEAD: usize = 131_072;
/// The server's own bound.
const MOST_HEADERS: usize = 96;
/// Ends of a line that the server reads, with the space before.
const VERSIONS: [&[u8]; 2] = [b" HTTP/1.1", b" HTTP/1.0"];
const VERSION_BYTES: usize = 9;

/// What follows the bytes of one connection.
#[derive(Debug, Default)]
pub struct Lines {
    at: At,
    held: BytesMut,
}

/// Where the next byte stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    /// Where a request begins, or behind what is held back of one.
    #[default]
    Head,
    /// In a body with so many bytes to come.
    Body(u64),
    /// Somewhere; everything passes.
    Anywhere,
}

/// What becomes of bytes that came.
#[derive(Debug, PartialEq, Eq)]
pub enum Passed {
    /// They pass as they came.
    AsTheyCame,
    /// These take their place: none while a head is not whole.
    Instead(Bytes),
}

impl Lines {
    /// Of a connection on which everything passes as it comes.
    pub fn unread() -> Self {
        Self { at: At::Anywhere, held: BytesMut::new() }
    }

    /// Takes the next bytes of the connection.
    pub fn pass(&mut self, bytes: &[u8]) -> Passed {
        if self.held.is_empty() {
            let instead = self.walk(Walked { bytes, done: 0, instead: None });
            return instead.map_or(Passed::AsTheyCame, |instead| Passed::Instead(instead.freeze()));
        }
        self.held.extend_from_slice(bytes);
        let all = self.held.split();
        let instead = self.walk(Walked { bytes: &all, done: 0, instead: None });
        Passed::Instead(instead.unwrap_or(all).freeze())
    }

    /// What is held back when nothing more comes.
    pub fn end(&mut self) -> Bytes {
        self.at = At::Anywhere;
        self.held.split().freeze()
    }

    /// Goes over bytes; gives what takes their place, none when that is themselves.
    fn walk(&mut self, mut walked: Walked<'_>) -> Option<BytesMut> {
        while !walked.rest().is_empty() {
            let rest = walked.rest();
            match self.at {
                At::Anywhere => walked.same(rest.len()),
                At::Body(left) => {
                    let length = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                    self.at = At::behind(left - length as u64);
                    walked.same(length);
                }
                At::Head => match head(rest) {
                    Head::Whole { line, length, after } => {
                        self.at = after;
                        let raw = line.map_or(0, |line| walked.other(&line.escaped, line.length));
                        walked.same(length - raw);
                    }
                    Head::Part if rest.len() < MOST_HEAD => {
                        self.held.extend_from_slice(rest);
                        walked.other(&[], rest.len());
                    }
                    Head::Part | Head::Unreadable => self.at = At::Anywhere,
                },
            }
        }
        walked.instead
    }
}

impl At {
    fn behind(body: u64) -> Self {
        if body == 0 { Self::Head } else { Self::Body(body) }
    }
}

/// Bytes, how far they were gone over, and what takes the place of those.
struct Walked<'a> {
    bytes: &'a [u8],
    done: usize,
    instead: Option<BytesMut>,
}

impl<'a> Walked<'a> {
    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.done..).unwrap_or_default()
    }

    /// So many pass as they came.
    fn same(&mut self, length: usize) {
        let rest = self.rest();
        if let Some(instead) = &mut self.instead {
            instead.extend_from_slice(rest.get(..length).unwrap_or(rest));
        }
        self.done += length;
    }

    /// These take the place of so many, which are given.
    fn other(&mut self, bytes: &[u8], length: usize) -> usize {
        let before = self.bytes.get(..self.done).unwrap_or_default();
        self.instead.get_or_insert_with(|| before.into()).extend_from_slice(bytes);
        self.done += length;
        length
    }
}

/// A line that has to be escaped.
struct Line {
    /// Its length as it came, with its end.
    length: usize,
    escaped: Vec<u8>,
}

/// What bytes at the beginning of a request are.
enum Head {
    /// A whole head of this length, as it came, and where its last byte leads.
    Whole { line: Option<Line>, length: usize, after: At },
    /// The beginning of one.
    Part,
    /// None.
    Unreadable,
}

fn head(bytes: &[u8]) -> Head {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return Head::Part };
    let (line, fields) = bytes.split_at(end + 1);
    let Some(escaped) = escaped(line) else { return read(bytes) };
    match read(&[&escaped, fields].concat()) {
        Head::Whole { length, after, .. } => {
            let (was, is) = (line.len(), escaped.len());
            Head::Whole { line: Some(Line { length: was, escaped }), length: length - is + was, after }
        }
        other => other,
    }
}

/// As the server reads it.
fn read(bytes: &[u8]) -> Head {
    let mut fields = [const { MaybeUninit::uninit() }; MOST_HEADERS];
    let mut request = Request::new(&mut []);
    match request.parse_with_uninit_headers(bytes, &mut fields) {
        Ok(Status::Complete(length)) => Head::Whole { line: None, length, after: after(&request) },
        Ok(Status::Partial) => Head::Part,
        Err(_) => Head::Unreadable,
    }
}

/// Where a head's last byte leads.
fn after(request: &Request<'_, '_>) -> At {
    let mut length = None;
    for field in &*request.headers {
        let is = |name: &str| field.name.eq_ignore_ascii_case(name);
        if is("transfer-encoding") || is("upgrade") {
            return At::Anywhere;
        }
        if is("content-length") {
            match (length, digits(field.value)) {
                (None, Some(bytes)) => length = Some(bytes),
                _ => return At::Anywhere,
            }
        }
    }
    if request.method == Some("CONNECT") { At::Anywhere } else { At::behind(length.unwrap_or(0)) }
}

fn digits(value: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(value).ok()?.trim();
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// The line with its query escaped; none when it is not one of this face or need not be.
fn escaped(line: &[u8]) -> Option<Vec<u8>> {
    let text = line.strip_suffix(b"\n")?;
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    let target = [&b"GET "[..], b"POST "].iter().find_map(|method| text.strip_prefix(*method))?;
    let question = target.iter().position(|byte| *byte == b'?').filter(|at| is_ours(target, *at))?;
    let (target, version) = target.split_at(target.len().checked_sub(VERSION_BYTES)?);
    if !VERSIONS.contains(&version) || !target.get(question..)?.iter().copied().any(is_raw) {
        return None;
    }
    let begin = text.len() - VERSION_BYTES - target.len() + question;
    let mut told = line.get(..begin)?.to_vec();
    for byte in target.get(question..)? {
        match byte {
            raw if is_raw(*raw) => told.extend_from_slice(format!("%{raw:02X}").as_bytes()),
            plain => told.push(*plain),
        }
    }
    told.extend_from_slice(line.get(begin + target.len() - question..)?);
    Some(told)
}

/// Whether the path of a target, which ends here, is one of this face; proxies put the host before it.
fn is_ours(target: &[u8], end: usize) -> bool {
    let Some(path) = target.get(..end).and_then(|path| std::str::from_utf8(path).ok()) else { return false };
    let path = match path.strip_prefix("http://").or_else(|| path.strip_prefix("https://")) {
        Some(rest) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default(),
        None => path,
    };
    let rest = path.strip_prefix("/openapi/").or_else(|| path.strip_prefix("/api/"));
    rest.and_then(|rest| rest.split_once('/')).is_some_and(|(protocol, _)| PROTOCOLS.contains(&protocol))
}

/// What a query may not have as it is. What nobody writes (line ends, other controls) is left for the server to refuse.
fn is_raw(byte: u8) -> bool {
    matches!(byte, b' ' | b'"' | b'#' | b'<' | b'>' | 0x7F..)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{At, Lines, MOST_HEAD, Passed};

    const RAW: &str = "GET /openapi/param2/1/ns/api/7?p={\"k\":\"红 <#>\"}&_aop_signature=AB HTTP/1.1\r\n";
    const FIT: &str =
        "GET /openapi/param2/1/ns/api/7?p={%22k%22:%22%E7%BA%A2%20%3C%23%3E%22}&_aop_signature=AB HTTP/1.1\r\n";

    /// What comes out when bytes come in pieces of these lengths, over and over.
    fn through(lines: &mut Lines, mut bytes: &[u8], pieces: &[usize]) -> Vec<u8> {
        let (mut told, mut turn) = (Vec::new(), 0);
        while !bytes.is_empty() {
            let (piece, rest) = bytes.split_at(pieces[turn % pieces.len()].clamp(1, bytes.len()));
            match lines.pass(piece) {
                Passed::AsTheyCame => told.extend_from_slice(piece),
                Passed::Instead(instead) => told.extend_from_slice(&instead),
            }
            (bytes, turn) = (rest, turn + 1);
        }
        told.extend_from_slice(&lines.end());
        told
    }

    fn all(bytes: &str, pieces: &[usize]) -> String {
        String::from_utf8(through(&mut Lines::default(), bytes.as_bytes(), pieces)).unwrap()
    }

    #[test]
    fn a_raw_line_is_escaped_wherever_it_is_broken_off() {
        let fields = "Host: h\r\nAccept: */*\r\n\r\n";
        let (sent, wanted) = (format!("{RAW}{fields}"), format!("{FIT}{fields}"));
        for piece in 1..=sent.len() {
            assert_eq!(all(&sent, &[piece]), wanted, "in pieces of {piece}");
        }
        let twice = format!("{sent}{sent}");
        assert_eq!(all(&twice, &[usize::MAX]), format!("{wanted}{wanted}"));
        let by_proxy = |text: &str| text.replace("GET /openapi/param2", "POST http://gw.example/api/http");
        assert_eq!(all(&by_proxy(&sent), &[7]), by_proxy(&wanted));
    }

    #[test]
    fn what_is_no_raw_line_of_this_face_passes_at_once_as_it_came() {
        let lines = [
            "GET /v1/offers?q=\"红\" HTTP/1.1",
            "GET /openapi/partner.json?a=\"b\" HTTP/1.1",
            "GET /openapi/param2/1/ns/api/7?p=%22a%22 HTTP/1.1",
            "GET /openapi/param2/1/ns/\"api\"/7 HTTP/1.1",
            "PUT /openapi/param2/1/ns/api/7?p=\"a\" HTTP/1.1",
            "GET /openapi/param2/1/ns/api/7?p=\"a\" HTTP/2.0",
            "GET /openapi/param2?p=\"a\" HTTP/1.1",
            "no request at all",
        ];
        for line in lines {
            let sent = format!("{line}\r\nHost: h\r\n\r\n");
            assert_eq!(Lines::default().pass(sent.as_bytes()), Passed::AsTheyCame, "{line}");
        }
    }

    #[test]
    fn a_body_is_never_taken_for_a_request() {
        let head = |fields: &str| format!("POST /v1/orders HTTP/1.1\r\nHost: h\r\n{fields}\r\n");
        let counted = head(&format!("Content-Length: {}\r\n", RAW.len()));
        let sent = format!("{counted}{RAW}{RAW}Host: h\r\n\r\n");
        assert_eq!(all(&sent, &[5]), format!("{counted}{RAW}{FIT}Host: h\r\n\r\n"), "the second is a request");
        for unsure in [
            "Transfer-Encoding: chunked\r\n",
            "Content-Length: 0\r\nTransfer-Encoding: identity\r\n",
            "Content-Length: 0\r\nContent-Length: 0\r\n",
            "Content-Length: +0\r\n",
            "Content-Length: 0,0\r\n",
            "Upgrade: websocket\r\n",
        ] {
            let sent = format!("{}{RAW}Host: h\r\n\r\n", head(unsure));
            assert_eq!(all(&sent, &[9]), sent, "{unsure}");
        }
    }

    #[test]
    fn no_more_is_held_back_than_the_server_would_take() {
        let mut lines = Lines::default();
        let part = [b'a'; MOST_HEAD / 4];
        for _ in 0..3 {
            assert_eq!(lines.pass(&part), Passed::Instead(Vec::new().into()));
        }
        let Passed::Instead(all) = lines.pass(&part) else { panic!("it was held") };
        assert_eq!((all.len(), lines.at), (MOST_HEAD, At::Anywhere));
        assert_eq!(lines.pass(b"more"), Passed::AsTheyCame);
    }

    proptest! {
        #[test]
        fn requests_and_bodies_are_told_apart_however_they_come(
            requests in proptest::collection::vec((0..3_u8, "[A-Z /?=\"\r\n红.0-9a-z]{0,60}"), 1..6),
            pieces in proptest::collection::vec(1..200_usize, 1..5),
        ) {
            let (mut sent, mut wanted) = (String::new(), String::new());
            for (kind, body) in &requests {
                let body = if *kind == 2 { format!("{RAW}{body}") } else { body.clone() };
                let fields = format!("Host: h\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                let (raw, fit) = if *kind == 0 { ("GET /v1 HTTP/1.1\r\n", "GET /v1 HTTP/1.1\r\n") } else { (RAW, FIT) };
                sent.push_str(&format!("{raw}{fields}"));
                wanted.push_str(&format!("{fit}{fields}"));
            }
            prop_assert_eq!(all(&sent, &pieces), wanted);
        }

        #[test]
        fn any_other_bytes_pass_as_they_came(
            bytes in proptest::collection::vec(any::<u8>(), 0..400),
            pieces in proptest::collection::vec(1..50_usize, 1..4),
        ) {
            prop_assert_eq!(through(&mut Lines::default(), &bytes, &pieces), bytes);
        }
    }
}

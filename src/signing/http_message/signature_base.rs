//! The signature base of RFC 9421 §2.5: the exact bytes that are signed.
//! Takes the request as given; whether the authority is one of our names is asked elsewhere.

use crate::signing::http_message::{Component, Message, Presented};

/// Says why the bytes that were signed cannot be rebuilt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseError {
    /// A covered header field that was not sent.
    #[error("the header field \"{0}\" is covered by the signature but was not sent")]
    FieldAbsent(String),
    /// A covered header field sent more than once.
    #[error("the header field \"{0}\" is covered by the signature but was sent more than once")]
    FieldRepeated(String),
    /// A value with a line break or another control character in it.
    #[error("the value of \"{0}\" holds a line break or another control character")]
    ControlCharacter(String),
}

/// Writes the signature base of a presented signature into `out`, emptying it first.
pub fn signature_base(presented: &Presented<'_>, message: &Message<'_>, out: &mut Vec<u8>) -> Result<(), BaseError> {
    signature_base_of(&presented.components, presented.inner_list, message, out)
}

/// Writes the signature base of any component list; `inner_list` is the value of `@signature-params`.
pub fn signature_base_of(
    components: &[Component<'_>],
    inner_list: &str,
    message: &Message<'_>,
    out: &mut Vec<u8>,
) -> Result<(), BaseError> {
    out.clear();
    for component in components {
        out.push(b'"');
        out.extend_from_slice(component.name().as_bytes());
        out.extend_from_slice(b"\": ");
        let value_at = out.len();
        write_value(*component, message, out)?;
        let value = out.get(value_at..).unwrap_or_default();
        // A line break in a value could pretend to be another covered component.
        // Without a way out of the loop many bytes are looked at in one step.
        if value.iter().fold(false, |found, byte| found | is_control(*byte)) {
            return Err(BaseError::ControlCharacter(component.name().to_owned()));
        }
        out.push(b'\n');
    }
    out.extend_from_slice(b"\"@signature-params\": ");
    out.extend_from_slice(inner_list.as_bytes());
    Ok(())
}

fn write_value(component: Component<'_>, message: &Message<'_>, out: &mut Vec<u8>) -> Result<(), BaseError> {
    match component {
        Component::Method => out.extend_from_slice(message.method.as_bytes()),
        Component::Authority => write_authority(message, out),
        Component::Path => out.extend_from_slice(path(message)),
        // RFC 9421 §2.2.7: without a query the value is the question mark alone.
        Component::Query => {
            out.push(b'?');
            out.extend_from_slice(message.query.unwrap_or_default().as_bytes());
        }
        Component::Scheme => write_lowercase(message.scheme, out),
        Component::RequestTarget => write_target(message, out),
        Component::TargetUri => {
            write_lowercase(message.scheme, out);
            out.extend_from_slice(b"://");
            write_authority(message, out);
            write_target(message, out);
        }
        Component::Field(name) => match message.field(name) {
            Ok(value) => write_field(value, out),
            Err(0) => return Err(BaseError::FieldAbsent(name.to_owned())),
            Err(_) => return Err(BaseError::FieldRepeated(name.to_owned())),
        },
    }
    Ok(())
}

fn path<'a>(message: &Message<'a>) -> &'a [u8] {
    if message.path.is_empty() { b"/" } else { message.path.as_bytes() }
}

fn write_target(message: &Message<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(path(message));
    if let Some(query) = message.query {
        out.push(b'?');
        out.extend_from_slice(query.as_bytes());
    }
}

/// RFC 9421 §2.2.3: lower case, and the scheme's default port left out.
fn write_authority(message: &Message<'_>, out: &mut Vec<u8>) {
    let default_port = match message.scheme {
        scheme if scheme.eq_ignore_ascii_case("https") => ":443",
        scheme if scheme.eq_ignore_ascii_case("http") => ":80",
        _ => "",
    };
    let authority = message.authority;
    let host = authority.strip_suffix(default_port).unwrap_or(authority);
    write_lowercase(host, out);
}

fn write_lowercase(text: &str, out: &mut Vec<u8>) {
    out.extend(text.bytes().map(|byte| byte.to_ascii_lowercase()));
}

/// RFC 9421 §2.1: white space around the value goes, an obsolete line fold becomes one space.
fn write_field(value: &[u8], out: &mut Vec<u8>) {
    let mut rest = value.trim_ascii();
    if !rest.contains(&b'\r') {
        out.extend_from_slice(rest);
        return;
    }
    while let Some(at) = rest.windows(3).position(is_fold) {
        let (before, after) = rest.split_at(at);
        out.extend_from_slice(before.trim_ascii_end());
        out.push(b' ');
        rest = after.trim_ascii_start();
    }
    out.extend_from_slice(rest);
}

fn is_fold(window: &[u8]) -> bool {
    matches!(window, [b'\r', b'\n', b' ' | b'\t'])
}

fn is_control(byte: u8) -> bool {
    (byte < 0x20 && byte != b'\t') || byte == 0x7f
}

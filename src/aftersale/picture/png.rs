//! PNG: the chunks that make the picture, and its rows decoded one by one, so that no size needs memory.

use std::io::Cursor;

use png::{DecodeOptions, Decoder, Limits};

use super::fits;

const SIGNATURE_BYTES: usize = 8;
/// Ancillary chunks that say how the pixels are meant; everything else besides the pixels goes.
const KEPT: &[&[u8; 4]] = &[b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"pHYs"];
/// What the decoder may keep in memory: some rows and a colour profile.
const MEMORY_BYTES: usize = 8 << 20;

/// The picture's chunks up to its end; `None` when it does not end.
pub(super) fn alone(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut clean = bytes.get(..SIGNATURE_BYTES)?.to_vec();
    let mut at = SIGNATURE_BYTES;
    loop {
        let length = u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?);
        let kind: &[u8; 4] = bytes.get(at + 4..at + 8)?.try_into().ok()?;
        let end = at.checked_add(usize::try_from(length).ok()?)?.checked_add(12)?;
        let chunk = bytes.get(at..end)?;
        let is_critical = kind.first().is_some_and(u8::is_ascii_uppercase);
        if is_critical || KEPT.contains(&kind) {
            clean.extend_from_slice(chunk);
        }
        if kind == b"IEND" {
            return Some(clean);
        }
        at = end;
    }
}

/// Decodes the whole picture and keeps nothing of it.
pub(super) fn decode(bytes: &[u8]) -> Result<(), &'static str> {
    const BROKEN: &str = "it cannot be decoded";
    let options = DecodeOptions::default();
    let mut decoder = Decoder::new_with_options(Cursor::new(bytes), options);
    decoder.set_limits(Limits { bytes: MEMORY_BYTES });
    let header = decoder.read_header_info().map_err(|_| BROKEN)?;
    fits(header.width, header.height)?;
    let mut reader = decoder.read_info().map_err(|_| BROKEN)?;
    while reader.next_row().map_err(|_| BROKEN)?.is_some() {}
    reader.finish().map_err(|_| BROKEN)
}

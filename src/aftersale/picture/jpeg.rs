//! JPEG: the segments that make the picture (ITU-T T.81 annex B), and one whole decoding of it.

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::{MOST_SIDE, fits};

const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;
const APP0: u8 = 0xe0;
const APP1: u8 = 0xe1;
const APP2: u8 = 0xe2;
const APP14: u8 = 0xee;
const APP15: u8 = 0xef;
const COM: u8 = 0xfe;
/// More scans than any camera writes; each costs a walk over the whole picture.
const MOST_SCANS: usize = 64;

/// The picture's segments up to its end; `None` when it does not end, or has more scans than pictures have.
pub(super) fn alone(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut clean = vec![0xff, SOI];
    let (mut at, mut turned, mut scans) = (2, false, 0);
    loop {
        let (marker, after) = marker(bytes, at)?;
        if marker == EOI {
            clean.extend_from_slice(&[0xff, EOI]);
            return Some(clean);
        }
        let length = usize::from(u16::from_be_bytes(bytes.get(after..after + 2)?.try_into().ok()?));
        let end = after.checked_add(length.max(2))?;
        let inside = bytes.get(after + 2..end)?;
        if is_kept(marker, inside) {
            clean.extend_from_slice(&[0xff, marker]);
            clean.extend_from_slice(bytes.get(after..end)?);
        } else if let Some(orientation) = orientation(marker, inside).filter(|_| !turned) {
            clean.extend_from_slice(&turn(orientation));
            turned = true;
        }
        at = end;
        if marker == SOS {
            scans += 1;
            if scans > MOST_SCANS {
                return None;
            }
            at = scan_end(bytes, end)?;
            clean.extend_from_slice(bytes.get(end..at)?);
        }
    }
}

/// The marker at a place, and where it ends; any number of 0xff may stand before it.
fn marker(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    if *bytes.get(at)? != 0xff {
        return None;
    }
    let found = bytes.get(at..)?.iter().position(|byte| *byte != 0xff)?;
    let marker = *bytes.get(at + found)?;
    (marker != 0 && marker != SOI).then_some((marker, at + found + 1))
}

/// Where the coded pixels of a scan end: at the next marker that is none of theirs.
fn scan_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += bytes.get(at..)?.iter().position(|byte| *byte == 0xff)?;
        match bytes.get(at + 1)? {
            0 | 0xd0..=0xd7 => at += 2,
            0xff => at += 1,
            _ => return Some(at),
        }
    }
}

/// Tables, frames and scans, and of the applications' own words only those about colours.
fn is_kept(marker: u8, inside: &[u8]) -> bool {
    match marker {
        APP0 => inside.starts_with(b"JFIF\0"),
        APP2 => inside.starts_with(b"ICC_PROFILE\0"),
        APP14 => inside.starts_with(b"Adobe"),
        APP1..=APP15 | COM => false,
        _ => true,
    }
}

/// Which way up the picture is, when a camera wrote that down (EXIF 2.32, tag 0x0112).
fn orientation(marker: u8, inside: &[u8]) -> Option<u8> {
    const TAG: u16 = 0x0112;
    const MOST_TAGS: u16 = 64;
    let tiff = inside.strip_prefix(b"Exif\0\0").filter(|_| marker == APP1)?;
    let is_little = match tiff.get(..2)? {
        b"II" => true,
        b"MM" => false,
        _ => return None,
    };
    let short = |at: usize| -> Option<u16> {
        let pair = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if is_little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) })
    };
    let four = tiff.get(4..8)?.try_into().ok()?;
    let start = if is_little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) };
    let start = usize::try_from(start).ok()?;
    let tags = 0..usize::from(short(start)?.min(MOST_TAGS));
    let entry = tags.map(|number| start.saturating_add(2 + number * 12)).find(|entry| short(*entry) == Some(TAG))?;
    let value = u8::try_from(short(entry.checked_add(8)?)?).ok()?;
    (2..=8).contains(&value).then_some(value)
}

/// An EXIF segment that says the orientation and nothing else.
fn turn(orientation: u8) -> Vec<u8> {
    let mut segment = vec![0xff, APP1, 0, 34];
    segment.extend_from_slice(b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0");
    segment.extend_from_slice(&[orientation, 0, 0, 0, 0, 0, 0]);
    segment
}

/// Decodes the whole picture and keeps nothing of it.
pub(super) fn decode(bytes: &[u8]) -> Result<(), &'static str> {
    const BROKEN: &str = "it cannot be decoded";
    let side = usize::try_from(MOST_SIDE).unwrap_or(usize::MAX);
    let options = DecoderOptions::new_safe()
        .set_strict_mode(true)
        .set_max_width(side)
        .set_max_height(side)
        .jpeg_set_max_scans(MOST_SCANS);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    if let Err(error) = decoder.decode_headers() {
        tracing::debug!(%error, "a picture's header cannot be read");
        // Sizes beyond the bounds end here already.
        return Err("its header cannot be read, or it has more than 8,000 pixels a side");
    }
    let (width, height) = decoder.dimensions().ok_or(BROKEN)?;
    fits(u32::try_from(width).unwrap_or(u32::MAX), u32::try_from(height).unwrap_or(u32::MAX))?;
    // Brightness alone needs a third of the memory and as good a look at the data.
    if decoder.input_colorspace() == Some(ColorSpace::YCbCr) {
        decoder.set_options(options.jpeg_set_out_colorspace(ColorSpace::Luma));
    }
    decoder.decode().map(drop).map_err(|_| BROKEN)
}

//! Whether bytes are the picture they are said to be: the header is decoded and the end looked for, no pixel is.

use std::io::Cursor;

/// The kinds of pictures that are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// `image/jpeg`.
    Jpeg,
    /// `image/png`.
    Png,
}

/// What is wrong with a picture, as the contract's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flaw(pub &'static str);

const LONGEST_SIDE: u32 = 10_000;
const JPEG_MAGIC: &[u8] = &[0xff, 0xd8, 0xff];
const PNG_MAGIC: &[u8] = b"\x89PNG\r\n\x1a\n";
/// The last chunk of every PNG.
const PNG_END: &[u8] = b"\0\0\0\0IEND\xaeB`\x82";
const JPEG_END: &[u8] = &[0xff, 0xd9];

impl Format {
    /// The format that a `Content-Type` names.
    pub fn parse(content_type: &str) -> Option<Format> {
        match content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase().as_str() {
            "image/jpeg" => Some(Format::Jpeg),
            "image/png" => Some(Format::Png),
            _ => None,
        }
    }

    /// Its `Content-Type`.
    pub fn content_type(self) -> &'static str {
        match self {
            Format::Jpeg => "image/jpeg",
            Format::Png => "image/png",
        }
    }

    /// Refuses bytes that are no such picture.
    pub fn check(self, bytes: &[u8]) -> Result<(), Flaw> {
        let (magic, end) = match self {
            Format::Jpeg => (JPEG_MAGIC, JPEG_END),
            Format::Png => (PNG_MAGIC, PNG_END),
        };
        if !bytes.starts_with(magic) {
            return Err(Flaw("magic"));
        }
        let header = match self {
            Format::Jpeg => jpeg_header(bytes),
            Format::Png => png_header(bytes),
        };
        let Header { width, height, behind } = header.ok_or(Flaw("header"))?;
        if ![width, height].iter().all(|side| (1..=LONGEST_SIDE).contains(side)) {
            return Err(Flaw("pixels"));
        }
        // Cameras append zeros and colour profiles of their own; the end need not be the very last bytes.
        if !behind.windows(end.len()).any(|window| window == end) {
            return Err(Flaw("end"));
        }
        Ok(())
    }
}

/// The size of a picture, and what comes behind its header (a preview inside the header has an end of its own).
struct Header<'a> {
    width: u32,
    height: u32,
    behind: &'a [u8],
}

fn png_header(bytes: &[u8]) -> Option<Header<'_>> {
    let limits = png::Limits { bytes: 1 << 20 };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    let header = decoder.read_header_info().ok()?;
    Some(Header { width: header.width, height: header.height, behind: bytes.get(33..)? })
}

/// Walks over the segments of a JPEG (ITU T.81, B.1) to its frame header.
fn jpeg_header(bytes: &[u8]) -> Option<Header<'_>> {
    let mut rest = bytes.get(2..)?;
    loop {
        let (&[0xff, marker], after) = rest.split_first_chunk::<2>()? else { return None };
        match marker {
            // Fill bytes may stand before a marker.
            0xff => {
                rest = rest.get(1..)?;
                continue;
            }
            // Markers without a length, and the beginning of pixels before any frame.
            0x00 | 0x01 | 0xd0..=0xda => return None,
            _ => {}
        }
        let length = usize::from(u16::from_be_bytes(*after.first_chunk()?));
        let segment = after.get(2..length.max(2))?;
        // All frame headers but DHT (c4), JPG (c8) and DAC (cc), which share their range.
        if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
            let &[_, h1, h2, w1, w2, components, ..] = segment else { return None };
            let whole = segment.len() == 6 + 3 * usize::from(components) && matches!(components, 1 | 3 | 4);
            let side = |high, low| u32::from(u16::from_be_bytes([high, low]));
            let behind = after.get(length..)?;
            return whole.then(|| Header { width: side(w1, w2), height: side(h1, h2), behind });
        }
        rest = after.get(length.max(2)..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::{Flaw, Format};

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(png::ColorType::Grayscale);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&vec![0; (width * height) as usize]).unwrap();
        drop(writer);
        bytes
    }

    /// SOI, APP0, DQT, a fill byte, SOF0, SOS, a little data, EOI.
    fn jpeg(width: u16, height: u16) -> Vec<u8> {
        let mut bytes = vec![0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 1, 0xff, 0xdb, 0, 3, 0, 0xff, 0xff, 0xc0, 0, 11, 8];
        bytes.extend(height.to_be_bytes());
        bytes.extend(width.to_be_bytes());
        bytes.extend([1, 1, 0x11, 0, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0x2a, 0xff, 0xd9]);
        bytes
    }

    #[test]
    fn whole_pictures_are_taken_and_only_as_what_they_are() {
        assert_eq!(Format::Png.check(&png(3, 2)), Ok(()));
        assert_eq!(Format::Jpeg.check(&jpeg(640, 480)), Ok(()));
        assert_eq!(Format::Png.check(&jpeg(1, 1)), Err(Flaw("magic")));
        assert_eq!(Format::Jpeg.check(&png(1, 1)), Err(Flaw("magic")));
        assert_eq!(Format::Jpeg.check(b""), Err(Flaw("magic")));
    }

    #[test]
    fn what_is_cut_short_anywhere_is_refused() {
        for (format, whole) in [(Format::Png, png(5, 5)), (Format::Jpeg, jpeg(5, 5))] {
            for length in 0..whole.len() {
                assert!(format.check(&whole[..length]).is_err(), "{format:?} cut to {length}");
            }
        }
    }

    #[test]
    fn sides_are_bounded() {
        assert_eq!(Format::Jpeg.check(&jpeg(0, 5)), Err(Flaw("pixels")));
        assert_eq!(Format::Jpeg.check(&jpeg(10_001, 5)), Err(Flaw("pixels")));
        assert_eq!(Format::Png.check(&png(10_001, 1)), Err(Flaw("pixels")));
        let mut huge = png(1, 1);
        huge[16..20].copy_from_slice(&u32::MAX.to_be_bytes());
        assert!(Format::Png.check(&huge).is_err(), "also with a checksum that is wrong");
    }

    #[test]
    fn any_broken_byte_is_survived() {
        for (format, whole) in [(Format::Png, png(5, 5)), (Format::Jpeg, jpeg(5, 5))] {
            for place in 0..whole.len() {
                for byte in [0, 1, 0x7f, 0xda, 0xff] {
                    let mut broken = whole.clone();
                    broken[place] = byte;
                    // Taken or refused, never a panic.
                    let _ = format.check(&broken);
                }
            }
        }
    }
}

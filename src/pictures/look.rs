//! One look at a picture from outside: decoded within bounds, made smaller, written anew, searched for a QR code.

use std::io::Cursor;
use std::time::Duration;

use bytes::Bytes;
use jpeg_encoder::{ColorType, Encoder};
use tokio::sync::Semaphore;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::{Error, code, upright};

/// Largest width and height.
pub const MOST_SIDE: u32 = 8_000;
/// Most pixels in all.
pub const MOST_PIXELS: u64 = 16_000_000;
/// More scans than any camera writes; each costs a walk over the whole picture.
const MOST_SCANS: usize = 64;
/// What a decoder may keep beside the pixels it gives.
const MEMORY_BYTES: usize = 128 << 20;
/// How many pictures are decoded at one time in this process, and how long one waits for that.
static DESKS: Semaphore = Semaphore::const_new(2);
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest side of what is sent on is at most twice this and a little.
const KEPT_SIDE: usize = 640;
const QUALITY: u8 = 88;

/// What a picture is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// `image/jpeg`
    Jpeg,
    /// `image/png`
    Png,
    /// `image/webp`
    Webp,
}

impl MediaType {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Jpeg, Self::Png, Self::Webp];

    /// The media type's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
        }
    }

    /// The kind with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.name() == name)
    }

    fn sniffed(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::Webp),
            _ => None,
        }
    }
}

/// What was seen of a picture.
#[derive(Clone, Debug)]
pub(super) struct Looked {
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// Its pixels alone, smaller.
    pub jpeg: Bytes,
    /// What a QR code on it says.
    pub code: Option<String>,
}

/// Decoded pixels, RGB.
pub(super) struct Pixels {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) rgb: Vec<u8>,
}

type Flaw = &'static str;
const BROKEN: Flaw = "it cannot be decoded";

/// Looks at a picture on a thread of its own.
pub(super) async fn at(media_type: MediaType, bytes: Bytes) -> Result<Looked, Error> {
    let desk = tokio::time::timeout(PATIENCE, DESKS.acquire()).await;
    let _desk = desk.map_err(|_| Error::Busy)?.map_err(|_| Error::Busy)?;
    let work = tokio::task::spawn_blocking(move || look(media_type, &bytes));
    // A decoder that panics is a decoder that was tricked; the picture is not taken.
    work.await.unwrap_or(Err(BROKEN)).map_err(Error::Picture)
}

fn look(media_type: MediaType, bytes: &[u8]) -> Result<Looked, Flaw> {
    if MediaType::sniffed(bytes) != Some(media_type) {
        return Err("its bytes are not of the kind that Content-Type says");
    }
    let (whole, orientation) = match media_type {
        MediaType::Jpeg => jpeg(bytes)?,
        MediaType::Png => (png(bytes)?, 1),
        MediaType::Webp => (webp(bytes)?, 1),
    };
    let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
    let (width, height) = (side(whole.width), side(whole.height));
    let (width, height) = if orientation >= 5 { (height, width) } else { (width, height) };
    let small = upright::turned(shrunk(whole), orientation);
    Ok(Looked { width, height, code: code::read(small.width, small.height, &small.rgb), jpeg: written(&small)? })
}

/// Judges the size that a header tells.
fn fits(width: usize, height: usize) -> Result<(), Flaw> {
    let most_side = usize::try_from(MOST_SIDE).unwrap_or(usize::MAX);
    if width == 0 || height == 0 {
        return Err("it has no pixels");
    }
    let pixels = u64::try_from(width).unwrap_or(u64::MAX).saturating_mul(u64::try_from(height).unwrap_or(u64::MAX));
    if width > most_side || height > most_side || pixels > MOST_PIXELS {
        return Err("it has more than 8,000 pixels a side or 16 million in all");
    }
    Ok(())
}

/// A JPEG's pixels and which way up they are.
fn jpeg(bytes: &[u8]) -> Result<(Pixels, u8), Flaw> {
    let options = DecoderOptions::new_safe()
        .set_strict_mode(true)
        .jpeg_set_max_scans(MOST_SCANS)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|_| "its header cannot be read, or it has too many pixels")?;
    let (width, height) = decoder.dimensions().ok_or(BROKEN)?;
    fits(width, height)?;
    let rgb = decoder.decode().map_err(|_| BROKEN)?;
    let orientation = decoder.exif().map_or(1, |tiff| upright::orientation(tiff));
    if rgb.len() == width * height * 3 { Ok((Pixels { width, height, rgb }, orientation)) } else { Err(BROKEN) }
}

fn png(bytes: &[u8]) -> Result<Pixels, Flaw> {
    let mut decoder = png::Decoder::new(Cursor::new(bytes));
    decoder.set_limits(png::Limits { bytes: MEMORY_BYTES });
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let header = decoder.read_header_info().map_err(|_| BROKEN)?;
    let side = |pixels: u32| usize::try_from(pixels).unwrap_or(usize::MAX);
    let (width, height) = (side(header.width), side(header.height));
    fits(width, height)?;
    let mut reader = decoder.read_info().map_err(|_| BROKEN)?;
    let mut pixels = vec![0; reader.output_buffer_size().ok_or(BROKEN)?];
    let frame = reader.next_frame(&mut pixels).map_err(|_| BROKEN)?;
    Ok(Pixels { width, height, rgb: on_white(pixels, frame.color_type.samples()) })
}

fn webp(bytes: &[u8]) -> Result<Pixels, Flaw> {
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(bytes)).map_err(|_| BROKEN)?;
    let side = |pixels: u32| usize::try_from(pixels).unwrap_or(usize::MAX);
    let (width, height) = decoder.dimensions();
    let (width, height) = (side(width), side(height));
    fits(width, height)?;
    if decoder.is_animated() {
        return Err("it moves; send one picture");
    }
    decoder.set_memory_limit(MEMORY_BYTES);
    let mut pixels = vec![0; decoder.output_buffer_size().ok_or(BROKEN)?];
    decoder.read_image(&mut pixels).map_err(|_| BROKEN)?;
    let parts = if decoder.has_alpha() { 4 } else { 3 };
    Ok(Pixels { width, height, rgb: on_white(pixels, parts) })
}

/// RGB of pixels with one to four parts; what is see-through shows white.
fn on_white(pixels: Vec<u8>, parts: usize) -> Vec<u8> {
    if parts == 3 {
        return pixels;
    }
    let over = |part: u8, alpha: u8| {
        let (part, alpha) = (u32::from(part), u32::from(alpha));
        u8::try_from((part * alpha + 255 * (255 - alpha)) / 255).unwrap_or(255)
    };
    let mut rgb = Vec::with_capacity(pixels.len() / parts.max(1) * 3);
    for pixel in pixels.chunks_exact(parts.max(1)) {
        rgb.extend(match *pixel {
            [grey] => [grey; 3],
            [grey, alpha] => [over(grey, alpha); 3],
            [red, green, blue, alpha] => [over(red, alpha), over(green, alpha), over(blue, alpha)],
            _ => [255; 3],
        });
    }
    rgb
}

/// Whole blocks of pixels averaged until the longest side is about what is kept.
fn shrunk(whole: Pixels) -> Pixels {
    let step = whole.width.max(whole.height) / KEPT_SIDE;
    if step < 2 {
        return whole;
    }
    let (width, height) = ((whole.width / step).max(1), (whole.height / step).max(1));
    let mut rgb = Vec::with_capacity(width * height * 3);
    let mut sums = vec![[0_u32; 4]; width];
    for rows in whole.rgb.chunks(whole.width * 3 * step).take(height) {
        sums.fill([0; 4]);
        for row in rows.chunks_exact(whole.width * 3) {
            for (block, sum) in row.chunks(step * 3).zip(&mut sums) {
                for pixel in block.chunks_exact(3) {
                    let (total, count) = sum.split_at_mut(3);
                    total.iter_mut().zip(pixel).for_each(|(sum, part)| *sum += u32::from(*part));
                    count.iter_mut().for_each(|count| *count += 1);
                }
            }
        }
        let mean = |[red, green, blue, count]: &[u32; 4]| {
            [red, green, blue].map(|sum| u8::try_from(sum / (*count).max(1)).unwrap_or(255))
        };
        rgb.extend(sums.iter().flat_map(mean));
    }
    Pixels { width, height, rgb }
}

fn written(small: &Pixels) -> Result<Bytes, Flaw> {
    let side = |pixels: usize| u16::try_from(pixels).map_err(|_| BROKEN);
    let mut bytes = Vec::new();
    let encoder = Encoder::new(&mut bytes, QUALITY);
    encoder.encode(&small.rgb, side(small.width)?, side(small.height)?, ColorType::Rgb).map_err(|_| BROKEN)?;
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::{MediaType, look};

    fn png(width: u32, height: u32, colour: png::ColorType) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(colour);
        let parts = u32::try_from(colour.samples()).unwrap();
        let pixels: Vec<u8> = (0..width * height * parts).map(|at| (at * 7 % 251) as u8).collect();
        encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
        bytes
    }

    fn jpeg(width: u16, height: u16) -> Vec<u8> {
        let pixels = vec![90; usize::from(width) * usize::from(height) * 3];
        let mut bytes = Vec::new();
        let encoder = jpeg_encoder::Encoder::new(&mut bytes, 80);
        encoder.encode(&pixels, width, height, jpeg_encoder::ColorType::Rgb).unwrap();
        bytes
    }

    fn webp(width: u32, height: u32) -> Vec<u8> {
        let pixels = vec![120; (width * height * 3) as usize];
        let mut bytes = Vec::new();
        image_webp::WebPEncoder::new(&mut bytes).encode(&pixels, width, height, image_webp::ColorType::Rgb8).unwrap();
        bytes
    }

    #[test]
    fn the_three_kinds_are_taken_and_written_anew() {
        use png::ColorType::{Grayscale, GrayscaleAlpha, Rgb, Rgba};
        let mut pictures: Vec<_> =
            [Grayscale, GrayscaleAlpha, Rgb, Rgba].map(|colour| (MediaType::Png, png(40, 30, colour))).into();
        pictures.extend([(MediaType::Jpeg, jpeg(40, 30)), (MediaType::Webp, webp(40, 30))]);
        for (media_type, bytes) in pictures {
            let looked = look(media_type, &bytes).unwrap();
            assert_eq!((looked.width, looked.height, looked.code), (40, 30, None));
            let again = look(MediaType::Jpeg, &looked.jpeg).unwrap();
            assert_eq!((again.width, again.height), (40, 30));
        }
    }

    #[test]
    fn a_large_picture_is_sent_on_smaller() {
        let looked = look(MediaType::Jpeg, &jpeg(3000, 1000)).unwrap();
        let sent = look(MediaType::Jpeg, &looked.jpeg).unwrap();
        assert_eq!((looked.width, looked.height, sent.width, sent.height), (3000, 1000, 750, 250));
    }

    #[test]
    fn a_picture_that_was_taken_on_its_side_is_sent_on_upright() {
        let plain = jpeg(40, 30);
        let exif = b"Exif\0\0II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
        let taken = [&plain[..2], &[0xff, 0xe1], &length, exif, &plain[2..]].concat();
        let looked = look(MediaType::Jpeg, &taken).unwrap();
        let sent = look(MediaType::Jpeg, &looked.jpeg).unwrap();
        assert_eq!((looked.width, looked.height, sent.width, sent.height), (30, 40, 30, 40));
        assert!(!looked.jpeg.windows(4).any(|window| window == b"Exif"));
    }

    #[test]
    fn what_is_no_whole_picture_of_its_kind_is_not_taken() {
        let pictures = [
            (MediaType::Png, png(9, 9, png::ColorType::Rgb)),
            (MediaType::Jpeg, jpeg(9, 9)),
            (MediaType::Webp, webp(9, 9)),
        ];
        for (media_type, bytes) in &pictures {
            for other in MediaType::ALL.iter().filter(|other| *other != media_type) {
                assert!(look(*other, bytes).is_err());
            }
            for length in 0..bytes.len() / 2 {
                assert!(look(*media_type, &bytes[..length]).is_err(), "{media_type:?} cut to {length}");
            }
            for place in 0..bytes.len() {
                let mut broken = bytes.clone();
                broken[place] ^= 0xff;
                // Taken or refused, never a panic.
                let _ = look(*media_type, &broken);
            }
        }
    }

    #[test]
    fn a_bomb_is_refused_by_its_header() {
        let mut wide = png(1, 1, png::ColorType::Rgb);
        wide[16..24].copy_from_slice(&[0, 0, 0x1f, 0x40, 0, 0, 0x1f, 0x40]);
        let mut crc = flate2::Crc::new();
        crc.update(&wide[12..29]);
        wide[29..33].copy_from_slice(&crc.sum().to_be_bytes());
        let why = look(MediaType::Png, &wide).unwrap_err();
        assert!(why.contains("16 million"), "8,000 × 8,000: {why}");
        let tall = webp(1, 1);
        let at = tall.windows(4).position(|four| four == b"VP8L").unwrap() + 9;
        let mut tall = tall;
        tall[at..at + 4].copy_from_slice(&[0xff, 0xff, 0xff, 0x0f]);
        assert!(look(MediaType::Webp, &tall).is_err());
    }
}

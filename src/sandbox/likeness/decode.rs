//! Bytes of JPEG, PNG and WebP as a small picture: all that a search needs.

use std::io::Cursor;

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::raster::Raster;
use crate::sandbox::image::Flaw;

/// The longest side of a small picture is about this.
const SIDE: usize = 160;
const MOST_SIDE: usize = 8_000;
const MOST_PIXELS: usize = 25_000_000;

/// The media types that are taken.
pub const MEDIA_TYPES: [&str; 3] = ["image/jpeg", "image/png", "image/webp"];

/// A small RGB picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Small {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// Three bytes a pixel.
    pub rgb: Vec<u8>,
}

impl Small {
    /// Decodes bytes that are said to be of a media type.
    pub fn decode(media_type: &str, bytes: &[u8]) -> Result<Small, Flaw> {
        let sniffed = sniffed(bytes).ok_or(Flaw("magic"))?;
        if sniffed != media_type {
            return Err(Flaw("magic"));
        }
        let whole = match sniffed {
            "image/jpeg" => jpeg(bytes),
            "image/png" => png(bytes),
            _ => webp(bytes),
        };
        Ok(whole?.shrunk())
    }

    /// The same as sums over areas.
    pub fn raster(&self) -> Option<Raster> {
        Raster::new(self.width, self.height, &self.rgb)
    }

    /// Whole blocks of pixels averaged, so that the longest side is near to what is needed.
    fn shrunk(self) -> Small {
        let step = (self.width.max(self.height) / SIDE).max(1);
        let (width, height) = ((self.width / step).max(1), (self.height / step).max(1));
        if step == 1 {
            return self;
        }
        let mut rgb = Vec::with_capacity(width * height * 3);
        for y in 0..height {
            let mut sums = vec![(0_u32, 0_u32); width * 3];
            for row in self.rgb.chunks_exact(self.width * 3).skip(y * step).take(step) {
                for (at, byte) in row.iter().enumerate() {
                    if let Some(sum) = sums.get_mut(at / 3 / step * 3 + at % 3) {
                        *sum = (sum.0 + u32::from(*byte), sum.1 + 1);
                    }
                }
            }
            rgb.extend(sums.iter().map(|(sum, count)| (sum / (*count).max(1)) as u8));
        }
        Small { width, height, rgb }
    }
}

fn sniffed(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

fn fits(width: usize, height: usize) -> Result<(), Flaw> {
    let sides = [width, height].iter().all(|side| (1..=MOST_SIDE).contains(side));
    if sides && width * height <= MOST_PIXELS { Ok(()) } else { Err(Flaw("pixels")) }
}

fn jpeg(bytes: &[u8]) -> Result<Small, Flaw> {
    let options = DecoderOptions::new_safe().jpeg_set_max_scans(64).jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|_| Flaw("header"))?;
    let (width, height) = decoder.dimensions().ok_or(Flaw("header"))?;
    fits(width, height)?;
    let rgb = decoder.decode().map_err(|_| Flaw("data"))?;
    if rgb.len() == width * height * 3 { Ok(Small { width, height, rgb }) } else { Err(Flaw("data")) }
}

fn png(bytes: &[u8]) -> Result<Small, Flaw> {
    let mut decoder = png::Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let header = decoder.read_header_info().map_err(|_| Flaw("header"))?;
    let (width, height) = (header.width as usize, header.height as usize);
    fits(width, height)?;
    let mut reader = decoder.read_info().map_err(|_| Flaw("header"))?;
    let mut pixels = vec![0; reader.output_buffer_size().ok_or(Flaw("pixels"))?];
    let frame = reader.next_frame(&mut pixels).map_err(|_| Flaw("data"))?;
    let channels = frame.color_type.samples();
    Ok(Small { width, height, rgb: on_white(&pixels, channels) })
}

fn webp(bytes: &[u8]) -> Result<Small, Flaw> {
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(bytes)).map_err(|_| Flaw("header"))?;
    let (width, height) = decoder.dimensions();
    let (width, height) = (width as usize, height as usize);
    fits(width, height)?;
    decoder.set_memory_limit(256 << 20);
    let mut pixels = vec![0; decoder.output_buffer_size().ok_or(Flaw("pixels"))?];
    decoder.read_image(&mut pixels).map_err(|_| Flaw("data"))?;
    let channels = if decoder.has_alpha() { 4 } else { 3 };
    Ok(Small { width, height, rgb: on_white(&pixels, channels) })
}

/// RGB of pixels with one to four parts; what is see-through shows white.
fn on_white(pixels: &[u8], channels: usize) -> Vec<u8> {
    let over =
        |part: u8, alpha: u8| ((u16::from(part) * u16::from(alpha) + 255 * (255 - u16::from(alpha))) / 255) as u8;
    let pixel = |parts: &[u8]| match *parts {
        [grey] => [grey; 3],
        [grey, alpha] => [over(grey, alpha); 3],
        [red, green, blue] => [red, green, blue],
        [red, green, blue, alpha] => [over(red, alpha), over(green, alpha), over(blue, alpha)],
        _ => [255; 3],
    };
    pixels.chunks_exact(channels.max(1)).flat_map(pixel).collect()
}

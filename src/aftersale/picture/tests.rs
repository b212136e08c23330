//! Claims about pictures from outside: what is taken, what is removed, and what cannot hurt.

use std::time::{Duration, Instant};

use bytes::Bytes;
use jpeg_encoder::{ColorType, Encoder};

use super::{MediaType, clean, cleaned, jpeg};
use crate::aftersale::Error;

/// A PNG of these sides with some colours in it.
pub(in crate::aftersale) fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let pixels: Vec<u8> = (0..width * height * 3).map(|at| (at * 7 % 251) as u8).collect();
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    bytes
}

fn jpeg_of(width: u16, height: u16, is_progressive: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 80);
    encoder.set_progressive(is_progressive);
    let pixels: Vec<u8> = (0..u32::from(width) * u32::from(height) * 3).map(|at| (at * 7 % 251) as u8).collect();
    encoder.encode(&pixels, width, height, ColorType::Rgb).unwrap();
    bytes
}

/// The JPEG with a segment put in right after its beginning.
fn with_segment(jpeg: &[u8], marker: u8, inside: &[u8]) -> Vec<u8> {
    let length = u16::try_from(inside.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xff, marker], &length, inside, &jpeg[2..]].concat()
}

fn chunk(kind: &[u8; 4], inside: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(&[kind.as_slice(), inside].concat());
    [&u32::try_from(inside.len()).unwrap().to_be_bytes()[..], kind, inside, &crc.sum().to_be_bytes()].concat()
}

/// The PNG with a chunk put in right after its header.
fn with_chunk(png: &[u8], kind: &[u8; 4], inside: &[u8]) -> Vec<u8> {
    const HEADER_END: usize = 33;
    [&png[..HEADER_END], &chunk(kind, inside), &png[HEADER_END..]].concat()
}

/// An EXIF segment of a camera: orientation 6, and a place as text that must not be found again.
fn exif() -> Vec<u8> {
    let mut tiff = b"II\x2a\0\x08\0\0\0\x02\0".to_vec();
    tiff.extend_from_slice(b"\x0f\x01\x02\0\x0b\0\0\0\x26\0\0\0");
    tiff.extend_from_slice(b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0");
    tiff.extend_from_slice(b"\0\0\0\0GPS-PLACE-1\0");
    [b"Exif\0\0".to_vec(), tiff].concat()
}

fn holds(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

#[test]
fn a_plain_picture_is_taken_as_it_is() {
    for plain in [jpeg_of(40, 30, false), jpeg_of(40, 30, true)] {
        assert_eq!(clean(MediaType::Jpeg, &plain).unwrap(), plain);
    }
    let plain = png(40, 30);
    assert_eq!(clean(MediaType::Png, &plain).unwrap(), plain);
    assert_eq!(clean(MediaType::Png, &clean(MediaType::Png, &plain).unwrap()).unwrap(), plain);
}

#[test]
fn what_a_camera_wrote_is_removed_and_the_picture_keeps_its_way_up() {
    let plain = jpeg_of(40, 30, false);
    let taken = with_segment(&plain, 0xe1, &exif());
    let taken = with_segment(&taken, 0xe1, b"http://ns.adobe.com/xap/1.0/\0GPS-PLACE-2");
    let taken = with_segment(&taken, 0xed, b"Photoshop 3.0\0GPS-PLACE-3");
    let taken = [with_segment(&taken, 0xfe, b"GPS-PLACE-4"), b"PK\x03\x04GPS-PLACE-5".to_vec()].concat();
    let clean_one = clean(MediaType::Jpeg, &taken).unwrap();
    assert!(holds(&taken, b"GPS-PLACE") && !holds(&clean_one, b"GPS-PLACE"));
    assert_eq!(clean_one.len(), plain.len() + 36, "the picture and its orientation");
    assert!(holds(&clean_one, b"\x01\x12\0\x03\0\0\0\x01\0\x06"), "orientation 6");
    assert_eq!(clean(MediaType::Jpeg, &clean_one).unwrap(), clean_one, "cleaning again changes nothing");
    let mut decoder = zune_jpeg::JpegDecoder::new(zune_jpeg::zune_core::bytestream::ZCursor::new(&clean_one));
    decoder.decode().unwrap();
    assert!(decoder.exif().is_some(), "a reader of EXIF finds it");

    let plain = png(40, 30);
    let taken = with_chunk(&plain, b"tEXt", b"Comment\0GPS-PLACE-1");
    let taken = with_chunk(&taken, b"eXIf", b"MM\0\x2aGPS-PLACE-2");
    let taken = [with_chunk(&taken, b"iTXt", b"XML\0\0\0\0\0GPS-PLACE-3"), b"GPS-PLACE-4".to_vec()].concat();
    assert_eq!(clean(MediaType::Png, &taken).unwrap(), plain);
}

#[test]
fn colours_are_kept_as_they_were_meant() {
    let icc = [b"ICC_PROFILE\0\x01\x01".to_vec(), vec![0; 140]].concat();
    let coloured = with_segment(&jpeg_of(8, 8, false), 0xe2, &icc);
    assert!(holds(&clean(MediaType::Jpeg, &coloured).unwrap(), b"ICC_PROFILE"));
    let coloured = with_chunk(&png(8, 8), b"gAMA", &45_455_u32.to_be_bytes());
    assert_eq!(clean(MediaType::Png, &coloured).unwrap(), coloured);
}

#[test]
fn what_is_not_what_it_says_is_not_taken() {
    let (a_png, a_jpeg) = (png(8, 8), jpeg_of(8, 8, false));
    assert!(clean(MediaType::Jpeg, &a_png).is_err() && clean(MediaType::Png, &a_jpeg).is_err());
    for bytes in [
        b"".as_slice(),
        b"GIF89a",
        b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
    ] {
        assert!(clean(MediaType::Jpeg, bytes).is_err() && clean(MediaType::Png, bytes).is_err());
    }
}

#[test]
fn a_picture_that_breaks_off_anywhere_is_not_taken_and_nothing_panics() {
    let pictures = [
        (MediaType::Png, png(30, 20)),
        (MediaType::Jpeg, jpeg_of(30, 20, false)),
        (MediaType::Jpeg, jpeg_of(30, 20, true)),
    ];
    for (media_type, whole) in pictures {
        for length in 0..whole.len() {
            assert!(clean(media_type, &whole[..length]).is_err(), "{} bytes of {media_type:?}", length);
        }
        let mut seed = 5_u64;
        for _ in 0..400 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let mut broken = whole.clone();
            let at = (seed >> 33) as usize % broken.len();
            broken[at] ^= (seed >> 25) as u8 | 1;
            // Taken or not, it ends, and what is taken is clean.
            if let Ok(taken) = clean(media_type, &broken) {
                assert_eq!(clean(media_type, &taken).as_deref(), Ok(taken.as_slice()));
            }
        }
    }
}

/// A PNG header that claims these sides, with the smallest data there is.
fn claiming(width: u32, height: u32) -> Vec<u8> {
    let sides = [width.to_be_bytes(), height.to_be_bytes()].concat();
    let header = chunk(b"IHDR", &[sides, vec![8, 2, 0, 0, 0]].concat());
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut packed, &vec![0; 64 << 20]).unwrap();
    let data = chunk(b"IDAT", &packed.finish().unwrap());
    [b"\x89PNG\r\n\x1a\n".to_vec(), header, data, chunk(b"IEND", b"")].concat()
}

#[test]
fn a_bomb_is_refused_before_it_grows() {
    for (width, height) in [(8_001, 1), (1, 8_001), (6_000, 6_000), (u32::MAX, u32::MAX), (0, 5)] {
        let bomb = claiming(width, height);
        assert!(bomb.len() < 1 << 20, "it would pass the size limit");
        let begun = Instant::now();
        assert!(clean(MediaType::Png, &bomb).is_err(), "{width} x {height}");
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    }
    let huge = jpeg_of(16, 16, false);
    let frame = huge.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    for sides in [[0xff; 4], [0x1f, 0x41, 0, 16], [0x17, 0x70, 0x17, 0x70]] {
        let mut huge = huge.clone();
        huge[frame + 5..frame + 9].copy_from_slice(&sides);
        assert!(clean(MediaType::Jpeg, &huge).is_err());
    }
}

#[test]
fn a_profile_that_unpacks_to_gigabytes_costs_nothing() {
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut packed, &vec![0; 256 << 20]).unwrap();
    let profile = [b"x\0\0".to_vec(), packed.finish().unwrap()].concat();
    let begun = Instant::now();
    let _ = clean(MediaType::Png, &with_chunk(&png(8, 8), b"iCCP", &profile));
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[test]
fn a_picture_of_endless_scans_is_refused() {
    let whole = jpeg_of(64, 64, true);
    let last = whole.windows(2).rposition(|pair| pair == [0xff, 0xda]).unwrap();
    let (head, scan) = (&whole[..last], &whole[last..whole.len() - 2]);
    let scans: Vec<u8> = scan.iter().copied().cycle().take(scan.len() * 500).collect();
    let endless = [head, &scans, &[0xff, 0xd9]].concat();
    assert!(jpeg::alone(&endless).is_none_or(|clean| jpeg::decode(&clean).is_err()));
}

#[tokio::test]
async fn the_largest_picture_is_decoded_in_bounded_time_off_the_caller() {
    // 25 million pixels of one colour; a few kilobytes as PNG.
    let sides = [5_000_u32.to_be_bytes(), 5_000_u32.to_be_bytes()].concat();
    let header = chunk(b"IHDR", &[sides, vec![8, 2, 0, 0, 0]].concat());
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut packed, &vec![0; (5_000 * 3 + 1) * 5_000]).unwrap();
    let data = chunk(b"IDAT", &packed.finish().unwrap());
    let bytes = Bytes::from([b"\x89PNG\r\n\x1a\n".to_vec(), header, data, chunk(b"IEND", b"")].concat());
    assert!(bytes.len() < 1 << 20);
    let works = (0..4).map(|_| cleaned(MediaType::Png, bytes.clone()));
    for taken in futures_util::future::join_all(works).await {
        assert_eq!(taken.unwrap(), bytes);
    }
    let refused = cleaned(MediaType::Jpeg, bytes).await.unwrap_err();
    assert!(matches!(refused, Error::Picture(_)));
}

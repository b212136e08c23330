//! Which way up a picture is: cameras write it beside the pixels (EXIF 2.32, tag 0x0112), and it is lost with what they
//! write; so the pixels are turned.

use super::look::Pixels;

const TAG: u16 = 0x0112;
const MOST_TAGS: u16 = 64;

/// The orientation that an EXIF block tells, 1 (upright) to 8; upright when it tells none.
pub(super) fn orientation(tiff: &[u8]) -> u8 {
    told(tiff).unwrap_or(1)
}

fn told(tiff: &[u8]) -> Option<u8> {
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
    (1..=8).contains(&value).then_some(value)
}

/// The pixels as they are meant to be seen.
pub(super) fn turned(pixels: Pixels, orientation: u8) -> Pixels {
    if !(2..=8).contains(&orientation) {
        return pixels;
    }
    let (width, height) = (pixels.width, pixels.height);
    let lies = orientation >= 5;
    let (wide, high) = if lies { (height, width) } else { (width, height) };
    let mut rgb = Vec::with_capacity(pixels.rgb.len());
    for (x, y) in (0..high).flat_map(|y| (0..wide).map(move |x| (x, y))) {
        // Where the pixel that belongs here was stored.
        let (column, row) = match orientation {
            2 => (width - 1 - x, y),
            3 => (width - 1 - x, height - 1 - y),
            4 => (x, height - 1 - y),
            5 => (y, x),
            6 => (y, height - 1 - x),
            7 => (width - 1 - y, height - 1 - x),
            _ => (width - 1 - y, x),
        };
        let at = (row * width + column) * 3;
        rgb.extend_from_slice(pixels.rgb.get(at..at + 3).unwrap_or(&[255; 3]));
    }
    Pixels { width: wide, height: high, rgb }
}

#[cfg(test)]
mod tests {
    use super::{Pixels, orientation, turned};

    /// Two pixels wide, three high: 0 1 / 2 3 / 4 5.
    fn stored() -> Pixels {
        Pixels { width: 2, height: 3, rgb: (0..6).flat_map(|number| [number; 3]).collect() }
    }

    #[test]
    fn every_orientation_puts_the_pixels_where_they_belong() {
        for (orientation, size, wanted) in [
            (1, (2, 3), [0, 1, 2, 3, 4, 5]),
            (2, (2, 3), [1, 0, 3, 2, 5, 4]),
            (3, (2, 3), [5, 4, 3, 2, 1, 0]),
            (4, (2, 3), [4, 5, 2, 3, 0, 1]),
            (5, (3, 2), [0, 2, 4, 1, 3, 5]),
            (6, (3, 2), [4, 2, 0, 5, 3, 1]),
            (7, (3, 2), [5, 3, 1, 4, 2, 0]),
            (8, (3, 2), [1, 3, 5, 0, 2, 4]),
        ] {
            let shown = turned(stored(), orientation);
            let numbers: Vec<u8> = shown.rgb.chunks(3).map(|pixel| pixel[0]).collect();
            assert_eq!(((shown.width, shown.height), numbers.as_slice()), (size, &wanted[..]), "{orientation}");
        }
    }

    #[test]
    fn an_orientation_is_read_in_either_order_of_bytes_and_nothing_else_is_believed() {
        assert_eq!(orientation(b"II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"), 6);
        assert_eq!(orientation(b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x08\0\0\0\0\0\0"), 8);
        for wrong in [
            b"".as_slice(),
            b"II",
            b"XX\x2a\0\x08\0\0\0\x01\0",
            b"II\x2a\0\xff\xff\xff\xff",
            b"II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x09\0\0\0",
            b"II\x2a\0\x08\0\0\0\xff\xff\x12\x01",
        ] {
            assert_eq!(orientation(wrong), 1, "{wrong:?}");
        }
    }
}

//! QR codes on pictures.

use rqrr::PreparedImage;

/// What is longer is no link.
const LONGEST: usize = 2_000;

/// What the first QR code says that can be read; the picture is RGB.
pub(super) fn read(width: usize, height: usize, rgb: &[u8]) -> Option<String> {
    // No code has fewer modules a side.
    if width < 21 || height < 21 {
        return None;
    }
    let bright = |x: usize, y: usize| {
        let at = (y * width + x) * 3;
        rgb.get(at..at + 3).map_or(255, |pixel| {
            let [red, green, blue] = [0, 1, 2].map(|part| u32::from(pixel.get(part).copied().unwrap_or(255)));
            u8::try_from((red * 77 + green * 150 + blue * 29) >> 8).unwrap_or(255)
        })
    };
    let mut prepared = PreparedImage::prepare_from_greyscale(width, height, bright);
    let codes = prepared.detect_grids();
    let said = codes.iter().find_map(|code| code.decode().ok()).map(|(_, said)| said);
    said.filter(|said| !said.is_empty() && said.len() <= LONGEST)
}

#[cfg(test)]
mod tests {
    use super::read;
    use qrcode::{Color, QrCode};

    /// A QR code of so many pixels a module, with its quiet zone, on a picture of some colour.
    fn picture(text: &str, scale: usize) -> (usize, Vec<u8>) {
        let code = QrCode::new(text).unwrap();
        let side = (code.width() + 8) * scale;
        let dark = |at: usize| {
            let inside = |place: usize| (place / scale).checked_sub(4).filter(|place| *place < code.width());
            let place = inside(at % side).zip(inside(at / side));
            place.is_some_and(|place| code[place] == Color::Dark)
        };
        let rgb = (0..side * side).flat_map(|at| if dark(at) { [20, 30, 80] } else { [250, 245, 230] });
        (side, rgb.collect())
    }

    #[test]
    fn a_code_is_read() {
        let (side, rgb) = picture("https://qr.1688.com/s/11CrDfWx4", 4);
        assert_eq!(read(side, side, &rgb).as_deref(), Some("https://qr.1688.com/s/11CrDfWx4"));
    }

    #[test]
    fn a_picture_without_a_code_says_nothing() {
        for side in [1, 7, 200] {
            let rgb: Vec<u8> = (0..side * side * 3).map(|at| (at * 31 % 256) as u8).collect();
            assert_eq!(read(side, side, &rgb), None);
        }
    }
}

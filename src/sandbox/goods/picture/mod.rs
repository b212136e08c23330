//! Product pictures, drawn in memory.

use super::dice::Dice;
use super::offer::Goods;

/// Draws the picture of a goods as PNG.
pub(super) fn picture(seed: u64, index: u32, _goods: &Goods, size: u32) -> Vec<u8> {
    let size = size.clamp(16, 2048);
    let mut dice = Dice::cast(seed, 0x91c7, u64::from(index));
    let colour = [dice.next() as u8, dice.next() as u8, dice.next() as u8];
    let pixels: Vec<u8> = colour.into_iter().cycle().take((size * size * 3) as usize).collect();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, size, size);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels));
    if written.is_err() {
        bytes.clear();
    }
    bytes
}

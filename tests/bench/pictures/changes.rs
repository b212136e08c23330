//! What is done to pictures on their way: each change makes a JPEG of a whole picture, by chance that can be repeated.

use anyhow::Result;

/// Pixels, RGB.
pub struct Picture {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// Three bytes a pixel.
    pub rgb: Vec<u8>,
}

/// One way in which pictures change.
pub struct Change {
    /// What it is called.
    pub name: &'static str,
    /// Makes a JPEG of a changed picture.
    pub make: fn(&Picture, &mut Chance) -> Result<Vec<u8>>,
}

/// All of them.
pub const CHANGES: &[Change] = &[
    Change { name: "recompressed", make: recompressed },
    Change { name: "resized", make: resized },
    Change { name: "cut by 10 %", make: cut },
    Change { name: "cut on one side", make: cut_on_one_side },
    Change { name: "framed", make: framed },
];

const FRAMES: [[u8; 3]; 6] =
    [[255, 255, 255], [0, 0, 0], [200, 30, 30], [230, 200, 120], [40, 60, 120], [128, 128, 128]];

fn recompressed(whole: &Picture, chance: &mut Chance) -> Result<Vec<u8>> {
    jpeg(whole, u8::try_from(20 + chance.below(56))?)
}

/// To between a quarter and one and a half times its size.
fn resized(whole: &Picture, chance: &mut Chance) -> Result<Vec<u8>> {
    let side = whole.width / 4 + usize::try_from(chance.below(u32::try_from(whole.width * 5 / 4)?))?;
    jpeg(&scaled(whole, side), 80)
}

/// A tenth of the width and of the height, from any sides.
fn cut(whole: &Picture, chance: &mut Chance) -> Result<Vec<u8>> {
    let (width, height) = (whole.width * 9 / 10, whole.height * 9 / 10);
    let mut place = |room: usize| -> Result<usize> { Ok(usize::try_from(chance.below(u32::try_from(room)? + 1))?) };
    let (left, top) = (place(whole.width - width)?, place(whole.height - height)?);
    jpeg(&part(whole, left, top, width, height), 80)
}

fn cut_on_one_side(whole: &Picture, chance: &mut Chance) -> Result<Vec<u8>> {
    let (width, height) = (whole.width, whole.height);
    let (less_wide, less_high) = (width * 9 / 10, height * 9 / 10);
    let cut = match chance.below(4) {
        0 => part(whole, 0, 0, less_wide, height),
        1 => part(whole, width - less_wide, 0, less_wide, height),
        2 => part(whole, 0, 0, width, less_high),
        _ => part(whole, 0, height - less_high, width, less_high),
    };
    jpeg(&cut, 80)
}

/// With a plain frame of 3 to 15 hundredths of a side around it.
fn framed(whole: &Picture, chance: &mut Chance) -> Result<Vec<u8>> {
    let margin = whole.width * usize::try_from(3 + chance.below(13))? / 100;
    let colour = FRAMES[usize::try_from(chance.below(6))?];
    let (width, height) = (whole.width + 2 * margin, whole.height + 2 * margin);
    let mut rgb: Vec<u8> = colour.iter().copied().cycle().take(width * height * 3).collect();
    for (row, from) in whole.rgb.chunks_exact(whole.width * 3).enumerate() {
        let at = ((row + margin) * width + margin) * 3;
        rgb[at..at + from.len()].copy_from_slice(from);
    }
    jpeg(&Picture { width, height, rgb }, 80)
}

fn jpeg(picture: &Picture, quality: u8) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let (width, height) = (u16::try_from(picture.width)?, u16::try_from(picture.height)?);
    jpeg_encoder::Encoder::new(&mut bytes, quality).encode(
        &picture.rgb,
        width,
        height,
        jpeg_encoder::ColorType::Rgb,
    )?;
    Ok(bytes)
}

fn part(whole: &Picture, left: usize, top: usize, width: usize, height: usize) -> Picture {
    let rows = whole.rgb.chunks_exact(whole.width * 3).skip(top).take(height);
    let rgb = rows.flat_map(|row| &row[left * 3..(left + width) * 3]).copied().collect();
    Picture { width, height, rgb }
}

/// A square of another size: the mean of sixteen places within each new pixel.
fn scaled(whole: &Picture, side: usize) -> Picture {
    const TAPS: usize = 4;
    let step = whole.width as f32 / side as f32;
    let place = |at: usize, tap: usize| {
        let exact = (at as f32 + (tap as f32 + 0.5) / TAPS as f32) * step;
        (exact as usize).min(whole.width - 1)
    };
    let mut rgb = Vec::with_capacity(side * side * 3);
    for y in 0..side {
        for x in 0..side {
            let mut sums = [0_u32; 3];
            for tap in 0..TAPS * TAPS {
                let at = (place(y, tap / TAPS) * whole.width + place(x, tap % TAPS)) * 3;
                sums.iter_mut().zip(&whole.rgb[at..at + 3]).for_each(|(sum, part)| *sum += u32::from(*part));
            }
            rgb.extend(sums.map(|sum| (sum / (TAPS * TAPS) as u32) as u8));
        }
    }
    Picture { width: side, height: side, rgb }
}

/// Chance that can be repeated (splitmix64).
pub struct Chance(u64);

impl Chance {
    /// The chance of one kind of change.
    pub fn new(seed: u64, name: &str) -> Self {
        Self(name.bytes().fold(seed, |state, byte| state.wrapping_mul(31).wrapping_add(u64::from(byte))))
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        ((u128::from(mixed) * u128::from(end)) >> 64) as u32
    }
}

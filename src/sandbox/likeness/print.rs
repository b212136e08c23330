//! What a picture looks like in few bytes: colours on a grid, edges by direction, and a perceptual hash.

use std::sync::LazyLock;

use super::raster::{Raster, Tone, Window};

const COLOUR_SIDE: usize = 8;
const COLOUR_BYTES: usize = COLOUR_SIDE * COLOUR_SIDE * 3;
const EDGE_SIDE: usize = 4;
const DIRECTIONS: usize = 4;
const FINE_SIDE: usize = 32;
/// Bytes that are compared one by one.
pub const BYTES: usize = COLOUR_BYTES + EDGE_SIDE * EDGE_SIDE * DIRECTIONS;
const ROUGH_SIDE: usize = 4;
/// Bytes of the first, rough comparison.
pub const ROUGH_BYTES: usize = ROUGH_SIDE * ROUGH_SIDE * 3;
/// How much one different bit of the hash counts, in differences of bytes.
const BIT: u32 = 24;

/// A picture's print.
#[derive(Clone, Copy)]
pub struct Print {
    /// Colours, then edges.
    pub bytes: [u8; BYTES],
    /// One bit for each of the 64 slowest waves of brightness: whether it is above their middle.
    pub hash: u64,
}

impl Print {
    /// Of nothing.
    pub const BLANK: Print = Print { bytes: [0; BYTES], hash: 0 };

    /// The print of a part of a picture.
    pub fn of(raster: &Raster, window: Window) -> Print {
        let fine = raster.grid(window, FINE_SIDE);
        let bright: Vec<f32> = fine.iter().map(|tone| tone[0]).collect();
        let mut bytes = [0; BYTES];
        let (colours, edges) = bytes.split_at_mut(COLOUR_BYTES);
        for (place, tone) in colours.chunks_exact_mut(3).zip(coarse(&fine)) {
            place.copy_from_slice(&tone.map(|part| part.round().clamp(0.0, 255.0) as u8));
        }
        edges.copy_from_slice(&edge_bytes(&bright));
        Print { bytes, hash: hash(&bright) }
    }

    /// Its colours on a coarser grid.
    pub fn rough(&self) -> [u8; ROUGH_BYTES] {
        const STEP: usize = COLOUR_SIDE / ROUGH_SIDE;
        let mut sums = [0_u16; ROUGH_BYTES];
        for (at, byte) in self.bytes.iter().take(COLOUR_BYTES).enumerate() {
            let (cell, part) = (at / 3, at % 3);
            let (x, y) = (cell % COLOUR_SIDE / STEP, cell / COLOUR_SIDE / STEP);
            sums[(y * ROUGH_SIDE + x) * 3 + part] += u16::from(*byte);
        }
        sums.map(|sum| (sum / (STEP * STEP) as u16) as u8)
    }

    /// How different two prints are; 0 when they are the same.
    pub fn apart(&self, other: &Print) -> u32 {
        let bytes: u32 = self.bytes.iter().zip(&other.bytes).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
        bytes + (self.hash ^ other.hash).count_ones() * BIT
    }
}

fn coarse(fine: &[Tone]) -> Vec<Tone> {
    const STEP: usize = FINE_SIDE / COLOUR_SIDE;
    let mut sums = vec![[0.0; 3]; COLOUR_SIDE * COLOUR_SIDE];
    let cells = (STEP * STEP) as f32;
    for (at, tone) in fine.iter().enumerate() {
        let (x, y) = (at % FINE_SIDE / STEP, at / FINE_SIDE / STEP);
        let sum = &mut sums[y * COLOUR_SIDE + x];
        sum[0] += tone[0] / cells;
        sum[1] += tone[1] / cells;
        sum[2] += tone[2] / cells;
    }
    sums
}

/// How much of each direction the brightness changes in, cell by cell.
fn edge_bytes(bright: &[f32]) -> [u8; EDGE_SIDE * EDGE_SIDE * DIRECTIONS] {
    const STEP: usize = FINE_SIDE / EDGE_SIDE;
    let mut sums = [0.0_f32; EDGE_SIDE * EDGE_SIDE * DIRECTIONS];
    let at = |x: usize, y: usize| bright[y * FINE_SIDE + x];
    for y in 1..FINE_SIDE - 1 {
        for x in 1..FINE_SIDE - 1 {
            let (across, down) = (at(x + 1, y) - at(x - 1, y), at(x, y + 1) - at(x, y - 1));
            let cell = (y / STEP * EDGE_SIDE + x / STEP) * DIRECTIONS;
            let (a, d) = (across.abs(), down.abs());
            let slanted = a.min(d);
            sums[cell] += a - slanted;
            sums[cell + 1] += d - slanted;
            sums[cell + if (across > 0.0) == (down > 0.0) { 2 } else { 3 }] += slanted;
        }
    }
    sums.map(|sum| (sum / (STEP * STEP) as f32 * 1.5).min(255.0) as u8)
}

static WAVES: LazyLock<Vec<[f32; FINE_SIDE]>> = LazyLock::new(|| {
    let wave = |number: usize| {
        std::array::from_fn(|at| {
            let turn = std::f32::consts::PI * number as f32 * (at as f32 + 0.5) / FINE_SIDE as f32;
            turn.cos()
        })
    };
    (0..9).map(wave).collect()
});

/// The perceptual hash by cosine transform: waves 1 to 8 in both directions.
fn hash(bright: &[f32]) -> u64 {
    let mut rows = [[0.0_f32; 8]; FINE_SIDE];
    let waves = &*WAVES;
    for (row, sums) in bright.chunks_exact(FINE_SIDE).zip(&mut rows) {
        for (wave, sum) in waves.iter().skip(1).zip(sums) {
            // Written out for development builds: this is the innermost of all.
            let mut at = 0;
            while at < FINE_SIDE {
                *sum += row[at] * wave[at];
                at += 1;
            }
        }
    }
    let mut strengths = [0.0_f32; 64];
    for (place, strength) in strengths.iter_mut().enumerate() {
        let (wave, column) = (&waves[place / 8 + 1], place % 8);
        let mut at = 0;
        while at < FINE_SIDE {
            *strength += rows[at][column] * wave[at];
            at += 1;
        }
    }
    let mut sorted = strengths;
    sorted.sort_by(f32::total_cmp);
    let middle = (sorted[31] + sorted[32]) / 2.0;
    strengths.iter().enumerate().fold(0, |hash, (bit, strength)| hash | u64::from(*strength > middle) << bit)
}

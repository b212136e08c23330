//! A second, closer look at the likeliest pictures: drawn again and laid over the asked one, shifted and sized a little.

use std::collections::HashMap;

use super::prints::Near;
use super::raster::{Raster, Tone, Window};
use crate::sandbox::goods::Shop;

const DRAWN: u32 = 48;
const SIDE: usize = 24;
const SHIFTS: [f32; 3] = [-0.022, 0.0, 0.022];
const SIZES: [f32; 3] = [0.98, 1.0, 1.02];
/// So many are looked at with all shifts and sizes.
const CLOSEST: usize = 24;

/// A picture and how like it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Match {
    /// The goods.
    pub goods: u32,
    /// At most [`NOTHING_DIFFERS`].
    pub likeness: u32,
}

/// One way to lay a whole picture over the asked one.
struct Overlay {
    tones: Vec<Tone>,
    /// Which cells the asked picture shows.
    shown: Vec<bool>,
}

impl Overlay {
    fn of(raster: &Raster, window: Window) -> Overlay {
        let middle = |at: usize| (at as f32 + 0.5) / SIDE as f32;
        let shown = (0..SIDE * SIDE).map(|at| {
            let (x, y) = window.at(middle(at % SIDE), middle(at / SIDE));
            (0.0..=1.0).contains(&x) && (0.0..=1.0).contains(&y)
        });
        Overlay { tones: raster.grid(window, SIDE), shown: shown.collect() }
    }

    /// The mean difference where both show something.
    fn apart(&self, drawn: &[Tone]) -> f32 {
        let mut sum = 0.0;
        let mut cells = 0.0;
        for ((one, other), _) in self.tones.iter().zip(drawn).zip(&self.shown).filter(|(_, shown)| **shown) {
            sum += one.iter().zip(other).map(|(a, b)| (a - b).abs()).sum::<f32>();
            cells += 1.0;
        }
        if cells > 0.0 { sum / cells } else { 765.0 }
    }
}

/// Sorts what is near by how like it really is, the best first.
pub fn matches(shop: &Shop, raster: &Raster, views: &[Window], near: &[Near]) -> Vec<Match> {
    let straight: Vec<Overlay> = views.iter().map(|view| Overlay::of(raster, *view)).collect();
    let mut seen: Vec<(f32, u32, usize, Vec<Tone>)> = near
        .iter()
        .filter_map(|one| {
            let drawn = Raster::new(DRAWN as usize, DRAWN as usize, &shop.pixels(one.goods, DRAWN))?;
            let drawn = drawn.grid(Window::WHOLE, SIDE);
            let (apart, view) = best(straight.iter().map(|overlay| overlay.apart(&drawn)));
            Some((apart, one.goods, view, drawn))
        })
        .collect();
    seen.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut shifted: HashMap<usize, Vec<Overlay>> = HashMap::new();
    for (apart, _, view, drawn) in seen.iter_mut().take(CLOSEST) {
        let overlays = shifted.entry(*view).or_insert_with(|| around(raster, views[*view]));
        *apart = apart.min(best(overlays.iter().map(|overlay| overlay.apart(drawn))).0);
    }
    seen.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
    seen.iter().map(|(apart, goods, ..)| Match { goods: *goods, likeness: likeness(*apart) }).collect()
}

fn best(apart: impl Iterator<Item = f32>) -> (f32, usize) {
    apart.zip(0..).min_by(|one, other| one.0.total_cmp(&other.0)).unwrap_or((765.0, 0))
}

/// A window with small shifts and sizes.
fn around(raster: &Raster, window: Window) -> Vec<Overlay> {
    let mut overlays = Vec::with_capacity(SHIFTS.len() * SHIFTS.len() * SIZES.len());
    for size in SIZES {
        for (x, y) in SHIFTS.iter().flat_map(|x| SHIFTS.iter().map(move |y| (*x, *y))) {
            let margin = (1.0 - size) / 2.0;
            let inner = Window { left: margin + x, top: margin + y, right: 1.0 - margin + x, bottom: 1.0 - margin + y };
            overlays.push(Overlay::of(raster, window.within(inner)));
        }
    }
    overlays
}

/// Of the same picture.
pub const NOTHING_DIFFERS: u32 = 1000;

/// Of a mean difference: half of it at 14.
fn likeness(apart: f32) -> u32 {
    (NOTHING_DIFFERS as f32 * (-apart / 20.0).exp()).round() as u32
}

//! The prints of all drawn pictures, and a look over all of them.

use std::sync::atomic::{AtomicBool, Ordering};

use super::print::{Print, ROUGH_BYTES};
use super::raster::{Raster, Window};
use crate::sandbox::goods::Shop;

/// How large pictures are drawn for their print.
const SIDE: u32 = 64;
/// How many goods one thread takes at a time.
const SHARE: u32 = 256;

/// So many are compared in full.
const ROUGHLY: usize = 3000;

/// The prints of a shop's pictures, by goods index.
pub struct Prints {
    prints: Vec<Print>,
    /// The same, roughly: what a first look over all of them needs, close together.
    rough: Vec<[u8; ROUGH_BYTES]>,
}

/// A picture that is like the one asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Near {
    /// How different the prints are.
    pub apart: u32,
    /// The goods.
    pub goods: u32,
    /// Which of the views it is most like.
    pub view: usize,
}

impl Prints {
    /// Draws and describes every picture on some threads; what is left when `given_up` is set stays blank.
    pub fn of(shop: &Shop, threads: usize, given_up: &AtomicBool) -> Prints {
        let mut prints = vec![Print { bytes: [0; _], hash: 0 }; shop.len() as usize];
        let shares: Vec<(u32, &mut [Print])> =
            (0..).step_by(SHARE as usize).zip(prints.chunks_mut(SHARE as usize)).collect();
        let shares = std::sync::Mutex::new(shares.into_iter());
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while let Some((first, share)) = next(&shares) {
                        if given_up.load(Ordering::Relaxed) {
                            return;
                        }
                        for (index, print) in (first..).zip(share) {
                            *print = drawn(shop, index).map_or(*print, |raster| Print::of(&raster, Window::WHOLE));
                        }
                    }
                });
            }
        });
        let rough = prints.iter().map(Print::rough).collect();
        Prints { prints, rough }
    }

    /// The most like of those that fit, the best first.
    pub fn nearest(&self, views: &[Print], most: usize, fits: impl Fn(u32) -> bool) -> Vec<Near> {
        let mut near: Vec<Near> = self.roughly(views, fits).into_iter().map(|goods| self.near(views, goods)).collect();
        near.sort_unstable();
        near.truncate(most);
        near
    }

    fn near(&self, views: &[Print], goods: u32) -> Near {
        let print = &self.prints[goods as usize];
        let apart = views.iter().map(|view| view.apart(print)).zip(0..).min();
        let (apart, view) = apart.unwrap_or((u32::MAX, 0));
        Near { apart, goods, view }
    }

    /// Some thousands that a rough look finds most like.
    fn roughly(&self, views: &[Print], fits: impl Fn(u32) -> bool) -> Vec<u32> {
        let views: Vec<[u8; ROUGH_BYTES]> = views.iter().map(Print::rough).collect();
        let fitting = (0..).zip(&self.rough).filter(|(goods, _)| fits(*goods));
        let mut found: Vec<(u32, u32)> = fitting
            .map(|(goods, rough)| (views.iter().map(|view| apart(view, rough)).min().unwrap_or(u32::MAX), goods))
            .collect();
        if found.len() > ROUGHLY {
            found.select_nth_unstable(ROUGHLY);
            found.truncate(ROUGHLY);
        }
        found.into_iter().map(|(_, goods)| goods).collect()
    }
}

/// The sum of the differences of bytes.
fn apart(one: &[u8; ROUGH_BYTES], other: &[u8; ROUGH_BYTES]) -> u32 {
    one.iter().zip(other).map(|(a, b)| u32::from(a.abs_diff(*b))).sum()
}

type Shares<'a> = std::sync::Mutex<std::vec::IntoIter<(u32, &'a mut [Print])>>;

fn next<'a>(shares: &Shares<'a>) -> Option<(u32, &'a mut [Print])> {
    shares.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next()
}

/// A goods' picture, small.
fn drawn(shop: &Shop, index: u32) -> Option<Raster> {
    Raster::new(SIDE as usize, SIDE as usize, &shop.pixels(index, SIDE))
}

//! The prints of all drawn pictures, made share by share by whoever has time, and a look over all of them.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::print::{Print, ROUGH_BYTES};
use super::raster::{Raster, Window};
use crate::sandbox::goods::{Shop, Studio};

/// How large pictures are drawn for their print.
const SIDE: u32 = 64;
/// How many goods one thread takes at a time.
const SHARE: u32 = 64;

/// So many are compared in full.
const ROUGHLY: usize = 3000;

/// The prints of a shop's pictures, by goods index.
pub struct Prints {
    shares: Box<[OnceLock<Share>]>,
    /// The first share that nobody took.
    next: AtomicUsize,
    /// Threads that are making some.
    busy: AtomicUsize,
    /// Whether all are made.
    whole: AtomicBool,
}

/// The prints of some goods that follow one another.
#[derive(Default)]
struct Share {
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
    /// Of so many goods, none of which is described yet.
    pub fn blank(goods: u32) -> Prints {
        let shares = (0..goods.div_ceil(SHARE)).map(|_| OnceLock::new()).collect();
        Prints { shares, next: AtomicUsize::new(0), busy: AtomicUsize::new(0), whole: AtomicBool::new(false) }
    }

    /// Draws and describes every picture that is not yet, on so many threads, this one and those of others that are at it
    /// counted; ends when all are. What is left when `given_up` is set stays blank.
    pub fn complete(&self, shop: &Shop, threads: usize, given_up: &AtomicBool) {
        if self.whole.load(Ordering::Acquire) {
            return;
        }
        std::thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(|| self.help(shop, threads, given_up));
            }
            self.help(shop, threads, given_up);
        });
        self.shares.iter().for_each(|share| {
            share.wait();
        });
        self.whole.store(true, Ordering::Release);
    }

    /// Makes shares until none is left, unless enough are at it.
    fn help(&self, shop: &Shop, threads: usize, given_up: &AtomicBool) {
        if self.busy.fetch_add(1, Ordering::Relaxed) < threads {
            while let Some((first, share)) = self.take() {
                let end = shop.len().min(first + SHARE);
                let mut studio = shop.studio(SIDE);
                let end = if given_up.load(Ordering::Relaxed) { first } else { end };
                let prints: Vec<Print> = (first..end).map(|index| described(shop, &mut studio, index)).collect();
                let rough = prints.iter().map(Print::rough).collect();
                share.get_or_init(|| Share { prints, rough });
            }
        }
        self.busy.fetch_sub(1, Ordering::Relaxed);
    }

    /// A share that nobody took, and the first of its goods.
    fn take(&self) -> Option<(u32, &OnceLock<Share>)> {
        let at = self.next.fetch_add(1, Ordering::Relaxed);
        let share = self.shares.get(at)?;
        Some((u32::try_from(at).ok()? * SHARE, share))
    }

    /// The most like of those that fit, the best first.
    pub fn nearest(&self, views: &[Print], most: usize, fits: impl Fn(u32) -> bool) -> Vec<Near> {
        let mut near: Vec<Near> =
            self.roughly(views, fits).into_iter().filter_map(|goods| self.near(views, goods)).collect();
        near.sort_unstable();
        near.truncate(most);
        near
    }

    fn near(&self, views: &[Print], goods: u32) -> Option<Near> {
        let share = self.shares.get((goods / SHARE) as usize)?.get()?;
        let print = share.prints.get((goods % SHARE) as usize)?;
        let of = |(view, asked): (usize, &Print)| Near { apart: asked.apart(print), goods, view };
        views.iter().enumerate().map(of).min()
    }

    /// Some thousands that a rough look finds most like.
    fn roughly(&self, views: &[Print], fits: impl Fn(u32) -> bool) -> Vec<u32> {
        let views: Vec<[u8; ROUGH_BYTES]> = views.iter().map(Print::rough).collect();
        let described = self.shares.iter().map(|share| share.get().map_or(&[][..], |share| &share.rough));
        let all = (0..).step_by(SHARE as usize).zip(described).flat_map(|(first, rough)| (first..).zip(rough));
        let mut found: Vec<(u32, u32)> = all
            .filter(|(goods, _)| fits(*goods))
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

/// The print of a goods' picture; blank when it cannot be drawn.
fn described(shop: &Shop, studio: &mut Studio, index: u32) -> Print {
    let drawn = Raster::new(SIDE as usize, SIDE as usize, &shop.pixels_in(studio, index));
    drawn.map_or(Print::BLANK, |raster| Print::of(&raster, Window::WHOLE))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::{Print, Prints, SHARE};
    use crate::sandbox::goods::Shop;

    #[test]
    fn whoever_waits_helps_and_all_are_described_once() {
        let shop = Shop::open(3, SHARE * 2 + 5);
        let (prints, goes_on) = (Prints::blank(shop.len()), AtomicBool::new(false));
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| prints.complete(&shop, 2, &goes_on));
            }
        });
        let described: Vec<_> = prints.shares.iter().map(|share| share.get().unwrap().prints.len()).collect();
        assert_eq!(described, [SHARE as usize, SHARE as usize, 5]);
        let own = super::described(&shop, &mut shop.studio(super::SIDE), SHARE + 1);
        assert_eq!(prints.nearest(&[own], 1, |_| true)[0].goods, SHARE + 1);
    }

    #[test]
    fn who_waits_is_not_kept_when_it_is_given_up() {
        let shop = Shop::open(3, SHARE * 3);
        let prints = Prints::blank(shop.len());
        prints.complete(&shop, 2, &AtomicBool::new(true));
        assert!(prints.nearest(&[Print::BLANK], 5, |_| true).is_empty());
    }
}

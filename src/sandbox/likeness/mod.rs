//! Search by picture: the prints of all drawn pictures, the pictures that callers uploaded, and which of ours they are
//! like. Drawing is left to `goods`, filters to `search`, HTTP to `picture_http`.
//!
//! A print is small: colours on a grid, edges by direction, a perceptual hash. The asked picture is looked at in several
//! ways (`views`: as it is, without its frame, with what was cut off put back), each way gets a print, and a look over all
//! prints finds a hundred candidates. Those are drawn again and laid over the asked picture (`fine`), which decides.
//! Prints are made once, on other threads: at the start when that is wanted, otherwise when somebody first searches; a
//! search that comes meanwhile helps and waits.

mod album;
mod decode;
mod fine;
mod print;
mod prints;
mod raster;
mod token;
mod views;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use super::goods::Shop;
use super::image::Flaw;
use super::settings::Error;
use album::Album;
pub use decode::{MEDIA_TYPES, Small};
pub use fine::{Match, NOTHING_DIFFERS};
use print::Print;
use prints::Prints;
pub use raster::Window;
pub use token::{read as read_token, write as write_token};

/// So many goods are given as being like a picture.
pub const MOST: usize = 100;
/// More are looked at than given, because some may not be seen.
const CANDIDATES: usize = 110;
/// How large an own picture is drawn to search by it.
const OWN_SIDE: u32 = 160;

/// Everything that is known of pictures.
pub struct Likeness {
    prints: OnceLock<Prints>,
    given_up: AtomicBool,
    album: Album,
}

impl Likeness {
    /// Knows no print yet, and the pictures that were uploaded before.
    pub fn open(data: Option<&Path>) -> Result<Likeness, Error> {
        Ok(Likeness { prints: OnceLock::new(), given_up: AtomicBool::new(false), album: Album::open(data)? })
    }

    /// Makes the prints unless they are made; whoever comes meanwhile helps, as far as there are threads for it.
    pub fn describe(&self, shop: &Shop, threads: usize) -> &Prints {
        let prints = self.prints.get_or_init(|| Prints::blank(shop.len()));
        prints.complete(shop, threads, &self.given_up);
        prints
    }

    /// Stops making prints: nobody will ask any more.
    pub fn give_up(&self) {
        self.given_up.store(true, Ordering::Relaxed);
    }

    /// Takes a picture in; the same bytes of the same caller have the same id. Also tells how large it is here.
    pub fn keep(&self, partner: &str, media_type: &str, bytes: &[u8]) -> Result<std::io::Result<String>, Flaw> {
        let small = Small::decode(media_type, bytes)?;
        Ok(self.album.keep(partner, bytes, small))
    }

    /// An uploaded picture.
    pub fn find(&self, id: &str) -> Option<Arc<Small>> {
        self.album.find(id)
    }

    /// The goods whose pictures are most like a part of one, the best first.
    pub fn matches(&self, shop: &Shop, asked: &Small, part: Window, fits: impl Fn(u32) -> bool) -> Vec<Match> {
        let Some(raster) = asked.raster() else { return Vec::new() };
        let views = views::views(&raster, part);
        let prints: Vec<Print> = views.iter().map(|view| Print::of(&raster, *view)).collect();
        let near = self.describe(shop, threads()).nearest(&prints, CANDIDATES, fits);
        fine::matches(shop, &raster, &views, &near)
    }
}

/// The picture of a goods of ours, to search by.
pub fn own(shop: &Shop, index: u32) -> Small {
    let side = OWN_SIDE as usize;
    Small { width: side, height: side, rgb: shop.pixels(index, OWN_SIDE) }
}

/// Somebody waits for the prints: as many threads as there are.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

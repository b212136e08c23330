//! Pictures from outside, before anybody else sees them: they must be what they are said to be, small enough to be
//! decoded, and decodable to their end. What is kept is the picture alone.
//!
//! **Why decode.** A file of one megabyte can claim to be a picture of gigabytes, or be something else altogether that
//! opens where it is sent on to. The header's size is judged first; then everything is decoded, off the threads that
//! answer requests, a few at a time, so that the worst pictures cost bounded memory and nobody else's time.
//!
//! **What is removed.** Cameras write where, when and by whom a picture was taken into it (EXIF, XMP, comments). Buyers
//! and warehouses did not mean to tell the supplier: all of it goes, and so does whatever stands behind the picture's
//! end. The pixels, colour profile and orientation stay as they are; nothing is encoded anew.

mod jpeg;
mod png;

use bytes::Bytes;
use tokio::sync::Semaphore;

use super::Error;

/// Largest width and height.
pub const MOST_SIDE: u32 = 8_000;
/// Most pixels in all.
pub const MOST_PIXELS: u64 = 25_000_000;
/// How many pictures are decoded at one time in this process.
static DESKS: Semaphore = Semaphore::const_new(2);

/// What a picture is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// `image/jpeg`
    Jpeg,
    /// `image/png`
    Png,
}

impl MediaType {
    /// Both of them.
    pub const ALL: &'static [Self] = &[Self::Jpeg, Self::Png];

    /// The media type's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }

    /// What these bytes begin like.
    pub fn sniffed(bytes: &[u8]) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| bytes.starts_with(one.magic()))
    }

    const fn magic(self) -> &'static [u8] {
        match self {
            Self::Jpeg => &[0xff, 0xd8, 0xff],
            Self::Png => b"\x89PNG\r\n\x1a\n",
        }
    }
}

/// The picture alone, decoded once to see that it is one.
pub(super) async fn cleaned(media_type: MediaType, bytes: Bytes) -> Result<Bytes, Error> {
    let _desk = DESKS.acquire().await.map_err(|_| Error::Busy)?;
    let work = tokio::task::spawn_blocking(move || clean(media_type, &bytes));
    // A decoder that panics is a decoder that was tricked; the picture is not taken.
    let clean = work.await.unwrap_or(Err("it cannot be decoded"));
    clean.map(Bytes::from).map_err(Error::Picture)
}

fn clean(media_type: MediaType, bytes: &[u8]) -> Result<Vec<u8>, &'static str> {
    if MediaType::sniffed(bytes) != Some(media_type) {
        return Err("its bytes are not of the kind that Content-Type says");
    }
    let clean = match media_type {
        MediaType::Jpeg => jpeg::alone(bytes),
        MediaType::Png => png::alone(bytes),
    };
    let clean = clean.ok_or("it is not complete")?;
    match media_type {
        MediaType::Jpeg => jpeg::decode(&clean)?,
        MediaType::Png => png::decode(&clean)?,
    }
    Ok(clean)
}

/// Judges the size that a header tells.
fn fits(width: u32, height: u32) -> Result<(), &'static str> {
    if width == 0 || height == 0 {
        return Err("it has no pixels");
    }
    if width > MOST_SIDE || height > MOST_SIDE || u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err("it has more than 8,000 pixels a side or 25 million in all");
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests;

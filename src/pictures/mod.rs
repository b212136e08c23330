//! Pictures that partners search by: looked at before anybody else sees them, kept for a week under an id of ours.
//!
//! A picture from outside is never sent on as it came. Its header is judged, it is decoded within bounds, off the
//! threads that answer requests and a few at a time (`look`); what the catalogue gets is a new, smaller JPEG of the
//! pixels alone, so that neither a bomb nor what a camera wrote beside them goes further. If there is a QR code on it,
//! what it says is kept with it (`code`), for links that are pasted as pictures.
//!
//! The ledger knows whose a picture is and until when; the catalogue has the bytes. The same bytes of one partner are
//! the same picture.

mod code;
mod error;
mod look;
mod upright;

use bytes::Bytes;
use sha2::{Digest, Sha256};

pub use crate::ledger::Image;
pub use error::Error;
pub use look::{MOST_PIXELS, MOST_SIDE, MediaType};

use crate::clock::Clock;
use crate::ledger::{Ledger, NewImage};
use crate::model::ids::ImageId;
use crate::model::partner::Caller;
use crate::upstream::wholesale::calls::pictures as calls;
use crate::upstream::wholesale::wire::pictures as wire;
use crate::upstream::{Context, Upstream};

/// How long a picture is kept after it was last given.
pub const LIFE_MS: i64 = 7 * 86_400_000;
/// Within this time after it was given it is not given to the catalogue anew, which keeps it a day longer than we do.
const GIVEN_LATELY_MS: i64 = 3_600_000;

/// The room of pictures; made once per worker, because the upstream client belongs to its runtime.
#[derive(Clone)]
pub struct Pictures {
    ledger: Ledger,
    upstream: Upstream,
    clock: Clock,
}

impl std::fmt::Debug for Pictures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pictures").finish_non_exhaustive()
    }
}

impl Pictures {
    /// The room, with what it works on.
    pub fn new(ledger: Ledger, upstream: Upstream, clock: Clock) -> Self {
        Self { ledger, upstream, clock }
    }

    /// Takes a picture in; the same picture has the same id, and is kept for longer each time it is given.
    pub async fn keep(&self, caller: &Caller, media_type: MediaType, bytes: Bytes) -> Result<Image, Error> {
        let (partner, mode, now) = (&caller.partner.id, caller.mode, self.clock.now_ms());
        let sha256 = hex(&Sha256::digest(&bytes));
        let known = self.ledger.find_image_by_content(partner, mode, &sha256).await?;
        if let Some(known) = known.filter(|known| known.expires_at_ms > now + LIFE_MS - GIVEN_LATELY_MS) {
            return Ok(known);
        }
        let looked = look::at(media_type, bytes).await?;
        let call = calls::give_picture(partner.as_str(), "image/jpeg", looked.jpeg);
        let taken =
            self.upstream.read::<wire::Picture>(mode, &call, Context::here()).await.map_err(error::of_giving)?;
        let new = NewImage {
            catalogue_id: taken.picture_id,
            sha256,
            width: looked.width,
            height: looked.height,
            code: looked.code,
            expires_at_ms: now + LIFE_MS,
        };
        Ok(self.ledger.keep_image(partner, mode, new).await?)
    }

    /// A partner's picture that is still kept.
    pub async fn find(&self, caller: &Caller, id: &ImageId) -> Result<Image, Error> {
        let found = self.ledger.find_image(&caller.partner.id, caller.mode, id).await?;
        let image = found.ok_or_else(|| Error::NotFound(id.clone()))?;
        if image.expires_at_ms <= self.clock.now_ms() { Err(Error::Expired(id.clone())) } else { Ok(image) }
    }

    /// What a QR code on a picture says; the picture is not kept.
    pub async fn read_code(&self, media_type: MediaType, bytes: Bytes) -> Result<Option<String>, Error> {
        Ok(look::at(media_type, bytes).await?.code)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

//! Pictures that partners search by: our id of each, whose it is and until when. The bytes are at the catalogue.

use super::{Error, Ledger};
use crate::model::ids::{ImageId, PartnerId};
use crate::model::partner::Mode;
use crate::sql::{Row, args};

/// How long an id past its end is still known to have been one.
const REMEMBERED_MS: i64 = 7 * 86_400_000;

/// A picture that the catalogue has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewImage {
    /// The catalogue's name of it.
    pub catalogue_id: String,
    /// The SHA-256 of its bytes as they were sent, in hexadecimal digits.
    pub sha256: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// What a QR code on it says.
    pub code: Option<String>,
    /// Until when it is kept, milliseconds since 1970.
    pub expires_at_ms: i64,
}

/// A picture as it is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Our id of it.
    pub id: ImageId,
    /// The catalogue's name of it.
    pub catalogue_id: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// What a QR code on it says.
    pub code: Option<String>,
    /// Until when it is kept, milliseconds since 1970.
    pub expires_at_ms: i64,
}

impl Ledger {
    /// Writes a picture down; one with the same bytes keeps its id and is kept for longer.
    pub async fn keep_image(&self, partner: &PartnerId, mode: Mode, new: NewImage) -> Result<Image, Error> {
        const KEEP: &str = "INSERT INTO images \
            (id, partner, mode, sha256, catalogue_id, width, height, code, created_at, expires_at) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (partner, mode, sha256) DO UPDATE SET \
            catalogue_id = excluded.catalogue_id, code = excluded.code, expires_at = excluded.expires_at";
        let row = args![
            ImageId::fresh().as_str(),
            partner.as_str(),
            mode.name(),
            new.sha256.as_str(),
            new.catalogue_id,
            new.width,
            new.height,
            new.code,
            self.clock.now_ms(),
            new.expires_at_ms,
        ];
        self.sql.execute(KEEP, row).await?;
        let kept = self.find_image_by_content(partner, mode, &new.sha256).await?;
        kept.ok_or_else(|| Error::unreadable("image", new.sha256))
    }

    /// A partner's picture, also for a while after its end.
    pub async fn find_image(&self, partner: &PartnerId, mode: Mode, id: &ImageId) -> Result<Option<Image>, Error> {
        const FIND: &str = "SELECT id, catalogue_id, width, height, code, expires_at FROM images \
            WHERE partner = $1 AND mode = $2 AND id = $3";
        let row = self.sql.fetch_optional(FIND, args![partner.as_str(), mode.name(), id.as_str()]).await?;
        row.as_ref().map(image).transpose()
    }

    /// A partner's picture by the SHA-256 of its bytes.
    pub async fn find_image_by_content(
        &self,
        partner: &PartnerId,
        mode: Mode,
        sha256: &str,
    ) -> Result<Option<Image>, Error> {
        const FIND: &str = "SELECT id, catalogue_id, width, height, code, expires_at FROM images \
            WHERE partner = $1 AND mode = $2 AND sha256 = $3";
        let row = self.sql.fetch_optional(FIND, args![partner.as_str(), mode.name(), sha256]).await?;
        row.as_ref().map(image).transpose()
    }

    /// Forgets pictures long past their end; gives how many.
    pub(super) async fn forget_images(&self, now_ms: i64) -> Result<u64, Error> {
        const FORGET: &str = "DELETE FROM images WHERE expires_at <= $1";
        Ok(self.sql.execute(FORGET, args![now_ms - REMEMBERED_MS]).await?)
    }
}

fn image(row: &Row) -> Result<Image, Error> {
    let side = |column| row.int(column).map(|side| u32::try_from(side).unwrap_or(0));
    Ok(Image {
        id: row.parse("id")?,
        catalogue_id: row.text("catalogue_id")?,
        width: side("width")?,
        height: side("height")?,
        code: row.opt_text("code")?,
        expires_at_ms: row.int("expires_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::{NewImage, REMEMBERED_MS};
    use crate::clock::Clock;
    use crate::ledger::Ledger;
    use crate::model::ids::PartnerId;
    use crate::model::partner::Mode;
    use crate::sql::trial;

    fn new(sha256: &str, expires_at_ms: i64) -> NewImage {
        let (catalogue_id, sha256) = (format!("cat-{sha256}"), sha256.to_owned());
        NewImage { catalogue_id, sha256, width: 480, height: 320, code: Some("码".into()), expires_at_ms }
    }

    #[tokio::test]
    async fn the_same_bytes_keep_their_id_and_everybody_has_pictures_of_their_own() {
        for house in trial::houses().await {
            let ledger = Ledger::new(house.sql.clone(), Clock::shiftable());
            let (acme, other): (PartnerId, PartnerId) = ("acme".parse().unwrap(), "other".parse().unwrap());
            let first = ledger.keep_image(&acme, Mode::Live, new("aa", 1000)).await.unwrap();
            assert_eq!((first.width, first.height, first.code.as_deref()), (480, 320, Some("码")));
            let again = ledger.keep_image(&acme, Mode::Live, new("aa", 9000)).await.unwrap();
            assert_eq!((&again.id, again.expires_at_ms), (&first.id, 9000));
            let theirs = ledger.keep_image(&other, Mode::Live, new("aa", 1000)).await.unwrap();
            let tried = ledger.keep_image(&acme, Mode::Sandbox, new("aa", 1000)).await.unwrap();
            assert!(theirs.id != first.id && tried.id != first.id);
            assert_eq!(ledger.find_image(&acme, Mode::Live, &first.id).await.unwrap(), Some(again));
            assert_eq!(ledger.find_image(&other, Mode::Live, &first.id).await.unwrap(), None);
            assert_eq!(ledger.find_image(&acme, Mode::Sandbox, &first.id).await.unwrap(), None);
        }
    }

    #[tokio::test]
    async fn pictures_long_past_their_end_are_forgotten() {
        for house in trial::houses().await {
            let clock = Clock::shiftable();
            let ledger = Ledger::new(house.sql.clone(), clock.clone());
            let acme: PartnerId = "acme".parse().unwrap();
            let now = clock.now_ms();
            let old = ledger.keep_image(&acme, Mode::Live, new("aa", now - REMEMBERED_MS)).await.unwrap();
            let ended = ledger.keep_image(&acme, Mode::Live, new("bb", now - 1)).await.unwrap();
            assert_eq!(ledger.tidy().await.unwrap(), 1);
            assert_eq!(ledger.find_image(&acme, Mode::Live, &old.id).await.unwrap(), None);
            assert!(ledger.find_image(&acme, Mode::Live, &ended.id).await.unwrap().is_some());
        }
    }
}

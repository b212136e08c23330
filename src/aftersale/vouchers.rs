//! Pictures that prove something: looked at before anybody else sees them, then kept by the catalogue.

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::picture::{self, MediaType};
use super::{Aftersale, Error};
use crate::asking::Asks;
use crate::ledger::NewVoucher;
use crate::model::ids::VoucherId;
use crate::model::partner::Caller;
use crate::translate::Nonsense;
use crate::upstream::wholesale::calls::aftersale as calls;
use crate::upstream::wholesale::wire::aftersale as wire;

/// A picture's bytes and what they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// What it is.
    pub media_type: MediaType,
    /// Its bytes.
    pub bytes: Bytes,
}

impl Aftersale {
    /// Takes a picture in; the same picture is the same voucher, however often it is given.
    pub async fn keep_picture(&self, caller: &Caller, media_type: MediaType, bytes: Bytes) -> Result<VoucherId, Error> {
        let clean = picture::cleaned(media_type, bytes).await?;
        let (partner, mode) = (&caller.partner.id, caller.mode);
        let sha256 = hex(&Sha256::digest(&clean));
        if let Some(known) = self.ledger.find_voucher_by_content(partner, mode, &sha256).await? {
            return Ok(known.id);
        }
        let size_bytes = u32::try_from(clean.len()).unwrap_or(u32::MAX);
        let call = calls::give_voucher(partner.as_str(), media_type.name(), clean);
        let taken = match self.desk().read::<wire::Voucher>(mode, &call).await {
            Ok(taken) => taken,
            Err(error) if error.refusal().is_some_and(|refused| refused.error_code == "VOUCHER_INVALID") => {
                tracing::warn!(%error, "the catalogue does not take a picture that was decoded here");
                return Err(Error::Picture("the catalogue does not take it"));
            }
            Err(error) => return Err(error.into()),
        };
        if taken.sha256 != sha256 {
            return Err(Nonsense::new(format!("voucher {}: other bytes were taken than sent", taken.voucher_id)).into());
        }
        let new = NewVoucher { catalogue_number: taken.voucher_id, media_type: media_type.name(), size_bytes, sha256 };
        Ok(self.ledger.keep_voucher(partner, mode, new).await?)
    }

    /// A partner's picture.
    pub async fn picture(&self, caller: &Caller, id: &VoucherId) -> Result<Picture, Error> {
        let voucher = self.ledger.find_voucher(&caller.partner.id, caller.mode, id).await?;
        let voucher = voucher.ok_or(Error::VoucherNotFound)?;
        let bytes = match self.fetch(caller.mode, &calls::voucher(voucher.catalogue_number)).await {
            Ok(bytes) => bytes,
            Err(error) if error.refusal().is_some() => return Err(Error::VoucherNotFound),
            Err(error) => return Err(error.into()),
        };
        // What is served under our name is what we know it to be, whatever its sender called it.
        let media_type = MediaType::sniffed(&bytes);
        let genuine = voucher.sha256.is_none_or(|known| known == hex(&Sha256::digest(&bytes)));
        match media_type.filter(|_| genuine) {
            Some(media_type) => Ok(Picture { media_type, bytes }),
            None => Err(Nonsense::new(format!("voucher {id}: other bytes than were given")).into()),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

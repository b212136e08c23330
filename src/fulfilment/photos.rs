//! Photos: the partner names them by our ids, the catalogue by its numbers; the ledger knows both.

use super::steps::{self, Photos};
use super::{Error, Fulfilment};
use crate::model::consignment::{Consignment, Deed, Happening, InspectedLine};
use crate::model::ids::VoucherId;
use crate::model::order::Actor;
use crate::translate::fulfilment::Standing;

impl Fulfilment {
    /// The catalogue's numbers of the photos of inspected lines.
    pub(super) async fn numbers_of(
        &self,
        deed: &Deed,
        lines: &[InspectedLine],
    ) -> Result<Vec<(VoucherId, i64)>, Error> {
        let ids: Vec<_> = lines.iter().flat_map(|line| line.inspection.photos.iter().cloned()).collect();
        Ok(self.ledger.find_vouchers(&deed.partner, deed.mode, &ids).await?)
    }

    /// The moves from here to where the catalogue says it stands, with photos that its warehouse took made known here.
    pub(super) async fn catch_up(
        &self,
        here: &Consignment,
        there: &Standing,
        actor: Actor,
        cause: &str,
    ) -> Result<Vec<Happening>, Error> {
        let mut photos = Photos::new();
        for number in steps::fresh_findings(here, there).flat_map(|(_, finding)| &finding.photos) {
            let id = self.ledger.adopt_voucher(&here.deed.partner, here.deed.mode, *number).await?;
            photos.insert(*number, id);
        }
        Ok(steps::catch_up(here, there, &photos, actor, cause))
    }
}

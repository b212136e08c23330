//! One look at offers in the catalogue itself, past whatever is kept of them.

use std::collections::HashMap;

use super::{Error, Following};
use crate::model::follow::{Figures, Look, Standing};
use crate::model::ids::OfferId;
use crate::model::language::Language;
use crate::model::partner::Mode;
use crate::translate::{self, Nonsense};
use crate::upstream::wholesale::calls;
use crate::upstream::wholesale::wire::goods::{Batch, Detail};
use crate::upstream::{self, Context};

/// The service's words for why it gives no goods.
const HELD: &str = "GOODS_HELD";
const NONE: [&str; 2] = ["GOODS_NOT_FOUND", "GOODS_FOREIGN"];

/// What the catalogue says of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// There is such an offer.
    Seen(Look),
    /// There is none.
    Missing,
    /// It is none of this marketplace's numbers.
    Foreign,
}

impl Following {
    /// One offer. What is not there any more was withdrawn.
    pub(super) async fn look(&self, mode: Mode, offer: OfferId) -> Result<Look, Error> {
        let call = calls::goods(offer, Language::Chinese);
        match self.upstream.read::<Detail>(mode, &call, Context::here()).await {
            Ok(detail) => seen(offer, detail),
            Err(error) => away(&error).map(|standing| Look { standing, figures: None }).ok_or(Error::Upstream(error)),
        }
    }

    /// Several offers at once.
    pub(super) async fn look_at_all(&self, mode: Mode, offers: &[OfferId]) -> Result<HashMap<OfferId, Sight>, Error> {
        if offers.is_empty() {
            return Ok(HashMap::new());
        }
        let numbers: Vec<_> = offers.iter().map(|offer| offer.number()).collect();
        let call = calls::batch_get(&numbers, Language::Chinese);
        let batch: Batch = self.upstream.read(mode, &call, Context::here()).await?;
        let mut sights = HashMap::new();
        for item in batch.items {
            let detail: Detail =
                serde_json::from_str(item.get()).map_err(|why| Nonsense::new(format!("batch: {why}")))?;
            let offer = OfferId::new(detail.brief.goods_id);
            sights.insert(offer, Sight::Seen(seen(offer, detail)?));
        }
        let held = Look { standing: Standing::Held, figures: None };
        sights.extend(batch.held.into_iter().map(|id| (OfferId::new(id), Sight::Seen(held.clone()))));
        sights.extend(batch.missing.into_iter().map(|id| (OfferId::new(id), Sight::Missing)));
        sights.extend(batch.foreign.into_iter().map(|id| (OfferId::new(id), Sight::Foreign)));
        match offers.iter().find(|offer| !sights.contains_key(*offer)) {
            Some(silent) => Err(Nonsense::new(format!("batch: nothing is said of goods {silent}")).into()),
            None => Ok(sights),
        }
    }
}

fn seen(asked: OfferId, detail: Detail) -> Result<Look, Error> {
    let offer = translate::goods::offer(detail)?;
    if offer.summary.id != asked {
        return Err(Nonsense::new(format!("asked for goods {asked}, got {}", offer.summary.id)).into());
    }
    let figures = offer.on_sale.then(|| Figures::from(&offer));
    Ok(Look { standing: if offer.on_sale { Standing::OnSale } else { Standing::Withdrawn }, figures })
}

/// Where an offer is that the service refuses to give.
fn away(error: &upstream::Error) -> Option<Standing> {
    let code = error.refusal()?.error_code.as_str();
    match code {
        HELD => Some(Standing::Held),
        _ => NONE.contains(&code).then_some(Standing::Withdrawn),
    }
}

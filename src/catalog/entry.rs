//! Entry of goods into cross-border trade at the wholesale service. Nothing is kept of it: what comes or goes is told by
//! the change feed, like everything else.

use crate::catalog::{Catalog, Error};
use crate::model::entry::{Entered, EntryCounts, Refused, Selection, Way};
use crate::model::ids::OfferId;
use crate::model::partner::Mode;
use crate::translate::Nonsense;
use crate::upstream::wholesale::calls::entry as calls;
use crate::upstream::wholesale::wire::entry::{Counts, Done, Which};
use crate::upstream::{self, Context, Upstream};

/// The most offers of one call.
const AT_ONCE: usize = 1_000;
/// The service's words for why it enters no goods.
const REFUSED: [(&str, Refused); 3] =
    [("GOODS_HELD", Refused::Held), ("GOODS_NOT_FOUND", Refused::Missing), ("GOODS_FOREIGN", Refused::Foreign)];

/// Who enters goods at the wholesale service.
#[derive(Clone, Debug)]
pub struct Entries(Upstream);

impl Catalog {
    /// Entry of goods by the same connections.
    pub fn entries(&self) -> Entries {
        Entries(self.lookup.upstream.clone())
    }
}

impl Entries {
    /// Entry of goods by these connections.
    pub fn new(upstream: Upstream) -> Self {
        Self(upstream)
    }

    /// Whether this world has a catalogue.
    pub fn serves(&self, mode: Mode) -> bool {
        self.0.serves(mode)
    }

    /// How many goods are in which state.
    pub async fn counts(&self, mode: Mode) -> Result<EntryCounts, Error> {
        let Counts { entered, waiting, held, restricted } = self.read(mode, &calls::counts()).await?;
        Ok(EntryCounts { entered, waiting, held: held.into_iter().collect(), restricted })
    }

    /// Enters goods or takes them out. Many offers go in several calls: when one of them fails, those before it are done,
    /// and all of it may be said again.
    pub async fn change(&self, mode: Mode, way: Way, which: &Selection) -> Result<Entered, Error> {
        let call = match way {
            Way::In => calls::enter,
            Way::Out => calls::withdraw,
        };
        let mut entered = Entered::default();
        for which in asked(which) {
            let done = match self.0.read::<Done>(mode, &call(&which), Context::here()).await {
                Ok(done) => done,
                Err(error) => return Err(no_supplier(&error, &which).unwrap_or(Error::Upstream(error))),
            };
            entered.changed += done.changed;
            entered.already += done.already;
            for one in done.refused {
                let known = REFUSED.iter().find(|(code, _)| *code == one.error_code);
                let (_, why) = known.ok_or_else(|| Nonsense::new(format!("entry refused: {}", one.error_code)))?;
                entered.refused.push((OfferId::new(one.goods_id), *why));
            }
        }
        Ok(entered)
    }

    async fn read<T: serde::de::DeserializeOwned>(&self, mode: Mode, call: &upstream::Call) -> Result<T, Error> {
        self.0.read(mode, call, Context::here()).await.map_err(Error::Upstream)
    }
}

fn no_supplier(error: &upstream::Error, which: &Which) -> Option<Error> {
    let is_missing = error.refusal().is_some_and(|refusal| refusal.error_code == "SELLER_NOT_FOUND");
    which.seller_id.filter(|_| is_missing).map(|id| Error::SupplierNotFound(crate::model::ids::SupplierId::new(id)))
}

/// The calls that a selection makes.
fn asked(which: &Selection) -> Vec<Which> {
    match which {
        Selection::Everything => vec![Which { all: true, ..Which::default() }],
        Selection::Supplier(id) => vec![Which { all: true, seller_id: Some(id.number()), ..Which::default() }],
        Selection::Offers(ids) => {
            let numbers: Vec<_> = ids.iter().map(|id| id.number()).collect();
            let some = |some: &[i64]| Which { goods_ids: some.to_vec(), ..Which::default() };
            numbers.chunks(AT_ONCE).map(some).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::asked;
    use crate::model::entry::Selection;
    use crate::model::ids::{OfferId, SupplierId};

    #[test]
    fn many_offers_go_in_several_calls_and_all_of_a_supplier_in_one() {
        let many = asked(&Selection::Offers((1..=2_001).map(OfferId::new).collect()));
        assert_eq!(many.iter().map(|one| one.goods_ids.len()).collect::<Vec<_>>(), [1_000, 1_000, 1]);
        assert!(many.iter().all(|one| !one.all && one.seller_id.is_none()));
        assert!(asked(&Selection::Offers(Vec::new())).is_empty());
        let [of_supplier] = &asked(&Selection::Supplier(SupplierId::new(8)))[..] else { panic!("one call") };
        assert!(of_supplier.all && of_supplier.seller_id == Some(8) && of_supplier.goods_ids.is_empty());
    }
}

//! Offers that came into the catalogue, or came back: pages of offers cannot carry their tags, as nobody knew that they
//! would belong on them. So pages that were narrowed to a category or a supplier carry a tag of what is listed there, and
//! an arrival moves it, up to the root of the tree. A page of words alone learns of an arrival when its soft time is over:
//! at eighty arrivals a second every search of the house would fall with every one of them.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use serde::Deserialize;

use crate::cache::{Moved, Subject};
use crate::catalog::{AllCategories, Audience, Catalog, MOST_OFFERS};
use crate::model::language::Language;
use crate::model::partner::Mode;
use crate::upstream::wholesale::calls;
use crate::upstream::wholesale::wire::changes::Change;
use crate::upstream::wholesale::wire::goods::Batch;
use crate::upstream::{self, Context};

/// Who follows the catalogue waits no longer than this for what it says about arrivals.
const WITHIN: Duration = Duration::from_secs(2);
/// No tree of categories is deeper.
const DEEPEST: usize = 16;

/// Where an offer is listed.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    category_id: i64,
    seller_id: Option<i64>,
}

/// Offers that came or came back by these changes.
pub(super) fn of(changes: &[Change]) -> Vec<i64> {
    let came = |change: &&Change| change.kind == "goods" && matches!(change.change.as_str(), "created" | "online");
    let came: BTreeSet<i64> = changes.iter().filter(came).map(|change| change.id).collect();
    came.into_iter().collect()
}

impl Catalog {
    /// What these arrivals move. What cannot be learnt of them in time moves nothing: pages are short-lived besides.
    pub(super) async fn lists_moved(&self, mode: Mode, arrived: &[i64]) -> Vec<Moved> {
        match tokio::time::timeout(WITHIN, self.listed_where(mode, arrived)).await {
            Ok(Ok(moved)) => moved,
            Ok(Err(error)) => {
                tracing::debug!(%error, "nobody says where new offers are listed; pages show them when they are renewed");
                Vec::new()
            }
            Err(_) => Vec::new(),
        }
    }

    async fn listed_where(&self, mode: Mode, arrived: &[i64]) -> Result<Vec<Moved>, upstream::Error> {
        let mut listed = Vec::new();
        for some in arrived.chunks(MOST_OFFERS) {
            let call = calls::batch_get(some, Language::Chinese);
            let batch: Batch = self.lookup.upstream.read(mode, &call, Context::default()).await?;
            listed.extend(batch.items.iter().filter_map(|item| serde_json::from_str::<Listed>(item.get()).ok()));
        }
        // Without the tree, what is listed right there moves.
        let tree = self.ask(&Audience::anyone(mode), &AllCategories).await.map(|answer| answer.found);
        let above = tree.unwrap_or_default().into_iter();
        let above = above.filter_map(|one| Some((one.id.number(), one.parent?.number()))).collect();
        Ok(moved(mode, &listed, &above))
    }
}

fn moved(mode: Mode, listed: &[Listed], above: &HashMap<i64, i64>) -> Vec<Moved> {
    let mut all = BTreeSet::new();
    for one in listed {
        let branch = std::iter::successors(Some(one.category_id), |id| above.get(id).copied()).take(DEEPEST);
        all.extend(branch.map(|id| (Subject::InCategory, id)));
        all.extend(one.seller_id.map(|id| (Subject::OfSupplier, id)));
    }
    all.into_iter().map(|(subject, id)| Moved::of(mode, subject, id)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Listed, moved, of};
    use crate::cache::{Moved, Subject};
    use crate::model::partner::Mode;
    use serde_json::json;
    use std::collections::HashMap;

    #[test]
    fn only_what_comes_or_comes_back_arrives_and_once() {
        let change = |kind: &str, id: i64, what: &str| {
            serde_json::from_value(json!({"seq": 1, "kind": kind, "id": id, "change": what})).unwrap()
        };
        let changes = [
            change("goods", 9, "online"),
            change("goods", 7, "created"),
            change("goods", 8, "price"),
            change("order", 6, "created"),
            change("goods", 5, "offline"),
            change("goods", 9, "online"),
        ];
        assert_eq!(of(&changes), [7, 9]);
    }

    #[test]
    fn an_arrival_moves_its_category_all_above_it_and_its_supplier() {
        let above = HashMap::from([(5, 2), (2, 1), (6, 2)]);
        let listed =
            [(5, Some(40)), (6, None), (5, Some(41))].map(|(category_id, seller_id)| Listed { category_id, seller_id });
        let category = |id| Moved::of(Mode::Live, Subject::InCategory, id);
        let supplier = |id| Moved::of(Mode::Live, Subject::OfSupplier, id);
        let wanted = [category(1), category(2), category(5), category(6), supplier(40), supplier(41)];
        assert_eq!(moved(Mode::Live, &listed, &above), wanted);
        let in_a_ring = HashMap::from([(5, 6), (6, 5)]);
        assert_eq!(moved(Mode::Live, &listed, &in_a_ring).len(), 4, "a tree that makes no sense ends");
    }
}

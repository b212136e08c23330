//! Warehouses, in our words.

use crate::model::warehouse::Site;
use crate::translate::{Nonsense, words};
use crate::upstream::wholesale::wire::trade as wire;

/// All warehouses.
pub fn warehouses(theirs: wire::Warehouses) -> Result<Vec<Site>, Nonsense> {
    let site = |site: wire::Warehouse| {
        let code = site.code.parse().map_err(|_| Nonsense::new(format!("warehouse: code {}", site.code)))?;
        let name = words::text(site.name, site.name_trans);
        Ok(Site { code, name, region_code: site.region_code, address: site.address })
    };
    theirs.items.into_iter().map(site).collect()
}

//! Where goods are sent, as `addressParam` names it: always one of the warehouses where goods are gathered. By the number
//! that `trade.receiveAddress.get` tells, else by the code of its district, else by the names of its place.

use serde::Deserialize;

use crate::model::quote::Warehouse;
use crate::model::warehouse::Site;
use crate::param2::asked::Asked;
use crate::param2::fault::Refusal;
use crate::param2::lenient;
use crate::param2::trade::saved;

/// An address as clients write it; who receives there is the warehouse, whatever they say.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Address {
    #[serde(deserialize_with = "lenient::long")]
    address_id: Option<i64>,
    #[serde(deserialize_with = "lenient::text")]
    district_code: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    city_text: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    area_text: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    address: Option<String>,
}

/// The warehouse of the address; `warehouseCode` counts before it.
pub async fn read(asked: &Asked) -> Result<Warehouse, Refusal> {
    let address: Address = asked.json("addressParam")?;
    let sites = saved::sites(asked).await?;
    let code = asked.text("warehouseCode");
    if let Some(site) = sites.iter().find(|site| Some(site.code.as_str()) == code) {
        return Ok(site.code.clone());
    }
    let found = match address.address_id.filter(|id| *id > 0) {
        Some(id) => sites.iter().find(|site| saved::id(&site.code) == id),
        None => sites.iter().find(|site| is_at(site, &address)),
    };
    match (found, address.address_id) {
        (Some(site), _) => Ok(site.code.clone()),
        (None, Some(_)) => Err(Refusal::own("400", "AddressId invalid:AddressId invalid")),
        (None, None) => Err(Refusal::own(
            "400",
            "no warehouse at this address: goods are gathered at those that alibaba.trade.receiveAddress.get tells",
        )),
    }
}

fn is_at(site: &Site, address: &Address) -> bool {
    if let Some(code) = &address.district_code {
        return site.region_code.as_ref() == Some(code);
    }
    let place = site.address.as_deref().unwrap_or_default();
    let within = |text: &Option<String>| text.as_deref().is_some_and(|text| place.contains(text));
    // A district alone is found in more than one city, and a city has more than one district.
    let told = within(&address.address) || (within(&address.city_text) && address.area_text.is_some());
    told && [&address.city_text, &address.area_text].into_iter().all(|text| text.is_none() || within(text))
}

#[cfg(test)]
mod tests {
    use super::{Address, is_at};
    use crate::model::offer::{Origin, Text};
    use crate::model::warehouse::Site;

    #[test]
    fn a_place_is_found_by_its_code_or_by_all_of_its_names() {
        let site = Site {
            code: "YW01".parse().unwrap(),
            name: Text {
                original: "义乌集运仓".into(), shown: "义乌集运仓".into(), origin: Origin::Original
            },
            region_code: Some("330782".into()),
            address: Some("浙江省金华市义乌市后宅街道集运路18号".into()),
        };
        let at = |text: &str| is_at(&site, &serde_json::from_str::<Address>(text).unwrap());
        assert!(at("{\"districtCode\":330782}") && at("{\"cityText\":\"金华市\",\"areaText\":\"义乌市\"}"));
        assert!(at("{\"address\":\"集运路18号\"}"));
        for wrong in [
            "{}",
            "{\"districtCode\":\"330108\"}",
            "{\"cityText\":\"金华市\"}",
            "{\"cityText\":\"金华市\",\"areaText\":\"滨江区\"}",
            "{\"address\":\"集运路18号\",\"cityText\":\"杭州市\"}",
        ] {
            assert!(!at(wrong), "{wrong}");
        }
    }
}

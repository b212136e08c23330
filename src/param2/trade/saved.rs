//! The addresses that goods can be sent to: the warehouses where they are gathered, each with a number of its own.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::catalog::{AllWarehouses, Catalog};
use crate::model::quote::Warehouse;
use crate::model::warehouse::Site;
use crate::param2::asked::{Asked, Told};
use crate::param2::fault::Refusal;

/// Numbers of addresses have nine digits.
const LOWEST: u64 = 100_000_000;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Addresses {
    receive_address_items: Vec<Saved>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Saved {
    id: i64,
    full_name: String,
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    address_code: Option<String>,
    address_code_text: String,
    is_default: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Parsed {
    result: ParsedAddress,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ParsedAddress {
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    address_code: Option<String>,
    address_code_text: String,
    address_id: i64,
    is_default: bool,
    full_name: String,
    latest: bool,
}

/// The number of a warehouse's address.
pub fn id(code: &Warehouse) -> i64 {
    let hash = Sha256::digest(code.as_str());
    let head = hash.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    i64::try_from(LOWEST + head % (9 * LOWEST)).unwrap_or(i64::MAX)
}

/// All warehouses.
pub async fn sites(asked: &Asked) -> Result<Vec<Site>, Refusal> {
    let audience = asked.audience("language", Some("zh"))?;
    Ok(asked.room::<Catalog>()?.ask(&audience, &AllWarehouses).await?.found.as_slice().to_vec())
}

/// The warehouse of this code, as far as the catalogue can be asked now.
pub async fn site(asked: &Asked, code: &Warehouse) -> Option<Site> {
    sites(asked).await.ok()?.into_iter().find(|site| site.code == *code)
}

/// Province, city, district and the rest of a Chinese address; what is not told is empty.
pub fn split(address: &str) -> [&str; 4] {
    let (province, rest) = cut(address, &["自治区", "特别行政区", "省", "市"]);
    let (city, rest) = cut(rest, &["自治州", "地区", "市", "盟"]);
    let (district, rest) = cut(rest, &["区", "县", "市", "旗"]);
    [province, city, district, rest]
}

/// Cuts behind the first of these words that is near enough to end a name.
fn cut<'a>(text: &'a str, words: &[&str]) -> (&'a str, &'a str) {
    let text = text.trim_start();
    let ends = words.iter().filter_map(|word| Some(text.find(word)? + word.len()));
    let near = ends.filter(|end| text.get(..*end).is_some_and(|name| name.chars().count() <= 10)).min();
    near.and_then(|end| text.split_at_checked(end)).unwrap_or(("", text))
}

/// `浙江省 金华市 义乌市`
pub fn place(address: &str) -> String {
    let [province, city, district, _] = split(address);
    [province, city, district].iter().filter(|name| !name.is_empty()).copied().collect::<Vec<_>>().join(" ")
}

/// Answers `alibaba.trade.receiveAddress.get`.
pub async fn list(asked: Asked) -> Told {
    let saved = |(at, site): (usize, &Site)| {
        let whole = site.address.as_deref().unwrap_or_default();
        Saved {
            id: id(&site.code),
            full_name: site.name.original.clone(),
            address: split(whole)[3].to_owned(),
            address_code: site.region_code.clone(),
            address_code_text: place(whole),
            is_default: at == 0,
        }
    };
    let sites = sites(&asked).await?;
    asked.answer(&Addresses { receive_address_items: sites.iter().enumerate().map(saved).collect() })
}

/// Answers `alibaba.trade.addresscode.parse`: of the places that goods can be sent to.
pub async fn parse(asked: Asked) -> Told {
    let told: String = asked.need("addressInfo")?.split_whitespace().collect();
    let sites = sites(&asked).await?;
    let is_there = |site: &&Site| {
        let [province, city, district, _] = split(site.address.as_deref().unwrap_or_default());
        !district.is_empty() && told.starts_with(&[province, city, district].concat())
    };
    let site = sites.iter().find(is_there).ok_or_else(|| {
        Refusal::own("400", "no warehouse at this place; alibaba.trade.receiveAddress.get tells where there is one")
    })?;
    asked.answer(&Parsed {
        result: ParsedAddress {
            address: split(&told)[3].to_owned(),
            address_code: site.region_code.clone(),
            address_code_text: place(&told),
            address_id: id(&site.code),
            is_default: false,
            full_name: site.name.original.clone(),
            latest: false,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::{id, place, split};

    #[test]
    fn an_address_falls_into_its_places() {
        let yiwu = "浙江省金华市义乌市后宅街道集运路18号";
        assert_eq!(split(yiwu), ["浙江省", "金华市", "义乌市", "后宅街道集运路18号"]);
        assert_eq!(place(yiwu), "浙江省 金华市 义乌市");
        assert_eq!(split("18号"), ["", "", "", "18号"]);
        assert_eq!(split(""), ["", "", "", ""]);
    }

    #[test]
    fn warehouses_have_numbers_of_their_own() {
        let number = |code: &str| id(&code.parse().unwrap());
        assert!((100_000_000..1_000_000_000).contains(&number("YW01")));
        assert_ne!(number("YW01"), number("GZ01"));
    }
}

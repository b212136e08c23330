//! Freight estimates over HTTP: reads the lines out of the query, asks the book, wraps.

use actix_web::{get, web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::asked;
use super::envelope::{Answer, Code, Envelope, Refusal, Sent};
use super::market::Market;
use super::trade::wire::{FreightEstimate, WantedLine};
use super::trade::{check_shape, estimate, find_warehouse, province, zone};

/// What is to be sent where.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct FreightAsked {
    /// SKUs and how many of each, 1 to 50: `skuId:quantity,skuId:quantity`.
    #[param(required = true, value_type = String, example = "6109475723601:10")]
    lines: Option<String>,
    /// To this warehouse …
    #[param(example = "YW01")]
    warehouse_code: Option<String>,
    /// … or to this place, GB/T 2260, six digits. One of the two.
    #[param(example = "330782")]
    region_code: Option<String>,
    /// ISO 3166 alpha-2: names lines that may not be sold there.
    dest_country: Option<String>,
}

impl FreightAsked {
    fn lines(&self) -> Result<Vec<WantedLine>, Refusal> {
        let wrong = || Refusal::param("lines");
        let text = self.lines.as_deref().filter(|text| !text.is_empty()).ok_or_else(wrong)?;
        let line = |(place, pair): (usize, &str)| {
            let (sku, quantity) = pair.split_once(':').ok_or_else(wrong)?;
            let quantity = quantity.parse().map_err(|_| Refusal::param(&format!("lines[{place}].quantity")))?;
            let sku_id = sku.parse().map_err(|_| Refusal::param(&format!("lines[{place}].skuId")))?;
            Ok(WantedLine { sku_id, quantity })
        };
        let lines = text.split(',').enumerate().map(line).collect::<Result<Vec<_>, Refusal>>()?;
        check_shape(&lines)?;
        Ok(lines)
    }

    fn region(&self) -> Result<&str, Refusal> {
        let given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        match (given(&self.warehouse_code), given(&self.region_code)) {
            (true, false) => {
                let found = find_warehouse(self.warehouse_code.as_deref().unwrap_or_default());
                found.map(|warehouse| warehouse.region_code).ok_or_else(|| Refusal::param("warehouseCode"))
            }
            (false, true) => {
                let code = self.region_code.as_deref().unwrap_or_default();
                province(code).map(|_| code).ok_or_else(|| Refusal::param("regionCode"))
            }
            _ => Err(Refusal::param("regionCode")),
        }
    }
}

/// What sellers would charge for the road to a place, reckoned as an order is. Nothing is reserved.
#[utoipa::path(tag = "trade", params(FreightAsked), responses((status = 200, description = "Freight seller by seller with the template, and problems as of a preview; PARAM_INVALID, TOO_MANY_LINES, REGION_NOT_SERVED.", body = Envelope<FreightEstimate>)))]
#[get("/trade/freight")]
pub async fn estimate_freight(market: web::Data<Market>, asked: web::Query<FreightAsked>) -> Answer<FreightEstimate> {
    let lines = asked.lines()?;
    let region = asked.region()?;
    let country = asked::some_country("destCountry", asked.dest_country.as_deref())?;
    let zone = zone(region).ok_or(Code::RegionNotServed)?;
    let (groups, flaws) = market.book(|book| estimate(&market.shop, &book.shelf, &lines, country.as_deref(), zone));
    let problems = flaws.iter().map(|flaw| flaw.wire()).collect();
    Ok(Sent(FreightEstimate { region_code: region.to_owned(), groups, problems }))
}

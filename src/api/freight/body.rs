//! A wish for a freight estimate as it is written, and what is wrong with it.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::asked::Asked;
use crate::catalog::FreightLine;
use crate::error::Place;
use crate::landed::{self, InForce};
use crate::model::ids::{OfferId, SkuId};
use crate::model::quote::{Country, MOST_LINES, Quantity, Warehouse};
use crate::model::region::RegionCode;

/// The longest address that is looked at, in characters.
const LONGEST_ADDRESS: usize = 200;

/// What is sent where.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewFreightEstimate)]
pub struct FreightBody {
    /// 1 to 50 lines, of any number of suppliers.
    #[schema(min_items = 1, max_items = 50)]
    pub lines: Vec<FreightLineBody>,
    /// Where to: code of a warehouse of `GET /v1/warehouses`. At most one of `warehouse`, `region_code` and `address` is
    /// given; without any it is the gateway's usual warehouse.
    #[schema(example = "YW01")]
    pub warehouse: Option<String>,
    /// Where to: six digits of GB/T 2260, of a province, a city or a district.
    pub region_code: Option<String>,
    /// Where to: an address, of which the place is read, in Chinese, pinyin or English (`浙江省金华市义乌市`, `Yiwu,
    /// Zhejiang`); at most 200 characters.
    pub address: Option<String>,
    /// For an estimate up to another country's border.
    pub destination: Option<DestinationBody>,
}

/// One line.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewFreightLine)]
pub struct FreightLineBody {
    /// The variant. `sku_id`, `offer_id` or both are given.
    #[schema(example = "610947572360001")]
    pub sku_id: Option<String>,
    /// The offer; without `sku_id`, its first variant that is in stock is taken.
    pub offer_id: Option<String>,
    /// How many pieces.
    #[schema(minimum = 1, maximum = 1_000_000, example = 10)]
    pub quantity: i64,
    /// Code of the Harmonized System, 2 to 10 digits, for the duty of the destination; its chapter is what counts.
    #[schema(example = "6911.10")]
    pub hs_code: Option<String>,
}

/// The country it goes to in the end.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FreightDestination)]
pub struct DestinationBody {
    /// ISO 3166-1 code.
    #[schema(example = "JP")]
    pub country: String,
    /// One of the lines there; all of them when left out.
    #[schema(example = "jp-air")]
    pub line: Option<String>,
}

/// What was asked for, each part readable.
#[derive(Debug)]
pub struct Wished {
    /// The lines.
    pub lines: Vec<FreightLine>,
    /// Chapters of the Harmonized System, line by line.
    pub chapters: Vec<Option<u8>>,
    /// Where to.
    pub to: WishedPlace,
    /// Where it goes in the end, and by which line.
    pub destination: Option<(Country, Option<String>)>,
}

/// Where to, as it was said.
#[derive(Debug)]
pub enum WishedPlace {
    /// Not at all.
    Usual,
    /// A warehouse.
    Warehouse(Warehouse),
    /// A place.
    Region(landed::Region),
    /// An address, in which this place was found; and what of it was not looked at.
    Address(landed::Region, String),
    /// An address that may mean several places.
    Several(Vec<landed::Region>),
}

impl FreightBody {
    /// Reads all of it; what is wrong is noted.
    pub fn read(&self, asked: &mut Asked, landed: &InForce, trial_allowed: bool) -> Option<Wished> {
        let lines = self.lines(asked);
        let chapters = self.chapters(asked);
        let to = self.place(asked);
        let destination = self.destination(asked, landed, trial_allowed);
        Some(Wished { lines: lines?, chapters, to: to?, destination: destination? })
    }

    fn lines(&self, asked: &mut Asked) -> Option<Vec<FreightLine>> {
        if self.lines.is_empty() || self.lines.len() > MOST_LINES {
            let detail = format!("1 to {MOST_LINES} lines");
            asked.wrong(Place::body("/lines", detail));
        }
        let read = self.lines.iter().enumerate().map(|(at, line)| {
            let sku =
                line.sku_id.as_deref().map(|text| asked.body::<SkuId>(&format!("/lines/{at}/sku_id"), Some(text)));
            let offer = line.offer_id.as_deref();
            let offer = offer.map(|text| asked.body::<OfferId>(&format!("/lines/{at}/offer_id"), Some(text)));
            if sku.is_none() && offer.is_none() {
                asked.wrong(Place::body(&format!("/lines/{at}"), "give sku_id, offer_id, or both"));
            }
            let quantity = Quantity::new(line.quantity);
            if quantity.is_none() {
                asked.wrong(Place::body(&format!("/lines/{at}/quantity"), "a whole number from 1 to 1000000"));
            }
            Some(FreightLine { offer: offer.flatten(), sku: sku.flatten(), quantity: quantity? })
        });
        read.collect::<Vec<_>>().into_iter().collect()
    }

    fn chapters(&self, asked: &mut Asked) -> Vec<Option<u8>> {
        let chapter = |(at, line): (usize, &FreightLineBody)| {
            let code = line.hs_code.as_deref()?;
            let chapter = landed::chapter_of(code);
            if chapter.is_none() {
                let detail =
                    "2 to 10 digits, points allowed, that begin with a chapter from 01 to 97 but 77, such as 6911.10";
                asked.wrong(Place::body(&format!("/lines/{at}/hs_code"), detail));
            }
            chapter
        };
        self.lines.iter().enumerate().map(chapter).collect()
    }

    fn place(&self, asked: &mut Asked) -> Option<WishedPlace> {
        match (&self.warehouse, &self.region_code, &self.address) {
            (None, None, None) => Some(WishedPlace::Usual),
            (Some(code), None, None) => asked.body("/warehouse", Some(code)).map(WishedPlace::Warehouse),
            (None, Some(code), None) => {
                let code = asked.body::<RegionCode>("/region_code", Some(code))?;
                let region = landed::Region::of(code);
                if region.is_none() {
                    let detail =
                        format!("{code} lies in no city there is; give the code of a city or province you know");
                    asked.wrong(Place::body("/region_code", detail));
                }
                region.map(WishedPlace::Region)
            }
            (None, None, Some(address)) => address_of(asked, address),
            (_, region, address) => {
                let last = match (region, address) {
                    (_, Some(_)) => "/address",
                    _ => "/region_code",
                };
                asked.wrong(Place::body(last, "only one of warehouse, region_code and address says where to"));
                None
            }
        }
    }

    fn destination(
        &self,
        asked: &mut Asked,
        landed: &InForce,
        trial_allowed: bool,
    ) -> Option<Option<(Country, Option<String>)>> {
        let Some(wish) = &self.destination else { return Some(None) };
        let country = asked.body::<Country>("/destination/country", Some(&wish.country))?;
        let (lines, pointer) = (landed.lines(&country), "/destination/country");
        if landed.is_trial() && !trial_allowed {
            let detail =
                "leave it out: this gateway has only trial figures beyond the warehouse, which are for sandbox keys";
            asked.wrong(Place::body("/destination", detail));
        } else if lines.is_empty() {
            let detail = match landed.countries().as_slice() {
                [] => "leave destination out: this gateway estimates nothing beyond the warehouse".to_owned(),
                countries => format!("no line goes there; one of {}", countries.join(", ")),
            };
            asked.wrong(Place::body(pointer, detail));
        } else if wish.line.as_deref().is_some_and(|line| !lines.contains(&line)) {
            asked.wrong(Place::body("/destination/line", format!("one of {}", lines.join(", "))));
        }
        Some(Some((country, wish.line.clone())))
    }
}

fn address_of(asked: &mut Asked, address: &str) -> Option<WishedPlace> {
    if address.chars().count() > LONGEST_ADDRESS {
        asked.wrong(Place::body("/address", format!("at most {LONGEST_ADDRESS} characters")));
        return None;
    }
    match landed::parse_address(address) {
        landed::Found::One(region, rest) => Some(WishedPlace::Address(region, rest)),
        landed::Found::Several(regions) => Some(WishedPlace::Several(regions)),
        landed::Found::Nowhere => {
            let detail = "no province or city is named in it; write them such as 浙江省金华市义乌市 or Yiwu, Zhejiang, or give region_code";
            asked.wrong(Place::body("/address", detail));
            None
        }
    }
}

//! `alibaba.logistics.myFreightTemplate.list.get`: what a seller takes for the road to each place where goods are
//! gathered, reckoned by the same room as estimates. A buyer has no templates of its own.

use serde::Serialize;

use crate::catalog::{Catalog, FreightLine, FreightWish};
use crate::model::freight::{CountedBy, Load, SentTo};
use crate::model::ids::{OfferId, SupplierId};
use crate::model::quote::Quantity;
use crate::param2::asked::{Asked, Told};
use crate::param2::discovery::goods;
use crate::param2::fault::Refusal;
use crate::param2::logistics::freight;
use crate::param2::trade::{place, sites};

/// Whoever buys pays for the road; a seller who takes nothing for it pays it.
const BUYER_PAYS: u8 = 1;
const SELLER_PAYS: u8 = 0;
const IN_USE: u8 = 1;
/// A template that a seller made, not the platform.
const OWN_TYPE: &str = "2";

#[derive(Debug, Serialize)]
struct Listed {
    result: Vec<Template>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Template {
    #[serde(skip_serializing_if = "Option::is_none")]
    address_code_text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_area_code: Option<String>,
    id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    member_id: Option<String>,
    name: String,
    remark: &'static str,
    status: u8,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    express_sub_template: Option<SubTemplate>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SubTemplate {
    #[serde(rename = "subTemplateDTO")]
    sub_template: Terms,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rate_list: Vec<Rate>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Terms {
    charge_type: u8,
    is_sys_template: bool,
    service_charge_type: u8,
    service_type: u8,
    r#type: u8,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Rate {
    is_sys_rate: bool,
    to_area_code_text: String,
    #[serde(rename = "rateDTO")]
    rate: Steps,
}

/// Grams or pieces, and fen.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Steps {
    first_unit: u32,
    first_unit_fee: i64,
    next_unit: u32,
    next_unit_fee: i64,
    least_expenses: i64,
}

/// Answers.
pub async fn list(asked: Asked) -> Told {
    let result = match asked.long("templateId")? {
        None => Vec::new(),
        Some(freight::FREE) => vec![Template::free()],
        Some(number) => vec![of_seller(&asked, SupplierId::new(number)).await?],
    };
    asked.answer(&Listed { result })
}

/// The template of a seller, seen at the first thing it sells.
async fn of_seller(asked: &Asked, supplier: SupplierId) -> Result<Template, Refusal> {
    let (catalog, audience) = (asked.room::<Catalog>()?, asked.audience("language", Some("zh"))?);
    let unknown = || Refusal::own("404", "no template has this number");
    let first = goods::first_of(asked, &audience, supplier).await?.ok_or_else(unknown)?;
    let offer = (first.id, first.minimum_order);
    let mut roads = Vec::new();
    for site in sites(asked).await? {
        let Some(region) = site.region_code.as_deref().and_then(|code| code.parse().ok()) else { continue };
        let wish = FreightWish { lines: line(offer), to: SentTo::Warehouse(site.code), region, ship_to: None };
        if let Some(load) = catalog.freight(&audience, &wish).await?.found.loads.pop() {
            roads.push((place(site.address.as_deref().unwrap_or_default()), load));
        }
    }
    let (rates, whole) = (asked.flag("queryRate"), asked.flag("querySubTemplate") || asked.flag("queryRate"));
    Template::of(&roads, whole, rates).ok_or_else(unknown)
}

fn line((offer, minimum): (OfferId, u32)) -> Vec<FreightLine> {
    let quantity = Quantity::new(i64::from(minimum.max(1)));
    quantity.map(|quantity| FreightLine { offer: Some(offer), sku: None, quantity }).into_iter().collect()
}

impl Template {
    fn free() -> Self {
        Self {
            address_code_text: None,
            from_area_code: None,
            id: freight::FREE,
            member_id: None,
            name: "卖家承担运费".to_owned(),
            remark: "",
            status: IN_USE,
            r#type: OWN_TYPE,
            express_sub_template: None,
        }
    }

    fn of(roads: &[(String, Load)], whole: bool, rates: bool) -> Option<Self> {
        let (_, load) = roads.first()?;
        let from = load.from.and_then(crate::landed::Region::of);
        Some(Self {
            address_code_text: from.as_ref().map(|from| place(&from.name)),
            from_area_code: load.from.map(|code| code.to_string()),
            id: load.supplier.number(),
            member_id: Some(format!("b2b-{}", load.supplier)),
            name: freight::name_of(&load.supplier_name),
            remark: "",
            status: IN_USE,
            r#type: OWN_TYPE,
            express_sub_template: whole.then(|| SubTemplate {
                sub_template: Terms::of(load),
                rate_list: roads.iter().filter(|_| rates).map(Rate::of).collect(),
            }),
        })
    }
}

impl Terms {
    fn of(load: &Load) -> Self {
        Self {
            charge_type: freight::charge(load.terms.by),
            is_sys_template: false,
            service_charge_type: if load.terms.by == CountedBy::Free { SELLER_PAYS } else { BUYER_PAYS },
            service_type: freight::EXPRESS,
            r#type: 0,
        }
    }
}

impl Rate {
    fn of((to, load): &(String, Load)) -> Self {
        let terms = &load.terms;
        Self {
            is_sys_rate: false,
            to_area_code_text: to.clone(),
            rate: Steps {
                first_unit: terms.first,
                first_unit_fee: terms.first_price.minor,
                next_unit: terms.step,
                next_unit_fee: terms.step_price.minor,
                least_expenses: 0,
            },
        }
    }
}

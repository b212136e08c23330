//! An order's parcels, their way, and the carriers' numbers of them.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::fulfilment::Fulfilment;
use crate::model::order::{Order, Reference};
use crate::model::region::RegionCode;
use crate::model::shipment::{Shipment, Trace, Transit};
use crate::model::warehouse::Site;
use crate::orders::Orders;
use crate::param2::asked::{Asked, Told};
use crate::param2::dates;
use crate::param2::fault::Refusal;
use crate::param2::logistics::carriers;
use crate::param2::trade::{entry, named, site, split, view};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Parcel {
    logistics_id: String,
    logistics_bill_no: String,
    order_entry_ids: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    logistics_company_id: Option<String>,
    logistics_company_name: String,
    logistics_company_no: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    gmt_system_send: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    send_goods: Vec<Goods>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receiver: Option<Receiver>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender: Option<Sender>,
    logistics_order_goods: Vec<OrderGoods>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Goods {
    quantity: i64,
    good_name: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct OrderGoods {
    logistics_id: String,
    trade_order_id: i64,
    trade_order_item_id: i64,
    description: String,
    quantity: i64,
    product_name: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Receiver {
    receiver_name: String,
    encrypt: &'static str,
    receiver_province: String,
    receiver_city: String,
    receiver_county: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    receiver_province_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receiver_city_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receiver_county_code: Option<String>,
    receiver_address: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Sender {
    sender_name: String,
    encrypt: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Traces {
    logistics_trace: Vec<ParcelTrace>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ParcelTrace {
    logistics_id: String,
    order_id: i64,
    logistics_bill_no: String,
    logistics_steps: Vec<Step>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    accept_time: String,
    remark: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Owner {
    out_order_id: String,
    order_id: String,
}

const fn status(transit: Transit) -> &'static str {
    match transit {
        Transit::Collected => "ACCEPT",
        Transit::InTransit => "TRANSPORT",
        Transit::Delivered => "SIGN",
    }
}

/// The parts of an answer that `fields` names; all when it names none.
fn wants(asked: &Asked, part: &str) -> bool {
    asked.text("fields").is_none_or(|fields| fields.split(',').any(|field| field.trim() == part))
}

async fn parcels(asked: &Asked, order: &Order) -> Result<Vec<Shipment>, Refusal> {
    Ok(asked.room::<Fulfilment>()?.shipments(&asked.caller, &order.deed.id).await?)
}

/// Answers `alibaba.trade.getLogisticsInfos.buyerView`.
pub async fn infos(asked: Asked) -> Told {
    let order = named::order(&asked, "orderId").await?;
    let parcels = parcels(&asked, &order).await?;
    if parcels.is_empty() {
        return Err(Refusal::own("500_2", "The order has not been shipped yet; there is nothing to tell of its way."));
    }
    let site = if wants(&asked, "receiver") { site(&asked, &order.deed.basket.warehouse).await } else { None };
    let told: Vec<_> = parcels.iter().map(|parcel| Parcel::of(&asked, &order, parcel, site.as_ref())).collect();
    asked.answer(&told)
}

impl Parcel {
    fn of(asked: &Asked, order: &Order, parcel: &Shipment, site: Option<&Site>) -> Self {
        let lines = entry::all(order);
        let (mut send_goods, mut logistics_order_goods) = (Vec::new(), Vec::new());
        for packed in &parcel.packed {
            let Some((number, line)) = lines.iter().find(|(_, line)| line.sku == packed.sku) else { continue };
            if wants(asked, "sendgood") {
                send_goods.push(Goods { quantity: packed.quantity, good_name: line.title.clone() });
            }
            logistics_order_goods.push(OrderGoods {
                logistics_id: view::logistics_id(parcel),
                trade_order_id: order.catalogue_order.map_or(0, |number| number.number()),
                trade_order_item_id: *number,
                description: line.specification.clone(),
                quantity: packed.quantity,
                product_name: line.title.clone(),
            });
        }
        Self {
            logistics_id: view::logistics_id(parcel),
            logistics_bill_no: parcel.tracking_number.clone(),
            order_entry_ids: view::packed(order, parcel),
            status: status(parcel.transit),
            logistics_company_id: carriers::id(&parcel.carrier_code).map(|id| id.to_string()),
            logistics_company_name: parcel.carrier.clone(),
            logistics_company_no: parcel.carrier_code.clone(),
            gmt_system_send: parcel.shipped_at.map(dates::wire),
            send_goods,
            receiver: site.map(Receiver::of),
            sender: wants(asked, "sender")
                .then(|| Sender { sender_name: order.deed.basket.supplier_name.clone(), encrypt: "CN" }),
            logistics_order_goods,
        }
    }
}

impl Receiver {
    fn of(site: &Site) -> Self {
        let code: Option<RegionCode> = site.region_code.as_deref().and_then(|code| code.parse().ok());
        let [province, city, county, street] = split(site.address.as_deref().unwrap_or_default()).map(str::to_owned);
        Self {
            receiver_name: site.name.original.clone(),
            encrypt: "CN",
            receiver_province: province,
            receiver_city: city,
            receiver_county: county,
            receiver_province_code: code.map(|code| code.province().to_string()),
            receiver_city_code: code.map(|code| code.city().to_string()),
            receiver_county_code: site.region_code.clone(),
            receiver_address: street,
        }
    }
}

/// Answers `alibaba.trade.getLogisticsTraceInfo.buyerView`.
pub async fn traces(asked: Asked) -> Told {
    let order = named::order(&asked, "orderId").await?;
    let order_id = order.catalogue_order.map_or(0, |number| number.number());
    let wanted = asked.text("logisticsId").map(|text| text.trim().to_owned());
    let parcels = parcels(&asked, &order).await?;
    let step = |trace: &Trace| Step {
        accept_time: dates::plain(trace.at),
        remark: format!("{} {}", trace.place, trace.description).trim().to_owned(),
    };
    let told = parcels.iter().filter(|parcel| wanted.as_ref().is_none_or(|id| *id == view::logistics_id(parcel)));
    let logistics_trace: Vec<_> = told
        .map(|parcel| ParcelTrace {
            logistics_id: view::logistics_id(parcel),
            order_id,
            logistics_bill_no: parcel.tracking_number.clone(),
            logistics_steps: parcel.traces.iter().map(step).collect(),
        })
        .collect();
    if logistics_trace.is_empty() {
        return Err(Refusal::own("404", "该订单没有物流跟踪信息。"));
    }
    asked.answer(&Traces { logistics_trace })
}

/// Answers `logistics.order.getOutOrderId`: whose a parcel is, by what is written on it.
pub async fn owner(asked: Asked) -> Told {
    let number = asked.text("shipmentId").or_else(|| asked.text("noMainPartCode"));
    let number = number.ok_or_else(|| Refusal::missing("shipmentId"))?.trim();
    let id = asked.room::<Fulfilment>()?.order_of_waybill(&asked.caller, number).await?;
    let order = asked.room::<Orders>()?.get(&asked.caller, &id).await?;
    let order = named::own(&asked, order, Refusal::from).await?;
    asked.answer(&Owner {
        out_order_id: order.deed.reference.to_string(),
        order_id: order.catalogue_order.map_or_else(String::new, |number| number.to_string()),
    })
}

/// Answers `bigcustomer.mailNo.query`: the carriers' numbers by the number of the order.
pub async fn mail_numbers(asked: Asked) -> Told {
    let reference: Reference =
        asked.need("outOrderId")?.parse().map_err(|error| Refusal::invalid("outOrderId", error))?;
    let order = named::referred(&asked, &reference).await?;
    let numbers = parcels(&asked, &order).await?.into_iter().map(|parcel| parcel.tracking_number).collect();
    let model: BTreeMap<String, Vec<String>> =
        order.catalogue_order.map(|number| (number.to_string(), numbers)).into_iter().collect();
    asked.traced(Some(model))
}

//! `refund.address.get`: where goods of an order go back to. The supplier tells it when it agrees to take them back.

use serde::Serialize;

use crate::param2::asked::{Asked, Told};
use crate::param2::fault::Refusal;
use crate::param2::trade::{detail, named, split};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Address {
    province_text: String,
    city_text: String,
    district_text: String,
    street_address: String,
    receiver_name: String,
    offer_id: i64,
}

/// Answers.
pub async fn list(asked: Asked) -> Told {
    let order = named::order(&asked, "mainOrderId").await?;
    let mut told: Vec<Address> = Vec::new();
    for refund in detail::refunds(&asked, &order).await? {
        let Some(address) = &refund.known.return_address else { continue };
        let lines = refund.deed.lines.iter();
        let bought = lines.filter_map(|line| order.deed.basket.lines.iter().find(|one| one.sku == line.sku));
        for line in bought {
            let known = told.iter().any(|known| known.offer_id == line.offer.number());
            let [province, city, district, street] = split(address).map(str::to_owned);
            if !known {
                told.push(Address {
                    province_text: province,
                    city_text: city,
                    district_text: district,
                    street_address: street,
                    receiver_name: order.deed.basket.supplier_name.clone(),
                    offer_id: line.offer.number(),
                });
            }
        }
    }
    if told.is_empty() {
        return Err(Refusal::own("101", "no supplier of this order has agreed to take goods back yet"));
    }
    asked.answer(&told)
}

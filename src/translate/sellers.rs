//! Sellers as suppliers.

use crate::model::ids::SupplierId;
use crate::model::supplier::Supplier;
use crate::translate::{Nonsense, words};
use crate::upstream::wholesale::wire::goods as wire;

/// The service's seller as our supplier.
pub fn supplier(wire: wire::Seller) -> Result<Supplier, Nonsense> {
    let id = wire.seller_id;
    read(wire).map_err(|nonsense| nonsense.inside(format_args!("seller {id}")))
}

fn read(wire: wire::Seller) -> Result<Supplier, Nonsense> {
    Ok(Supplier {
        id: SupplierId::new(wire.seller_id),
        name: words::text(wire.name, wire.name_trans),
        belt: words::text_if_any(wire.belt_name, wire.belt_name_trans),
        province: words::text_if_any(wire.province, wire.province_trans),
        city: words::text_if_any(wire.city, wire.city_trans),
        region_code: wire.region_code,
        badges: words::badges(&wire.badges),
        years: wire.years,
        rating: wire.score.as_deref().map(words::rating).transpose()?,
        on_time_rate: wire.on_time_rate.as_deref().map(words::percent).transpose()?,
        staff: wire.staff,
        area_m2: wire.area_sqm,
        offers: wire.goods_count,
    })
}

#[cfg(test)]
mod tests {
    use super::supplier;
    use crate::upstream::wholesale::wire::goods::Seller;

    const SAMPLE: &str = r#"{"sellerId":77,"name":"义乌花盆厂","nameTrans":"Yiwu Pots","beltName":"义乌小商品",
        "beltNameTrans":"Yiwu small goods","province":"浙江省","provinceTrans":"Zhejiang","city":"金华市",
        "cityTrans":"Jinhua","regionCode":"330700","badges":["super_factory","origin_factory"],"years":8,"score":"4.7",
        "onTimeRate":"97%","staff":120,"areaSqm":5000,"goodsCount":31,"contactName":"王小明","contactPhone":"13900013900"}"#;

    #[test]
    fn a_seller_becomes_a_supplier_without_its_contacts() {
        let seller: Seller = serde_json::from_str(SAMPLE).unwrap();
        let supplier = supplier(seller).unwrap();
        assert_eq!(supplier.on_time_rate.unwrap().to_string(), "0.97");
        assert_eq!(supplier.province.as_ref().unwrap().shown, "Zhejiang");
        let told = format!("{supplier:?}");
        assert!(!told.contains("王小明") && !told.contains("13900013900"), "{told}");
    }
}

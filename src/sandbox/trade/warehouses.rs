//! The consolidation warehouses: a table.

use super::freight::zone;
use super::wire::{WarehouseWire, Zone};
use crate::sandbox::envelope::Refusal;
use crate::sandbox::goods::Lang;

/// A warehouse where orders are collected, inspected and handed over.
pub struct Warehouse {
    /// Names it in orders.
    pub code: &'static str,
    /// GB/T 2260, six digits.
    pub region_code: &'static str,
    /// Chinese name of its city.
    pub city: &'static str,
    address: &'static str,
    /// In the order of `Lang::ALL`.
    names: [&'static str; 12],
}

/// All warehouses.
pub const WAREHOUSES: [Warehouse; 4] = [
    Warehouse {
        code: "YW01",
        region_code: "330782",
        city: "义乌市",
        address: "浙江省金华市义乌市后宅街道集运路18号",
        names: [
            "义乌集运仓",
            "Yiwu consolidation warehouse",
            "義烏集荷倉庫",
            "이우 집하 창고",
            "Консолидационный склад Иу",
            "Almacén de consolidación de Yiwu",
            "Entrepôt de groupage de Yiwu",
            "Armazém de consolidação de Yiwu",
            "Kho gom hàng Nghĩa Ô",
            "คลังรวมสินค้าอี้อู",
            "مستودع تجميع ييوو",
            "Gudang konsolidasi Yiwu",
        ],
    },
    Warehouse {
        code: "GZ01",
        region_code: "440111",
        city: "广州市",
        address: "广东省广州市白云区石井街道物流大道6号",
        names: [
            "广州集运仓",
            "Guangzhou consolidation warehouse",
            "広州集荷倉庫",
            "광저우 집하 창고",
            "Консолидационный склад Гуанчжоу",
            "Almacén de consolidación de Cantón",
            "Entrepôt de groupage de Canton",
            "Armazém de consolidação de Cantão",
            "Kho gom hàng Quảng Châu",
            "คลังรวมสินค้ากวางโจว",
            "مستودع تجميع قوانغتشو",
            "Gudang konsolidasi Guangzhou",
        ],
    },
    Warehouse {
        code: "SZ01",
        region_code: "440306",
        city: "深圳市",
        address: "广东省深圳市宝安区福永街道空港路9号",
        names: [
            "深圳集运仓",
            "Shenzhen consolidation warehouse",
            "深圳集荷倉庫",
            "선전 집하 창고",
            "Консолидационный склад Шэньчжэнь",
            "Almacén de consolidación de Shenzhen",
            "Entrepôt de groupage de Shenzhen",
            "Armazém de consolidação de Shenzhen",
            "Kho gom hàng Thâm Quyến",
            "คลังรวมสินค้าเซินเจิ้น",
            "مستودع تجميع شنتشن",
            "Gudang konsolidasi Shenzhen",
        ],
    },
    Warehouse {
        code: "DG01",
        region_code: "441900",
        city: "东莞市",
        address: "广东省东莞市虎门镇港口大道21号",
        names: [
            "东莞集运仓",
            "Dongguan consolidation warehouse",
            "東莞集荷倉庫",
            "둥관 집하 창고",
            "Консолидационный склад Дунгуань",
            "Almacén de consolidación de Dongguan",
            "Entrepôt de groupage de Dongguan",
            "Armazém de consolidação de Dongguan",
            "Kho gom hàng Đông Quản",
            "คลังรวมสินค้าตงกวน",
            "مستودع تجميع دونغقوان",
            "Gudang konsolidasi Dongguan",
        ],
    },
];

/// The warehouse with a code.
pub fn find(code: &str) -> Option<&'static Warehouse> {
    WAREHOUSES.iter().find(|warehouse| warehouse.code == code)
}

/// How far the warehouse with a code is.
pub fn zone_of(code: &str) -> Result<Zone, Refusal> {
    find(code).and_then(|warehouse| zone(warehouse.region_code)).ok_or_else(|| Refusal::param("warehouseCode"))
}

impl Warehouse {
    /// Writes it in a language.
    pub fn wire(&self, lang: Lang) -> WarehouseWire {
        let place = Lang::ALL.iter().position(|known| *known == lang).unwrap_or(0);
        let [name, ..] = self.names;
        WarehouseWire {
            code: self.code,
            name,
            name_trans: self.names.get(place).copied().filter(|_| lang != Lang::Zh),
            region_code: self.region_code,
            address: self.address,
        }
    }
}

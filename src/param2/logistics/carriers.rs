//! `alibaba.logistics.OpQueryLogisticCompanyList`: those who carry parcels in China, by the codes that parcels and returned
//! goods name them with.

use serde::Serialize;

use crate::param2::asked::{Asked, Told};

/// Number, code, name, spelling.
const CARRIERS: &[(i64, &str, &str, &str)] = &[
    (1, "ZTO", "中通快递", "zhongtongkuaidi"),
    (2, "YTO", "圆通速递", "yuantongsudi"),
    (3, "STO", "申通快递", "shentongkuaidi"),
    (4, "YUNDA", "韵达快递", "yundakuaidi"),
    (5, "SF", "顺丰速运", "shunfengsuyun"),
    (6, "EMS", "EMS", "ems"),
    (7, "JD", "京东快递", "jingdongkuaidi"),
    (8, "JTSD", "极兔速递", "jitusudi"),
    (9, "DBL", "德邦快递", "debangkuaidi"),
    (10, "HTKY", "百世快递", "baishikuaidi"),
    (11, "YZXB", "邮政快递包裹", "youzhengkuaidibaoguo"),
];

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Carrier {
    id: i64,
    company_name: &'static str,
    company_no: &'static str,
    support_print: bool,
    spelling: &'static str,
}

/// Answers.
pub async fn list(asked: Asked) -> Told {
    let carrier = |(id, company_no, company_name, spelling): &(i64, &'static str, &'static str, &'static str)| {
        Carrier { id: *id, company_name, company_no, support_print: false, spelling }
    };
    asked.answer(&CARRIERS.iter().map(carrier).collect::<Vec<_>>())
}

/// The number of a carrier; none of one that is not listed.
pub fn id(code: &str) -> Option<i64> {
    CARRIERS.iter().find(|(_, known, _, _)| *known == code).map(|(id, _, _, _)| *id)
}

#[cfg(test)]
mod tests {
    use super::{CARRIERS, id};

    #[test]
    fn carriers_have_a_number_and_a_code_each() {
        for (number, code, _, _) in CARRIERS {
            assert_eq!(CARRIERS.iter().filter(|one| one.0 == *number || one.1 == *code).count(), 1, "{code}");
            assert_eq!(id(code), Some(*number));
        }
        assert_eq!(id("nobody"), None);
    }
}

//! What a mark on a parcel's way says, in every language: the carrier's own sentence is Chinese.

use crate::model::language::Language;
use crate::model::shipment::Mark;

/// The mark in a language.
pub fn of(mark: Mark, language: Language) -> &'static str {
    let row = row(mark);
    Language::ALL.iter().position(|one| *one == language).and_then(|at| row.get(at)).copied().unwrap_or_default()
}

/// In the order of `Language::ALL`: zh en ja ko ru es fr pt vi th ar id.
const fn row(mark: Mark) -> [&'static str; 12] {
    match mark {
        Mark::Collected => [
            "已揽收",
            "Collected by the carrier",
            "運送会社が集荷しました",
            "운송사가 집하했습니다",
            "Принято перевозчиком",
            "Recogido por el transportista",
            "Pris en charge par le transporteur",
            "Recolhido pela transportadora",
            "Đơn vị vận chuyển đã lấy hàng",
            "บริษัทขนส่งรับพัสดุแล้ว",
            "استلمها الناقل",
            "Diambil oleh kurir",
        ],
        Mark::Departed => [
            "已发出",
            "Departed for the next place",
            "次の拠点へ出発しました",
            "다음 지점으로 출발했습니다",
            "Отправлено в следующий пункт",
            "Salió hacia el siguiente punto",
            "Parti vers l'étape suivante",
            "Saiu para o próximo local",
            "Đã rời đi đến điểm tiếp theo",
            "ออกเดินทางไปยังจุดถัดไป",
            "غادرت إلى المحطة التالية",
            "Berangkat ke tempat berikutnya",
        ],
        Mark::Arrived => [
            "已到达",
            "Arrived at a place on its way",
            "経由地に到着しました",
            "경유지에 도착했습니다",
            "Прибыло в пункт на пути",
            "Llegó a un punto de su recorrido",
            "Arrivé à une étape",
            "Chegou a um ponto do percurso",
            "Đã đến một điểm trên đường đi",
            "ถึงจุดหนึ่งระหว่างทาง",
            "وصلت إلى محطة في الطريق",
            "Tiba di tempat singgah",
        ],
        Mark::OutForDelivery => [
            "派送中",
            "Out for delivery",
            "配達中です",
            "배달 중입니다",
            "Доставляется",
            "En reparto",
            "En cours de livraison",
            "Saiu para entrega",
            "Đang giao hàng",
            "กำลังนำจ่าย",
            "خرجت للتسليم",
            "Sedang diantar",
        ],
        Mark::Delivered => [
            "已签收",
            "Delivered and signed for",
            "配達され、受領されました",
            "배달 완료, 서명됨",
            "Доставлено под подпись",
            "Entregado y firmado",
            "Livré contre signature",
            "Entregue e assinado",
            "Đã giao và ký nhận",
            "จัดส่งและลงชื่อรับแล้ว",
            "سُلّمت ووُقّع على استلامها",
            "Terkirim dan ditandatangani",
        ],
        Mark::Trouble => [
            "运输异常",
            "Something keeps it from going on",
            "輸送に支障があります",
            "운송에 문제가 있습니다",
            "Задержка или проблема в пути",
            "Incidencia en el transporte",
            "Incident de transport",
            "Problema no transporte",
            "Vận chuyển gặp trục trặc",
            "การขนส่งมีปัญหา",
            "مشكلة في النقل",
            "Ada kendala pengiriman",
        ],
        Mark::Other => [
            "物流更新",
            "Carrier update",
            "運送会社からの更新",
            "운송사 업데이트",
            "Обновление от перевозчика",
            "Actualización del transportista",
            "Mise à jour du transporteur",
            "Atualização da transportadora",
            "Cập nhật từ đơn vị vận chuyển",
            "อัปเดตจากบริษัทขนส่ง",
            "تحديث من الناقل",
            "Pembaruan dari kurir",
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::of;
    use crate::model::language::Language;
    use crate::model::shipment::Mark;
    use std::collections::HashSet;

    #[test]
    fn every_mark_has_a_sentence_of_its_own_in_every_language() {
        for language in Language::ALL {
            let said: HashSet<_> = Mark::ALL.iter().map(|mark| of(*mark, *language)).collect();
            assert!(said.len() == Mark::ALL.len() && !said.contains(""), "{language}");
        }
        assert_eq!(of(Mark::Delivered, Language::Chinese), "已签收");
        assert_eq!(of(Mark::OutForDelivery, Language::Indonesian), "Sedang diantar");
    }
}

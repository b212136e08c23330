//! Why money may be asked back, and when: a table.

use super::RefundType;
use crate::sandbox::goods::Lang;
use crate::sandbox::trade::order::Status;

/// A reason for a refund.
pub struct Reason {
    /// Names it in calls.
    pub code: &'static str,
    /// The first and the last order status in which it can be given.
    when: (Status, Status),
    types: &'static [RefundType],
    /// Whether it has to be proved.
    pub need_voucher: bool,
    /// In the order of `Lang::ALL`.
    names: [&'static str; 12],
}

const MONEY: &[RefundType] = &[RefundType::Money];
const RETURN: &[RefundType] = &[RefundType::Return];
const EITHER: &[RefundType] = &[RefundType::Money, RefundType::Return];
const UNSENT: (Status, Status) = (Status::WaitSellerSend, Status::WaitSellerSend);
const SENDING: (Status, Status) = (Status::WaitSellerSend, Status::SellerPartSend);
const ON_ROAD: (Status, Status) = (Status::SellerPartSend, Status::WaitBuyerReceive);
const THERE: (Status, Status) = (Status::WarehouseSigned, Status::Success);
const PAID: (Status, Status) = (Status::WaitSellerSend, Status::Success);

impl Reason {
    /// Whether it can be given for an order in a status.
    pub fn fits(&self, kind: RefundType, status: Status) -> bool {
        self.types.contains(&kind) && (self.when.0..=self.when.1).contains(&status)
    }

    /// What it is called in a language.
    pub fn name(&self, lang: Lang) -> &'static str {
        let place = Lang::ALL.iter().position(|known| *known == lang).unwrap_or(0);
        self.names.get(place).copied().unwrap_or(self.code)
    }
}

/// The reasons that can be given.
pub fn fitting(kind: RefundType, status: Status) -> impl Iterator<Item = &'static Reason> {
    REASONS.iter().filter(move |reason| reason.fits(kind, status))
}

const REASONS: [Reason; 11] = [
    Reason {
        code: "NOT_WANTED",
        when: UNSENT,
        types: MONEY,
        need_voucher: false,
        names: [
            "不想要了",
            "No longer wanted",
            "不要になった",
            "더 이상 필요하지 않음",
            "Товар больше не нужен",
            "Ya no lo quiero",
            "Je n'en veux plus",
            "Não quero mais",
            "Không còn muốn mua",
            "ไม่ต้องการแล้ว",
            "لم أعد أرغب فيه",
            "Tidak diinginkan lagi",
        ],
    },
    Reason {
        code: "ORDERED_WRONG",
        when: UNSENT,
        types: MONEY,
        need_voucher: false,
        names: [
            "拍错/多拍",
            "Ordered by mistake",
            "注文間違い",
            "잘못 주문함",
            "Заказано по ошибке",
            "Pedido por error",
            "Commandé par erreur",
            "Pedido por engano",
            "Đặt nhầm hàng",
            "สั่งผิด",
            "طُلب بالخطأ",
            "Salah pesan",
        ],
    },
    Reason {
        code: "OUT_OF_STOCK",
        when: UNSENT,
        types: MONEY,
        need_voucher: false,
        names: [
            "卖家缺货",
            "Seller is out of stock",
            "販売者の在庫切れ",
            "판매자 재고 없음",
            "Нет в наличии у продавца",
            "El vendedor no tiene existencias",
            "Le vendeur est en rupture de stock",
            "Vendedor sem estoque",
            "Người bán hết hàng",
            "ผู้ขายสินค้าหมด",
            "نفد المخزون لدى البائع",
            "Stok penjual habis",
        ],
    },
    Reason {
        code: "SELLER_LATE",
        when: SENDING,
        types: MONEY,
        need_voucher: false,
        names: [
            "卖家未按时发货",
            "Seller did not ship in time",
            "販売者の発送遅延",
            "판매자가 제때 발송하지 않음",
            "Продавец не отправил вовремя",
            "El vendedor no envió a tiempo",
            "Le vendeur n'a pas expédié à temps",
            "O vendedor não enviou a tempo",
            "Người bán giao hàng trễ",
            "ผู้ขายไม่ส่งตามเวลา",
            "لم يشحن البائع في الوقت المحدد",
            "Penjual terlambat mengirim",
        ],
    },
    Reason {
        code: "NOT_RECEIVED",
        when: ON_ROAD,
        types: MONEY,
        need_voucher: false,
        names: [
            "未收到货",
            "Goods not received",
            "商品未着",
            "상품을 받지 못함",
            "Товар не получен",
            "Mercancía no recibida",
            "Marchandise non reçue",
            "Mercadoria não recebida",
            "Chưa nhận được hàng",
            "ไม่ได้รับสินค้า",
            "لم تُستلم البضاعة",
            "Barang belum diterima",
        ],
    },
    Reason {
        code: "SHORT",
        when: THERE,
        types: MONEY,
        need_voucher: false,
        names: [
            "少件/漏发",
            "Pieces missing",
            "数量不足",
            "수량 부족",
            "Недостача",
            "Faltan piezas",
            "Pièces manquantes",
            "Faltam peças",
            "Thiếu hàng",
            "สินค้าไม่ครบ",
            "قطع ناقصة",
            "Jumlah kurang",
        ],
    },
    Reason {
        code: "DAMAGED",
        when: THERE,
        types: EITHER,
        need_voucher: true,
        names: [
            "商品破损",
            "Goods damaged",
            "商品の破損",
            "상품 파손",
            "Товар повреждён",
            "Mercancía dañada",
            "Marchandise endommagée",
            "Mercadoria danificada",
            "Hàng bị hư hỏng",
            "สินค้าเสียหาย",
            "البضاعة تالفة",
            "Barang rusak",
        ],
    },
    Reason {
        code: "WRONG_GOODS",
        when: THERE,
        types: EITHER,
        need_voucher: true,
        names: [
            "发错货",
            "Wrong goods sent",
            "誤配送",
            "다른 상품이 배송됨",
            "Прислан не тот товар",
            "Mercancía equivocada",
            "Mauvaise marchandise envoyée",
            "Mercadoria errada enviada",
            "Gửi sai hàng",
            "ส่งสินค้าผิด",
            "أُرسلت بضاعة خاطئة",
            "Barang yang dikirim salah",
        ],
    },
    Reason {
        code: "NOT_AS_DESCRIBED",
        when: THERE,
        types: EITHER,
        need_voucher: true,
        names: [
            "与描述不符",
            "Not as described",
            "説明と異なる",
            "설명과 다름",
            "Не соответствует описанию",
            "No coincide con la descripción",
            "Non conforme à la description",
            "Diferente da descrição",
            "Không đúng mô tả",
            "ไม่ตรงตามคำอธิบาย",
            "لا تطابق الوصف",
            "Tidak sesuai deskripsi",
        ],
    },
    Reason {
        code: "NO_REASON",
        when: THERE,
        types: RETURN,
        need_voucher: false,
        names: [
            "七天无理由退货",
            "Seven-day return without reason",
            "7日以内の理由不要の返品",
            "7일 이내 무조건 반품",
            "Возврат без причины в течение семи дней",
            "Devolución sin motivo en siete días",
            "Retour sans motif sous sept jours",
            "Devolução sem motivo em sete dias",
            "Trả hàng trong bảy ngày không cần lý do",
            "คืนสินค้าภายในเจ็ดวันโดยไม่ต้องมีเหตุผล",
            "إرجاع خلال سبعة أيام دون سبب",
            "Pengembalian tujuh hari tanpa alasan",
        ],
    },
    Reason {
        code: "AGREED",
        when: PAID,
        types: MONEY,
        need_voucher: false,
        names: [
            "与卖家协商一致",
            "Agreed with the seller",
            "販売者と合意済み",
            "판매자와 합의함",
            "По согласованию с продавцом",
            "Acordado con el vendedor",
            "Convenu avec le vendeur",
            "Acordado com o vendedor",
            "Đã thỏa thuận với người bán",
            "ตกลงกับผู้ขายแล้ว",
            "متفق عليه مع البائع",
            "Disepakati dengan penjual",
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::{REASONS, fitting};
    use crate::sandbox::trade::order::Status;
    use crate::sandbox::trade::refund::RefundType;

    #[test]
    fn before_payment_and_after_closing_there_is_no_reason() {
        for status in [Status::WaitBuyerPay, Status::Cancel, Status::Terminated] {
            for kind in [RefundType::Money, RefundType::Return] {
                assert_eq!(fitting(kind, status).count(), 0, "{status:?}");
            }
        }
        assert_eq!(fitting(RefundType::Return, Status::WaitBuyerReceive).count(), 0);
        assert!(fitting(RefundType::Return, Status::WarehouseSigned).count() > 1);
    }

    #[test]
    fn names_differ_in_every_language() {
        for language in 0..12 {
            let mut names: Vec<&str> = REASONS.iter().map(|reason| reason.names[language]).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), REASONS.len(), "column {language}");
        }
    }
}

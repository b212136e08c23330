//! The calls of this group.

use crate::model::partner::Scope;
use crate::param2::consignment::{inbound, outbound};
use crate::param2::dispatch::{Kind, Row, XB, must};
use crate::param2::trade::spare::{TRACED, TRACED_TEXT};

const WRITE: &[Scope] = &[Scope::FulfilmentWrite];

/// Consignments, as the partner's own warehouse tells of them.
pub const ROWS: &[Row] = &[
    Row::order(XB, "consignment.co.status.sync", "create_receipt", WRITE)
        .takes(&[
            must("bizInboundOrderId", Kind::Text),
            must("status", Kind::Text),
            must("processTime", Kind::Long),
            must("num", Kind::Text),
        ])
        .signed_only()
        .shaped(TRACED)
        .by(|asked| Box::pin(inbound::sync(asked)))
        .told(
            "Goods of a consignment (`bizInboundOrderId`: its id or reference) were signed for, or are on the shelves.",
            "fulfilment",
            "tests/it/param2/warehouse.rs::goods_are_signed_for_shelved_and_taken_out",
        ),
    Row::order(XB, "consignment.tally.create", "create_inspection", WRITE)
        .takes(&[
            must("bizInboundOrderId", Kind::Text),
            must("status", Kind::Text),
            must("processTime", Kind::Long),
            must("tallySheetId", Kind::Text),
            must("tallySheetReason", Kind::Text),
            must("inboundCount", Kind::Text),
            must("varianceCount", Kind::Text),
        ])
        .signed_only()
        .shaped(TRACED_TEXT)
        .by(|asked| Box::pin(inbound::tally(asked)))
        .told(
            "Goods are not as expected: how many came, how many are missing or wrong, and why.",
            "fulfilment",
            "tests/it/param2/warehouse.rs::a_tally_sheet_tells_what_is_missing_once",
        ),
    Row::order(XB, "consignment.co.inventory", "create_receipt", WRITE)
        .takes(&[
            must("bizSkuId", Kind::Text),
            must("sourceItemId", Kind::Text),
            must("outboundQuantity", Kind::Text),
            must("bizId", Kind::Text),
        ])
        .signed_only()
        .shaped(TRACED)
        .by(|asked| Box::pin(outbound::take(asked)))
        .told(
            "Pieces were taken out of an inspected consignment (`sourceItemId`); each `bizId` counts once.",
            "fulfilment",
            "tests/it/param2/warehouse.rs::goods_are_signed_for_shelved_and_taken_out",
        ),
];

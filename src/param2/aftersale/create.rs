//! `getRefundReasonList` and `createRefund`: what can be asked back, and asking once. The protocol has no number of the
//! caller's for a refund: the same signed request is the same wish for a minute, and the catalogue takes no second one for
//! lines of which one is open. Fen.

use serde::{Deserialize, Serialize};

use crate::aftersale::{Aftersale, Answer as Stored, NewRefund, WantedPieces};
use crate::edge::problem::Problem;
use crate::error::Code;
use crate::model::ids::VoucherId;
use crate::model::language::Language;
use crate::model::money::Money;
use crate::model::order::Order;
use crate::model::quote::Quantity;
use crate::model::refund::{MOST_VOUCHERS, ReasonCode, Refund, Remedy, State};
use crate::param2::aftersale::reason;
use crate::param2::asked::{Asked, Told};
use crate::param2::fault::Refusal;
use crate::param2::lenient;
use crate::param2::trade::once::Wish;
use crate::param2::trade::{change, entry, named};

/// The platform's codes for what this call is refused with.
pub const CODES: &[(Code, &str)] = &[
    (Code::OrderNotFound, "5001"),
    (Code::RefundReasonInvalid, "5004"),
    (Code::VoucherRequired, "5005"),
    (Code::VoucherNotFound, "5005"),
    (Code::RefundNotPossible, "5010"),
    (Code::RefundOpen, "5010"),
    (Code::RefundAmountTooLarge, "5011"),
    (Code::RefundQuantityTooLarge, "5013"),
    (Code::RefundRefused, "5100"),
];
const GOODS: &[&str] = &[
    "refundWaitSellerSend",
    "refundWaitBuyerReceive",
    "refundBuyerReceived",
    "aftersaleBuyerNotReceived",
    "aftersaleBuyerReceived",
];
const WORDS: std::ops::RangeInclusive<usize> = 2..=150;

#[derive(Debug, Serialize)]
struct Reasons {
    reasons: Vec<ReasonShown>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ReasonShown {
    id: i64,
    name: String,
    need_voucher: bool,
    no_refund_carriage: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    refund_id: String,
}

/// So many pieces of a line.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Count {
    /// The line's number.
    #[serde(deserialize_with = "lenient::long")]
    pub id: Option<i64>,
    /// Pieces.
    #[serde(deserialize_with = "lenient::long")]
    pub count: Option<i64>,
}

/// Answers `alibaba.trade.getRefundReasonList`.
pub async fn reasons(asked: Asked) -> Told {
    goods(&asked)?;
    let order = order(&asked).await?;
    lines(&asked, &order)?;
    let room = asked.room::<Aftersale>()?;
    let (mut reasons, mut refused): (Vec<ReasonShown>, Option<Refusal>) = (Vec::new(), None);
    // The protocol asks before it says whether the goods go back.
    for remedy in [Remedy::Money, Remedy::Return] {
        match room.options(&asked.caller, &order.deed.id, remedy, Language::Chinese).await {
            Ok(options) => {
                let no_refund_carriage = options.most_freight.minor == 0;
                for one in options.reasons {
                    let id = reason::id(&one.code);
                    if reasons.iter().all(|known| known.id != id) {
                        let (name, need_voucher) = (one.name, one.needs_voucher);
                        reasons.push(ReasonShown { id, name, need_voucher, no_refund_carriage });
                    }
                }
            }
            Err(error) => refused = Some(named::coded(CODES)(error)),
        }
    }
    match (reasons.is_empty(), refused) {
        (true, Some(refused)) => Err(refused),
        _ => asked.answer(&Reasons { reasons }),
    }
}

/// Answers `alibaba.trade.createRefund`.
pub async fn create(asked: Asked) -> Told {
    let wish = Wish::of(&asked)?;
    let new = wished(&asked, &wish).await?;
    let room = asked.room::<Aftersale>()?;
    let told = room.request(&asked.caller, wish.key(), new, &stored).await.map_err(named::coded(CODES))?;
    let id = std::str::from_utf8(&told.answer.body).ok().and_then(|text| text.parse().ok());
    let id = id.ok_or_else(|| Problem::new(Code::Internal))?;
    let refund = room.get(&asked.caller, &id).await?;
    match (refund.state, refund.rejection(), refund.known.catalogue_refund) {
        (State::Rejected, Some(rejection), _) => {
            let code = CODES.iter().find(|(code, _)| *code == rejection.code).map_or("5100", |(_, theirs)| theirs);
            Err(Refusal::own(code, rejection.detail.clone()))
        }
        (_, _, Some(number)) => asked.answer(&Created { refund_id: format!("TQ{number}") }),
        _ => Err(Refusal::own("4000", "it is not known yet whether it was asked for; nothing is asked for twice")),
    }
}

fn stored(refund: &Refund) -> Stored {
    Stored { status: 200, headers: Vec::new(), body: refund.deed.id.as_str().as_bytes().to_vec() }
}

async fn order(asked: &Asked) -> Result<Order, Refusal> {
    named::numbered_or(asked, asked.need_long("orderId")?, named::coded(CODES)).await
}

fn goods(asked: &Asked) -> Result<(), Refusal> {
    known_goods(asked.need("goodsStatus")?)
}

/// Whether the goods can be said to be so.
pub fn known_goods(told: &str) -> Result<(), Refusal> {
    if GOODS.contains(&told) {
        Ok(())
    } else {
        Err(Refusal::own("5003", "goodsStatus is one of ".to_owned() + &GOODS.join(" ")))
    }
}

/// The lines of `orderEntryIds`, each with all of its pieces.
fn lines(asked: &Asked, order: &Order) -> Result<Vec<(i64, WantedPieces)>, Refusal> {
    let known = entry::all(order);
    let mut lines = Vec::new();
    for wanted in named::numbers(asked, "orderEntryIds")? {
        let line = known.iter().find(|(number, _)| *number == wanted).map(|(_, line)| line);
        let line = line.ok_or_else(|| Refusal::own("5010", format!("{wanted} is no line of this order")))?;
        lines.push((wanted, WantedPieces { sku: line.sku, quantity: line.quantity }));
    }
    Ok(lines)
}

async fn wished(asked: &Asked, wish: &Wish) -> Result<NewRefund, Refusal> {
    goods(asked)?;
    let remedy = match asked.need("disputeRequest")? {
        "refund" => Remedy::Money,
        "returnRefund" => Remedy::Return,
        _ => return Err(Refusal::invalid("disputeRequest", "refund | returnRefund")),
    };
    let description = asked.need("description")?.trim();
    if !WORDS.contains(&description.chars().count()) || description.chars().any(char::is_control) {
        return Err(Refusal::own("5012", "description: 2 to 150 characters in one line"));
    }
    let order = order(asked).await?;
    let freight = amount(asked, "applyCarriage")?;
    let amount = amount(asked, "applyPayment")?.plus(freight).filter(|sum| sum.minor > 0);
    Ok(NewRefund {
        reference: wish.now.parse().map_err(|_| Problem::new(Code::Internal))?,
        order: order.deed.id.clone(),
        remedy,
        reason: reason_of(asked, &order, remedy).await?,
        amount: amount.ok_or_else(|| Refusal::own("5011", "nothing is asked back"))?,
        freight,
        pieces: pieces(asked, &order)?,
        description: description.to_owned(),
        vouchers: vouchers(asked, "vouchers", "5005")?,
    })
}

fn amount(asked: &Asked, name: &str) -> Result<Money, Refusal> {
    let fen = asked.need_long(name)?;
    if fen < 0 { Err(Refusal::own("5011", format!("{name} is less than nothing"))) } else { Ok(Money::fen(fen)) }
}

/// The reason of a number, of those that can be given now.
async fn reason_of(asked: &Asked, order: &Order, remedy: Remedy) -> Result<ReasonCode, Refusal> {
    let wanted = asked.need_long("applyReasonId")?;
    let room = asked.room::<Aftersale>()?;
    let options = room.options(&asked.caller, &order.deed.id, remedy, Language::Chinese).await;
    let options = options.map_err(named::coded(CODES))?;
    let found = options.reasons.into_iter().find(|one| reason::id(&one.code) == wanted);
    found.map(|one| one.code).ok_or_else(|| {
        Refusal::own("5004", "applyReasonId: take one that getRefundReasonList tells now for this request")
    })
}

fn pieces(asked: &Asked, order: &Order) -> Result<Vec<WantedPieces>, Refusal> {
    let mut lines = lines(asked, order)?;
    for count in asked.some_json::<Vec<Count>>("orderEntryCountList")?.unwrap_or_default() {
        let line = lines.iter_mut().find(|(number, _)| Some(*number) == count.id);
        let wrong = || Refusal::own("5013", "orderEntryCountList: pieces of lines that orderEntryIds names");
        let (_, pieces) = line.ok_or_else(wrong)?;
        pieces.quantity = count.count.and_then(Quantity::new).ok_or_else(wrong)?;
    }
    Ok(lines.into_iter().map(|(_, pieces)| pieces).collect())
}

/// Pictures by the address that `uploadRefundVoucher` told, or by the end of it.
pub fn vouchers(asked: &Asked, name: &str, code: &str) -> Result<Vec<VoucherId>, Refusal> {
    voucher_ids(&named::texts(asked, name))
        .filter(|ids| ids.len() <= MOST_VOUCHERS)
        .ok_or_else(|| Refusal::own(code, format!("{name}: at most {MOST_VOUCHERS} that uploadRefundVoucher told")))
}

/// The pictures at these addresses; none when one is not ours.
pub fn voucher_ids(addresses: &[String]) -> Option<Vec<VoucherId>> {
    let id = |address: &String| address.rsplit('/').next()?.parse().ok();
    addresses.iter().map(id).collect()
}

/// A note of so many characters; none when there is none.
pub fn note(asked: &Asked, name: &str, most: usize) -> Result<Option<String>, Refusal> {
    let text = asked.text(name).filter(|text| !text.trim().is_empty());
    text.map(|text| change::line(name, text, most).map(str::to_owned)).transpose()
}

//! Links that people pass on: a goods' page on a desktop and on a telephone, its short link, and the text that the
//! marketplace's app puts into the clipboard. Short links can be expanded again.

use actix_web::{get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::envelope::{Answer, Code, Envelope, Refusal, Sent};
use super::goods::Lang;
use super::market::Market;

type Shared = web::Data<Market>;

/// Where short links of goods begin.
const SHORT: &str = "https://qr.1688.com/s/";
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// A code is the goods' number times this and its remainder by it: one in a hundred invented codes leads anywhere.
const CHECK: i64 = 97;

/// All ways to pass a goods on.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Share {
    /// The page for a desktop.
    #[schema(example = "https://detail.1688.com/offer/610947572360.html")]
    pub url: String,
    /// The page for a telephone.
    #[schema(example = "https://m.1688.com/offer/610947572360.html")]
    pub mobile_url: String,
    /// A short link, also what a QR code of the goods says.
    #[schema(example = "https://qr.1688.com/s/11CrDfWx4")]
    pub short_url: String,
    /// What the app puts into the clipboard.
    pub share_text: String,
}

/// How a goods is passed on. Nothing is changed by asking; a goods' links are always the same.
#[utoipa::path(tag = "goods", params(("goodsId" = i64, Path, description = "Which goods.")), responses((status = 200, description = "Links and text, or GOODS_NOT_FOUND, GOODS_HELD, GOODS_FOREIGN.", body = Envelope<Share>)))]
#[get("/goods/{goodsId}/share")]
pub async fn share_goods(market: Shared, goods_id: web::Path<i64>) -> Answer<Share> {
    let item = market.visible(*goods_id)?;
    let id = item.goods.id;
    let short_url = format!("{SHORT}{}", code(id));
    let subject = item.goods.subject(Lang::Zh);
    Ok(Sent(Share {
        url: page(id),
        mobile_url: format!("https://m.1688.com/offer/{id}.html"),
        share_text: format!("【{subject}】{short_url} 点击链接，或复制整段信息后打开手机APP查看"),
        short_url,
    }))
}

/// A short link.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Short {
    /// The short link as it was passed on.
    #[param(example = "https://qr.1688.com/s/11CrDfWx4")]
    url: Option<String>,
}

/// Where a short link leads.
#[derive(Serialize, ToSchema)]
pub struct Long {
    /// A page of the marketplace.
    #[schema(example = "https://detail.1688.com/offer/610947572360.html")]
    pub url: String,
}

/// Where a short link leads; what stands behind it may be held or gone.
#[utoipa::path(tag = "goods", params(Short), responses((status = 200, description = "The long link, or LINK_NOT_FOUND.", body = Envelope<Long>)))]
#[get("/links/expand")]
pub async fn expand_link(market: Shared, asked: web::Query<Short>) -> Answer<Long> {
    let url = asked.into_inner().url.filter(|url| !url.is_empty()).ok_or_else(|| Refusal::param("url"))?;
    let code = url.strip_prefix(SHORT).and_then(|rest| rest.split(['?', '#', '/']).next());
    let goods_id = code.and_then(goods_of).filter(|id| market.shop.index_of(*id).is_some());
    let goods_id = goods_id.ok_or(Refusal::from(Code::LinkNotFound))?;
    Ok(Sent(Long { url: page(goods_id) }))
}

fn page(goods_id: i64) -> String {
    format!("https://detail.1688.com/offer/{goods_id}.html")
}

/// A goods' number as letters and digits.
fn code(goods_id: i64) -> String {
    let mut rest = goods_id.unsigned_abs() * CHECK.unsigned_abs() + goods_id.unsigned_abs() % CHECK.unsigned_abs();
    let mut letters = Vec::new();
    while rest > 0 {
        letters.push(char::from(DIGITS.get((rest % 62) as usize).copied().unwrap_or(b'0')));
        rest /= 62;
    }
    letters.iter().rev().collect()
}

/// The goods' number that a code says.
fn goods_of(code: &str) -> Option<i64> {
    if code.is_empty() || code.len() > 10 {
        return None;
    }
    let digit = |letter: u8| DIGITS.iter().position(|known| *known == letter).and_then(|at| i64::try_from(at).ok());
    let number = code.bytes().try_fold(0_i64, |number, letter| number.checked_mul(62)?.checked_add(digit(letter)?))?;
    let goods_id = number / CHECK;
    (goods_id % CHECK == number % CHECK).then_some(goods_id)
}

#[cfg(test)]
mod tests {
    use super::{code, goods_of};

    #[test]
    fn a_code_leads_back_to_its_goods_and_a_changed_one_does_not() {
        for id in [600_000_000_000, 610_947_572_360, 699_999_999_976] {
            let code = code(id);
            assert_eq!(goods_of(&code), Some(id), "{code}");
            assert_eq!(goods_of(&format!("{code}0")), None);
        }
        for wrong in ["", "!", "0123456789A", "链接"] {
            assert_eq!(goods_of(wrong), None, "{wrong}");
        }
    }
}

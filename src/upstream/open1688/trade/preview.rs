//! What lines would cost. The platform is asked seller by seller; what it says against some of the lines is told of each by
//! the figures of its offer, and the others are priced without them.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::upstream::failure::{Error, Refusal};
use crate::upstream::open1688::asked::{Asked, written};
use crate::upstream::open1688::goods::detail::{self, SIDE_BY_SIDE};
use crate::upstream::open1688::names::Kind;
use crate::upstream::open1688::table::PREVIEW;
use crate::upstream::open1688::trade::warehouses;
use crate::upstream::open1688::words::{self, Tongue};

/// What the platform says against lines, in the internal words.
const TROUBLE: &[(&str, &str)] = &[
    ("500_001", "GOODS_OFFLINE"),
    ("500_003", "SKU_NOT_FOUND"),
    ("500_004", "STOCK_NOT_ENOUGH"),
    ("500_005", "BELOW_BEGIN_AMOUNT"),
    ("500_006", "BELOW_BEGIN_AMOUNT"),
    ("500_007", "GOODS_OFFLINE"),
    ("500_008", "GOODS_OFFLINE"),
    ("500_009", "BELOW_BEGIN_AMOUNT"),
];

/// What is asked.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    lines: Vec<WantedLine>,
    warehouse_code: String,
}

/// A wanted line.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::upstream::open1688) struct WantedLine {
    /// The variant.
    pub sku_id: i64,
    /// How many.
    pub quantity: u32,
}

/// A line as it is called over there.
#[derive(Clone, Debug)]
struct Line {
    wanted: WantedLine,
    offer: i64,
    spec: String,
    told: Arc<Value>,
}

impl Line {
    fn seller(&self) -> String {
        words::text(&self.told, "/sellerOpenId").unwrap_or_default()
    }

    /// The variant in its offer's document; the offer itself where it has no variants.
    fn sku(&self) -> Option<&Value> {
        let skus = words::list(&self.told, "/productSkuInfos");
        let own = skus.iter().find(|sku| words::long(sku, "/skuId") == Some(self.wanted.sku_id));
        own.or_else(|| skus.is_empty().then_some(&*self.told))
    }

    fn stock(&self) -> Option<u64> {
        let of_offer = || words::count(&self.told, "/productSaleInfo/amountOnSale");
        self.sku().and_then(|sku| words::count(sku, "/amountOnSale").or_else(of_offer))
    }

    fn least(&self) -> Option<u32> {
        words::count(&self.told, "/minOrderQuantity")
    }

    fn batch(&self) -> Option<u32> {
        words::count::<u32>(&self.told, "/batchNumber").filter(|batch| *batch > 1)
    }

    fn cargo(&self) -> Value {
        if self.spec.is_empty() {
            return json!({"offerId": self.offer, "quantity": self.wanted.quantity});
        }
        json!({"offerId": self.offer, "specId": self.spec, "quantity": self.wanted.quantity})
    }

    /// Whether the offer's own figures show this trouble.
    fn has(&self, trouble: &str) -> bool {
        let quantity = self.wanted.quantity;
        match trouble {
            "SKU_NOT_FOUND" => self.sku().is_none(),
            "STOCK_NOT_ENOUGH" => self.stock().is_some_and(|stock| stock < quantity.into()),
            "BELOW_BEGIN_AMOUNT" => self.least().is_some_and(|least| quantity < least),
            "NOT_BATCH_MULTIPLE" => self.batch().is_some_and(|batch| !quantity.is_multiple_of(batch)),
            "GOODS_OFFLINE" => !detail::is_published(&self.told),
            _ => false,
        }
    }

    /// What stands against the line, when the platform told this of it or of another of the same seller's.
    fn trouble(&self, told: &'static str) -> &'static str {
        const ALL: [&str; 5] =
            ["GOODS_OFFLINE", "SKU_NOT_FOUND", "STOCK_NOT_ENOUGH", "NOT_BATCH_MULTIPLE", "BELOW_BEGIN_AMOUNT"];
        if self.has(told) { told } else { ALL.into_iter().find(|trouble| self.has(trouble)).unwrap_or(told) }
    }

    fn problem(&self, code: &str, message: &str) -> Value {
        json!({
            "skuId": self.wanted.sku_id, "code": code, "msg": message, "stock": self.stock(),
            "beginAmount": self.least(), "batchAmount": self.batch(),
        })
    }

    fn weight_gram(&self) -> Option<u32> {
        let packed = words::list(&self.told, "/productShippingInfo/skuShippingInfoList").iter();
        let mut own = packed.filter(|sku| words::long(sku, "/skuId") == Some(self.wanted.sku_id));
        own.find_map(|sku| words::count(sku, "/weight")).or_else(|| detail::grams(&self.told))
    }

    /// The line with its price, from the platform's list of cargo.
    fn priced(&self, cargo: &[&Value]) -> Option<Value> {
        let is_it = |one: &&&Value| {
            words::long(one, "/skuId") == Some(self.wanted.sku_id)
                || (!self.spec.is_empty() && words::text(one, "/specId").as_deref() == Some(&self.spec))
                || (self.spec.is_empty() && words::long(one, "/offerId") == Some(self.offer))
        };
        let priced = cargo.iter().find(is_it)?;
        let traits = self.sku().map_or(&[][..], |sku| words::list(sku, "/skuAttributes")).iter();
        let spec_text = traits.filter_map(|one| words::text(one, "/value")).collect::<Vec<_>>().join("/");
        Some(json!({
            "skuId": self.wanted.sku_id,
            "goodsId": self.offer,
            "quantity": self.wanted.quantity,
            "unitPriceFen": words::fen(priced, "/finalUnitPrice")?,
            "amountFen": words::fen(priced, "/amount")?,
            "weightGram": self.weight_gram(),
            "stock": self.stock(),
            "subject": words::text(&self.told, "/subject").unwrap_or_default(),
            "specText": spec_text,
        }))
    }
}

/// What came of pricing lines.
#[derive(Debug, Default)]
pub(in crate::upstream::open1688) struct Priced {
    /// By seller.
    pub groups: Vec<Value>,
    /// What stands against lines.
    pub problems: Vec<Value>,
    /// The way of trade that the platform names first.
    pub trade_type: Option<String>,
    /// What was priced, as it is called over there.
    pub cargo: Vec<Value>,
}

/// Answers `trade.preview`. Where the goods go in the end is not asked for over there.
pub(in crate::upstream::open1688) async fn preview(asked: &Asked<'_>) -> Result<Bytes, Error> {
    let wanted: Wanted = asked.body()?;
    let Priced { groups, problems, .. } = price(asked, &wanted.lines, &wanted.warehouse_code).await?;
    written(&json!({"groups": groups, "problems": problems}))
}

/// Asks what lines cost, seller by seller.
pub(in crate::upstream::open1688) async fn price(
    asked: &Asked<'_>,
    wanted: &[WantedLine],
    warehouse: &str,
) -> Result<Priced, Error> {
    let (lines, problems) = named(asked, wanted).await?;
    let mut priced = Priced { problems, ..Priced::default() };
    let mut sellers: Vec<String> = Vec::new();
    for line in &lines {
        let seller = line.seller();
        if !sellers.contains(&seller) {
            sellers.push(seller);
        }
    }
    for seller in sellers {
        let of_seller = lines.iter().filter(|line| line.seller() == seller).collect();
        ask(asked, of_seller, warehouse, &mut priced).await?;
    }
    Ok(priced)
}

/// The lines as they are called over there, and what stands against those that are not there any more.
async fn named(asked: &Asked<'_>, wanted: &[WantedLine]) -> Result<(Vec<Line>, Vec<Value>), Error> {
    let unknown = |line: &WantedLine| json!({"skuId": line.sku_id, "code": "SKU_NOT_FOUND"});
    let (mut known, mut problems) = (Vec::new(), Vec::new());
    for line in wanted {
        let told = asked.account.names.find(Kind::Sku, &line.sku_id.to_string()).await?;
        let parts = told.as_deref().and_then(|told| told.split_once(':'));
        match parts.and_then(|(offer, spec)| Some((offer.parse::<i64>().ok()?, spec.to_owned()))) {
            Some((offer, spec)) => known.push((*line, offer, spec)),
            None => problems.push(unknown(line)),
        }
    }
    let mut offers: Vec<i64> = known.iter().map(|(_, offer, _)| *offer).collect();
    offers.sort_unstable();
    offers.dedup();
    let look = |offer: i64| async move {
        match detail::told(asked, offer, &Tongue::of("zh")).await {
            Ok(told) => Ok(Some((offer, Arc::new(told)))),
            Err(Error::Refused(_)) => Ok(None),
            Err(other) => Err(other),
        }
    };
    let told: Vec<Option<(i64, Arc<Value>)>> =
        stream::iter(offers).map(look).buffered(SIDE_BY_SIDE).try_collect().await?;
    let told: HashMap<_, _> = told.into_iter().flatten().collect();
    let mut lines = Vec::new();
    for (wanted, offer, spec) in known {
        let Some(told) = told.get(&offer).cloned() else {
            problems.push(json!({"skuId": wanted.sku_id, "code": "GOODS_OFFLINE"}));
            continue;
        };
        let line = Line { wanted, offer, spec, told };
        match ["GOODS_OFFLINE", "SKU_NOT_FOUND"].into_iter().find(|trouble| line.has(trouble)) {
            Some(trouble) => problems.push(line.problem(trouble, "")),
            None => lines.push(line),
        }
    }
    Ok((lines, problems))
}

/// Prices the lines of one seller; without those that the platform refuses.
async fn ask(asked: &Asked<'_>, mut lines: Vec<&Line>, warehouse: &str, priced: &mut Priced) -> Result<(), Error> {
    while !lines.is_empty() {
        let cargo: Vec<_> = lines.iter().map(|line| line.cargo()).collect();
        let mut parameters = warehouses::parameters(warehouse);
        parameters.push(("cargoParamList", Value::from(cargo.clone()).to_string()));
        parameters.push(("flow", "general".to_owned()));
        match asked.ask(&PREVIEW, &parameters).await {
            Ok(told) => {
                priced.groups.push(group(asked, &told, &lines)?);
                priced.trade_type = words::text(&told, "/orderPreviewResuslt/0/tradeModeNameList/0");
                priced.cargo.extend(cargo);
                return Ok(());
            }
            Err(Error::Refused(refusal)) => {
                let told = TROUBLE.iter().find(|(theirs, _)| *theirs == refusal.error_code).map(|(_, ours)| *ours);
                let Some(told) = told else { return Err(Error::Refused(refusal)) };
                let blamed = blamed(&lines, told, &refusal);
                priced.problems.extend(blamed.iter().map(|line| line.problem(line.trouble(told), &refusal.message)));
                let skus: Vec<_> = blamed.iter().map(|line| line.wanted.sku_id).collect();
                lines.retain(|line| !skus.contains(&line.wanted.sku_id));
            }
            Err(other) => return Err(other),
        }
    }
    Ok(())
}

/// The lines that a refusal is about: those it names, else those whose figures show it, else all.
fn blamed<'a>(lines: &[&'a Line], told: &'static str, refusal: &Refusal) -> Vec<&'a Line> {
    let named = |line: &&&Line| !line.spec.is_empty() && refusal.message.contains(&line.spec);
    let shown = |line: &&&Line| line.has(told);
    let named: Vec<_> = lines.iter().filter(named).copied().collect();
    let shown: Vec<_> = lines.iter().filter(shown).copied().collect();
    [named, shown, lines.to_vec()].into_iter().find(|some| !some.is_empty()).unwrap_or_default()
}

/// One seller's lines with their sums. The platform may make several orders of them: what they come to together counts.
fn group(asked: &Asked<'_>, told: &Value, lines: &[&Line]) -> Result<Value, Error> {
    let records = words::list(told, "/orderPreviewResuslt");
    let cargo: Vec<&Value> = records.iter().flat_map(|record| words::list(record, "/cargoList")).collect();
    let sum = |at: &str| records.iter().map(|record| words::long(record, at)).sum::<Option<i64>>();
    let total = sum("/sumPayment").filter(|_| !records.is_empty()).ok_or_else(|| asked.nonsense("no sum"))?;
    let priced: Option<Vec<Value>> = lines.iter().map(|line| line.priced(&cargo)).collect();
    let priced = priced.ok_or_else(|| asked.nonsense("a line without its price"))?;
    let goods: i64 = priced.iter().filter_map(|line| words::long(line, "/amountFen")).sum();
    let first = lines.first().ok_or_else(|| asked.nonsense("no line"))?;
    let open_id = first.seller();
    Ok(json!({
        "sellerId": detail::seller_number(&open_id),
        "sellerName": words::text(&first.told, "/companyName").unwrap_or(open_id),
        "lines": priced,
        "goodsFen": goods,
        // With whatever is added to or taken off the whole.
        "freightFen": total - goods,
        "totalFen": total,
    }))
}

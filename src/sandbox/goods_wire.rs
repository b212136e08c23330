//! How goods, categories and sellers are written in answers. Where they come from is left to `goods_http`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::envelope::Code;
use super::facets_wire::FacetsWire;
use super::goods::{Attribute, Badge, Category, Lang, Seller, Sku, Words};
use super::shelf::Item;
use super::words::{beijing, flag, percent, tenths, yuan};

/// A goods as lists show it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Brief {
    /// Twelve digits.
    pub goods_id: i64,
    /// Chinese subject line.
    pub subject: String,
    /// The subject in the asked language; absent for Chinese.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_trans: Option<String>,
    /// Leaf category.
    pub category_id: i64,
    /// Price of the largest quantity, yuan.
    #[schema(example = "3.20")]
    pub price: String,
    /// Price of the smallest quantity, yuan.
    #[schema(example = "5.00")]
    pub price_max: String,
    /// Fewest pieces to order.
    pub begin_amount: u32,
    /// What one piece is called, in Chinese.
    pub unit: &'static str,
    /// The same in the asked language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_trans: Option<&'static str>,
    /// Pieces sold in thirty days.
    pub month_sold: u32,
    /// Pieces sold in seven days.
    pub week_sold: u32,
    /// Share of buyers who came back.
    #[schema(example = "32%")]
    pub repurchase_rate: String,
    /// Rating out of five.
    #[schema(example = "4.6")]
    pub score: String,
    /// Path of the picture on this service.
    pub pic_url: String,
    /// Whose goods these are.
    pub seller_id: i64,
    /// The seller's Chinese name.
    pub seller_name: &'static str,
    /// The same in the asked language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seller_name_trans: Option<&'static str>,
    /// What the marketplace certifies of the seller: `super_factory`, `powerful_merchant`, `certified_factory`, `origin_factory`.
    pub badges: Vec<&'static str>,
    /// Promised hours until it is sent.
    pub send_within_hours: u32,
    /// `Y` when a single piece is sent for a dropshipper.
    pub one_piece: &'static str,
    /// `Y` when returns are free.
    pub free_return: &'static str,
    /// `Y` when the seller makes it.
    pub factory: &'static str,
    /// Listed at, Beijing time.
    pub gmt_create: String,
    /// Last change, Beijing time.
    #[schema(example = "2026-11-23 11:08:48")]
    pub gmt_modified: String,
    /// Where the keyword is found in the shown subject, in a search: characters from and to. Absent when nowhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub highlights: Vec<[usize; 2]>,
    /// In a search by picture: how like its picture is, 1000 when nothing differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1000)]
    pub likeness: Option<u32>,
}

/// Everything about a goods.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Detail {
    #[serde(flatten)]
    #[allow(missing_docs)]
    pub brief: Brief,
    /// Always `published`: others are not visible.
    pub status: &'static str,
    /// Chinese description.
    pub description: String,
    /// The same in the asked language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description_trans: Option<String>,
    /// Material, style, use …
    pub attributes: Vec<AttributeWire>,
    /// Price steps, smallest quantity first.
    pub price_ranges: Vec<PriceRange>,
    /// What can be bought.
    pub skus: Vec<SkuWire>,
    /// Only multiples of this many of one SKU can be bought; null when any number can.
    pub batch_amount: Option<u32>,
    /// What waives `beginAmount`, when the seller takes mixed orders.
    pub mix_batch: Option<MixBatch>,
    /// One packed piece.
    pub weight_gram: u32,
    /// Length, width and height of one packed piece, in millimetres.
    pub size_mm: [u32; 3],
    /// Pieces sold since it was listed.
    pub total_sold: u32,
    /// Countries it may not be sold to (ISO 3166 alpha-2).
    pub restricted_countries: &'static [&'static str],
    /// Grows with every change.
    pub version: i64,
    /// What it costs the seller, yuan. Internal: must never reach a partner.
    pub cost_price: String,
    /// The seller's telephone. Internal: must never reach a partner.
    pub seller_phone: String,
}

impl Brief {
    /// Takes the goods' own translations away; the seller's name stays translated.
    pub fn leave_untranslated(&mut self) {
        self.subject_trans = None;
        self.unit_trans = None;
    }
}

impl Detail {
    /// Takes the goods' own translations away.
    pub fn leave_untranslated(&mut self) {
        self.brief.leave_untranslated();
        self.description_trans = None;
        let specs = self.skus.iter_mut().flat_map(|sku| &mut sku.specs);
        for attribute in self.attributes.iter_mut().chain(specs) {
            attribute.name_trans = None;
            attribute.value_trans = None;
        }
    }
}

/// Enough of two or more SKUs of the seller, of this or other goods: either figure.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MixBatch {
    /// Pieces of all together.
    pub min_pieces: u32,
    /// Yuan for all together.
    #[schema(example = "100.00")]
    pub min_amount: String,
}

/// A named value.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttributeWire {
    /// Which property.
    pub attr_id: i64,
    /// Its Chinese name.
    pub name: &'static str,
    /// Its name in the asked language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_trans: Option<&'static str>,
    /// Its Chinese value.
    pub value: &'static str,
    /// Its value in the asked language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_trans: Option<&'static str>,
}

/// From this many pieces of the goods (all SKUs together) a piece costs this.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PriceRange {
    /// Fewest pieces.
    pub begin_amount: u32,
    /// Yuan.
    pub price: String,
}

/// One variant.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SkuWire {
    /// Names it in orders.
    pub sku_id: i64,
    /// Colour, size …
    pub specs: Vec<AttributeWire>,
    /// Yuan, added to the price of the reached range.
    #[schema(example = "0.50")]
    pub price_offset: String,
    /// Pieces that can be ordered now.
    pub stock: i64,
}

/// One page of a search.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SearchPage {
    /// All matches.
    pub total: u64,
    /// Ask with this for the next page; null on the last.
    pub next_page_token: Option<String>,
    /// The keyword as it was understood, when a word of it was unknown and like a known one; otherwise null.
    pub corrected_keyword: Option<String>,
    /// All matches by what they are; absent unless asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facets: Option<FacetsWire>,
    /// This page.
    pub items: Vec<Brief>,
}

/// Asks for several goods at once.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BatchGet {
    /// At most 50.
    pub goods_ids: Vec<i64>,
    /// Language tag; Chinese when absent.
    #[serde(default)]
    pub lang: Option<String>,
}

/// The goods that can be seen, and the ids of those that cannot, by the reason.
#[derive(Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Batch {
    /// In the asked order.
    pub items: Vec<Detail>,
    /// There are none of these numbers.
    pub missing: Vec<i64>,
    /// Held back from cross-border trade.
    pub held: Vec<i64>,
    /// Not numbers of this marketplace.
    pub foreign: Vec<i64>,
}

impl Batch {
    /// Notes a goods that cannot be seen.
    pub fn left_out(&mut self, id: i64, why: Code) {
        match why {
            Code::GoodsHeld => self.held.push(id),
            Code::GoodsForeign => self.foreign.push(id),
            _ => self.missing.push(id),
        }
    }
}

/// A category.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CategoryWire {
    /// Its number.
    pub category_id: i64,
    /// What it stands under; null for a root.
    pub parent_id: Option<i64>,
    /// Chinese name.
    pub name: &'static str,
    /// Name in the asked language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_trans: Option<&'static str>,
    /// Visible goods in it and below.
    pub goods_count: u64,
}

/// All categories, flat.
#[derive(Serialize, ToSchema)]
pub struct Categories {
    /// Roots and leaves.
    pub items: Vec<CategoryWire>,
}

/// A seller.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SellerWire {
    /// Its number.
    pub seller_id: i64,
    /// Chinese name.
    pub name: &'static str,
    /// Name in the asked language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_trans: Option<&'static str>,
    /// Industrial belt, in Chinese.
    pub belt_name: &'static str,
    /// Industrial belt, in the asked language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub belt_name_trans: Option<&'static str>,
    /// Province, in Chinese.
    pub province: &'static str,
    /// Province, in the asked language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub province_trans: Option<&'static str>,
    /// City, in Chinese.
    pub city: &'static str,
    /// City, in the asked language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city_trans: Option<&'static str>,
    /// GB/T 2260, six digits.
    pub region_code: &'static str,
    /// What the marketplace certifies.
    pub badges: Vec<&'static str>,
    /// Years on the marketplace.
    pub years: u8,
    /// Rating out of five.
    pub score: String,
    /// Orders sent in time over thirty days.
    pub on_time_rate: String,
    /// People.
    pub staff: u32,
    /// Floor space.
    pub area_sqm: u32,
    /// Visible goods.
    pub goods_count: u64,
    /// Internal: must never reach a partner.
    pub contact_name: String,
    /// Internal: must never reach a partner.
    pub contact_phone: String,
}

/// The translation beside the Chinese; none when Chinese was asked for.
pub fn beside(words: Words, lang: Lang) -> Option<&'static str> {
    (lang != Lang::Zh).then(|| words.get(lang))
}

fn badge_words(badges: &[Badge]) -> Vec<&'static str> {
    let word = |badge: &Badge| match badge {
        Badge::SuperFactory => "super_factory",
        Badge::PowerfulMerchant => "powerful_merchant",
        Badge::CertifiedFactory => "certified_factory",
        Badge::OriginFactory => "origin_factory",
    };
    badges.iter().map(word).collect()
}

/// Writes a brief.
pub fn brief(item: &Item, seller: Option<&Seller>, lang: Lang) -> Brief {
    let goods = &item.goods;
    Brief {
        goods_id: goods.id,
        subject: goods.subject(Lang::Zh),
        subject_trans: (lang != Lang::Zh).then(|| goods.subject(lang)),
        category_id: goods.category_id,
        price: yuan(item.lowest_fen()),
        price_max: yuan(item.highest_fen()),
        begin_amount: goods.min_order,
        unit: goods.product_type.unit.get(Lang::Zh),
        unit_trans: beside(goods.product_type.unit, lang),
        month_sold: goods.monthly_sold,
        week_sold: goods.weekly_sold,
        repurchase_rate: percent(goods.repurchase_pct),
        score: tenths(goods.rating_tenths),
        pic_url: format!("/goods/{}/picture.png", goods.id),
        seller_id: goods.seller_id,
        seller_name: seller.map_or("", |seller| seller.name.get(Lang::Zh)),
        seller_name_trans: seller.and_then(|seller| beside(seller.name, lang)),
        badges: seller.map(|seller| badge_words(&seller.badges)).unwrap_or_default(),
        send_within_hours: goods.ships_within_h,
        one_piece: flag(goods.one_piece),
        free_return: flag(goods.free_return),
        factory: flag(goods.factory),
        gmt_create: beijing(goods.listed_at),
        gmt_modified: beijing(item.modified_at()),
        highlights: Vec::new(),
        likeness: None,
    }
}

/// Writes a detail.
pub fn detail(item: &Item, seller: Option<&Seller>, lang: Lang) -> Detail {
    let goods = &item.goods;
    let cost_pct = seller.map_or(0, |seller| i64::from(seller.cost_ratio_pct));
    Detail {
        brief: brief(item, seller, lang),
        status: "published",
        description: goods.description(Lang::Zh),
        description_trans: (lang != Lang::Zh).then(|| goods.description(lang)),
        attributes: attributes(&goods.attributes, lang),
        price_ranges: item
            .tiers()
            .into_iter()
            .map(|(from, fen)| PriceRange { begin_amount: from, price: yuan(fen) })
            .collect(),
        skus: goods.skus.iter().zip(&item.stock).map(|(wanted, stock)| sku(wanted, *stock, lang)).collect(),
        batch_amount: goods.batch,
        mix_batch: seller
            .and_then(|seller| seller.mix)
            .map(|mix| MixBatch { min_pieces: mix.pieces, min_amount: yuan(mix.fen) }),
        weight_gram: goods.weight_g,
        size_mm: goods.size_mm,
        total_sold: goods.total_sold,
        restricted_countries: item.restricted(),
        version: item.version(),
        cost_price: yuan(item.lowest_fen() * cost_pct / 100),
        seller_phone: seller.map(|seller| seller.contact_phone.clone()).unwrap_or_default(),
    }
}

fn sku(sku: &Sku, stock: i64, lang: Lang) -> SkuWire {
    SkuWire {
        sku_id: sku.id,
        specs: attributes(&sku.spec, lang),
        price_offset: yuan(sku.price_offset_fen),
        stock: stock.max(0),
    }
}

fn attributes(attributes: &[Attribute], lang: Lang) -> Vec<AttributeWire> {
    let wire = |attribute: &Attribute| AttributeWire {
        attr_id: attribute.id,
        name: attribute.name.get(Lang::Zh),
        name_trans: beside(attribute.name, lang),
        value: attribute.value.get(Lang::Zh),
        value_trans: beside(attribute.value, lang),
    };
    attributes.iter().map(wire).collect()
}

/// Writes a category.
pub fn category(category: &Category, goods_count: u64, lang: Lang) -> CategoryWire {
    CategoryWire {
        category_id: category.id,
        parent_id: category.parent_id,
        name: category.name.get(Lang::Zh),
        name_trans: beside(category.name, lang),
        goods_count,
    }
}

/// Writes a seller.
pub fn seller(seller: Seller, goods_count: u64, lang: Lang) -> SellerWire {
    let belt = seller.belt;
    SellerWire {
        seller_id: seller.id,
        name: seller.name.get(Lang::Zh),
        name_trans: beside(seller.name, lang),
        belt_name: belt.name.get(Lang::Zh),
        belt_name_trans: beside(belt.name, lang),
        province: belt.province.get(Lang::Zh),
        province_trans: beside(belt.province, lang),
        city: belt.city.get(Lang::Zh),
        city_trans: beside(belt.city, lang),
        region_code: belt.region_code,
        badges: badge_words(&seller.badges),
        years: seller.years,
        score: tenths(seller.rating_tenths),
        on_time_rate: percent(seller.on_time_pct),
        staff: seller.staff,
        area_sqm: seller.area_m2,
        goods_count,
        contact_name: seller.contact_name,
        contact_phone: seller.contact_phone,
    }
}

/// The bytes of a picture, as the document names them.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[allow(dead_code, reason = "only its schema is used")]
pub struct PictureBytes(Vec<u8>);

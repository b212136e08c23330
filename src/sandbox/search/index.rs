//! The tantivy index over the goods: its fields, how it is filled, where it lives. Asking it is left to `mod`.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use tantivy::schema::{FAST, Field, INDEXED, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::{Index, IndexWriter, TantivyDocument};

use super::analyze::{SUBJECTS, SubjectTokenizer};
use super::facets::marks;
use super::properties;
use crate::sandbox::goods::{Badge, CrossBorder, Goods, Lang, Shop};
use crate::sandbox::settings::{Error, Progress};

/// Up to this many goods the index is kept in memory.
const IN_MEMORY: u32 = 100_000;
/// Changes whenever the meaning of the index does, so that an old one on disk is not read.
const EDITION: u32 = 3;

pub const GOODS: &str = "goods";
pub const PRICE: &str = "price";
pub const BEGIN: &str = "begin";
pub const SOLD: &str = "sold";
pub const REPURCHASE: &str = "repurchase";
pub const LISTED: &str = "listed";
pub const OPEN: &str = "open";
pub const WEEK: &str = "week";
pub const SHIPS: &str = "ships";
pub const MARKS: &str = "marks";
pub const LEAF: &str = "leaf";
pub const KIND: &str = "kind";
pub const BARRED: &str = "barred";
pub const PROPERTY: &str = "property";

/// The fields of the index.
#[derive(Clone, Copy)]
pub struct Fields {
    pub words: Field,
    pub goods: Field,
    pub seller: Field,
    pub category: Field,
    pub kind: Field,
    /// Countries it was authored not to be sold to.
    barred: Field,
    /// Its properties, as `properties` numbers them.
    pub property: Field,
    price: Field,
    begin: Field,
    sold: Field,
    repurchase: Field,
    listed: Field,
    open: Field,
    week: Field,
    ships: Field,
    marks: Field,
    leaf: Field,
}

fn schema() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let words = TextFieldIndexing::default()
        .set_tokenizer(SUBJECTS)
        .set_index_option(IndexRecordOption::Basic)
        .set_fieldnorms(false);
    let fields = Fields {
        words: schema.add_text_field("words", TextOptions::default().set_indexing_options(words)),
        goods: schema.add_u64_field(GOODS, FAST | INDEXED),
        seller: schema.add_u64_field("seller", INDEXED),
        category: schema.add_u64_field("category", INDEXED),
        kind: schema.add_u64_field(KIND, FAST | INDEXED),
        price: schema.add_u64_field(PRICE, FAST),
        begin: schema.add_u64_field(BEGIN, FAST),
        sold: schema.add_u64_field(SOLD, FAST),
        repurchase: schema.add_u64_field(REPURCHASE, FAST),
        listed: schema.add_u64_field(LISTED, FAST),
        open: schema.add_u64_field(OPEN, FAST),
        barred: schema.add_u64_field(BARRED, FAST),
        week: schema.add_u64_field(WEEK, FAST),
        ships: schema.add_u64_field(SHIPS, FAST),
        marks: schema.add_u64_field(MARKS, FAST),
        leaf: schema.add_u64_field(LEAF, FAST),
        property: schema.add_u64_field(PROPERTY, FAST | INDEXED),
    };
    (schema.build(), fields)
}

/// Opens the index of a shop, building it unless a complete one is on disk.
pub fn open(
    shop: &Shop,
    seed: u64,
    folder: Option<&Path>,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<(Index, Fields), Error> {
    let (schema, fields) = schema();
    let home = folder.filter(|_| shop.len() > IN_MEMORY).map(|folder| Home::new(folder, seed, shop.len()));
    if let Some(found) = home.as_ref().and_then(Home::complete) {
        return Ok((with_tokenizer(found), fields));
    }
    let index = match &home {
        Some(home) => Index::create_in_dir(home.prepare()?, schema)?,
        None if shop.len() > IN_MEMORY => Index::create_from_tempdir(schema)?,
        None => Index::create_in_ram(schema),
    };
    let index = with_tokenizer(index);
    fill(&index, fields, shop, progress)?;
    if let Some(home) = &home {
        home.mark_complete()?;
    }
    Ok((index, fields))
}

fn with_tokenizer(index: Index) -> Index {
    index.tokenizers().register(SUBJECTS, SubjectTokenizer::default());
    index
}

/// An index folder inside the data folder, and the mark that it was finished.
struct Home {
    folder: PathBuf,
}

impl Home {
    fn new(data: &Path, seed: u64, offers: u32) -> Home {
        Home { folder: data.join(format!("index-{EDITION}-{seed}-{offers}")) }
    }

    fn mark(&self) -> PathBuf {
        self.folder.join("complete")
    }

    fn complete(&self) -> Option<Index> {
        if self.mark().exists() { Index::open_in_dir(&self.folder).ok() } else { None }
    }

    /// Empties the folder: what is in it was never finished.
    fn prepare(&self) -> Result<&Path, Error> {
        let trouble = |source| Error::Data { path: self.folder.clone(), source };
        if self.folder.exists() {
            std::fs::remove_dir_all(&self.folder).map_err(trouble)?;
        }
        std::fs::create_dir_all(&self.folder).map_err(trouble)?;
        Ok(&self.folder)
    }

    fn mark_complete(&self) -> Result<(), Error> {
        std::fs::write(self.mark(), b"").map_err(|source| Error::Data { path: self.mark(), source })
    }
}

/// Makes goods on two threads while tantivy indexes on two more.
fn fill(index: &Index, fields: Fields, shop: &Shop, progress: &(dyn Fn(Progress) + Sync)) -> Result<(), Error> {
    let budget = if shop.len() > IN_MEMORY { 400 << 20 } else { 64 << 20 };
    let mut writer: IndexWriter = index.writer_with_num_threads(2, budget)?;
    let done = AtomicU64::new(0);
    let total = u64::from(shop.len());
    let step = (total / 200).max(1);
    let add_half = |odd: u32| -> Result<(), Error> {
        let mut badges = Badges::default();
        for number in (odd..shop.len()).step_by(2) {
            let goods = shop.goods(number);
            let marks = marks(&goods, badges.of(shop, goods.seller_id));
            writer.add_document(document(fields, number, &goods, marks, shop.calendar()))?;
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if done.is_multiple_of(step) {
                progress(Progress { done, total, what: "indexing goods" });
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| add_half(1));
        let mine = add_half(0);
        let theirs = other.join().unwrap_or_else(|_| Err(Error::Setting(String::from("making goods failed"))));
        mine.and(theirs)
    })?;
    writer.commit()?;
    writer.wait_merging_threads()?;
    progress(Progress { done: total, total, what: "indexing goods" });
    Ok(())
}

/// The badges of the seller that was asked about last: neighbouring goods are mostly of one seller.
#[derive(Default)]
struct Badges(i64, Vec<Badge>);

impl Badges {
    fn of(&mut self, shop: &Shop, seller_id: i64) -> &[Badge] {
        if self.0 != seller_id {
            *self = Badges(seller_id, shop.seller(seller_id).map(|seller| seller.badges).unwrap_or_default());
        }
        &self.1
    }
}

/// A country as a number.
pub fn country(code: &str) -> u64 {
    code.bytes().fold(0, |number, letter| number << 8 | u64::from(letter))
}

/// Times are written as they were authored, so that an index on disk outlives the day.
fn document(fields: Fields, number: u32, goods: &Goods, marks: u64, calendar: i64) -> TantivyDocument {
    let natural = |value: i64| u64::try_from(value).unwrap_or(0);
    let mut document = TantivyDocument::new();
    let subjects: Vec<String> = Lang::ALL.iter().map(|lang| goods.subject(*lang).replace('\n', " ")).collect();
    document.add_text(fields.words, subjects.join("\n"));
    document.add_u64(fields.goods, u64::from(number));
    document.add_u64(fields.seller, natural(goods.seller_id));
    for category in family(goods.category_id) {
        document.add_u64(fields.category, natural(category));
    }
    document.add_u64(fields.kind, kind_of(goods));
    document.add_u64(fields.price, natural(lowest_fen(goods)));
    document.add_u64(fields.begin, u64::from(goods.min_order));
    document.add_u64(fields.sold, u64::from(goods.monthly_sold));
    document.add_u64(fields.repurchase, u64::from(goods.repurchase_pct));
    document.add_u64(fields.listed, natural(goods.listed_at - calendar));
    document.add_u64(fields.open, u64::from(!matches!(goods.cross_border, CrossBorder::HeldPatent)));
    if let CrossBorder::Restricted(countries) = goods.cross_border {
        countries.iter().for_each(|code| document.add_u64(fields.barred, country(code)));
    }
    document.add_u64(fields.week, u64::from(goods.weekly_sold));
    document.add_u64(fields.ships, u64::from(goods.ships_within_h));
    document.add_u64(fields.marks, marks);
    document.add_u64(fields.leaf, natural(goods.category_id));
    properties::of_goods(goods).into_iter().for_each(|number| document.add_u64(fields.property, number));
    document
}

/// A category and all above it.
fn family(leaf: i64) -> Vec<i64> {
    let mut family = Vec::new();
    let mut next = Some(leaf);
    while let Some(id) = next.filter(|id| !family.contains(id)) {
        family.push(id);
        next = Shop::categories().iter().find(|category| category.id == id).and_then(|category| category.parent_id);
    }
    family
}

/// The place of a goods' type in the table of types.
pub fn kind_of(goods: &Goods) -> u64 {
    let position = Shop::product_types().iter().position(|kind| kind.key == goods.product_type.key);
    position.and_then(|position| u64::try_from(position).ok()).unwrap_or(u64::MAX)
}

/// The price of the largest quantity.
pub fn lowest_fen(goods: &Goods) -> i64 {
    goods.tiers.iter().map(|tier| tier.price_fen).min().unwrap_or(0)
}

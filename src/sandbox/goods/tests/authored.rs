//! What is true of every authored file.

use std::collections::{HashMap, HashSet};

use crate::sandbox::goods::catalogue::{self, CATEGORIES_FILE, FACTS_FILES, NAMES_FILES};
use crate::sandbox::goods::families::{self, FAMILIES_FILE, OPTIONS_FILE, PALETTES_FILE};
use crate::sandbox::goods::picture::drawing;
use crate::sandbox::goods::table::{self, Row};
use crate::sandbox::goods::{Lang, Shop, Words, belt, glossary, pools, seller, text};

/// Files whose rows carry twelve languages.
fn spoken() -> Vec<(&'static str, &'static str)> {
    let mut files = glossary::FILES.to_vec();
    files.extend(NAMES_FILES.iter().map(|file| ("names", *file)));
    files.extend([
        ("belts", belt::FILE),
        ("categories", CATEGORIES_FILE),
        ("options", OPTIONS_FILE),
        ("seller parts", seller::PARTS_FILE),
        ("trades", seller::TRADES_FILE),
        ("seller forms", seller::FORMS_FILE),
        ("subjects", text::SUBJECTS_FILE),
        ("descriptions", text::DESCRIPTIONS_FILE),
        ("pools", pools::FILE),
    ]);
    files
}

fn is_han(letter: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&letter)
}

fn is_of(lang: Lang, letter: char) -> bool {
    match lang {
        Lang::Ko => ('\u{ac00}'..='\u{d7af}').contains(&letter),
        Lang::Ru => ('\u{400}'..='\u{4ff}').contains(&letter),
        Lang::Th => ('\u{e00}'..='\u{e7f}').contains(&letter),
        Lang::Ar => ('\u{600}'..='\u{6ff}').contains(&letter),
        _ => true,
    }
}

#[test]
fn every_row_speaks_twelve_languages_in_full() {
    for (file, content) in spoken() {
        let rows = table::rows(content);
        assert!(!rows.is_empty(), "{file} has no rows");
        for row in &rows {
            let (cells, headers) = row.shape();
            assert_eq!(cells, headers, "{file}: {}", row.text("zh"));
            for lang in Lang::ALL {
                assert!(!row.text(lang.tag()).is_empty(), "{file}: {} in {}", row.text("zh"), lang.tag());
            }
        }
    }
}

#[test]
fn no_translation_is_chinese_left_over() {
    for (file, content) in spoken() {
        for row in table::rows(content) {
            let zh = row.text("zh");
            // Japanese shares characters with Chinese; codes such as `XL` or `PP` are the same everywhere.
            for lang in Lang::ALL.into_iter().filter(|lang| !matches!(lang, Lang::Zh | Lang::Ja)) {
                let cell = row.text(lang.tag());
                assert!(!cell.chars().any(is_han), "{file}: {zh} in {} is {cell}", lang.tag());
            }
        }
    }
}

#[test]
fn every_product_name_is_in_the_script_of_its_language() {
    for kind in Shop::product_types() {
        for lang in Lang::ALL {
            let name = kind.name.get(lang);
            assert!(name.chars().any(|letter| is_of(lang, letter)), "{} in {}: {name}", kind.key, lang.tag());
        }
        for lang in [Lang::Es, Lang::Fr, Lang::Pt, Lang::Vi, Lang::Id] {
            assert_ne!(kind.name.get(lang), kind.name.get(Lang::En), "{} in {}", kind.key, lang.tag());
        }
    }
}

#[test]
fn no_two_products_share_a_name() {
    for lang in Lang::ALL {
        let mut names = HashSet::new();
        for kind in Shop::product_types() {
            assert!(
                names.insert(kind.name.get(lang).to_lowercase()),
                "{} twice in {}",
                kind.name.get(lang),
                lang.tag()
            );
        }
    }
}

#[test]
fn the_catalogue_is_as_wide_as_promised() {
    let leaves: Vec<_> = Shop::categories().iter().filter(|category| category.parent_id.is_some()).collect();
    assert!(Shop::product_types().len() >= 155);
    assert!(Shop::categories().len() - leaves.len() >= 14);
    assert!(leaves.len() >= 50);
    assert!(belt::belts().len() >= 25);
    let stocked: HashSet<i64> = Shop::product_types().iter().map(|kind| kind.category_id).collect();
    for leaf in leaves {
        assert!(stocked.contains(&leaf.id), "{} is empty", leaf.name.get(Lang::En));
        assert!(Shop::categories().iter().any(|root| Some(root.id) == leaf.parent_id && root.parent_id.is_none()));
    }
    let ids: HashSet<i64> = Shop::categories().iter().map(|category| category.id).collect();
    assert_eq!(ids.len(), Shop::categories().len());
}

#[test]
fn every_fact_is_understood() {
    let rows: Vec<Row> = FACTS_FILES.iter().flat_map(|file| table::rows(file)).collect();
    let names: Vec<Row> = NAMES_FILES.iter().flat_map(|file| table::rows(file)).collect();
    assert_eq!(rows.len(), Shop::product_types().len());
    assert_eq!(rows.len(), names.len());
    for (row, kind) in rows.iter().zip(Shop::product_types()) {
        assert_eq!(row.shape().0, row.shape().1, "{}", kind.key);
        assert_eq!(row.text("key"), kind.key);
        let facts = &kind.facts;
        let said = |column: &str| row.list(column).count();
        assert_eq!(facts.materials.len(), said("materials"), "{} materials", kind.key);
        assert_eq!(facts.processes.len(), said("processes"), "{} processes", kind.key);
        assert_eq!(facts.features.len(), said("features"), "{} features", kind.key);
        assert_eq!(facts.uses.len(), said("uses"), "{} uses", kind.key);
        assert_eq!(facts.belts.len(), said("belts"), "{} belts", kind.key);
        assert_eq!(facts.min_orders.len(), said("min_orders"), "{} minimum orders", kind.key);
        assert_eq!(facts.axes.len(), row.text("axes").split('+').count(), "{} axes", kind.key);
        assert!(facts.features.len() >= 2 && !facts.uses.is_empty() && !facts.belts.is_empty(), "{}", kind.key);
        assert!(facts.also.len() >= 3, "{} other names", kind.key);
        assert!(0 < facts.price_fen.0 && facts.price_fen.0 <= facts.price_fen.1, "{}", kind.key);
        assert!(0 < facts.weight_g.0 && facts.weight_g.0 <= facts.weight_g.1, "{}", kind.key);
        assert!(drawing::exists(facts.shape), "{} has no drawing {}", kind.key, facts.shape);
    }
}

#[test]
fn no_product_varies_twice_on_one_property() {
    for kind in Shop::product_types() {
        let axes: HashSet<i64> = kind.facts.axes.iter().map(|axis| axis.attribute.id).collect();
        assert_eq!(axes.len(), kind.facts.axes.len(), "{}", kind.key);
        for axis in &kind.facts.axes {
            assert!((axis.many.1 as usize) <= axis.choices.len() && axis.many.0 <= axis.many.1, "{}", kind.key);
        }
    }
}

#[test]
fn every_family_and_palette_names_known_terms() {
    for row in table::rows(FAMILIES_FILE) {
        let family = families::family(row.text("key")).unwrap();
        let read = [
            (&family.styles, "styles"),
            (&family.attributes, "attributes"),
            (&family.seasons, "seasons"),
            (&family.audiences, "audiences"),
            (&family.patterns, "patterns"),
            (&family.packings, "packings"),
        ];
        for (terms, column) in read {
            assert_eq!(terms.len(), row.list(column).count(), "{} {column}", row.text("key"));
        }
    }
    for row in table::rows(PALETTES_FILE) {
        assert_eq!(glossary::COLOURS.all(row.list("colours")).len(), row.list("colours").count());
    }
    for colour in glossary::COLOURS.terms() {
        assert!(u32::from_str_radix(colour.extra, 16).is_ok() && colour.extra.len() == 6, "{}", colour.key);
    }
    for material in glossary::MATERIALS.terms() {
        assert!(!material.extra.is_empty(), "{} has no Russian phrase", material.key);
    }
}

#[test]
fn every_belt_lies_in_its_province() {
    const PROVINCES: [(&str, &str); 8] = [
        ("浙江省", "33"),
        ("广东省", "44"),
        ("福建省", "35"),
        ("江苏省", "32"),
        ("河北省", "13"),
        ("山东省", "37"),
        ("江西省", "36"),
        ("河南省", "41"),
    ];
    let provinces: HashMap<_, _> = PROVINCES.into_iter().collect();
    assert_eq!(belt::belts().len(), table::rows(belt::FILE).len());
    for belt in belt::belts() {
        assert!(belt.region_code.len() == 6 && belt.region_code.bytes().all(|digit| digit.is_ascii_digit()));
        assert!(belt.region_code.starts_with(provinces[belt.province.get(Lang::Zh)]), "{}", belt.key);
    }
}

#[test]
fn every_root_has_a_trade_name() {
    let trades: HashSet<&str> = table::rows(seller::TRADES_FILE).iter().map(|row| row.text("key")).collect();
    for root in catalogue::categories().iter().filter(|category| category.parent_id.is_none()) {
        assert!(trades.contains(root.key), "{}", root.key);
    }
}

#[test]
fn patterns_keep_the_product_name_outside_what_may_vanish() {
    for row in table::rows(text::SUBJECTS_FILE) {
        let words: Words = row.words();
        for lang in Lang::ALL {
            let mut depth = 0;
            let mut bare = String::new();
            for letter in words.get(lang).chars() {
                depth += match letter {
                    '[' => 1,
                    ']' => -1,
                    _ => 0,
                };
                assert!((0..=1).contains(&depth), "{} nests brackets", words.get(lang));
                if depth == 0 {
                    bare.push(letter);
                }
            }
            assert!(bare.contains("{name}"), "{} in {}", row.text("key"), lang.tag());
        }
    }
}

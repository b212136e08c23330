//! Which properties the goods of a category have, and which values these take.

use super::catalogue::{ProductType, product_types};
use super::glossary::{STYLES, Term};
use super::lang::{Lang, Words};

/// A property of a category.
#[derive(Clone, Debug)]
pub struct CategoryAttribute {
    /// The catalogue's number of it.
    pub id: i64,
    /// Its name.
    pub name: Words,
    /// Whether variants differ by it.
    pub of_variants: bool,
    /// The values that occur, each once.
    pub values: Vec<Words>,
}

/// The properties of all goods in a category, those below it included.
pub(super) fn of_category(category_id: i64) -> Vec<CategoryAttribute> {
    let mut found = Vec::new();
    let inside = |kind: &&ProductType| kind.category_id == category_id || kind.root_id == category_id;
    for kind in product_types().iter().filter(inside) {
        for name in &kind.facts.family.attributes {
            gather(&mut found, name, false, values(kind, name.key));
        }
        for axis in &kind.facts.axes {
            gather(&mut found, axis.attribute, true, axis.choices.iter().map(|choice| choice.words).collect());
        }
    }
    found.retain(|attribute: &CategoryAttribute| !attribute.values.is_empty());
    found
}

fn gather(found: &mut Vec<CategoryAttribute>, name: &Term, of_variants: bool, values: Vec<Words>) {
    let known = found.iter().position(|one| one.id == name.id && one.of_variants == of_variants);
    let place = known.unwrap_or_else(|| {
        found.push(CategoryAttribute { id: name.id, name: name.words, of_variants, values: Vec::new() });
        found.len() - 1
    });
    let Some(attribute) = found.get_mut(place) else { return };
    for value in values {
        if !attribute.values.iter().any(|one| one.get(Lang::Zh) == value.get(Lang::Zh)) {
            attribute.values.push(value);
        }
    }
}

/// What goods of a type may have under a property; the same lists that goods are made from.
fn values(kind: &ProductType, key: &str) -> Vec<Words> {
    let (facts, family) = (&kind.facts, kind.facts.family);
    let all = |terms: &[&'static Term]| terms.iter().map(|term| term.words).collect();
    match key {
        "material" => all(&facts.materials),
        "style" if family.styles.is_empty() => STYLES.terms().iter().map(|term| term.words).collect(),
        "style" => all(&family.styles),
        "use" => all(&facts.uses),
        "feature" => all(&facts.features),
        "season" => all(&family.seasons),
        "process" => all(&facts.processes),
        "audience" => all(&family.audiences),
        "pattern" => all(&family.patterns),
        "packing" => all(&family.packings),
        "origin" => facts.belts.iter().map(|belt| belt.city).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use crate::sandbox::goods::{Lang, Shop};

    #[test]
    fn what_a_goods_has_its_category_knows() {
        let shop = Shop::open(7, 300);
        for index in 0..shop.len() {
            let goods = shop.goods(index);
            let known = Shop::category_attributes(goods.category_id);
            let variants = goods.skus.iter().flat_map(|sku| sku.spec.iter().map(|one| (true, one)));
            for (of_variants, has) in goods.attributes.iter().map(|one| (false, one)).chain(variants) {
                let listed = known.iter().find(|one| one.id == has.id && one.of_variants == of_variants);
                let listed = listed.unwrap_or_else(|| panic!("{:?} is not of {}", has.name, goods.category_id));
                assert!(listed.values.iter().any(|value| value.get(Lang::Zh) == has.value.get(Lang::Zh)), "{has:?}");
            }
        }
        assert!(Shop::category_attributes(1).is_empty());
    }
}

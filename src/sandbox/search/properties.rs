//! Properties of goods as numbers: each property with each of its values has one, the same in every index of this edition.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use crate::sandbox::goods::{Goods, Lang, Shop, Words};

/// A property with one of its values.
#[derive(Clone, Copy, Debug)]
pub struct Property {
    /// The catalogue's number of the property.
    pub id: i64,
    /// Its name.
    pub name: Words,
    /// The value.
    pub value: Words,
}

/// All of them, by their numbers.
struct Table {
    rows: Vec<Property>,
    numbers: HashMap<(i64, &'static str), u64>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let roots = Shop::categories().iter().filter(|category| category.parent_id.is_none());
    let mut rows = BTreeMap::new();
    for attribute in roots.flat_map(|root| Shop::category_attributes(root.id)) {
        for value in attribute.values {
            let row = Property { id: attribute.id, name: attribute.name, value };
            rows.entry((attribute.id, value.get(Lang::Zh))).or_insert(row);
        }
    }
    let numbers = rows.keys().copied().zip(0..).collect();
    Table { rows: rows.into_values().collect(), numbers }
});

/// The number of a property with this Chinese value.
pub fn number(id: i64, value: &str) -> Option<u64> {
    let of_property = TABLE.rows.iter().zip(0..).filter(|(row, _)| row.id == id);
    of_property
        .map(|(row, number)| (row.value.get(Lang::Zh), number))
        .find(|(word, _)| *word == value)
        .map(|found| found.1)
}

/// How many there are.
pub fn count() -> usize {
    TABLE.rows.len()
}

/// All of them, in the order of their numbers.
pub fn all() -> &'static [Property] {
    &TABLE.rows
}

/// Of a goods, with what its variants are.
pub fn of_goods(goods: &Goods) -> Vec<u64> {
    let own = goods.attributes.iter().chain(goods.skus.iter().flat_map(|sku| &sku.spec));
    let mut numbers: Vec<u64> =
        own.filter_map(|one| TABLE.numbers.get(&(one.id, one.value.get(Lang::Zh))).copied()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// Reads `287:陶瓷;287:玻璃;12:红色`: values of one property are alternatives, properties must all be met. `None` when it
/// is not written so, or names what no goods can have.
pub fn read(text: &str) -> Option<Vec<Vec<u64>>> {
    let mut groups: BTreeMap<i64, Vec<u64>> = BTreeMap::new();
    for one in text.split(';') {
        let (id, value) = one.split_once(':')?;
        let id = id.parse().ok()?;
        groups.entry(id).or_default().push(number(id, value)?);
    }
    let groups = groups.into_values().map(|mut group| {
        group.sort_unstable();
        group.dedup();
        group
    });
    Some(groups.collect())
}

#[cfg(test)]
mod tests {
    use super::{all, number, of_goods, read};
    use crate::sandbox::goods::{Lang, Shop};

    #[test]
    fn every_property_of_every_goods_has_a_number_and_is_found_by_it() {
        let shop = Shop::open(7, 200);
        for index in 0..shop.len() {
            let goods = shop.goods(index);
            let numbers = of_goods(&goods);
            for has in goods.attributes.iter().chain(goods.skus.iter().flat_map(|sku| &sku.spec)) {
                let number = number(has.id, has.value.get(Lang::Zh)).unwrap_or_else(|| panic!("{has:?}"));
                assert!(numbers.contains(&number));
                assert_eq!(all()[usize::try_from(number).unwrap()].id, has.id);
            }
        }
    }

    #[test]
    fn values_of_one_property_are_alternatives_and_what_there_is_not_is_refused() {
        let one = all()[0];
        let other = all()
            .iter()
            .find(|other| other.id == one.id && other.value.get(Lang::Zh) != one.value.get(Lang::Zh))
            .unwrap();
        let third = all().iter().find(|third| third.id != one.id).unwrap();
        let word = |one: &super::Property| format!("{}:{}", one.id, one.value.get(Lang::Zh));
        let groups = read(&[word(&one), word(other), word(third), word(&one)].join(";")).unwrap();
        assert_eq!(groups.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
        for wrong in ["", ";", "1", "1:", "x:陶瓷", &format!("{}:没有", one.id)] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}

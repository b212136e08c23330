//! The tree of categories: `category.translation.getById`, and what offers of a category have:
//! `alibaba.category.attribute.get`, `product.category.getAttrById`.

use serde::Serialize;

use crate::catalog::{AllCategories, Catalog};
use crate::edge::problem::Problem;
use crate::error::Code;
use crate::model::category::{Category, CategoryAttribute};
use crate::model::ids::CategoryId;
use crate::param2::asked::{Asked, Told};
use crate::param2::fault::Refusal;

/// Values of one attribute are numbered below its own number.
const MOST_VALUES: i64 = 10_000;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CategoryView<'a> {
    category_id: i64,
    chinese_name: &'a str,
    translated_name: &'a str,
    language: &'a str,
    leaf: bool,
    level: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_cate_id: Option<i64>,
    from_cache: bool,
    children: Option<Vec<CategoryView<'a>>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Older {
    // The platform's own spelling.
    succes: &'static str,
    category_info: [CategoryInfo; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CategoryInfo {
    #[serde(rename = "categoryID")]
    category_id: i64,
    name: String,
    level: usize,
    is_leaf: bool,
    #[serde(rename = "parentIDs")]
    parent_ids: Vec<i64>,
    #[serde(rename = "childIDs")]
    child_ids: Vec<i64>,
    child_categorys: Vec<Child>,
    category_type: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Child {
    id: i64,
    name: String,
    is_leaf: bool,
    category_type: &'static str,
}

/// The tree as one answer needs it.
struct Tree<'a> {
    all: &'a [Category],
    language: &'a str,
}

impl<'a> Tree<'a> {
    fn find(&self, id: CategoryId) -> Option<&'a Category> {
        self.all.iter().find(|category| category.id == id)
    }

    fn below(&self, parent: Option<CategoryId>) -> impl Iterator<Item = &'a Category> {
        self.all.iter().filter(move |category| category.parent == parent)
    }

    /// Roots are of level 1.
    fn level(&self, category: &Category) -> usize {
        let mut level = 1;
        let mut above = category.parent;
        while let Some(parent) = above.and_then(|id| self.find(id)) {
            level += 1;
            above = parent.parent;
            if level > self.all.len() {
                break;
            }
        }
        level
    }

    fn view(&self, category: &'a Category, children: bool) -> CategoryView<'a> {
        let below = || self.below(Some(category.id));
        CategoryView {
            category_id: category.id.number(),
            chinese_name: &category.name.original,
            translated_name: &category.name.shown,
            language: self.language,
            leaf: below().next().is_none(),
            level: self.level(category).to_string(),
            parent_cate_id: Some(category.parent.map_or(0, CategoryId::number)),
            from_cache: true,
            children: children.then(|| below().map(|child| self.view(child, false)).collect()),
        }
    }

    fn root(&self) -> CategoryView<'a> {
        CategoryView {
            category_id: 0,
            chinese_name: "全部",
            translated_name: "",
            language: self.language,
            leaf: false,
            level: "0".to_owned(),
            parent_cate_id: None,
            from_cache: true,
            children: Some(self.below(None).map(|child| self.view(child, false)).collect()),
        }
    }
}

/// Answers `category.translation.getById`; category 0 stands above all.
pub async fn by_id(asked: Asked) -> Told {
    let number = asked.need_long("categoryId")?;
    let audience = asked.audience("language", asked.text("language"))?;
    let all = asked.room::<Catalog>()?.ask(&audience, &AllCategories).await?.found;
    let tree = Tree { all: &all, language: audience.language.tag() };
    if number == 0 {
        return asked.answer(&tree.root());
    }
    let found = tree.find(CategoryId::new(number)).ok_or_else(|| Problem::new(Code::CategoryNotFound))?;
    let parent = asked.long("parentCateId")?;
    if parent.is_some_and(|parent| parent != found.parent.map_or(0, CategoryId::number)) {
        return Err(Problem::new(Code::CategoryNotFound).into());
    }
    asked.answer(&tree.view(found, true))
}

/// Answers `alibaba.category.get`, in Chinese; category 0 stands above all, and only those right below it are told.
pub async fn older(asked: Asked) -> Told {
    let number = asked.need_long("categoryID")?;
    let all = asked.room::<Catalog>()?.ask(&asked.audience("language", Some("zh"))?, &AllCategories).await?.found;
    let tree = Tree { all: &all, language: "zh" };
    let below = match number {
        0 => None,
        _ => Some(tree.find(CategoryId::new(number)).ok_or_else(|| Problem::new(Code::CategoryNotFound))?),
    };
    let children: Vec<_> = tree.below(below.map(|category| category.id)).collect();
    let child = |category: &&Category| Child {
        id: category.id.number(),
        name: category.name.original.clone(),
        is_leaf: tree.below(Some(category.id)).next().is_none(),
        category_type: "1",
    };
    let info = CategoryInfo {
        category_id: number,
        name: below.map_or("全部", |category| category.name.original.as_str()).to_owned(),
        level: below.map_or(0, |category| tree.level(category)),
        is_leaf: children.is_empty(),
        parent_ids: below.map(|category| category.parent.map_or(0, CategoryId::number)).into_iter().collect(),
        child_ids: children.iter().map(|category| category.id.number()).collect(),
        child_categorys: children.iter().map(child).collect(),
        category_type: "1",
    };
    asked.answer(&Older { succes: "true", category_info: [info] })
}

/// Answers `category.translation.getByKeyword`: every category whose name, in either language, has these words.
pub async fn by_keyword(asked: Asked) -> Told {
    let words = asked.need("cateName")?.trim().to_lowercase();
    let audience = asked.audience("language", asked.text("language"))?;
    let all = asked.room::<Catalog>()?.ask(&audience, &AllCategories).await?.found;
    let tree = Tree { all: &all, language: audience.language.tag() };
    let named = |category: &&Category| {
        category.name.original.contains(&words) || category.name.shown.to_lowercase().contains(&words)
    };
    let found: Vec<_> = all.iter().filter(named).map(|category| tree.view(category, false)).collect();
    asked.answer(&found)
}

#[derive(Debug, Serialize)]
struct Attributes<'a> {
    attributes: Vec<AttributeView<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AttributeView<'a> {
    #[serde(rename = "attrID")]
    attr_id: i64,
    name: &'a str,
    required: bool,
    field_type: &'static str,
    #[serde(rename = "isSKUAttribute")]
    is_sku_attribute: bool,
    attr_values: Vec<ValueView<'a>>,
    input_type: &'static str,
    aspect: &'static str,
    is_spec_pic_attr: bool,
}

#[derive(Debug, Serialize)]
struct ValueView<'a> {
    #[serde(rename = "attrValueID")]
    attr_value_id: i64,
    name: &'a str,
}

/// The catalogue gives values no numbers: theirs is their place below the number of the attribute.
fn value_id(attribute: &CategoryAttribute, place: i64) -> i64 {
    attribute.id.saturating_mul(MOST_VALUES).saturating_add(place)
}

/// Answers `alibaba.category.attribute.get`.
pub async fn attributes(asked: Asked) -> Told {
    let category = CategoryId::new(asked.need_long("categoryID")?);
    let audience = asked.audience("language", Some("zh"))?;
    let found = asked.room::<Catalog>()?.ask(&audience, &category).await?.found;
    asked.answer(&Attributes { attributes: found.attributes.iter().map(AttributeView::of).collect() })
}

impl<'a> AttributeView<'a> {
    fn of(attribute: &'a CategoryAttribute) -> Self {
        let values = attribute.values.iter().zip(1..);
        Self {
            attr_id: attribute.id,
            name: &attribute.name.original,
            required: attribute.of_variants,
            field_type: "enum",
            is_sku_attribute: attribute.of_variants,
            attr_values: values
                .map(|(value, at)| ValueView { attr_value_id: value_id(attribute, at), name: &value.original })
                .collect(),
            input_type: "1",
            aspect: if attribute.of_variants { "3" } else { "0" },
            is_spec_pic_attr: false,
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Mapping {
    category_id: String,
    category_name: String,
    external_category_id: String,
    external_category_name: String,
    attributes: Vec<Mapped>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Mapped {
    attribute_id: String,
    attribute_name: String,
    value_id: String,
    value_name: String,
    external_attribute_id: String,
    external_attribute_name: String,
    external_value_id: String,
    external_value_name: String,
}

/// Answers `product.category.getAttrById`: the Chinese names beside the English ones, which are what shops map to.
pub async fn mapping(asked: Asked) -> Told {
    let number =
        asked.need_long("categoryId").map_err(|_| Refusal::invalid("categoryId", "a category's number is wanted"))?;
    let audience = asked.audience("language", None)?;
    let found = asked.room::<Catalog>()?.ask(&audience, &CategoryId::new(number)).await?.found;
    let mut attributes = Vec::new();
    for attribute in &found.attributes {
        for (value, at) in attribute.values.iter().zip(1..) {
            let (id, value_id) = (attribute.id.to_string(), value_id(attribute, at).to_string());
            attributes.push(Mapped {
                attribute_id: id.clone(),
                attribute_name: attribute.name.original.clone(),
                value_id: value_id.clone(),
                value_name: value.original.clone(),
                external_attribute_id: id,
                external_attribute_name: attribute.name.shown.clone(),
                external_value_id: value_id,
                external_value_name: value.shown.clone(),
            });
        }
    }
    let (id, name) = (found.category.id.to_string(), &found.category.name);
    asked.answer(&Mapping {
        category_id: id.clone(),
        category_name: name.original.clone(),
        external_category_id: id,
        external_category_name: name.shown.clone(),
        attributes,
    })
}

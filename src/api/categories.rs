//! The tree of categories: `GET /v1/categories`, `GET /v1/categories/{category_id}`.

use actix_web::web::Data;
use actix_web::{HttpRequest, get};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::asked::{Asked, Tongue};
use crate::api::gate::Admitted;
use crate::api::kept;
use crate::api::operations::op;
use crate::catalog::{AllCategories, Catalog};
// utoipa takes any `Path` in a handler's arguments for actix's own.
use crate::edge::parts::{Path as InPath, Query};
use crate::edge::reply::Reply;
use crate::model::category::{Category, CategoryAttribute, CategoryDetail};
use crate::model::ids::CategoryId;
use crate::model::offer::Text;

/// All categories, flat; `parent_id` makes the tree.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CategoryPage)]
pub struct CategoryPageView<'a> {
    /// The categories.
    items: Vec<CategoryView<'a>>,
    /// Always null: one page holds all.
    next_cursor: Option<&'a str>,
    /// How many there are.
    total: usize,
}

/// A category.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Category)]
pub struct CategoryView<'a> {
    /// Id of the category.
    #[schema(example = "1001")]
    id: String,
    /// The category above; null for a root.
    #[schema(example = "1")]
    parent_id: Option<String>,
    /// Name in the asked language.
    #[schema(example = "Earrings")]
    name: &'a str,
    /// Name in Chinese.
    #[schema(example = "耳环")]
    name_original: &'a str,
    /// Where `name` comes from: `original`, `catalogue`, `glossary` or `machine`.
    #[schema(example = "catalogue")]
    name_origin: &'static str,
    /// Offers in it and below.
    offers: u64,
}

impl<'a> From<&'a [Category]> for CategoryPageView<'a> {
    fn from(categories: &'a [Category]) -> Self {
        let items: Vec<_> = categories.iter().map(CategoryView::from).collect();
        Self { total: items.len(), items, next_cursor: None }
    }
}

impl<'a> From<&'a Category> for CategoryView<'a> {
    fn from(category: &'a Category) -> Self {
        Self {
            id: category.id.to_string(),
            parent_id: category.parent.map(|id| id.to_string()),
            name: &category.name.shown,
            name_original: &category.name.original,
            name_origin: category.name.origin.name(),
            offers: category.offers,
        }
    }
}

/// Lists all categories.
#[utoipa::path(tag = "Catalogue", params(Tongue), responses(
    (status = 200, description = "All categories", body = CategoryPageView),
    (status = 304, description = "You hold them already; it costs nothing"),
))]
#[get("/v1/categories")]
pub async fn list_categories(
    request: HttpRequest,
    call: Admitted<op::ListCategories, Query<Tongue>>,
    catalog: Data<Catalog>,
) -> Reply {
    let mut asked = Asked::default();
    let audience = asked.audience(&request, &call.caller, call.parts.0.language.as_deref(), None);
    let audience = asked.done(Some(audience))?;
    kept::shown(&request, &catalog, &audience, &AllCategories, |all, _| {
        kept::json(&CategoryPageView::from(all.as_slice()))
    })
    .await
}

/// Which category.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct CategoryPath {
    /// Id of the category.
    #[param(example = "1001")]
    category_id: String,
}

/// A category with what stands below it and what its offers have.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CategoryDetail)]
pub struct CategoryDetailView<'a> {
    #[serde(flatten)]
    category: CategoryView<'a>,
    /// Categories right below it; none of a leaf.
    children: Vec<CategoryView<'a>>,
    /// Properties that its offers have, those below it included.
    attributes: Vec<CategoryAttributeView<'a>>,
}

/// A property that offers of a category have.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CategoryAttribute)]
pub struct CategoryAttributeView<'a> {
    /// Id of the property.
    #[schema(example = "287")]
    id: String,
    /// Name in the asked language.
    #[schema(example = "material")]
    name: &'a str,
    /// Name in Chinese.
    #[schema(example = "材质")]
    name_original: &'a str,
    /// Where `name` comes from: `original`, `catalogue`, `glossary` or `machine`.
    #[schema(example = "catalogue")]
    name_origin: &'static str,
    /// Whether variants of one offer differ by it, such as colour and size.
    of_variants: bool,
    /// The values that occur.
    values: Vec<AttributeValueView<'a>>,
}

/// A value of a property.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AttributeValue)]
pub struct AttributeValueView<'a> {
    /// In the asked language.
    #[schema(example = "ceramic")]
    value: &'a str,
    /// In Chinese.
    #[schema(example = "陶瓷")]
    value_original: &'a str,
    /// Where `value` comes from.
    #[schema(example = "catalogue")]
    value_origin: &'static str,
}

impl<'a> From<&'a CategoryDetail> for CategoryDetailView<'a> {
    fn from(detail: &'a CategoryDetail) -> Self {
        Self {
            category: CategoryView::from(&detail.category),
            children: detail.children.iter().map(CategoryView::from).collect(),
            attributes: detail.attributes.iter().map(CategoryAttributeView::from).collect(),
        }
    }
}

impl<'a> From<&'a CategoryAttribute> for CategoryAttributeView<'a> {
    fn from(attribute: &'a CategoryAttribute) -> Self {
        let value = |text: &'a Text| AttributeValueView {
            value: &text.shown,
            value_original: &text.original,
            value_origin: text.origin.name(),
        };
        Self {
            id: attribute.id.to_string(),
            name: &attribute.name.shown,
            name_original: &attribute.name.original,
            name_origin: attribute.name.origin.name(),
            of_variants: attribute.of_variants,
            values: attribute.values.iter().map(value).collect(),
        }
    }
}

/// Returns one category with its properties.
#[utoipa::path(tag = "Catalogue", params(CategoryPath, Tongue), responses(
    (status = 200, description = "The category", body = CategoryDetailView),
    (status = 304, description = "You hold it already; it costs nothing"),
    (status = 404, description = "`category_not_found`: no such category"),
))]
#[get("/v1/categories/{category_id}")]
pub async fn get_category(
    request: HttpRequest,
    call: Admitted<op::GetCategory, (InPath<CategoryPath>, Query<Tongue>)>,
    catalog: Data<Catalog>,
) -> Reply {
    let (InPath(path), Query(tongue)) = &call.parts;
    let mut asked = Asked::default();
    let id = asked.path::<CategoryId>("category_id", &path.category_id);
    let audience = asked.audience(&request, &call.caller, tongue.language.as_deref(), None);
    let id = asked.done(id)?;
    kept::shown(&request, &catalog, &audience, &id, |detail, _| kept::json(&CategoryDetailView::from(detail))).await
}

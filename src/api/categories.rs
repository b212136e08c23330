//! The tree of categories: `GET /v1/categories`.

use actix_web::web::Data;
use actix_web::{HttpRequest, get};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::asked::{Asked, Tongue};
use crate::api::gate::Admitted;
use crate::api::kept;
use crate::api::operations::op;
use crate::catalog::{AllCategories, Catalog};
use crate::edge::parts::Query;
use crate::edge::reply::Reply;
use crate::model::category::Category;

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
    let rendered = catalog
        .rendered(kept::FACE, &audience, &AllCategories, |all, _| kept::json(&CategoryPageView::from(all.as_slice())));
    Ok(kept::answer(&request, &catalog, &rendered.await?))
}

//! The flat list of categories.

use crate::model::category::Category;
use crate::model::ids::CategoryId;
use crate::translate::words;
use crate::upstream::wholesale::wire::goods as wire;

/// The service's categories as ours, in its order.
pub fn categories(document: wire::Categories) -> Vec<Category> {
    document.items.into_iter().map(category).collect()
}

/// One of them.
pub fn category(wire: wire::Category) -> Category {
    Category {
        id: CategoryId::new(wire.category_id),
        parent: wire.parent_id.map(CategoryId::new),
        name: words::text(wire.name, wire.name_trans),
        offers: wire.goods_count,
    }
}

#[cfg(test)]
mod tests {
    use super::categories;

    #[test]
    fn roots_have_no_parent() {
        let text = r#"{"items":[{"categoryId":1,"parentId":null,"name":"珠宝","nameTrans":"Jewellery","goodsCount":9},
            {"categoryId":1001,"parentId":1,"name":"耳环","goodsCount":4}]}"#;
        let read = categories(serde_json::from_str(text).unwrap());
        assert_eq!(read[0].parent, None);
        assert_eq!((read[1].parent, read[1].name.shown.as_str()), (Some(read[0].id), "耳环"));
    }
}

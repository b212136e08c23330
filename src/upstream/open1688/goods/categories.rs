//! Categories. The platform tells those below one at a time: the whole tree is walked and remembered. Where that takes
//! longer than a request may, the next one goes on from there.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use crate::upstream::failure::Error;
use crate::upstream::open1688::asked::{Asked, renamed, written};
use crate::upstream::open1688::goods::detail::SIDE_BY_SIDE;
use crate::upstream::open1688::table::{ATTRIBUTES, CATEGORY};
use crate::upstream::open1688::words::{self, Tongue};

const ABSENT: &[(&str, &str)] = &[("404", "CATEGORY_NOT_FOUND")];
/// A walk stops asking when less time than this is left.
const TIME_TO_TELL: Duration = Duration::from_millis(300);
const STILL_WALKING: &str = "the tree of categories is still being read";

/// A category with those right below it.
async fn with_children(asked: &Asked<'_>, id: i64, tongue: &Tongue) -> Result<Arc<Value>, Error> {
    let key = (id, tongue.asked.clone());
    if let Some(known) = asked.account.categories.get(&key) {
        return Ok(known);
    }
    let parameters = [("language", tongue.asked.clone()), ("categoryId", id.to_string())];
    let told = Arc::new(asked.ask(&CATEGORY, &parameters).await.map_err(renamed(ABSENT))?);
    asked.account.categories.insert(key, told.clone());
    Ok(told)
}

fn category(told: &Value, parent: Option<i64>, tongue: &Tongue) -> Option<Value> {
    let name = words::text(told, "/chineseName").or_else(|| words::text(told, "/translatedName"))?;
    let parent = parent.or_else(|| words::long(told, "/parentCateId")).filter(|parent| *parent > 0);
    Some(json!({
        "categoryId": words::long(told, "/categoryId")?,
        "parentId": parent,
        "nameTrans": tongue.trans(told, "/translatedName", &name),
        "name": name,
    }))
}

/// Answers `categories`. How many offers a category has is not told.
pub(in crate::upstream::open1688) async fn all(asked: &Asked<'_>) -> Result<Bytes, Error> {
    let tongue = &asked.tongue();
    let (mut items, mut level) = (Vec::new(), vec![0]);
    while !level.is_empty() {
        let look = |id: i64| async move {
            // What is known costs no time.
            let known = asked.account.categories.contains_key(&(id, tongue.asked.clone()));
            if !known && asked.line.left() < TIME_TO_TELL {
                return Err(Error::HeldBack(STILL_WALKING));
            }
            with_children(asked, id, tongue).await.map(|told| (id, told))
        };
        let mut looks = stream::iter(std::mem::take(&mut level)).map(look).buffered(SIDE_BY_SIDE);
        let mut next = Vec::new();
        while let Some(looked) = looks.next().await {
            let (id, told) = looked?;
            for child in words::list(&told, "/children") {
                items.extend(category(child, Some(id), tongue));
                let is_leaf = words::flag(child, "/leaf").unwrap_or(true);
                next.extend(words::long(child, "/categoryId").filter(|_| !is_leaf));
            }
        }
        drop(looks);
        level = next;
    }
    written(&json!({"items": items}))
}

/// Answers `categories.get`.
pub(in crate::upstream::open1688) async fn one(asked: &Asked<'_>) -> Result<Bytes, Error> {
    let (id, tongue) = (asked.id()?, asked.tongue());
    let told = with_children(asked, id, &tongue).await?;
    let children = words::list(&told, "/children").iter();
    let children: Vec<_> = children.filter_map(|child| category(child, Some(id), &tongue)).collect();
    let parameters = [("categoryID", id.to_string()), ("webSite", "1688".to_owned())];
    let attributes = match asked.ask(&ATTRIBUTES, &parameters).await {
        Ok(attributes) => attributes,
        // Only leaves have some.
        Err(Error::Refused(_)) => Value::Null,
        Err(other) => return Err(other),
    };
    let attributes: Vec<_> = words::list(&attributes, "/attributes").iter().filter_map(attribute).collect();
    let mut whole = category(&told, None, &tongue).ok_or_else(|| asked.nonsense("a category without a name"))?;
    if let Some(members) = whole.as_object_mut() {
        members.insert("children".into(), children.into());
        members.insert("attributes".into(), attributes.into());
    }
    written(&whole)
}

fn attribute(told: &Value) -> Option<Value> {
    let values = words::list(told, "/attrValues").iter().filter_map(|value| words::text(value, "/name"));
    Some(json!({
        "attrId": words::long(told, "/attrID")?,
        "name": words::text(told, "/name")?,
        "skuSpec": words::yes(words::flag(told, "/isSKUAttribute").unwrap_or(false)),
        "values": values.map(|value| json!({"value": value})).collect::<Vec<_>>(),
    }))
}

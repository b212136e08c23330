//! Rows of a list as items to compare, and what was found as rows again.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::csv::Row;

/// The columns that are understood; all but `quantity` may be missing or empty.
pub const COLUMNS: &[&str] = &["reference", "link", "picture", "title", "price", "currency", "quantity"];

/// The columns of what is written: the row's own, and the best candidate's.
pub const RESULT: &[&str] = &[
    "line",
    "reference",
    "state",
    "error",
    "confidence",
    "reasons",
    "offer_id",
    "sku_id",
    "title",
    "pieces",
    "unit_price_cny",
    "freight_cny",
    "total_cny",
    "minimum_order",
    "days_to_ship",
    "supplier",
    "rating",
    "saving_per_piece",
    "saving_currency",
    "saving_percent",
    "other_offers",
];

/// A row of the list: what is asked, or why it cannot be.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// The line it begins on.
    pub line: usize,
    /// The partner's own name of it.
    pub reference: String,
    /// A picture file of it, beside the list.
    pub picture: Option<String>,
    /// The item as the gateway wants it, or what is wrong with the row.
    pub item: Result<Value, String>,
}

/// Which column stands where; an error says what is wrong with the head.
pub fn columns(head: &Row) -> Result<HashMap<&'static str, usize>, String> {
    let mut found = HashMap::new();
    for (at, name) in head.fields.iter().enumerate() {
        let name = name.trim().to_lowercase();
        let known = COLUMNS.iter().find(|known| **known == name);
        let known = known.ok_or_else(|| format!("no column {name:?} is known; give {}", COLUMNS.join(", ")))?;
        if found.insert(*known, at).is_some() {
            return Err(format!("the column {known} stands there twice"));
        }
    }
    if !found.contains_key("quantity") || !["link", "picture", "title"].iter().any(|name| found.contains_key(name)) {
        return Err("a column quantity is needed, and link, picture or title".to_owned());
    }
    Ok(found)
}

/// Reads a row.
pub fn listed(row: &Row, columns: &HashMap<&'static str, usize>) -> Listed {
    let cell = |name: &str| {
        let text = columns.get(name).and_then(|at| row.fields.get(*at)).map(|text| text.trim());
        text.filter(|text| !text.is_empty())
    };
    let item = || {
        let quantity: u32 =
            cell("quantity").unwrap_or("1").parse().map_err(|_| "quantity: a whole number".to_owned())?;
        let mut item = json!({"quantity": quantity});
        for name in ["reference", "link", "title"] {
            if let Some(text) = cell(name) {
                item[name] = json!(text);
            }
        }
        if ["link", "picture", "title"].iter().all(|name| cell(name).is_none()) {
            return Err("give a link, a picture or a title".to_owned());
        }
        if let Some(price) = cell("price") {
            let currency = cell("currency").ok_or_else(|| "currency: is needed with a price".to_owned())?;
            item["price"] = json!({"amount": price, "currency": currency.to_uppercase()});
        }
        Ok(item)
    };
    let reference = cell("reference").unwrap_or_default().to_owned();
    Listed { line: row.line, reference, picture: cell("picture").map(str::to_owned), item: item() }
}

/// What came of a row, as a row.
pub fn result(listed: &Listed, found: Option<&Value>) -> Vec<String> {
    let error = match (&listed.item, found) {
        (Err(error), _) => error.clone(),
        (Ok(_), None) => "it was not answered".to_owned(),
        (Ok(_), Some(found)) => match (text(found, "/problem"), text(found, "/detail")) {
            (problem, detail) if detail.is_empty() => problem,
            (problem, detail) => format!("{problem}: {detail}"),
        },
    };
    let none = Value::Null;
    let found = found.unwrap_or(&none);
    let state = if error.is_empty() { text(found, "/state") } else { "error".to_owned() };
    let candidates = found["candidates"].as_array().map(Vec::as_slice).unwrap_or_default();
    let best = candidates.first().unwrap_or(&none);
    let reasons = best["reasons"].as_array().map(Vec::as_slice).unwrap_or_default();
    let reasons: Vec<_> =
        reasons.iter().map(|reason| format!("{} {}", text(reason, "/by"), text(reason, "/score"))).collect();
    let others: Vec<_> = candidates.iter().skip(1).map(|one| text(one, "/offer_id")).collect();
    vec![
        listed.line.to_string(),
        listed.reference.clone(),
        state,
        error,
        text(best, "/confidence"),
        reasons.join("; "),
        text(best, "/offer_id"),
        text(best, "/sku_id"),
        text(best, "/title"),
        text(best, "/pieces"),
        text(best, "/unit_price/amount"),
        text(best, "/freight/amount"),
        text(best, "/total/amount"),
        text(best, "/minimum_order"),
        text(best, "/days_to_ship"),
        text(best, "/supplier/name"),
        text(best, "/supplier/rating"),
        text(best, "/saving/per_piece"),
        text(best, "/saving/currency"),
        text(best, "/saving/percent"),
        others.join(" "),
    ]
}

/// A member as text; nothing when it is missing or null.
pub fn text(value: &Value, path: &str) -> String {
    match value.pointer(path) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{RESULT, columns, listed, result};
    use crate::commands::source_match::csv::read;
    use serde_json::json;

    #[test]
    fn a_row_becomes_an_item_or_says_what_is_wrong() {
        let rows = read(
            "Reference,Title,Link,Price,Currency,Quantity\nA,mug,,3.10,usd,200\nB,,,,,5\nC,mug,,1,,x\nD,mug,,1,,2\n",
        )
        .unwrap();
        let columns = columns(&rows[0]).unwrap();
        let all: Vec<_> = rows[1..].iter().map(|row| listed(row, &columns)).collect();
        let price = json!({"amount": "3.10", "currency": "USD"});
        assert_eq!(all[0].item, Ok(json!({"quantity": 200, "reference": "A", "title": "mug", "price": price})));
        let errors: Vec<_> = all[1..].iter().map(|row| (row.line, row.item.clone().unwrap_err())).collect();
        assert_eq!(errors[0], (3, "give a link, a picture or a title".into()));
        assert_eq!(
            (errors[1].1.as_str(), errors[2].1.as_str()),
            ("quantity: a whole number", "currency: is needed with a price")
        );
    }

    #[test]
    fn a_head_that_is_not_understood_is_refused() {
        let head = |text: &str| columns(&read(text).unwrap()[0]);
        assert!(head("title,qty").unwrap_err().contains("\"qty\""));
        assert!(head("title,title,quantity").unwrap_err().contains("twice"));
        assert!(head("reference,quantity").unwrap_err().contains("link, picture or title"));
    }

    #[test]
    fn every_row_has_all_columns_whatever_came_of_it() {
        let rows = read("title,quantity\nmug,5\n,5\n").unwrap();
        let columns = columns(&rows[0]).unwrap();
        let (good, bad) = (listed(&rows[1], &columns), listed(&rows[2], &columns));
        let found = json!({"state": "done", "problem": null, "detail": null, "candidates": [
            {"offer_id": "7", "confidence": 0.8, "reasons": [{"by": "words", "score": 0.8}],
             "unit_price": {"amount": "3.20"}, "supplier": {"name": "x", "rating": "4.7"}},
            {"offer_id": "8"}]});
        let told = result(&good, Some(&found));
        assert_eq!((told.len(), told[2].as_str(), told[6].as_str()), (RESULT.len(), "done", "7"));
        assert_eq!((told[5].as_str(), told[20].as_str()), ("words 0.8", "8"));
        let told = result(&bad, None);
        assert_eq!(
            (told.len(), told[2].as_str(), told[3].as_str()),
            (RESULT.len(), "error", "give a link, a picture or a title")
        );
        let failed = json!({"state": "failed", "problem": "offer_not_found", "detail": "Gone.", "candidates": []});
        assert_eq!(result(&good, Some(&failed))[3], "offer_not_found: Gone.");
    }
}

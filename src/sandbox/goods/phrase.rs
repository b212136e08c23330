//! Fills authored sentence patterns: `{name}` is a value, `[…]` disappears when a value inside it is missing.

use std::borrow::Cow;

/// Fills a pattern; the first letter becomes a capital where the script has such.
pub(super) fn fill<'v>(pattern: &str, value: &dyn Fn(&str) -> Option<Cow<'v, str>>) -> String {
    let mut text = String::with_capacity(pattern.len() * 2);
    let mut rest = pattern;
    while let Some(open) = rest.find('[') {
        let close = rest[open..].find(']').map_or(rest.len(), |at| open + at);
        if let Some(part) = values(&rest[..open], value) {
            text.push_str(&part);
        }
        if let Some(part) = values(&rest[open + 1..close], value) {
            text.push_str(&part);
        }
        rest = rest.get(close + 1..).unwrap_or("");
    }
    if let Some(part) = values(rest, value) {
        text.push_str(&part);
    }
    capital(text.trim())
}

/// Puts values for placeholders; `None` as soon as one is missing.
fn values<'v>(part: &str, value: &dyn Fn(&str) -> Option<Cow<'v, str>>) -> Option<String> {
    let mut text = String::new();
    let mut pieces = part.split('{');
    text.push_str(pieces.next().unwrap_or(""));
    for piece in pieces {
        let (name, after) = piece.split_once('}')?;
        text.push_str(&value(name)?);
        text.push_str(after);
    }
    Some(text)
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(name: &str) -> Option<Cow<'static, str>> {
        match name {
            "name" => Some("flower pot".into()),
            "style" => Some("Nordic style".into()),
            _ => None,
        }
    }

    #[test]
    fn a_bracket_without_its_value_disappears() {
        assert_eq!(fill("{name}[, {style}][, {hook}].", &value), "Flower pot, Nordic style.");
        assert_eq!(fill("[{hook} ]{name}", &value), "Flower pot");
    }
}

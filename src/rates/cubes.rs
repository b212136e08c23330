//! The little XML that a file of reference rates is: elements, attributes, text and comments, read strictly. What the
//! figures mean is left to `ecb`.

/// An element that says something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cube {
    /// The day of the rates inside it.
    Day(String),
    /// A rate.
    Rate {
        /// Of which currency.
        currency: String,
        /// How much of it a euro buys.
        rate: String,
    },
}

/// An opening tag.
struct Tag<'a> {
    name: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
    is_closed: bool,
}

/// The elements of an `Envelope` that say something, in their order, or why it is none.
pub(super) fn read(text: &str) -> Result<Vec<Cube>, String> {
    let (mut rest, mut open, mut cubes, mut is_over) = (text, Vec::<&str>::new(), Vec::new(), false);
    while let Some(start) = rest.find('<') {
        if open.is_empty() && !rest[..start].trim().is_empty() {
            return Err("text stands outside of the Envelope".into());
        }
        rest = &rest[start..];
        if let Some(after) = rest.strip_prefix("<!--") {
            rest = after.split_once("-->").ok_or("a comment never ends")?.1;
        } else if let Some(after) = rest.strip_prefix("<?") {
            rest = after.split_once("?>").ok_or("an instruction never ends")?.1;
        } else if rest.starts_with("<!") {
            return Err("<! has no place in it".into());
        } else {
            let (inside, after) = rest[1..].split_once('>').ok_or("a tag never ends")?;
            rest = after;
            if let Some(name) = inside.strip_prefix('/') {
                closes(&mut open, name.trim_end())?;
                is_over = open.is_empty();
                continue;
            }
            let tag = tag(inside)?;
            if is_over {
                return Err(format!("<{}> stands behind the Envelope", tag.name));
            }
            if open.is_empty() && local(tag.name) != "Envelope" {
                return Err(format!("it begins with <{}> and not with an Envelope", tag.name));
            }
            if local(tag.name) == "Cube" {
                cubes.extend(cube(&tag)?);
            }
            if !tag.is_closed {
                open.push(tag.name);
            }
        }
    }
    if !is_over || !rest.trim().is_empty() {
        return Err("it ends before the Envelope does, or long after".into());
    }
    Ok(cubes)
}

fn closes(open: &mut Vec<&str>, name: &str) -> Result<(), String> {
    match open.pop() {
        Some(last) if last == name => Ok(()),
        last => Err(format!("</{name}> closes <{}>", last.unwrap_or(""))),
    }
}

fn cube(tag: &Tag) -> Result<Option<Cube>, String> {
    match tag.attributes.as_slice() {
        [] => Ok(None),
        [("time", day)] => Ok(Some(Cube::Day((*day).to_owned()))),
        [("currency", currency), ("rate", rate)] | [("rate", rate), ("currency", currency)] => {
            Ok(Some(Cube::Rate { currency: (*currency).to_owned(), rate: (*rate).to_owned() }))
        }
        other => {
            let names: Vec<_> = other.iter().map(|(name, _)| *name).collect();
            Err(format!("a Cube has {}, and not time, or currency and rate", names.join(", ")))
        }
    }
}

fn tag(inside: &str) -> Result<Tag<'_>, String> {
    let (inside, is_closed) = inside.strip_suffix('/').map_or((inside, false), |inside| (inside, true));
    let end = inside.find(char::is_whitespace).unwrap_or(inside.len());
    let (name, mut rest) = inside.split_at(end);
    if !is_name(name) {
        return Err(format!("`<{name}` is no tag"));
    }
    let mut attributes: Vec<(&str, &str)> = Vec::new();
    while !rest.trim_start().is_empty() {
        let wrong = || format!("the attributes of <{name}> cannot be read");
        let (key, after) = rest.trim_start().split_once('=').ok_or_else(wrong)?;
        let after = after.trim_start();
        let quote = after.chars().next().filter(|c| matches!(c, '\'' | '"')).ok_or_else(wrong)?;
        let (value, after) = after[1..].split_once(quote).ok_or_else(wrong)?;
        let key = key.trim_end();
        if !is_name(key) || value.contains(['<', '&']) || !(after.is_empty() || after.starts_with(char::is_whitespace))
        {
            return Err(wrong());
        }
        if attributes.iter().any(|(known, _)| *known == key) {
            return Err(format!("{key} is given twice in <{name}>"));
        }
        attributes.push((key, value));
        rest = after;
    }
    Ok(Tag { name, attributes, is_closed })
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'-' | b'_' | b'.'))
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::{Cube, read};

    proptest::proptest! {
        #[test]
        fn whatever_it_is_given_it_answers(text in "[<>/!?a-zC='\" -]{0,60}") {
            let _ = read(&text);
            let _ = read(&format!("<Envelope>{text}</Envelope>"));
        }
    }

    #[test]
    fn nested_elements_are_told_in_their_order() {
        let text =
            "<x:Envelope a='>'><Cube><Cube time=\"d\" ><x:Cube currency='A' rate='1' /></Cube></Cube></x:Envelope>";
        assert!(read(text).is_err(), "a bracket in a value is escaped in what we take");
        let text = text.replace(" a='>'", "");
        let rate = Cube::Rate { currency: "A".into(), rate: "1".into() };
        assert_eq!(read(&text).unwrap(), [Cube::Day("d".into()), rate]);
    }
}

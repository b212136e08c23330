//! Serde's complaints about a shape, told in the words of JSON: callers neither know our types nor should they.
//! What serde may say is a table here; a test holds every request body of the API against it.

/// A complaint in plain words.
#[derive(Debug, PartialEq, Eq)]
pub struct Told {
    /// The member it is about, when that is inside of the place that serde names.
    pub member: Option<String>,
    /// What is wrong there, and what would be right.
    pub words: String,
}

/// Tells a message of serde's; words of our own types pass as they are.
pub fn tell(message: &str) -> Told {
    let message = without_position(message);
    let whole = |words: String| Told { member: None, words };
    let of = |member: &str, words: &str| Told { member: Some(member.to_owned()), words: words.to_owned() };
    if let Some(rest) = message.strip_prefix("missing field ") {
        return of(name(rest), "this is missing and must be given");
    }
    if let Some(rest) = message.strip_prefix("duplicate field ") {
        return of(name(rest), "given more than once");
    }
    if let Some(rest) = message.strip_prefix("unknown field ") {
        let known = if rest.contains("no fields") { "nothing is known here".to_owned() } else { known(rest) };
        return Told { member: Some(name(rest).to_owned()), words: format!("unknown; leave it out, {known}") };
    }
    if let Some(rest) = message.strip_prefix("unknown variant ") {
        return whole(format!("{}, not {:?}", known(rest).replace("known are", "must be one of"), name(rest)));
    }
    for kind in ["invalid type: ", "invalid value: ", "invalid length "] {
        let Some((found, wanted)) = message.strip_prefix(kind).and_then(|rest| rest.rsplit_once(", expected ")) else {
            continue;
        };
        let wanted = expected(wanted);
        return whole(match kind {
            "invalid length " if wanted == "an object" => "must be an object, not an array".to_owned(),
            "invalid length " => format!("must be {wanted}; this has a length of {found}"),
            _ => format!("must be {wanted}, not {}", unexpected(found)),
        });
    }
    if message == "expected value" {
        return whole("must be text".to_owned());
    }
    if let Some(wanted) = message.strip_prefix("expected ") {
        return whole(format!("must be {}", expected(wanted)));
    }
    if message.starts_with("data did not match any variant") {
        return whole("must have one of the shapes that the OpenAPI document tells".to_owned());
    }
    whole(message.to_owned())
}

/// Where a text is no JSON at all.
pub fn tell_syntax(error: &serde_json::Error) -> String {
    let broken = if error.is_eof() { "the body breaks off" } else { "the body is not JSON" };
    format!("{broken} at line {}, column {}; send one whole JSON value", error.line(), error.column())
}

/// What is wrong at a place as a sentence: what names only what would be right becomes an order to give it.
pub fn place_sentence(words: &str) -> String {
    const RIGHT: [&str; 8] = ["a ", "an ", "one of ", "at most ", "at least ", "text ", "next_cursor ", "true or "];
    let number = words.starts_with(|first: char| first.is_ascii_digit());
    let right = number || RIGHT.iter().any(|one| words.starts_with(one));
    if right { sentence(&format!("give {words}")) } else { sentence(words) }
}

/// With a capital, unless it begins with somebody's name, and with an end.
pub fn sentence(words: &str) -> String {
    let words = words.trim();
    let first_word = words.split(' ').next().unwrap_or("").trim_end_matches([',', ';', ':']);
    let plain = first_word.chars().all(|letter| letter.is_ascii_lowercase());
    let mut letters = words.chars();
    let words = match letters.next() {
        Some(first) if plain => format!("{}{}", first.to_ascii_uppercase(), letters.as_str()),
        _ => words.to_owned(),
    };
    if words.ends_with(['.', '?', '!']) { words } else { format!("{words}.") }
}

/// serde_json adds where it was in the text; the pointer says that better.
fn without_position(message: &str) -> &str {
    match message.rsplit_once(" at line ") {
        Some((before, after)) if after.contains(" column ") => before,
        _ => message,
    }
}

/// The first name between backticks.
fn name(message: &str) -> &str {
    message.split('`').nth(1).unwrap_or("")
}

/// The names after the first one.
fn known(message: &str) -> String {
    let names: Vec<_> = message.split('`').skip(3).step_by(2).collect();
    if names.is_empty() { "nothing else is known here".to_owned() } else { format!("known are {}", names.join(", ")) }
}

fn expected(wanted: &str) -> String {
    let number = |least: &str, most: &str| format!("a whole number from {least} to {most}");
    match wanted.strip_prefix("a nonzero ").unwrap_or(wanted) {
        "i8" => number("-128", "127"),
        "i16" => number("-32768", "32767"),
        "i32" => number("-2147483648", "2147483647"),
        "i64" | "i128" | "isize" => number("-9223372036854775808", "9223372036854775807"),
        "u8" => number(least(wanted), "255"),
        "u16" => number(least(wanted), "65535"),
        "u32" => number(least(wanted), "4294967295"),
        "u64" | "u128" | "usize" => number(least(wanted), "18446744073709551615"),
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a string" | "a borrowed string" | "str" | "string" => "text".to_owned(),
        "a character" => "text of one character".to_owned(),
        "a sequence" | "sequence" => "an array".to_owned(),
        "a map" | "map" | "an object" => "an object".to_owned(),
        "unit" | "null" => "null".to_owned(),
        "option" | "any value" | "any valid JSON value" => "a JSON value".to_owned(),
        "variant identifier" | "string or map" | "field identifier" => "text".to_owned(),
        other if other.starts_with("struct ") || other.starts_with("internally tagged") => "an object".to_owned(),
        other if other.starts_with("enum ") || other.starts_with("unit variant ") => "text".to_owned(),
        other
            if other.starts_with("a tuple")
                || other.starts_with("tuple ")
                || other.starts_with("an array of length") =>
        {
            "an array".to_owned()
        }
        other => other.to_owned(),
    }
}

fn least(wanted: &str) -> &'static str {
    if wanted.starts_with("a nonzero ") { "1" } else { "0" }
}

fn unexpected(found: &str) -> String {
    let value = name(found);
    match found.split([' ', '`', '"']).next().unwrap_or("") {
        "string" | "character" => "text".to_owned(),
        "sequence" | "tuple" => "an array".to_owned(),
        "map" | "struct" | "newtype" => "an object".to_owned(),
        "null" | "unit" | "Option" => "null".to_owned(),
        "boolean" | "integer" if !value.is_empty() => value.to_owned(),
        "floating" | "number" if !value.is_empty() => value.to_owned(),
        "floating" | "number" | "integer" => "this number".to_owned(),
        _ => "this".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{place_sentence, sentence, tell};
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape is of interest")]
    struct Everything {
        text: Option<String>,
        small: Option<u8>,
        counted: Option<std::num::NonZeroU32>,
        signed: Option<i64>,
        real: Option<f64>,
        flag: Option<bool>,
        list: Option<Vec<String>>,
        pair: Option<(u8, u8)>,
        inner: Option<Inner>,
        word: Option<Word>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape is of interest")]
    struct Inner {
        must: String,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Word {
        OneThing,
        Other,
    }

    fn told(body: &str) -> String {
        let error = serde_json::from_str::<Everything>(body).map(|_| ()).unwrap_err();
        let told = tell(&error.to_string());
        told.member.map_or(told.words.clone(), |member| format!("{member}: {}", told.words))
    }

    #[test]
    fn every_form_of_serde_is_told_in_the_words_of_json() {
        let table = [
            (r#"[]"#, "must be an object, not an array"),
            (r#"7"#, "must be an object, not 7"),
            (r#""x""#, "must be an object, not text"),
            (r#"{"text":1}"#, "must be text, not 1"),
            (r#"{"text":true}"#, "must be text, not true"),
            (r#"{"text":[]}"#, "must be text, not an array"),
            (r#"{"text":{}}"#, "must be text, not an object"),
            (r#"{"small":256}"#, "must be a whole number from 0 to 255, not 256"),
            (r#"{"small":-1}"#, "must be a whole number from 0 to 255, not -1"),
            (r#"{"small":1.5}"#, "must be a whole number from 0 to 255, not 1.5"),
            (r#"{"small":"1"}"#, "must be a whole number from 0 to 255, not text"),
            (r#"{"counted":0}"#, "must be a whole number from 1 to 4294967295, not 0"),
            (
                r#"{"signed":"x, expected y"}"#,
                "must be a whole number from -9223372036854775808 to 9223372036854775807, not text",
            ),
            (r#"{"real":"1"}"#, "must be a number, not text"),
            (r#"{"flag":0}"#, "must be true or false, not 0"),
            (r#"{"list":{}}"#, "must be an array, not an object"),
            (r#"{"list":[null]}"#, "must be text, not null"),
            (r#"{"pair":[1]}"#, "must be an array; this has a length of 1"),
            (r#"{"inner":{}}"#, "must: this is missing and must be given"),
            (r#"{"inner":{"must":"x","more":1}}"#, "more: unknown; leave it out, known are must"),
            (r#"{"word":"thing"}"#, "must be one of one_thing, other, not \"thing\""),
            (r#"{"word":3}"#, "must be text"),
            (r#"{"text":"a","text":"b"}"#, "text: given more than once"),
        ];
        for (body, wanted) in table {
            assert!(told(body).starts_with(wanted), "{body}: {} is not {wanted}", told(body));
        }
    }

    #[test]
    fn a_complaint_is_a_whole_sentence() {
        assert_eq!(place_sentence("1 to 50"), "Give 1 to 50.");
        assert_eq!(place_sentence("true or false"), "Give true or false.");
        assert_eq!(
            place_sentence("an amount that is not below price_min"),
            "Give an amount that is not below price_min."
        );
        assert_eq!(sentence("at most 9 bytes are accepted here"), "At most 9 bytes are accepted here.");
        assert_eq!(place_sentence("this order is listed before"), "This order is listed before.");
        assert_eq!(sentence("expected_total is too low"), "expected_total is too low.");
        assert_eq!(sentence("Ask again?"), "Ask again?");
    }
}

//! Writes JSON objects of flat members straight into a buffer; for lines of which there are thousands a second.

use std::cell::RefCell;
use std::fmt::Write as _;

use jiff::Timestamp;

/// An object under way; ended by [`Object::end`].
#[derive(Debug)]
pub struct Object<'b> {
    out: &'b mut Vec<u8>,
    begun: bool,
}

impl<'b> Object<'b> {
    /// Begins an object at the end of the buffer.
    pub fn begin(out: &'b mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, begun: false }
    }

    /// A text; the name must need no escapes.
    pub fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        self.out.push(b'"');
        write_escaped(value, self.out);
        self.out.push(b'"');
    }

    /// A word of our own, which needs no escapes.
    pub fn word(&mut self, name: &str, word: &str) {
        debug_assert!(!word.bytes().any(|byte| is_special(&byte)), "{word:?} needs escapes");
        self.name(name);
        self.out.push(b'"');
        self.out.extend_from_slice(word.as_bytes());
        self.out.push(b'"');
    }

    /// A word of our own, when there is one.
    pub fn some_word(&mut self, name: &str, word: Option<&str>) {
        if let Some(word) = word {
            self.word(name, word);
        }
    }

    /// A text, when there is one.
    pub fn some_text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// A whole number.
    pub fn number(&mut self, name: &str, value: u64) {
        self.name(name);
        self.out.extend_from_slice(digits(value, &mut [0; 20]));
    }

    /// A moment, as RFC 3339 says, to the millisecond.
    pub fn time(&mut self, name: &str, moment: Timestamp) {
        self.name(name);
        self.out.push(b'"');
        write_time(moment, self.out);
        self.out.push(b'"');
    }

    /// Ends the object.
    pub fn end(self) {
        self.out.push(b'}');
    }

    fn name(&mut self, name: &str) {
        let begun = std::mem::replace(&mut self.begun, true);
        self.out.reserve(name.len() + 64);
        self.out.extend_from_slice(if begun { b",\"" } else { b"\"" });
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }
}

fn is_special(byte: &u8) -> bool {
    *byte < 0x20 || matches!(byte, b'"' | b'\\')
}

/// RFC 8259 §7; nearly everything needs none.
fn write_escaped(text: &str, out: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    // Without a way out of the loop many bytes are looked at in one step.
    if !rest.iter().fold(false, |found, byte| found | is_special(byte)) {
        return out.extend_from_slice(rest);
    }
    while let Some(at) = rest.iter().position(is_special) {
        let (plain, from) = rest.split_at(at);
        out.extend_from_slice(plain);
        match from.first() {
            Some(byte @ (b'"' | b'\\')) => out.extend_from_slice(&[b'\\', *byte]),
            Some(byte) => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            None => return,
        }
        rest = from.get(1..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

/// The decimal digits of a number, written into `room`: the machinery of formatting costs more than all else about them.
pub fn digits(mut value: u64, room: &mut [u8; 20]) -> &[u8] {
    let mut begin = room.len();
    for place in room.iter_mut().rev() {
        *place = b'0' + (value % 10) as u8;
        value /= 10;
        begin -= 1;
        if value == 0 {
            break;
        }
    }
    room.get(begin..).unwrap_or_default()
}

/// The whole second is written out once for all moments in it.
fn write_time(moment: Timestamp, out: &mut Vec<u8>) {
    thread_local! {
        static SECOND: RefCell<(i64, String)> = const { RefCell::new((i64::MIN, String::new())) };
    }
    let ms = moment.as_millisecond();
    let (second, rest) = (ms.div_euclid(1_000), ms.rem_euclid(1_000));
    SECOND.with_borrow_mut(|(known, text)| {
        if *known != second {
            text.clear();
            let whole = Timestamp::from_second(second).unwrap_or_default();
            let _ = write!(text, "{whole:.0}");
            text.truncate(text.trim_end_matches('Z').len());
            *known = second;
        }
        out.extend_from_slice(text.as_bytes());
    });
    let digit = |place: i64| b'0' + (rest / place % 10) as u8;
    out.extend_from_slice(&[b'.', digit(100), digit(10), digit(1), b'Z']);
}

#[cfg(test)]
mod tests {
    use super::Object;
    use jiff::Timestamp;
    use proptest::prelude::*;

    fn written(write: impl FnOnce(&mut Object<'_>)) -> serde_json::Value {
        let mut out = Vec::new();
        let mut object = Object::begin(&mut out);
        write(&mut object);
        object.end();
        serde_json::from_slice(&out).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&out)))
    }

    proptest! {
        #[test]
        fn any_text_and_number_are_read_back(text: String, number: u64, other in "[\\x00-\\x7f]{0,40}") {
            let read = written(|object| {
                object.text("a", &text);
                object.number("b", number);
                object.some_text("c", None);
                object.text("d", &other);
            });
            prop_assert_eq!(read, serde_json::json!({"a": text, "b": number, "d": other}));
        }

        #[test]
        fn any_moment_is_read_back_to_the_millisecond(ms in -62_000_000_000_000_i64..253_000_000_000_000) {
            let moment = Timestamp::from_millisecond(ms).unwrap();
            let read = written(|object| object.time("t", moment));
            prop_assert_eq!(read["t"].as_str().unwrap().parse::<Timestamp>().unwrap(), moment);
        }
    }

    #[test]
    fn numbers_are_written_in_decimals() {
        for number in [0, 7, 10, 99, 100, 4_294_967_295, u64::MAX] {
            assert_eq!(super::digits(number, &mut [b'x'; 20]), number.to_string().as_bytes());
        }
    }

    #[test]
    fn a_moment_has_the_usual_form() {
        let moment = Timestamp::from_millisecond(1_795_435_200_007).unwrap();
        assert_eq!(written(|object| object.time("t", moment))["t"], "2026-11-23T12:00:00.007Z");
    }
}

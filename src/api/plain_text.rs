//! Texts that people write to each other through the gateway: how long, and without what no database takes.

use crate::api::asked::Asked;
use crate::error::Place;

/// How long a note to the supplier may be.
pub const NOTE_CHARS: usize = 500;
/// What texts must do without.
pub const NO_CONTROL: &str = "text without control characters such as line breaks";

/// Whether a text has characters that are none to read.
pub fn has_control(text: &str) -> bool {
    text.chars().any(char::is_control)
}

/// Notes what is wrong with a note to the supplier.
pub fn check_note(asked: &mut Asked, note: &str) {
    if note.chars().count() > NOTE_CHARS {
        asked.wrong(Place::body("/note", format!("at most {NOTE_CHARS} characters")));
    }
    if has_control(note) {
        asked.wrong(Place::body("/note", NO_CONTROL));
    }
}

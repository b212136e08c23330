//! Texts that wait to be translated, each once, and none while it is being translated.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use crate::model::language::Language;

/// What waits beyond this is left out: a provider that slow is no help.
const MOST_WAITING: usize = 5_000;
/// What is asked for at once.
const MOST_TEXTS: usize = 50;
const MOST_CHARACTERS: usize = 10_000;

/// The list.
#[derive(Debug, Default)]
pub(super) struct List {
    waiting: VecDeque<(Language, Arc<str>)>,
    /// Waiting or being translated.
    known: HashSet<(Language, Arc<str>)>,
}

impl List {
    /// Puts texts on the list that are not on it.
    pub(super) fn add(&mut self, language: Language, texts: &[Arc<str>]) {
        for text in texts {
            if self.known.len() < MOST_WAITING && self.known.insert((language, Arc::clone(text))) {
                self.waiting.push_back((language, Arc::clone(text)));
            }
        }
    }

    /// The next texts of one language; they stay known until they are done.
    pub(super) fn next(&mut self) -> Option<(Language, Vec<Arc<str>>)> {
        let (language, _) = *self.waiting.front()?;
        let (mut taken, mut characters) = (Vec::new(), 0);
        let mut left = VecDeque::new();
        for (of, text) in self.waiting.drain(..) {
            let size = text.chars().count();
            let fits = taken.is_empty() || (taken.len() < MOST_TEXTS && characters + size <= MOST_CHARACTERS);
            if of == language && fits {
                characters += size;
                taken.push(text);
            } else {
                left.push_back((of, text));
            }
        }
        self.waiting = left;
        Some((language, taken))
    }

    /// They were translated, or could not be.
    pub(super) fn done(&mut self, language: Language, texts: &[Arc<str>]) {
        for text in texts {
            self.known.remove(&(language, Arc::clone(text)));
        }
    }

    /// Forgets what waits.
    pub(super) fn clear(&mut self) {
        for waiting in self.waiting.drain(..) {
            self.known.remove(&waiting);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{List, MOST_TEXTS};
    use crate::model::language::Language::{English, Japanese};
    use std::sync::Arc;

    #[test]
    fn a_text_waits_once_and_not_while_it_is_translated() {
        let mut list = List::default();
        let text: Arc<str> = "花盆".into();
        list.add(English, &[text.clone(), text.clone()]);
        list.add(Japanese, std::slice::from_ref(&text));
        assert_eq!(list.next(), Some((English, vec![text.clone()])));
        list.add(English, std::slice::from_ref(&text));
        assert_eq!(list.next(), Some((Japanese, vec![text.clone()])));
        assert_eq!(list.next(), None, "it is being translated");
        list.done(English, std::slice::from_ref(&text));
        list.add(English, std::slice::from_ref(&text));
        assert!(list.next().is_some());
    }

    #[test]
    fn at_once_are_so_many_and_a_long_text_goes_alone() {
        let mut list = List::default();
        let many: Vec<Arc<str>> = (0..MOST_TEXTS + 3).map(|number| format!("花{number}").into()).collect();
        list.add(English, &many);
        assert_eq!(list.next().map(|(_, texts)| texts.len()), Some(MOST_TEXTS));
        assert_eq!(list.next().map(|(_, texts)| texts.len()), Some(3));
        let long: Vec<Arc<str>> = ["长".repeat(9_000).into(), "盆".repeat(2_000).into()].into();
        list.add(English, &long);
        assert_eq!(list.next().map(|(_, texts)| texts.len()), Some(1));
    }
}

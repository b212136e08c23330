//! The twelve languages of the catalogue and a text that exists in all of them.

use std::fmt;

/// A language the goods are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lang {
    /// Chinese (simplified), the language sellers write in.
    Zh,
    /// English.
    En,
    /// Japanese.
    Ja,
    /// Korean.
    Ko,
    /// Russian.
    Ru,
    /// Spanish.
    Es,
    /// French.
    Fr,
    /// Portuguese.
    Pt,
    /// Vietnamese.
    Vi,
    /// Thai.
    Th,
    /// Arabic.
    Ar,
    /// Indonesian.
    Id,
}

impl Lang {
    /// Every language, in the column order of the data files.
    pub const ALL: [Lang; 12] = [
        Lang::Zh,
        Lang::En,
        Lang::Ja,
        Lang::Ko,
        Lang::Ru,
        Lang::Es,
        Lang::Fr,
        Lang::Pt,
        Lang::Vi,
        Lang::Th,
        Lang::Ar,
        Lang::Id,
    ];

    /// The BCP 47 primary tag, such as `zh`.
    pub fn tag(self) -> &'static str {
        match self {
            Lang::Zh => "zh",
            Lang::En => "en",
            Lang::Ja => "ja",
            Lang::Ko => "ko",
            Lang::Ru => "ru",
            Lang::Es => "es",
            Lang::Fr => "fr",
            Lang::Pt => "pt",
            Lang::Vi => "vi",
            Lang::Th => "th",
            Lang::Ar => "ar",
            Lang::Id => "id",
        }
    }

    /// Reads a primary tag back; `None` for a language the goods are not written in.
    pub fn parse(tag: &str) -> Option<Lang> {
        Lang::ALL.into_iter().find(|lang| lang.tag() == tag)
    }
}

/// The same text in twelve languages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Words {
    cells: &'static [&'static str; 12],
}

impl Words {
    /// The text in one language.
    pub fn get(&self, lang: Lang) -> &'static str {
        self.cells[lang as usize]
    }

    /// Keeps twelve cells, in the order of [`Lang::ALL`], for as long as the process lives.
    pub(super) fn keep(cells: [&'static str; 12]) -> Words {
        Words { cells: Box::leak(Box::new(cells)) }
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Words({} / {})", self.cells[0], self.cells[1])
    }
}

//! The twelve human languages the catalogue is shown in, and how a caller's wish becomes one of them.

use std::fmt;
use std::str::FromStr;

macro_rules! languages {
    ($( $variant:ident = $tag:literal, $name:literal; )*) => {
        /// A language an answer can be given in.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Language { $( #[doc = $name] $variant, )* }

        impl Language {
            /// All languages.
            pub const ALL: &'static [Language] = &[ $( Language::$variant, )* ];
            /// The BCP 47 primary tag, e.g. `ja`.
            pub const fn tag(self) -> &'static str { match self { $( Self::$variant => $tag, )* } }
        }

        impl FromStr for Language {
            type Err = UnknownLanguage;
            /// Reads a tag by its primary subtag: `pt-BR` is Portuguese.
            fn from_str(text: &str) -> Result<Self, UnknownLanguage> {
                let primary = text.split('-').next().unwrap_or("");
                Self::ALL.iter().copied().find(|l| l.tag().eq_ignore_ascii_case(primary)).ok_or(UnknownLanguage)
            }
        }
    };
}

languages! {
    Chinese = "zh", "Chinese"; English = "en", "English"; Japanese = "ja", "Japanese"; Korean = "ko", "Korean";
    Russian = "ru", "Russian"; Spanish = "es", "Spanish"; French = "fr", "French"; Portuguese = "pt", "Portuguese";
    Vietnamese = "vi", "Vietnamese"; Thai = "th", "Thai"; Arabic = "ar", "Arabic"; Indonesian = "id", "Indonesian";
}

/// A tag that names none of the twelve languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("one of zh, en, ja, ko, ru, es, fr, pt, vi, th, ar, id (a region such as pt-BR may follow)")]
pub struct UnknownLanguage;

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

impl Language {
    /// The best language for an `Accept-Language` field (RFC 9110 §12.5.4); `None` when it names none of ours.
    pub fn negotiate(accept: &str) -> Option<Self> {
        let mut best: Option<(f32, Self)> = None;
        for range in accept.split(',') {
            let mut parts = range.trim().split(';');
            let Ok(language) = parts.next().unwrap_or("").trim().parse::<Self>() else { continue };
            let quality = parts.find_map(|p| p.trim().strip_prefix("q=")).map_or(1.0, |q| q.parse().unwrap_or(0.0));
            if quality > best.map_or(0.0, |(top, _)| top) {
                best = Some((quality, language));
            }
        }
        best.map(|(_, language)| language)
    }
}

#[cfg(test)]
mod tests {
    use super::Language;

    #[test]
    fn the_highest_quality_that_is_ours_wins() {
        assert_eq!(Language::negotiate("de, fr;q=0.5, ja;q=0.8"), Some(Language::Japanese));
        assert_eq!(Language::negotiate("pt-BR"), Some(Language::Portuguese));
        assert_eq!(Language::negotiate("de, *;q=0.1"), None);
        assert_eq!(Language::negotiate("en;q=0"), None);
    }
}

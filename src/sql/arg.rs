//! What may stand for `$1`, `$2` … in a statement: text, whole numbers, bytes, or their absence.

/// One argument of a statement; the absence keeps its type, because PostgreSQL wants to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arg {
    /// TEXT.
    Text(Option<String>),
    /// BIGINT.
    Int(Option<i64>),
    /// BLOB or BYTEA.
    Bytes(Option<Vec<u8>>),
}

macro_rules! from {
    ($( $given:ty => $kind:ident, $convert:expr; )*) => { $(
        impl From<$given> for Arg {
            fn from(value: $given) -> Self { Self::$kind(Some($convert(value))) }
        }
        impl From<Option<$given>> for Arg {
            fn from(value: Option<$given>) -> Self { Self::$kind(value.map($convert)) }
        }
    )* };
}

from! {
    &str => Text, str::to_owned;
    String => Text, std::convert::identity;
    &String => Text, String::clone;
    i64 => Int, std::convert::identity;
    u32 => Int, i64::from;
    i32 => Int, i64::from;
    u16 => Int, i64::from;
    bool => Int, i64::from;
    Vec<u8> => Bytes, std::convert::identity;
    &[u8] => Bytes, <[u8]>::to_vec;
}

/// The arguments of a statement, each turned into an `Arg`.
macro_rules! args {
    ($( $value:expr ),* $(,)?) => { vec![ $( $crate::sql::Arg::from($value) ),* ] };
}
pub(crate) use args;

/// Binds arguments to a sqlx query of either engine.
macro_rules! bind {
    ($text:expr, $args:expr) => {{
        let mut query = sqlx::query($text);
        for arg in $args {
            query = match arg {
                $crate::sql::Arg::Text(value) => query.bind(value),
                $crate::sql::Arg::Int(value) => query.bind(value),
                $crate::sql::Arg::Bytes(value) => query.bind(value),
            };
        }
        query
    }};
}
pub(super) use bind;

//! Pages of what is stored, the newest first: where one begins, and where the next one does.

use std::fmt::Display;
use std::str::FromStr;

use super::Error;
use crate::model::page::{Cursor, Page};
use crate::sql::{Arg, Row, args};

/// Where a page begins, as two arguments of its statement: the moment and the id of what came last before it.
pub(super) fn place<Id: FromStr + Display>(after: Option<&Cursor>) -> Result<Vec<Arg>, Error> {
    let Some(cursor) = after else { return Ok(args![None::<i64>, ""]) };
    let (at, id) = cursor.place::<Id>().ok_or(Error::WrongCursor)?;
    Ok(args![Some(at), id.to_string()])
}

/// The page that the rows make, of which one more was asked for than it has.
pub(super) fn page<T>(
    mut rows: Vec<Row>,
    size: u32,
    read: impl Fn(&Row) -> Result<T, Error>,
    mark: impl Fn(&T) -> Cursor,
) -> Result<Page<T>, Error> {
    let more = rows.len() > size as usize;
    rows.truncate(size as usize);
    let items = rows.iter().map(read).collect::<Result<Vec<_>, Error>>()?;
    let next = items.last().filter(|_| more).map(mark);
    Ok(Page { items, next, total: None })
}

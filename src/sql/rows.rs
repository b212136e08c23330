//! Several rows in one statement, written or named: the texts for one row, two rows and so on are made once and stay the
//! same, so that they stay prepared.

use std::sync::OnceLock;

use super::{Arg, Error, Row, Tx};

/// The most rows one statement takes; more are written in several.
const MOST: usize = 16;

/// A statement over any number of rows; where they are not inserted they are `VALUES` whose columns are called
/// `column1`, `column2` and so on.
pub struct Rows {
    head: &'static str,
    tail: &'static str,
    columns: usize,
    texts: [OnceLock<String>; MOST],
}

impl Rows {
    /// A statement whose text up to and with `VALUES` is `head`, for rows of so many columns.
    pub const fn new(head: &'static str, columns: usize) -> Self {
        Self::with_tail(head, columns, "")
    }

    /// The same with something to say behind the rows, such as what to do with those that are there already.
    pub const fn with_tail(head: &'static str, columns: usize, tail: &'static str) -> Self {
        Self { head, tail, columns, texts: [const { OnceLock::new() }; MOST] }
    }

    /// Writes the rows, in this order.
    pub async fn insert(&'static self, tx: &mut Tx, rows: Vec<Vec<Arg>>) -> Result<(), Error> {
        self.execute(tx, rows).await.map(|_| ())
    }

    /// Runs the statement over the rows; gives how many rows of the table it touched.
    pub async fn execute(&'static self, tx: &mut Tx, rows: Vec<Vec<Arg>>) -> Result<u64, Error> {
        let mut touched = 0;
        for (text, args) in self.statements(rows) {
            touched += tx.execute(text, args).await?;
        }
        Ok(touched)
    }

    /// The same for a statement that gives rows back.
    pub async fn fetch(&'static self, tx: &mut Tx, rows: Vec<Vec<Arg>>) -> Result<Vec<Row>, Error> {
        let mut found = Vec::new();
        for (text, args) in self.statements(rows) {
            found.extend(tx.fetch_all(text, args).await?);
        }
        Ok(found)
    }

    fn statements(&'static self, rows: Vec<Vec<Arg>>) -> impl Iterator<Item = (&'static str, Vec<Arg>)> + Send {
        let mut rows = rows.into_iter();
        std::iter::from_fn(move || {
            let some: Vec<_> = rows.by_ref().take(MOST).collect();
            let text = self.texts.get(some.len().checked_sub(1)?)?;
            Some((text.get_or_init(|| self.text(some.len())).as_str(), some.into_iter().flatten().collect()))
        })
    }

    fn text(&self, rows: usize) -> String {
        let row = |row: usize| {
            let marks: Vec<_> = (1..=self.columns).map(|column| format!("${}", row * self.columns + column)).collect();
            format!("({})", marks.join(", "))
        };
        let rows = (0..rows).map(row).collect::<Vec<_>>().join(", ");
        if self.tail.is_empty() {
            format!("{} {rows}", self.head)
        } else {
            format!("{} {rows} {}", self.head, self.tail)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, Rows};
    use crate::sql::{Error, args, trial};

    #[test]
    fn the_text_counts_its_arguments_through() {
        static PAIRS: Rows = Rows::new("INSERT INTO pairs (a, b) VALUES", 2);
        assert_eq!(PAIRS.text(1), "INSERT INTO pairs (a, b) VALUES ($1, $2)");
        assert_eq!(PAIRS.text(3), "INSERT INTO pairs (a, b) VALUES ($1, $2), ($3, $4), ($5, $6)");
    }

    #[tokio::test]
    async fn any_number_of_rows_is_written_in_order() {
        static EVENTS: Rows = Rows::new("INSERT INTO events (event, partner, mode, subject, kind, data, at) VALUES", 7);
        for house in trial::houses().await {
            for count in [0, 1, MOST - 1, MOST, 3 * MOST + 2] {
                house.sql.execute("DELETE FROM events", vec![]).await.unwrap();
                let row = |n: usize| args![format!("evt_{n}"), "p", "live", "s", "k", "{}", n as i64];
                let rows: Vec<_> = (0..count).map(row).collect();
                let write = house.sql.transaction(move |tx| Box::pin(EVENTS.insert(tx, rows)));
                write.await.unwrap();
                let found = house.sql.fetch_all("SELECT at FROM events ORDER BY serial", vec![]).await.unwrap();
                assert!(found.iter().map(|row| row.int("at").unwrap()).eq(0..count as i64), "{count}");
                let twice: Result<(), Error> = house
                    .sql
                    .transaction(move |tx| Box::pin(EVENTS.insert(tx, (0..count + 1).map(|_| row(count)).collect())))
                    .await;
                assert_eq!(twice.is_err(), count > 0, "one that is there already spoils all");
            }
        }
    }
}

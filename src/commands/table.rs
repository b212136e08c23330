//! Rows for people: columns as wide as their widest cell, nothing around them.

use std::io::{Result, Write};

/// Writes rows under a head; columns are two spaces apart.
pub fn write<const N: usize>(out: &mut impl Write, head: [&str; N], rows: &[[String; N]]) -> Result<()> {
    let head = head.map(str::to_owned);
    let all = || std::iter::once(&head).chain(rows);
    let widths: Vec<_> = (0..N)
        .map(|column| all().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0))
        .collect();
    for row in all() {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::write;

    #[test]
    fn columns_line_up_and_lines_end_where_the_text_ends() {
        let mut out = Vec::new();
        let rows = [["寻源".to_owned(), "b".to_owned()], ["a".to_owned(), String::new()]];
        write(&mut out, ["ID", "NAME"], &rows).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "ID  NAME\n寻源  b\na\n");
    }
}

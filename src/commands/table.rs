//! Rows for people: columns as wide as their widest cell, nothing around them.

use std::io::{Result, Write};

/// Writes rows under a head; columns are two spaces apart.
pub fn write<const N: usize>(out: &mut impl Write, head: [&str; N], rows: &[[String; N]]) -> Result<()> {
    let head = head.map(str::to_owned);
    let rows: Vec<[String; N]> = rows.iter().map(|row| row.each_ref().map(|cell| plain(cell))).collect();
    let all = || std::iter::once(&head).chain(&rows);
    let widths: Vec<_> = (0..N)
        .map(|column| all().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0))
        .collect();
    for row in all() {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

/// What partners wrote must not move the cursor of whoever reads it.
pub fn plain(cell: &str) -> String {
    cell.chars().map(|letter| if letter.is_control() { '\u{b7}' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::write;

    #[test]
    fn a_cell_cannot_break_its_line_or_steer_the_terminal() {
        let mut out = Vec::new();
        write(&mut out, ["A"], &[["x\ny\u{1b}[2J".to_owned()]]).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "A\nx·y·[2J\n");
    }

    #[test]
    fn columns_line_up_and_lines_end_where_the_text_ends() {
        let mut out = Vec::new();
        let rows = [["寻源".to_owned(), "b".to_owned()], ["a".to_owned(), String::new()]];
        write(&mut out, ["ID", "NAME"], &rows).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "ID  NAME\n寻源  b\na\n");
    }
}

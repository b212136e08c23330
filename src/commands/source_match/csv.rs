//! Lists as CSV (RFC 4180): read with the line each row begins on, written with quotation marks where they are needed.

/// A row: the line it begins on, from 1, and its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line.
    pub line: usize,
    /// The fields.
    pub fields: Vec<String>,
}

/// Where a text is no CSV.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {0}: a quotation mark is never closed, or something stands behind one")]
pub struct Broken(pub usize);

/// Reads rows; empty lines are left out.
pub fn read(text: &str) -> Result<Vec<Row>, Broken> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut rows = Vec::new();
    let mut line = 1;
    let mut letters = text.chars().peekable();
    while letters.peek().is_some() {
        let begun = line;
        let mut fields = Vec::new();
        loop {
            let (field, end) = field(&mut letters, &mut line).ok_or(Broken(begun))?;
            fields.push(field);
            if end {
                break;
            }
        }
        if fields.iter().any(|field| !field.trim().is_empty()) {
            rows.push(Row { line: begun, fields });
        }
    }
    Ok(rows)
}

/// One field, and whether it ends its row.
fn field(letters: &mut std::iter::Peekable<std::str::Chars<'_>>, line: &mut usize) -> Option<(String, bool)> {
    let mut field = String::new();
    if letters.next_if_eq(&'"').is_some() {
        loop {
            match letters.next()? {
                '"' if letters.next_if_eq(&'"').is_some() => field.push('"'),
                '"' => break,
                letter => {
                    *line += usize::from(letter == '\n');
                    field.push(letter);
                }
            }
        }
        return match letters.next() {
            None => Some((field, true)),
            Some(',') => Some((field, false)),
            Some('\n') => {
                *line += 1;
                Some((field, true))
            }
            Some('\r') if letters.next_if_eq(&'\n').is_some() => {
                *line += 1;
                Some((field, true))
            }
            Some(_) => None,
        };
    }
    for letter in letters.by_ref() {
        match letter {
            ',' => return Some((field, false)),
            '\n' => {
                *line += 1;
                return Some((field.trim_end_matches('\r').to_owned(), true));
            }
            letter => field.push(letter),
        }
    }
    Some((field, true))
}

/// A row as a line of CSV.
pub fn line(fields: &[String]) -> String {
    let quoted = |field: &String| {
        let plain = !field.contains(['"', ',', '\n', '\r']) && field.trim() == field;
        // A spreadsheet would take these for a formula.
        let safe = if field.starts_with(['=', '+', '@']) { format!("'{field}") } else { field.clone() };
        if plain { safe } else { format!("\"{}\"", safe.replace('"', "\"\"")) }
    };
    let mut line = fields.iter().map(quoted).collect::<Vec<_>>().join(",");
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::{Broken, Row, line, read};

    fn fields(text: &str) -> Vec<Vec<String>> {
        read(text).unwrap().into_iter().map(|row| row.fields).collect()
    }

    #[test]
    fn rows_are_read_with_the_lines_they_begin_on() {
        let rows = read("\u{feff}a,b\r\n\"x\n\"\"y\"\"\",z\n\n,\nlast,").unwrap();
        let row = |line, fields: [&str; 2]| Row { line, fields: fields.map(str::to_owned).to_vec() };
        assert_eq!(rows, [row(1, ["a", "b"]), row(2, ["x\n\"y\"", "z"]), row(6, ["last", ""])]);
    }

    #[test]
    fn what_is_no_csv_is_named_by_its_line() {
        assert_eq!(read("a,b\n\"open,c"), Err(Broken(2)));
        assert_eq!(read("\"a\"b"), Err(Broken(1)));
    }

    #[test]
    fn what_is_written_is_read_back_the_same() {
        let row = ["a,b", "say \"hi\"", "two\nlines", "", " x "].map(str::to_owned);
        assert_eq!(fields(&line(&row)), [row.to_vec()]);
        assert_eq!(line(&["=1+1".to_owned()]), "'=1+1\n", "no formula");
    }
}

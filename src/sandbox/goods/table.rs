//! Reads the authored tab-separated files: a header row, then rows; lines opening with `#` are remarks.

use super::lang::{Lang, Words};

/// One row, addressed by the names of the header.
pub(super) struct Row {
    header: std::rc::Rc<[&'static str]>,
    cells: Vec<&'static str>,
}

/// The rows of a file below its header.
pub(super) fn rows(text: &'static str) -> Vec<Row> {
    let mut lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let header: std::rc::Rc<[&'static str]> = lines.next().unwrap_or("").split('\t').collect();
    lines.map(|line| Row { header: header.clone(), cells: line.split('\t').map(str::trim).collect() }).collect()
}

impl Row {
    /// The cell under a header, empty when the row or the file has none.
    pub(super) fn text(&self, column: &str) -> &'static str {
        let at = self.header.iter().position(|name| *name == column);
        at.and_then(|at| self.cells.get(at)).copied().unwrap_or("")
    }

    /// The twelve language cells.
    pub(super) fn words(&self) -> Words {
        Words::keep(Lang::ALL.map(|lang| self.text(lang.tag())))
    }

    /// A whole number; 0 when the cell is none.
    pub(super) fn number<N: std::str::FromStr + Default>(&self, column: &str) -> N {
        self.text(column).parse().unwrap_or_default()
    }

    /// A closed range written `low-high`, or one number for both ends.
    pub(super) fn range<N: std::str::FromStr + Default + Copy>(&self, column: &str) -> (N, N) {
        span(self.text(column))
    }

    /// The parts of a cell divided by commas.
    pub(super) fn list(&self, column: &str) -> impl Iterator<Item = &'static str> + use<> {
        self.text(column).split(',').map(str::trim).filter(|part| !part.is_empty())
    }

    /// How many cells the row has beside how many the header promises.
    #[cfg(test)]
    pub(super) fn shape(&self) -> (usize, usize) {
        (self.cells.len(), self.header.len())
    }
}

/// Reads `low-high`, or one number for both ends.
pub(super) fn span<N: std::str::FromStr + Default + Copy>(text: &str) -> (N, N) {
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    let low = low.parse().unwrap_or_default();
    (low, high.parse().unwrap_or(low))
}

//! A table, for a terminal and as Markdown.

/// Rows of cells; the first row is the header, the first column says what a row is.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with nothing but its header.
    pub(crate) fn new(header: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let mut table = Self::default();
        table.add(header);
        table
    }

    /// Adds a row, which must have as many cells as the header.
    pub(crate) fn add(&mut self, row: impl IntoIterator<Item = impl Into<String>>) {
        self.rows.push(row.into_iter().map(Into::into).collect());
    }

    /// In columns: the first begins at the left, the others end at the right.
    pub(crate) fn text(&self) -> String {
        let columns = self.rows.first().map_or(0, Vec::len);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for row in &self.rows {
            let cells = row.iter().zip(&widths).enumerate();
            let cells = cells.map(|(column, (cell, width))| match column {
                0 => format!("{cell:<width$}"),
                _ => format!("  {cell:>width$}"),
            });
            text.push_str(cells.collect::<String>().trim_end());
            text.push('\n');
        }
        text
    }

    /// As Markdown.
    pub(crate) fn markdown(&self) -> String {
        let mut text = String::new();
        for (number, row) in self.rows.iter().enumerate() {
            let cells: Vec<&str> = row.iter().map(|cell| cell.trim()).collect();
            text.push_str(&format!("| {} |\n", cells.join(" | ")));
            if number == 0 {
                let numbers = " ---: |".repeat(row.len().saturating_sub(1));
                text.push_str(&format!("| --- |{numbers}\n"));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_rows_are_shown_in_columns_and_as_markdown() {
        let mut table = Table::new(["", "one", "second"]);
        table.add(["  CPU, ms", "1.25", "–"]);
        assert_eq!(
            table.text(),
            "            one  second\n  CPU, ms  1.25       –\n"
        );
        assert_eq!(
            table.markdown(),
            "|  | one | second |\n| --- | ---: | ---: |\n| CPU, ms | 1.25 | – |\n"
        );
    }
}

//! Rows of text under headings, each column as wide as its widest cell.

/// A table, with a line break after each row.
pub(crate) fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let mut widths = headings.map(str::len);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.len());
        }
    }
    let line = |cells: [&str; N]| {
        let cells: Vec<String> = cells
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    let mut text = line(headings);
    for row in rows {
        text.push_str(&line(row.each_ref().map(String::as_str)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other() {
        let rows = [["credentials/shared-0", "1"], ["b", "23"]].map(|row| row.map(str::to_owned));
        let expected =
            "ring                  version\ncredentials/shared-0  1\nb                     23\n";
        assert_eq!(table(["ring", "version"], &rows), expected);
    }
}

//! Rows of text in columns. What comes from outside is made safe for a terminal.

use countersign_port::text::Untrusted;

use super::output;

/// Writes a table to stdout.
pub fn print(head: &[&str], rows: &[Vec<String>]) {
    let head = head.iter().map(|name| (*name).to_owned()).collect();
    let rows = rows.iter().map(|row| row.iter().map(|cell| safe(cell)).collect());
    let shown: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
    let mut widths: Vec<usize> = Vec::new();
    for row in &shown {
        widths.resize(widths.len().max(row.len()), 0);
        for (most, cell) in widths.iter_mut().zip(row) {
            *most = (*most).max(cell.chars().count());
        }
    }
    for row in shown {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        output::data(cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

/// One line of text that draws nothing but itself.
pub fn safe(text: &str) -> String {
    Untrusted::new(text).display().to_string()
}

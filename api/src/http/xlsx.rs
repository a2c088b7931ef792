//! Tables to download as XLSX (ECMA-376): numbers stay numbers, and text is text that nothing runs.

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, XlsxError};

use super::codes::Code;
use super::csv::Cell;
use super::problem::Problem;

/// Longest text a cell of a spreadsheet holds.
const LONGEST: usize = 32_767;

/// Writes a header and its rows on one sheet.
pub fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<Cell>>) -> Result<Vec<u8>, Problem> {
    written(header, rows).map_err(|error| {
        tracing::error!(%error, "a spreadsheet could not be written");
        Code::Internal.into()
    })
}

fn written(header: &[&str], rows: impl IntoIterator<Item = Vec<Cell>>) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    // The same table gives the same bytes, so that its entity tag tells whether it changed.
    let epoch = ExcelDateTime::from_timestamp(0)?;
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&epoch));
    let sheet = workbook.add_worksheet();
    let bold = Format::new().set_bold();
    for (column, name) in (0..).zip(header) {
        sheet.write_string_with_format(0, column, shortened(name), &bold)?;
    }
    for (row, cells) in (1..).zip(rows) {
        for (column, cell) in (0..).zip(cells) {
            match cell {
                Cell::Text(text) => sheet.write_string(row, column, shortened(&text))?,
                Cell::Number(number) => sheet.write_number(row, column, i32::try_from(number).unwrap_or(i32::MAX))?,
            };
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    sheet.autofit();
    workbook.save_to_buffer()
}

fn shortened(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_table_gives_the_same_bytes() {
        let rows = || {
            vec![
                vec![Cell::from("=1+1"), Cell::from(7)],
                vec![Cell::from("é"), Cell::from(-5)],
            ]
        };
        let once = table(&["Nom", "Secondes"], rows()).unwrap();
        assert!(once.starts_with(b"PK"));
        assert_eq!(once, table(&["Nom", "Secondes"], rows()).unwrap());
    }
}

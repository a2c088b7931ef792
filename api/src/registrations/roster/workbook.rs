//! From a workbook to records: XLSX, as Excel, LibreOffice and others write it.
//!
//! The first visible sheet that has a column of addresses counts, unless another is named. Cells are
//! read one after the other and never laid out as a table, which a hostile file could make as large as
//! it likes; cells say what people see in them, formulas their latest result, and one merged over
//! several rows says it in each.

mod archive;
mod merged;
#[cfg(test)]
mod tests;

use std::io::Cursor;

use calamine::{DataRef, Reader as _, SheetType, SheetVisible, Xlsx, XlsxCellReader, XlsxError};
use csv::StringRecord;

use self::merged::Merged;
use super::columns::{Columns, MAX_COLUMNS};
use super::sheet::Record;
use super::{HEADER_WITHIN, MAX_ROWS, Origin, Roster, RosterFault, rows};

/// An archive, which is what a workbook is.
const ARCHIVE: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];
/// The container of workbooks before 2007, and of those locked with a password.
const COMPOUND: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";
/// Sheets in which addresses are looked for.
const MOST_SHEETS: usize = 20;
/// As much of a cell as is read, in characters: more than any name or address may have.
const MAX_CELL: usize = 1_000;

type Workbook<'b> = Xlsx<Cursor<&'b [u8]>>;

/// Whether the bytes are a workbook, readable or not, and no text.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    ARCHIVE.iter().any(|mark| bytes.starts_with(mark)) || bytes.starts_with(COMPOUND)
}

pub(super) fn read(bytes: &[u8], sheet: Option<&str>) -> Result<Roster, RosterFault> {
    if bytes.starts_with(COMPOUND) {
        let locked: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
        return Err(if bytes.windows(locked.len()).any(|window| window == locked) {
            RosterFault::EncryptedWorkbook
        } else {
            RosterFault::UnsupportedWorkbook
        });
    }
    archive::check(bytes)?;
    // The reader counts on numbers that a file made by hand can make overflow.
    std::panic::catch_unwind(|| read_sheets(bytes, sheet)).unwrap_or(Err(RosterFault::DamagedWorkbook))
}

fn read_sheets(bytes: &[u8], wanted: Option<&str>) -> Result<Roster, RosterFault> {
    let mut workbook = Workbook::new(Cursor::new(bytes)).map_err(|_| RosterFault::DamagedWorkbook)?;
    let sheets = |workbook: &Workbook<'_>, which: &dyn Fn(&calamine::Sheet) -> bool| -> Vec<String> {
        let sheets = workbook.sheets_metadata().iter();
        let sheets = sheets.filter(|sheet| sheet.typ == SheetType::WorkSheet && which(sheet));
        sheets.map(|sheet| sheet.name.clone()).take(MOST_SHEETS).collect()
    };
    let visible = sheets(&workbook, &|sheet| sheet.visible == SheetVisible::Visible);
    let candidates = match wanted {
        // Whoever names a hidden one means it.
        Some(name) => sheets(&workbook, &|sheet| sheet.name == name),
        None => visible.clone(),
    };
    let mut nothing = match wanted {
        Some(_) => RosterFault::UnknownSheet,
        None => RosterFault::UnsupportedWorkbook,
    };
    for name in candidates {
        match read_sheet(&mut workbook, &name) {
            Err(RosterFault::MissingEmailColumn) => nothing = RosterFault::MissingEmailColumn,
            Err(RosterFault::EmptyFile) if nothing == RosterFault::MissingEmailColumn => {}
            Err(RosterFault::EmptyFile) => nothing = RosterFault::EmptyFile,
            Err(fault) => return Err(fault),
            Ok(reader) => {
                let mut others = visible;
                others.retain(|other| *other != name && matches!(Table::find(&mut workbook, other), Ok(Some(_))));
                return Ok(reader.finish(Origin::Sheet { name, others }));
            }
        }
    }
    Err(nothing)
}

fn read_sheet(workbook: &mut Workbook<'_>, name: &str) -> Result<rows::Reader, RosterFault> {
    let Some(table) = Table::find(workbook, name)? else {
        return Err(RosterFault::MissingEmailColumn);
    };
    let Table {
        header,
        first,
        mut rows,
        mut merged,
    } = table;
    let columns = Columns::find(&header)?;
    // Notes beside the table belong to nothing.
    let width = columns.width;
    rows.width = width;
    merged.keep(|column| columns.reads(column));
    let mut reader = rows::Reader::new(columns);
    let mut read = 0;
    let mut next = first;
    while let Some((line, mut cells)) = next {
        cells.truncate(width);
        if cells.iter().any(|cell| !cell.is_empty()) {
            read += 1;
            if read > MAX_ROWS {
                return Err(RosterFault::TooManyRows);
            }
            reader.add(line, &merged.fill(line, cells));
        }
        next = rows.next()?;
    }
    Ok(reader)
}

/// A sheet's table of people, read up to its first row.
struct Table<'w, 'b> {
    header: StringRecord,
    first: Option<Record>,
    rows: Rows<'w, 'b>,
    merged: Merged,
}

impl<'w, 'b> Table<'w, 'b> {
    /// Titles may stand above it.
    fn find(workbook: &'w mut Workbook<'b>, name: &str) -> Result<Option<Self>, RosterFault> {
        let regions = workbook.merge_cells_by_sheet_name(name).unwrap_or_default();
        let mut merged = Merged::new(&regions, MAX_COLUMNS);
        let cells = workbook.worksheet_cells_reader(name);
        let mut rows = Rows {
            cells: cells.map_err(|_| RosterFault::DamagedWorkbook)?,
            ahead: None,
            width: MAX_COLUMNS,
            over: false,
        };
        for number in 0..HEADER_WITHIN {
            let Some((line, cells)) = rows.next()? else {
                return if number == 0 {
                    Err(RosterFault::EmptyFile)
                } else {
                    Ok(None)
                };
            };
            let mut header = merged.fill(line, cells);
            let Some(addresses) = Columns::of_addresses(&header) else {
                continue;
            };
            // Where a heading spans others its rows are one header: each column is called what stands lowest.
            let last = merged.last_row(addresses);
            let first = loop {
                match rows.next()? {
                    Some((line, cells)) if line <= last => header = over(&header, &merged.fill(line, cells)),
                    next => break next,
                }
            };
            return Ok(Some(Self {
                header,
                first,
                rows,
                merged,
            }));
        }
        Ok(None)
    }
}

/// The lower of two rows, and where it is empty the upper.
fn over(upper: &StringRecord, lower: &StringRecord) -> StringRecord {
    let text = |row: &StringRecord, at: usize| row.get(at).unwrap_or_default().to_owned();
    let cell = |at: usize| {
        Some(text(lower, at))
            .filter(|cell| !cell.is_empty())
            .unwrap_or_else(|| text(upper, at))
    };
    (0..upper.len().max(lower.len())).map(cell).collect::<Vec<_>>().into()
}

/// The rows of a sheet that hold something, by the numbers that the spreadsheet shows.
struct Rows<'w, 'b> {
    cells: XlsxCellReader<'w, Cursor<&'b [u8]>>,
    /// The first cell of the row that comes next.
    ahead: Option<(u32, usize, String)>,
    /// Columns beyond are passed over.
    width: usize,
    /// What follows the last row is no cell.
    over: bool,
}

impl Rows<'_, '_> {
    fn next(&mut self) -> Result<Option<Record>, RosterFault> {
        let first = match self.ahead.take() {
            Some(cell) => Some(cell),
            None => self.next_cell()?,
        };
        let Some((row, column, text)) = first else {
            return Ok(None);
        };
        let mut texts = Vec::new();
        put(&mut texts, column, text);
        while let Some((next, column, text)) = self.next_cell()? {
            if next == row {
                put(&mut texts, column, text);
                continue;
            }
            if next < row {
                return Err(RosterFault::DamagedWorkbook);
            }
            self.ahead = Some((next, column, text));
            break;
        }
        Ok(Some((u64::from(row) + 1, StringRecord::from(texts))))
    }

    /// The next cell within the width that holds something.
    fn next_cell(&mut self) -> Result<Option<(u32, usize, String)>, RosterFault> {
        while !self.over {
            let cell = match self.cells.next_cell() {
                Ok(Some(cell)) => cell,
                Ok(None) => {
                    self.over = true;
                    break;
                }
                Err(XlsxError::Xml(_) | XlsxError::XmlEof(_) | XlsxError::Io(_) | XlsxError::Zip(_)) => {
                    return Err(RosterFault::DamagedWorkbook);
                }
                // A cell of a kind unknown to the reader is as good as empty.
                Err(_) => continue,
            };
            let (row, column) = cell.get_position();
            let column = usize::try_from(column).unwrap_or(usize::MAX);
            if column >= self.width {
                continue;
            }
            let text = shown(cell.get_value());
            if !text.is_empty() {
                return Ok(Some((row, column, text)));
            }
        }
        Ok(None)
    }
}

fn put(texts: &mut Vec<String>, column: usize, text: String) {
    if texts.len() <= column {
        texts.resize(column + 1, String::new());
    }
    if let Some(cell) = texts.get_mut(column) {
        *cell = text;
    }
}

/// What people read in a cell.
fn shown(value: &DataRef<'_>) -> String {
    let text = match value {
        DataRef::Empty => return String::new(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text,
        DataRef::SharedString(text) => *text,
        DataRef::Int(number) => return number.to_string(),
        DataRef::Float(number) => return decimal(*number),
        DataRef::DateTime(days) => return decimal(days.as_f64()),
        DataRef::Bool(truth) => return truth.to_string(),
        DataRef::Error(error) => return error.to_string(),
    };
    text.trim().chars().take(MAX_CELL).collect()
}

/// With the 15 digits that spreadsheets go by, and never with an exponent.
fn decimal(number: f64) -> String {
    let rounded = format!("{number:.14e}").parse().unwrap_or(number);
    rounded.to_string().chars().take(MAX_CELL).collect()
}

//! The list of people to invite, read from a spreadsheet: CSV or XLSX, told apart by the file itself.
//!
//! Takes the file as French Excel and LibreOffice write it, and says of every line that is not
//! empty either what it holds or what is wrong with it. This room knows only the file: it looks
//! no one up, stores nothing, and decides nothing about who may be invited.

mod columns;
mod decode;
mod rows;
mod sheet;
mod template;
mod text;
mod words;
mod workbook;

#[cfg(test)]
mod tests;

use std::fmt;

use crate::http::Language;
use crate::identity::address::EmailAddress;

use super::entity::{Category, Role};

pub use decode::Encoding;
pub use sheet::Delimiter;
pub use template::{as_csv, template};
pub use text::{fold_name, is_unprintable, tidy};

/// More lines than any workshop invites; above, the file is refused as a whole.
pub const MAX_ROWS: usize = 20_000;

/// The header stands among so many first lines that are not empty; titles may stand above it.
const HEADER_WITHIN: usize = 10;

/// Longest name of a person or of an organisation, in characters.
pub const MAX_NAME: usize = 200;

/// What a file says.
#[derive(Debug, Clone)]
pub struct Roster {
    pub rows: Vec<Row>,
    pub faults: Vec<RowFault>,
    /// Headers unknown here, as written; then `#3` for a third column that holds something without one.
    pub ignored_columns: Vec<String>,
    pub origin: Origin,
}

/// How a file said what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Text(Delimiter, Encoding),
    /// The sheet of a workbook, by its name, and the further ones that could have been read.
    Sheet {
        name: String,
        others: Vec<String>,
    },
}

/// One person to invite. `line` is where the record starts in the file, counted from 1, or the number
/// of its row in the sheet; what is `None` the file does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub line: u64,
    pub email: EmailAddress,
    /// Empty only when the file has no column of names.
    pub name: String,
    pub role: Option<Role>,
    pub organisation: Option<String>,
    pub category: Option<Category>,
    pub delegate: Option<bool>,
    pub language: Option<Language>,
}

/// What is wrong with one line; a line may have several faults, and is then in no `Row`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFault {
    pub line: u64,
    /// Our name of the column (`email`, `name`, …), where the fault is in one.
    pub column: Option<&'static str>,
    pub code: &'static str,
    /// The cell, shortened; for a repetition, the number of the earlier line.
    pub value: Option<String>,
}

/// Why a file cannot be read at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RosterFault {
    EmptyFile,
    /// Neither text nor a workbook.
    NotCsv,
    /// A quotation mark opened on this line is never closed, or the bytes are damaged.
    UnreadableCsv {
        line: Option<u64>,
    },
    MissingEmailColumn,
    /// Two columns for the same thing; the header of the second.
    DuplicateColumn(String),
    TooManyRows,
    /// Incomplete, or such as no spreadsheet writes it.
    DamagedWorkbook,
    /// Locked with a password.
    EncryptedWorkbook,
    /// Of another kind than XLSX.
    UnsupportedWorkbook,
    /// Once unpacked.
    WorkbookTooLarge,
    /// Asked for by a name that none has, or of a file without sheets.
    UnknownSheet,
}

impl RosterFault {
    pub fn code(&self) -> &'static str {
        match self {
            Self::EmptyFile => "empty_file",
            Self::NotCsv => "not_csv",
            Self::UnreadableCsv { line: Some(_) } => "unreadable_csv",
            Self::UnreadableCsv { line: None } => "damaged_characters",
            Self::MissingEmailColumn => "missing_email_column",
            Self::DuplicateColumn(_) => "duplicate_column",
            Self::TooManyRows => "too_many_rows",
            Self::DamagedWorkbook => "damaged_workbook",
            Self::EncryptedWorkbook => "encrypted_workbook",
            Self::UnsupportedWorkbook => "unsupported_workbook",
            Self::WorkbookTooLarge => "workbook_too_large",
            Self::UnknownSheet => "unknown_sheet",
        }
    }
}

impl fmt::Display for RosterFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl std::error::Error for RosterFault {}

/// Reads a file, of a workbook this sheet or the first that has a column of addresses. An `Err` is about
/// the file, `Roster::faults` about its lines.
pub fn read(bytes: &[u8], sheet: Option<&str>) -> Result<Roster, RosterFault> {
    if workbook::is_one(bytes) {
        return workbook::read(bytes, sheet);
    }
    if sheet.is_some() {
        return Err(RosterFault::UnknownSheet);
    }
    let (text, encoding) = decode::decode(bytes)?;
    let (delimiter, records) = sheet::split(&text)?;
    let titles = records
        .iter()
        .take(HEADER_WITHIN)
        .position(|(_, cells)| columns::Columns::of_addresses(cells).is_some());
    let mut records = records.into_iter().skip(titles.unwrap_or(0));
    let (_, header) = records.next().ok_or(RosterFault::EmptyFile)?;
    let mut reader = rows::Reader::new(columns::Columns::find(&header)?);
    for (line, cells) in records {
        reader.add(line, &cells);
    }
    Ok(reader.finish(Origin::Text(delimiter, encoding)))
}

//! From text to records: the delimiter, the lines, the quotation marks.

use std::io::Read;

use csv::{ReaderBuilder, StringRecord};

use super::columns::Columns;
use super::{MAX_ROWS, RosterFault};

/// What separates the cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delimiter {
    Semicolon,
    Comma,
    Tab,
}

impl Delimiter {
    /// The last wins a tie: a header of one cell says nothing, and French Excel writes `;`.
    const ALL: [Self; 3] = [Self::Tab, Self::Comma, Self::Semicolon];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Semicolon => "semicolon",
            Self::Comma => "comma",
            Self::Tab => "tab",
        }
    }

    fn byte(self) -> u8 {
        match self {
            Self::Semicolon => b';',
            Self::Comma => b',',
            Self::Tab => b'\t',
        }
    }

    /// The delimiter under which the first line with content names the most columns we know. A
    /// file that has no content under one of them has none.
    fn sniff(text: &str) -> Self {
        Self::ALL
            .into_iter()
            .max_by_key(|delimiter| {
                Records::new(text, *delimiter)
                    .find(|(_, cells)| !is_blank(cells))
                    .map_or((0, usize::MAX), |(_, cells)| (Columns::recognised(&cells), cells.len()))
            })
            .unwrap_or(Self::Semicolon)
    }

    /// The first line `sep=;`, by which a file tells Excel its delimiter.
    fn announced(text: &str) -> Option<Self> {
        let mark = text.split(['\r', '\n']).next()?.strip_prefix("sep=")?;
        Self::ALL
            .into_iter()
            .find(|delimiter| mark.as_bytes() == [delimiter.byte()])
    }
}

/// The number of the line where a record starts, and its cells.
pub(super) type Record = (u64, StringRecord);

/// Every record that holds something, the header first.
pub(super) fn split(text: &str) -> Result<(Delimiter, Vec<Record>), RosterFault> {
    // Tools that join files leave marks at the start of text already decoded.
    let text = text.trim_start_matches('\u{FEFF}');
    let announced = Delimiter::announced(text);
    let delimiter = announced.unwrap_or_else(|| Delimiter::sniff(text));
    let mut records = Vec::new();
    let mut closed = false;
    let mut last = 0;
    for (line, cells) in Records::new(text, delimiter).skip(usize::from(announced.is_some())) {
        last = line;
        closed = cells == [END][..];
        if closed || is_blank(&cells) {
            continue;
        }
        // The header is one more. Refused here, before millions of lines are held in memory.
        if records.len() > MAX_ROWS {
            return Err(RosterFault::TooManyRows);
        }
        records.push((line, cells));
    }
    if closed {
        Ok((delimiter, records))
    } else {
        Err(RosterFault::UnreadableCsv { line: Some(last) })
    }
}

fn is_blank(cells: &StringRecord) -> bool {
    cells.iter().all(|cell| cell.trim().is_empty() || cell == END)
}

/// Written after the text. Text holds no NUL, so this comes back as a record of its own, unless
/// a quotation mark left open has swallowed it together with everybody on the lines between.
const END: &str = "\0";

struct Records<'t> {
    reader: csv::Reader<std::io::Chain<&'t [u8], &'static [u8]>>,
    lines: Lines<'t>,
}

impl<'t> Records<'t> {
    fn new(text: &'t str, delimiter: Delimiter) -> Self {
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter.byte())
            .from_reader(text.as_bytes().chain(&b"\n\0"[..]));
        Self {
            reader,
            lines: Lines {
                bytes: text.as_bytes(),
                at: 0,
                line: 1,
            },
        }
    }
}

impl Iterator for Records<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        let mut record = StringRecord::new();
        // The text is valid UTF-8 and in memory: no error is possible, and one would end the
        // records early, which the missing END shows.
        if !self.reader.read_record(&mut record).unwrap_or(false) {
            return None;
        }
        let start = record.position().map_or(0, csv::Position::byte);
        let line = self.lines.at(usize::try_from(start).unwrap_or(usize::MAX));
        Some((line, record))
    }
}

/// Counts lines as an editor does. The reader's own count is late by one after CRLF and knows
/// nothing of the empty lines it skips.
struct Lines<'t> {
    bytes: &'t [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of the first character of a record, offsets being asked for in order.
    fn at(&mut self, offset: usize) -> u64 {
        while let Some(&byte) = self.bytes.get(self.at) {
            let is_break = matches!(byte, b'\r' | b'\n');
            if self.at >= offset && !is_break {
                break;
            }
            self.at += 1;
            let half = byte == b'\r' && self.bytes.get(self.at) == Some(&b'\n');
            self.line += u64::from(is_break && !half);
        }
        self.line
    }
}

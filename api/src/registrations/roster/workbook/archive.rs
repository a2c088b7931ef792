//! What a workbook would unpack to, measured before anything of it is kept: a few kilobytes can
//! hold gigabytes, or a table of numbers so large that the process would end over it.
//!
//! Every part of the archive is unpacked once, in pieces that are let go of again. The tags are
//! told apart as the reader of XML will tell them apart; where in doubt, one too many is counted.

use std::io::{Cursor, Read as _};

use zip::ZipArchive;
use zip::result::ZipError;

use super::super::RosterFault;

/// A workbook of few sheets has some dozens.
const MOST_PARTS: usize = 2_000;
/// Of all parts together, unpacked.
const MOST_BYTES: u64 = 48 * 1024 * 1024;
/// A part up to here may be held in memory as a whole.
const SMALL_PART: u64 = 4 * 1024 * 1024;
/// Longest text or tag in a larger part; a cell holds 32,767 characters.
const LONGEST_RUN: usize = 1024 * 1024;
/// Elements that the reader keeps in memory, and how many of each are still a workbook.
const KEPT: [(&[u8], usize); 10] = [
    (b"si", 400_000),
    (b"sheet", 500),
    (b"definedName", 20_000),
    (b"Relationship", 100_000),
    (b"numFmt", 20_000),
    (b"font", 65_000),
    (b"fill", 65_000),
    (b"border", 65_000),
    (b"xf", 130_000),
    (b"mergeCell", 100_000),
];
/// Room is made at once for as many texts as this attribute tells.
const ANNOUNCED: &[u8] = b"uniqueCount";
const MOST_ANNOUNCED_DIGITS: usize = 6;
/// As much of a tag as is looked at.
const LOOKED_AT: usize = 4096;

/// Refuses what is no workbook of ours to read, and what is too large unpacked.
pub(super) fn check(bytes: &[u8]) -> Result<(), RosterFault> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| RosterFault::DamagedWorkbook)?;
    if archive.len() > MOST_PARTS {
        return Err(RosterFault::WorkbookTooLarge);
    }
    check_kind(&mut archive)?;
    let mut declared: u64 = 0;
    for index in 0..archive.len() {
        let part = archive.by_index_raw(index).map_err(|_| RosterFault::DamagedWorkbook)?;
        declared = declared.saturating_add(part.size());
    }
    // What the directory says may be untrue: what comes out counts too.
    let mut left = MOST_BYTES;
    if declared > left {
        return Err(RosterFault::WorkbookTooLarge);
    }
    let mut kept = [0; KEPT.len()];
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).map_err(|error| match error {
            ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => RosterFault::EncryptedWorkbook,
            _ => RosterFault::DamagedWorkbook,
        })?;
        let length = measure(&mut part, left, &mut kept)?;
        left = left.checked_sub(length).ok_or(RosterFault::WorkbookTooLarge)?;
    }
    Ok(())
}

/// An OpenDocument or binary spreadsheet is an archive too.
fn check_kind(archive: &mut ZipArchive<Cursor<&[u8]>>) -> Result<(), RosterFault> {
    let is_document = |name: &str| {
        let name = name.replace('\\', "/").to_ascii_lowercase();
        name == "mimetype" || name.ends_with("/workbook.bin")
    };
    let foreign = archive
        .file_names()
        .any(|name| name.is_ok_and(|name| is_document(&name)));
    if foreign {
        return Err(RosterFault::UnsupportedWorkbook);
    }
    Ok(())
}

/// The length of a part, or more than there is room for.
fn measure(part: &mut impl std::io::Read, room: u64, kept: &mut [usize; KEPT.len()]) -> Result<u64, RosterFault> {
    let mut scanner = Scanner::default();
    let mut part = part.take(room + 1);
    let mut length: u64 = 0;
    let mut piece = [0; 16 * 1024];
    loop {
        let read = part.read(&mut piece).map_err(|_| RosterFault::DamagedWorkbook)?;
        let Some(bytes) = piece.get(..read).filter(|bytes| !bytes.is_empty()) else {
            break;
        };
        length += read as u64;
        for byte in bytes {
            scanner.take(*byte, kept)?;
        }
    }
    if length > SMALL_PART && (scanner.has_declarations || scanner.longest > LONGEST_RUN) {
        return Err(RosterFault::WorkbookTooLarge);
    }
    Ok(length)
}

/// Where in the XML a byte stands.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum At {
    #[default]
    Text,
    Tag,
    Quoted(u8),
    /// `<? … ?>`, and whether the byte before was a question mark.
    Instruction(bool),
}

#[derive(Default)]
struct Scanner {
    at: At,
    run: usize,
    longest: usize,
    /// The beginning of the tag, without its `<`.
    tag: Vec<u8>,
    /// Comments, CDATA, a document type: what is in them is counted like everything else, but how
    /// long they are is not known.
    has_declarations: bool,
}

impl Scanner {
    fn take(&mut self, byte: u8, kept: &mut [usize; KEPT.len()]) -> Result<(), RosterFault> {
        // Texts in two bytes to the character are told apart like others.
        if byte == 0 {
            return Ok(());
        }
        self.run += 1;
        self.longest = self.longest.max(self.run);
        match (self.at, byte) {
            (At::Text, b'<') => self.go(At::Tag),
            (At::Tag, b'!') if self.tag.is_empty() => {
                self.has_declarations = true;
                self.go(At::Text);
            }
            (At::Tag, b'?') if self.tag.is_empty() => self.at = At::Instruction(false),
            (At::Tag, b'>') => {
                self.count(kept)?;
                self.go(At::Text);
            }
            (At::Tag | At::Quoted(_), byte) => {
                self.at = match self.at {
                    At::Tag if matches!(byte, b'"' | b'\'') => At::Quoted(byte),
                    At::Quoted(quote) if byte == quote => At::Tag,
                    at => at,
                };
                if self.tag.len() < LOOKED_AT {
                    self.tag.push(byte);
                }
            }
            (At::Instruction(true), b'>') => self.go(At::Text),
            (At::Instruction(_), byte) => self.at = At::Instruction(byte == b'?'),
            (At::Text, _) => {}
        }
        Ok(())
    }

    fn go(&mut self, at: At) {
        self.at = at;
        self.run = 0;
        self.tag.clear();
    }

    fn count(&self, kept: &mut [usize; KEPT.len()]) -> Result<(), RosterFault> {
        let whole = self
            .tag
            .split(|byte| b" \t\r\n/".contains(byte))
            .next()
            .unwrap_or_default();
        let name = whole.rsplit(|byte| *byte == b':').next().unwrap_or_default();
        for ((known, most), count) in KEPT.iter().zip(kept) {
            if name == *known {
                *count += 1;
                if *count > *most {
                    return Err(RosterFault::WorkbookTooLarge);
                }
            }
        }
        let announces_much = self
            .tag
            .windows(ANNOUNCED.len())
            .enumerate()
            .filter(|(_, window)| *window == ANNOUNCED)
            .any(|(at, _)| {
                let after = self.tag.iter().skip(at + ANNOUNCED.len());
                let digits = after
                    .skip_while(|byte| !byte.is_ascii_digit())
                    .take_while(|byte| byte.is_ascii_digit());
                digits.count() > MOST_ANNOUNCED_DIGITS
            });
        // A tag that is not looked at to its end announces what it likes.
        if announces_much || name == b"sst" && self.tag.len() == LOOKED_AT {
            return Err(RosterFault::WorkbookTooLarge);
        }
        Ok(())
    }
}

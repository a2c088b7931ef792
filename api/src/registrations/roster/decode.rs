//! From bytes to text, by the byte-order mark or, failing one, by what the bytes allow.

use std::borrow::Cow;

use super::RosterFault;

/// The encodings in which spreadsheets are saved as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    Utf16,
    Windows1252,
}

impl Encoding {
    /// Its name on the web (IANA).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf16 => "utf-16",
            Self::Windows1252 => "windows-1252",
        }
    }
}

pub(super) fn decode(bytes: &[u8]) -> Result<(Cow<'_, str>, Encoding), RosterFault> {
    let (text, encoding) = match encoding_rs::Encoding::for_bom(bytes) {
        // A file that announces its encoding and then breaks it is damaged: guessing would
        // put wrong letters into names.
        Some((announced, mark)) => {
            let text = announced
                .decode_without_bom_handling_and_without_replacement(&bytes[mark..])
                .ok_or(RosterFault::UnreadableCsv { line: None })?;
            let utf8 = announced == encoding_rs::UTF_8;
            (text, if utf8 { Encoding::Utf8 } else { Encoding::Utf16 })
        }
        None => match std::str::from_utf8(bytes) {
            Ok(text) => (Cow::Borrowed(text), Encoding::Utf8),
            Err(_) if is_mostly_utf8(bytes) => {
                return Err(RosterFault::UnreadableCsv { line: None });
            }
            Err(_) => {
                let (text, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes);
                (text, Encoding::Windows1252)
            }
        },
    };
    if text.contains('\0') {
        return Err(RosterFault::NotCsv);
    }
    Ok((text, encoding))
}

/// UTF-8 cut short, or joined to a file of another kind. Read as Windows-1252 it would turn
/// every `é` into `Ã©`, and nobody would be told.
fn is_mostly_utf8(bytes: &[u8]) -> bool {
    let (mut letters, mut breaks) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        letters += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        breaks += usize::from(!chunk.invalid().is_empty());
    }
    letters > breaks
}

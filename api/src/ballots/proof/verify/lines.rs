//! Lines of a file that may be anything: too long, not text, cut short.

use std::io::{self, BufRead, Read as _};

/// Manifest and tally grow with the candidates: 200 of them with descriptions of 5,000 characters,
/// or 200 rounds of counting, stay below this.
const LONGEST: u64 = 16 << 20;
/// All other lines; the opening of a ranking of 200 candidates has 9 kB.
const LONG: usize = 64 << 10;

pub struct Lines<R> {
    reader: R,
    line: Vec<u8>,
}

/// What a line is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    TooLong,
    NotText,
    /// The last one, without a newline.
    CutShort,
}

impl<R: BufRead> Lines<R> {
    pub fn new(reader: R) -> Self {
        Self {
            reader,
            line: Vec::new(),
        }
    }

    /// The next line without its newline; nothing at the end.
    pub fn next(&mut self) -> io::Result<Option<Result<&str, Fault>>> {
        self.line.clear();
        let read = self.reader.by_ref().take(LONGEST).read_until(b'\n', &mut self.line)?;
        if read == 0 {
            return Ok(None);
        }
        if self.line.pop_if(|last| *last == b'\n').is_none() {
            return Ok(Some(Err(if (read as u64) < LONGEST {
                Fault::CutShort
            } else {
                self.line = Vec::new();
                self.reader.skip_until(b'\n')?;
                Fault::TooLong
            })));
        }
        let may_be_longest = self.line.starts_with(b"{\"manifest\":") || self.line.starts_with(b"{\"tally\":");
        if self.line.len() > LONG && !may_be_longest {
            return Ok(Some(Err(Fault::TooLong)));
        }
        Ok(Some(std::str::from_utf8(&self.line).map_err(|_| Fault::NotText)))
    }
}

impl Fault {
    pub fn words(self) -> &'static str {
        match self {
            Self::TooLong => "is longer than any line of a bundle",
            Self::NotText => "is not UTF-8",
            Self::CutShort => "does not end with a newline: the file is cut short",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &[u8]) -> Vec<Option<Fault>> {
        let mut lines = Lines::new(text);
        let mut faults = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            faults.push(line.err());
        }
        faults
    }

    #[test]
    fn lines_have_an_end() {
        assert_eq!(faults(b""), []);
        assert_eq!(faults(b"a\n\nb"), [None, None, Some(Fault::CutShort)]);
        assert_eq!(faults(b"a\n\xff\nb\n"), [None, Some(Fault::NotText), None]);
        let long = |start: &str, length: usize| [start.as_bytes(), &vec![b'x'; length], b"\nnext\n"].concat();
        assert_eq!(faults(&long("", LONG)), [None, None]);
        assert_eq!(faults(&long("", LONG + 1)), [Some(Fault::TooLong), None]);
        assert_eq!(faults(&long("{\"manifest\":", LONG)), [None, None]);
        assert_eq!(faults(&long("{\"tally\":", LONG)), [None, None]);
        let longest = usize::try_from(LONGEST).unwrap();
        assert_eq!(faults(&long("{\"tally\":", longest)), [Some(Fault::TooLong), None]);
        assert_eq!(faults(&vec![b'x'; longest]), [Some(Fault::TooLong)]);
    }
}

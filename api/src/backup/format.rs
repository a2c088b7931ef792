//! The lines of a backup: written, and read back with every check that the file itself allows.
//! Knows files, no database.

use std::collections::BTreeMap;
use std::io::{BufRead, Read as _, Write};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};

use crate::instant::Instant;
use crate::secrets::hex;

const FORMAT: &str = "palabre-backup";
const VERSION: u32 = 1;
/// No line of ours is longer; what is not ours must not fill the memory.
const LONGEST: u64 = 64 << 20;

pub type Row = Map<String, Json>;

#[derive(Serialize, Deserialize)]
pub struct Header {
    format: String,
    version: u32,
    pub made_at: Instant,
    pub made_by: String,
    /// In order of application.
    pub migrations: Vec<String>,
    pub tables: BTreeMap<String, Vec<String>>,
    pub left_out: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Line<T, R> {
    row: R,
    table: T,
}

#[derive(Serialize, Deserialize)]
struct Last {
    rows: BTreeMap<String, u64>,
    sha256: String,
}

impl Header {
    pub fn new(
        made_at: Instant,
        migrations: Vec<String>,
        tables: BTreeMap<String, Vec<String>>,
        left_out: Vec<String>,
    ) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            made_at,
            made_by: format!("palabre {}", env!("CARGO_PKG_VERSION")),
            migrations,
            tables,
            left_out,
        }
    }
}

pub struct Writer<W> {
    out: W,
    hash: Sha256,
    rows: BTreeMap<String, u64>,
}

impl<W: Write> Writer<W> {
    pub fn begin(out: W, header: &Header) -> std::io::Result<Self> {
        let mut writer = Self {
            out,
            hash: Sha256::new(),
            rows: header.tables.keys().map(|table| (table.clone(), 0)).collect(),
        };
        writer.line(header)?;
        writer.out.flush()?;
        Ok(writer)
    }

    pub fn row(&mut self, table: &str, row: &Row) -> std::io::Result<()> {
        *self.rows.entry(table.to_owned()).or_default() += 1;
        self.line(&Line { row, table })
    }

    /// Writes the last line; says how many rows there are.
    pub fn finish(mut self) -> std::io::Result<u64> {
        let total = self.rows.values().sum();
        let last = Last {
            rows: std::mem::take(&mut self.rows),
            sha256: hex(&self.hash.clone().finalize()),
        };
        self.line(&last)?;
        self.out.flush()?;
        Ok(total)
    }

    fn line(&mut self, content: &impl Serialize) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(content)?;
        line.push(b'\n');
        self.hash.update(&line);
        self.out.write_all(&line)
    }
}

/// What is wrong with a file that should be a backup.
#[derive(Debug)]
pub struct Damaged(String);

impl std::fmt::Display for Damaged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Damaged {}

impl From<std::io::Error> for Damaged {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}

pub struct Reader<R> {
    input: R,
    hash: Sha256,
    number: u64,
    rows: BTreeMap<String, u64>,
}

impl<R: BufRead> Reader<R> {
    pub fn begin(input: R) -> Result<(Header, Self), Damaged> {
        #[derive(Deserialize)]
        struct Kind {
            format: String,
            version: u32,
        }
        let mut reader = Self {
            input,
            hash: Sha256::new(),
            number: 0,
            rows: BTreeMap::new(),
        };
        let line = reader.line()?;
        let foreign = || Damaged("this is no backup of Palabre".to_owned());
        let kind: Kind = serde_json::from_slice(&line).map_err(|_| foreign())?;
        if kind.format != FORMAT {
            return Err(foreign());
        }
        if kind.version != VERSION {
            return Err(Damaged(format!(
                "its format has version {}, this palabre reads version {VERSION}",
                kind.version
            )));
        }
        reader.hash.update(&line);
        let header: Header = serde_json::from_slice(&line).map_err(|_| foreign())?;
        reader.rows = header.tables.keys().map(|table| (table.clone(), 0)).collect();
        Ok((header, reader))
    }

    /// The next row; nothing once the last line was read and all of it is right.
    pub fn next(&mut self) -> Result<Option<(String, Row)>, Damaged> {
        let line = self.line()?;
        if line.starts_with(b"{\"rows\":") {
            let last = serde_json::from_slice(&line).map_err(|_| self.altered())?;
            return self.close(&last).map(|()| None);
        }
        self.hash.update(&line);
        let Line { row, table }: Line<String, Row> = serde_json::from_slice(&line).map_err(|_| self.altered())?;
        let count = self.rows.get_mut(&table);
        *count.ok_or_else(|| Damaged(format!("line {} is of a table that it does not announce", self.number)))? += 1;
        Ok(Some((table, row)))
    }

    fn close(&mut self, last: &Last) -> Result<(), Damaged> {
        if hex(&self.hash.clone().finalize()) != last.sha256 {
            return Err(Damaged(
                "it was altered: its digest is not that of its last line".to_owned(),
            ));
        }
        if self.rows != last.rows {
            return Err(Damaged(
                "it was altered: its rows are not as many as its last line says".to_owned(),
            ));
        }
        if !self.input.fill_buf()?.is_empty() {
            return Err(Damaged("it was altered: something follows its last line".to_owned()));
        }
        Ok(())
    }

    /// One line with its end.
    fn line(&mut self) -> Result<Vec<u8>, Damaged> {
        self.number += 1;
        let mut line = Vec::new();
        self.input.by_ref().take(LONGEST).read_until(b'\n', &mut line)?;
        if line.last() == Some(&b'\n') {
            return Ok(line);
        }
        Err(if self.number == 1 {
            Damaged("this is no backup of Palabre".to_owned())
        } else {
            Damaged(format!("it is cut: line {} has no end", self.number))
        })
    }

    fn altered(&self) -> Damaged {
        Damaged(format!("it was altered: line {} is not one of a backup", self.number))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written() -> Vec<u8> {
        let columns = |names: [&str; 2]| names.map(str::to_owned).to_vec();
        let tables = [
            ("person".to_owned(), columns(["id", "name"])),
            ("organisation".to_owned(), columns(["id", "name"])),
        ];
        let header = Header::new(
            Instant::from_micros(1_598_000_000_000_001),
            vec!["m0001".into()],
            tables.into(),
            vec!["cast".into()],
        );
        let mut bytes = Vec::new();
        let mut writer = Writer::begin(&mut bytes, &header).unwrap();
        for number in 0..3 {
            let row = json!({"id": number, "name": "Fatoumata \"F\"\n"});
            writer.row("person", row.as_object().unwrap()).unwrap();
        }
        assert_eq!(writer.finish().unwrap(), 3);
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Vec<(String, Row)>, Damaged> {
        let (_, mut reader) = Reader::begin(bytes)?;
        let mut rows = Vec::new();
        while let Some(row) = reader.next()? {
            rows.push(row);
        }
        Ok(rows)
    }

    #[test]
    fn what_was_written_is_read() {
        let bytes = written();
        let rows = read(&bytes).unwrap();
        assert_eq!(rows.len(), 3);
        assert_eq!(rows[2].0, "person");
        assert_eq!(rows[2].1["id"], 2);
        let (header, _) = Reader::begin(bytes.as_slice()).unwrap();
        assert_eq!(header.made_at.micros(), 1_598_000_000_000_001);
        assert_eq!(header.tables["organisation"], ["id", "name"]);
    }

    #[test]
    fn cut_anywhere_it_is_refused() {
        let bytes = written();
        for end in 0..bytes.len() {
            assert!(read(&bytes[..end]).is_err(), "cut after {end} bytes");
        }
    }

    #[test]
    fn altered_anywhere_it_is_refused() {
        let bytes = written();
        for place in 0..bytes.len() {
            // Another digit for a digit, another letter for a letter.
            for change in [1, 2] {
                let mut altered = bytes.clone();
                altered[place] ^= change;
                assert!(read(&altered).is_err(), "byte {place} altered by {change}");
            }
        }
        assert!(read(&[&bytes[..], b"{}\n"].concat()).is_err(), "lengthened");
        let without = |number: usize| -> Vec<u8> {
            let lines = bytes.split_inclusive(|byte| *byte == b'\n').enumerate();
            lines
                .filter(|(index, _)| *index != number)
                .flat_map(|(_, line)| line)
                .copied()
                .collect()
        };
        for number in 0..5 {
            assert!(read(&without(number)).is_err(), "without line {number}");
        }
    }

    #[test]
    fn another_file_or_version_is_named() {
        for foreign in [
            "",
            "\n",
            "{}\n",
            "SQLite format 3\0",
            "{\"format\":\"else\",\"version\":1}\n",
        ] {
            let refused = read(foreign.as_bytes()).unwrap_err().to_string();
            assert!(refused.contains("no backup of Palabre"), "{foreign}: {refused}");
        }
        let newer = read(b"{\"format\":\"palabre-backup\",\"version\":2,\"surprise\":true}\n");
        assert!(newer.unwrap_err().to_string().contains("version 2"));
    }
}

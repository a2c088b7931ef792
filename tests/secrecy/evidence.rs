//! What an attacker has got hold of, in one form for both databases.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::tokens::{Hit, Subject, Tokens};

pub struct Evidence {
    /// The choice of each vote, in the order of voting: what the attacker wants, and how it is judged.
    pub truth: Vec<usize>,
    /// How long each choice is, written down.
    pub lengths: Vec<usize>,
    /// Of the database's files.
    pub page: usize,
    pub tables: Vec<Table>,
    pub places: Vec<Place>,
    /// The write-ahead log, transaction by transaction.
    pub commits: Vec<Commit>,
    pub sizes: Vec<Sizes>,
}

/// Rows as they stood at some moment, in the order in which the database gives them.
pub struct Table {
    pub name: String,
    pub columns: Vec<String>,
    pub rows: Vec<Row>,
}

pub struct Row {
    pub cells: Vec<String>,
    pub hits: Vec<Hit>,
}

impl Row {
    pub fn voter(&self) -> Option<usize> {
        self.hits.iter().find_map(|hit| match hit.subject {
            Subject::Voter(voter) => Some(voter),
            _ => None,
        })
    }

    /// The choice that the row shows.
    pub fn choice(&self, truth: &[usize]) -> Option<usize> {
        self.hits.iter().find_map(|hit| choice(hit, truth))
    }
}

/// The choice that a hit gives away.
pub fn choice(hit: &Hit, truth: &[usize]) -> Option<usize> {
    match hit.subject {
        Subject::Vote(vote) => truth.get(vote).copied(),
        Subject::Choice(choice) => Some(choice),
        Subject::Voter(_) | Subject::Sealed => None,
    }
}

impl Table {
    /// Rows given as JSON objects with the same members.
    pub fn of(name: &str, rows: &[String], tokens: &Tokens) -> Self {
        let mut columns = Vec::new();
        let rows = rows.iter().map(|text| {
            let row: Value = serde_json::from_str(text).expect("a row");
            let row = row.as_object().expect("an object");
            if columns.is_empty() {
                columns = row.keys().cloned().collect();
            }
            let cell = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let cells: Vec<String> = row.values().map(cell).collect();
            let hits = cells.iter().flat_map(|cell| tokens.hits(cell.as_bytes())).collect();
            Row { cells, hits }
        });
        let rows = rows.collect();
        Self {
            name: name.to_owned(),
            columns,
            rows,
        }
    }
}

/// A file, or a log.
pub struct Place {
    pub name: String,
    pub log: bool,
    pub hits: Vec<Hit>,
}

/// What one transaction wrote.
#[derive(Default)]
pub struct Commit {
    pub hits: Vec<Hit>,
    pub size: i64,
}

/// Of each voter's vote, as far as it is known.
pub struct Sizes {
    pub attack: &'static str,
    pub of: String,
    pub sizes: Vec<(usize, i64)>,
}

/// Files as they were at some moment.
pub struct Copy {
    pub moment: String,
    folder: PathBuf,
}

impl Copy {
    pub fn new(moment: impl Into<String>, folder: PathBuf) -> Self {
        std::fs::create_dir_all(&folder).expect("a folder");
        Self {
            moment: moment.into(),
            folder,
        }
    }

    /// Keeps a file that may be gone by now, as those of a running database may.
    pub fn keep(&self, file: &Path, name: &str) {
        let kept = self.file(name);
        if std::fs::copy(file, &kept).is_err() {
            drop(std::fs::remove_file(kept));
        }
    }

    /// Keeps what an answer showed.
    pub fn keep_bytes(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.file(name), bytes).expect("kept");
    }

    /// Where the copy of a file of this name lies.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name.replace('/', "%"))
    }

    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut files: Vec<_> = std::fs::read_dir(&self.folder)
            .expect("a folder")
            .map(|entry| {
                let entry = entry.expect("a file");
                let name = entry.file_name().to_string_lossy().replace('%', "/");
                (name, std::fs::read(entry.path()).expect("a file"))
            })
            .collect();
        files.sort();
        files
    }

    pub fn places(&self, tokens: &Tokens) -> Vec<Place> {
        let place = |(name, bytes): (String, Vec<u8>)| Place {
            log: name.ends_with(".log"),
            hits: tokens.hits(&bytes).collect(),
            name: format!("{}, {name}", self.moment),
        };
        self.files().into_iter().map(place).collect()
    }
}

/// How much of a log's lines speaks of each voter, by the kind of what names them.
pub fn line_sizes(name: &str, log: &[u8], tokens: &Tokens) -> Vec<Sizes> {
    let mut found: std::collections::BTreeMap<(&'static str, usize), i64> = std::collections::BTreeMap::new();
    for line in log.split(|byte| *byte == b'\n') {
        let mut named: Vec<(&'static str, usize)> = tokens
            .hits(line)
            .filter_map(|hit| match hit.subject {
                Subject::Voter(voter) => Some((hit.kind, voter)),
                _ => None,
            })
            .collect();
        named.sort_unstable();
        named.dedup();
        for voter in named {
            *found.entry(voter).or_default() += line.len() as i64;
        }
    }
    let mut sizes: Vec<Sizes> = Vec::new();
    for ((kind, voter), size) in found {
        let of = format!("{name}, lines with {kind}");
        if sizes.last().is_none_or(|last| last.of != of) {
            sizes.push(Sizes {
                attack: "size of log lines",
                of,
                sizes: Vec::new(),
            });
        }
        if let Some(last) = sizes.last_mut() {
            last.sizes.push((voter, size));
        }
    }
    sizes
}

/// How much a log holds from each line with these words to the next, `whose` vote each of them was.
pub fn spans(name: &str, log: &[u8], words: &str, whose: &[Option<usize>]) -> Option<Sizes> {
    let text = String::from_utf8_lossy(log);
    let starts: Vec<usize> = text.match_indices(words).map(|(at, _)| at).collect();
    if starts.len() != whose.len() {
        return None;
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let spans = starts.iter().zip(ends).zip(whose);
    Some(Sizes {
        attack: "size of log lines",
        of: format!("{name}, from vote to vote"),
        sizes: spans
            .filter_map(|((start, end), whose)| Some(((*whose)?, (end - start) as i64)))
            .collect(),
    })
}

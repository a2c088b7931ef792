//! What lies in the files of an SQLite database: rows, raw pages, and the write-ahead log frame by
//! frame (format: https://www.sqlite.org/fileformat2.html).

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::evidence::{Commit, Copy, Table};
use super::tokens::{Hit, Subject, Tokens};
use crate::support::Sql;

pub const PAGE: usize = 4096;
const FRAME: usize = 24 + PAGE;
const HEADER: usize = 32;

/// Every table as it stands, with the number of each row where there is one.
pub async fn tables(sql: &Sql, prefix: &str, moment: &str, tokens: &Tokens) -> Vec<Table> {
    let names = sql
        .texts("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name")
        .await;
    let mut tables = Vec::new();
    for name in names.iter().filter(|name| name.starts_with(prefix)) {
        let mut columns = sql
            .texts(&format!("SELECT name FROM pragma_table_info('{name}')"))
            .await;
        let with_row_number = sql
            .number(&format!(
                "SELECT sql NOT LIKE '%WITHOUT ROWID%' FROM sqlite_master WHERE name = '{name}'"
            ))
            .await;
        if with_row_number == 1 {
            columns.push("rowid".to_owned());
        }
        let members = columns.iter().map(|column| {
            format!(
                "'{column}', CASE typeof(\"{column}\") WHEN 'blob' THEN lower(hex(\"{column}\")) ELSE \"{column}\" END"
            )
        });
        let members: Vec<String> = members.collect();
        let rows = sql
            .texts(&format!("SELECT json_object({}) FROM \"{name}\"", members.join(", ")))
            .await;
        tables.push(Table::of(&format!("{name}, {moment}"), &rows, tokens));
    }
    tables
}

/// Through another process: when one that has a database open closes a file of it, however it came
/// to open it, the locks of all its connections are gone and the database is soon broken.
pub fn copy(database: &Path, copy: &Copy) {
    for end in ["", "-wal", "-shm"] {
        let file = PathBuf::from(format!("{}{end}", database.display()));
        let command = Command::new("cp")
            .arg(file)
            .arg(copy.file(&format!("palabre.db{end}")))
            .stderr(Stdio::null())
            .status();
        // The log may not be there.
        assert!(
            command.expect("cp").success() || !end.is_empty(),
            "a copy of {}",
            database.display()
        );
    }
}

/// Follows the write-ahead log while it is written, so that nothing of it is lost when it starts
/// over from its beginning: what comes after that is kept by the attacker's earlier copies.
pub struct Follower {
    log: PathBuf,
    /// Frames in the order of writing: number of the page, whether a transaction ends, the page.
    kept: PathBuf,
    writer: BufWriter<File>,
    salt: [u8; 8],
    /// How many frames of this salt are kept.
    frames: usize,
    /// Pages as they were before.
    before: HashMap<u32, Vec<u8>>,
}

impl Follower {
    pub fn new(database: &Path, kept: PathBuf) -> Self {
        let pages = Command::new("cat").arg(database).output().expect("cat").stdout;
        let before = pages
            .chunks_exact(PAGE)
            .zip(1..)
            .map(|(page, number)| (number, page.to_vec()));
        let writer = BufWriter::new(File::create(&kept).expect("a file"));
        Self {
            log: PathBuf::from(format!("{}-wal", database.display())),
            before: before.collect(),
            kept,
            writer,
            salt: [0; 8],
            frames: 0,
        }
    }

    /// Keeps what has come since the last look.
    pub fn look(&mut self) {
        let log = std::fs::read(&self.log).unwrap_or_default();
        let Some((header, frames)) = log.split_at_checked(HEADER) else {
            return;
        };
        let salt: [u8; 8] = header[16..24].try_into().expect("a salt");
        let frames: Vec<&[u8]> = frames.chunks_exact(FRAME).collect();
        if salt != self.salt {
            // It has started over; what it has not overwritten yet still has the salt from before.
            let rest = frames
                .iter()
                .skip(self.frames)
                .filter(|frame| frame[8..16] == self.salt);
            for frame in rest.copied().collect::<Vec<_>>() {
                self.keep(frame);
            }
            (self.salt, self.frames) = (salt, 0);
        }
        // Each frame's checksum goes on from the one before; what does not fit is not written yet.
        let mut sum = match self.frames.checked_sub(1) {
            Some(last) => number(frames[last], 16),
            None => number(header, 24),
        };
        for frame in frames.iter().skip(self.frames).copied().collect::<Vec<_>>() {
            sum = checksum(checksum(sum, &frame[..8], header), &frame[24..], header);
            if frame[8..16] != salt || sum != number(frame, 16) {
                break;
            }
            self.keep(frame);
            self.frames += 1;
        }
    }

    fn keep(&mut self, frame: &[u8]) {
        self.writer.write_all(&frame[..8]).expect("kept");
        self.writer.write_all(&frame[24..]).expect("kept");
    }

    /// Transaction by transaction, what each page shows that it did not show before.
    pub fn commits(&mut self, tokens: &Tokens) -> Vec<Commit> {
        self.writer.flush().expect("kept");
        let mut reader = BufReader::new(File::open(&self.kept).expect("a file"));
        let mut shown: HashMap<u32, Names> = HashMap::new();
        let mut before = self.before.clone();
        let (mut commits, mut commit) = (Vec::new(), Commit::default());
        let mut left = HashSet::new();
        let (mut head, mut page) = ([0; 8], vec![0; PAGE]);
        while reader.read_exact(&mut head).is_ok() {
            reader.read_exact(&mut page).expect("a page");
            let [page_number, last] = number(&head, 0);
            let old = before.entry(page_number).or_insert_with(|| vec![0; PAGE]);
            let shown = shown.entry(page_number).or_insert_with(|| names(old, tokens));
            let hits: Vec<Hit> = tokens.hits(&page).collect();
            commit
                .hits
                .extend(hits.iter().filter(|hit| !shown.contains(&(hit.subject, hit.kind))));
            let now: Names = hits.iter().map(|hit| (hit.subject, hit.kind)).collect();
            left.extend(shown.difference(&now).copied());
            *shown = now;
            commit.size += used(page_number, &page) - used(page_number, old);
            old.clone_from(&page);
            if last != 0 {
                // A page that was split has moved rows, not written them.
                commit.hits.retain(|hit| !left.contains(&(hit.subject, hit.kind)));
                commits.push(std::mem::take(&mut commit));
                left.clear();
            }
        }
        commits
    }
}

type Names = HashSet<(Subject, &'static str)>;

/// Bytes that hold something, of a page with rows: what is written makes them more, whether or not
/// rows had to move for it.
fn used(page_number: u32, page: &[u8]) -> i64 {
    let head = if page_number == 1 { 100 } else { 0 };
    let short = |at: usize| i64::from(u16::from_be_bytes([page[at], page[at + 1]]));
    let leaf = matches!(page[head], 0x0a | 0x0d);
    if !leaf {
        return 0;
    }
    let mut free = i64::from(page[head + 7]);
    let mut next = short(head + 1);
    while let Ok(at @ 1..) = usize::try_from(next)
        && at + 4 <= PAGE
    {
        free += short(at + 2);
        next = short(at);
    }
    // The content is at the end; 0 stands for 65,536.
    let content = if short(head + 5) == 0 { 65_536 } else { short(head + 5) };
    PAGE as i64 - content - free
}

fn names(page: &[u8], tokens: &Tokens) -> Names {
    tokens.hits(page).map(|hit| (hit.subject, hit.kind)).collect()
}

/// Two big-endian numbers.
fn number(bytes: &[u8], at: usize) -> [u32; 2] {
    let one = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    [one(at), one(at + 4)]
}

/// The log's own checksum goes on from `sum`; its header names the order of bytes in a word.
fn checksum([mut first, mut second]: [u32; 2], bytes: &[u8], header: &[u8]) -> [u32; 2] {
    let big_endian = header[3] & 1 == 1;
    for pair in bytes.chunks_exact(8) {
        let [one, two] = number(pair, 0);
        let order = |word: u32| if big_endian { word } else { word.swap_bytes() };
        first = first.wrapping_add(order(one)).wrapping_add(second);
        second = second.wrapping_add(order(two)).wrapping_add(first);
    }
    [first, second]
}

//! What lies in the files of a PostgreSQL cluster: rows with their system columns, raw pages with
//! their dead rows, and the write-ahead log record by record.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::time::SystemTime;

use super::evidence::{Commit, Copy, Row, Table};
use super::tokens::Tokens;
use crate::support::{Cluster, Sql, cluster};

pub const PAGE: usize = 8192;
const SEGMENT: u64 = 16 << 20;

/// All it can be made to tell by itself.
pub const TALKATIVE: [(&str, &str); 8] = [
    ("log_statement", "all"),
    ("log_min_duration_statement", "0"),
    ("log_parameter_max_length", "-1"),
    ("log_parameter_max_length_on_error", "-1"),
    ("log_connections", "on"),
    ("log_line_prefix", "%m [%p] %x "),
    ("track_commit_timestamp", "on"),
    // Nothing of the log goes until the test is over.
    ("wal_keep_size", "4GB"),
];

const VIEWS: [&str; 6] = [
    "pg_stat_activity",
    "pg_stat_user_tables",
    "pg_stat_user_indexes",
    "pg_statio_user_tables",
    "pg_stats",
    "pg_stat_database",
];

/// Every table as it stands, with every system column and the time of each row's transaction; and
/// what the database says of itself.
pub async fn tables(sql: &Sql, prefix: &str, moment: &str, tokens: &Tokens) -> Vec<Table> {
    let names = sql
        .texts("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
        .await;
    let mut tables = Vec::new();
    for name in names.iter().filter(|name| name.starts_with(prefix)) {
        let system = "'ctid', ctid::text, 'xmin', xmin::text, 'xmax', xmax::text, 'cmin', cmin::text, \
                      'cmax', cmax::text, 'tableoid', tableoid::text, 'written_at', \
                      (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000000)::bigint::text";
        let rows = sql
            .texts(&format!(
                "SELECT (to_jsonb(t) || jsonb_build_object({system}))::text FROM \"{name}\" t"
            ))
            .await;
        tables.push(Table::of(&format!("{name}, {moment}"), &rows, tokens));
    }
    for view in VIEWS {
        let rows = sql.texts(&format!("SELECT to_jsonb(v)::text FROM {view} v")).await;
        tables.push(Table::of(&format!("{view}, {moment}"), &rows, tokens));
    }
    tables
}

/// The pages of every table as they lie on disk, dead rows included.
pub async fn heaps(sql: &Sql, cluster: &Cluster, prefix: &str, moment: &str, tokens: &Tokens) -> Vec<Table> {
    sql.run("CHECKPOINT").await;
    let files = "SELECT relname::text || ' ' || pg_relation_filepath(oid) FROM pg_class \
                 WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname";
    let mut tables = Vec::new();
    for line in sql.texts(files).await {
        let (name, file) = line.split_once(' ').expect("a name and a file");
        if !name.starts_with(prefix) {
            continue;
        }
        let bytes = std::fs::read(cluster.data_dir().join(file)).unwrap_or_default();
        let pages = bytes.chunks_exact(PAGE).enumerate();
        tables.push(Table {
            name: format!("pages of {name}, {moment}"),
            columns: ["ctid", "place", "xmin", "xmax", "length"].map(str::to_owned).to_vec(),
            rows: pages.flat_map(|(number, page)| rows(number, page, tokens)).collect(),
        });
    }
    tables
}

/// The rows of one page, alive or dead (layout: "Database Page Layout" in PostgreSQL's manual).
fn rows(number: usize, page: &[u8], tokens: &Tokens) -> Vec<Row> {
    let short = |at: usize| usize::from(u16::from_le_bytes(page[at..at + 2].try_into().expect("two bytes")));
    let long = |at: usize| u32::from_le_bytes(page[at..at + 4].try_into().expect("four bytes"));
    let pointers = short(12).saturating_sub(24) / 4;
    let row = |item: usize| {
        let pointer = long(24 + 4 * item);
        let at = usize::try_from(pointer & 0x7fff).expect("small");
        let length = usize::try_from(pointer >> 17).expect("small");
        let bytes = page.get(at..at + length).filter(|bytes| bytes.len() >= 24)?;
        let place = number * PAGE + at;
        Some(Row {
            cells: vec![
                format!("({number},{})", item + 1),
                place.to_string(),
                long(at).to_string(),
                long(at + 4).to_string(),
                length.to_string(),
            ],
            hits: tokens.hits(bytes).collect(),
        })
    };
    (0..pointers).filter_map(row).collect()
}

/// Every file of the cluster that has changed since `before`, and its log from this byte on.
pub fn copy(cluster: &Cluster, before: SystemTime, log_from: usize, copy: &Copy) {
    let log = std::fs::read(cluster.log_file()).expect("a log");
    copy.keep_bytes("postgres.log", &log[log_from..]);
    let root = cluster.data_dir();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            let Ok(about) = entry.metadata() else { continue };
            if about.is_dir() {
                folders.push(entry.path());
            } else if about.modified().is_ok_and(|changed| changed >= before) {
                let path = entry.path();
                let name = path.strip_prefix(&root).expect("inside").to_string_lossy().into_owned();
                copy.keep(&path, &name);
            }
        }
    }
}

/// The segments of the write-ahead log, oldest first, with the place at which each begins.
fn segments(folder: &Path) -> Vec<(u64, String)> {
    let entries = std::fs::read_dir(folder).expect("a log");
    let mut segments: Vec<(u64, String)> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            let number = |part: &str| u64::from_str_radix(part, 16).ok();
            let (high, low) = (number(name.get(8..16)?)?, number(name.get(16..24)?)?);
            (name.len() == 24).then_some(((high << 32) + low * SEGMENT, name))
        })
        .collect();
    segments.sort();
    segments
}

/// Where the write-ahead log ends now.
pub async fn log_end(sql: &Sql) -> u64 {
    let end = sql
        .number("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint")
        .await;
    u64::try_from(end).expect("a place")
}

/// Transaction by transaction, in the order of their first record, what the log shows between two
/// places. Nothing without `pg_waldump`, which some packagings leave out.
pub async fn commits(cluster: &Cluster, (from, to): (u64, u64), tokens: &Tokens) -> Vec<Commit> {
    if !cluster::available("pg_waldump") {
        return Vec::new();
    }
    let folder = cluster.data_dir().join("pg_wal");
    let place = |at: u64| format!("{:X}/{:X}", at >> 32, at & 0xffff_ffff);
    let mut dump = cluster::command("pg_waldump");
    dump.arg("--path")
        .arg(&folder)
        .args(["--start", &place(from), "--end", &place(to)]);
    let dump = tokio::process::Command::from(dump).output().await.expect("pg_waldump");
    let text = String::from_utf8_lossy(&dump.stdout);
    let records: BTreeMap<u64, Record> = text.lines().filter_map(record).collect();
    let mut order = Vec::new();
    let mut commits: HashMap<u64, Commit> = HashMap::new();
    for record in records.values().filter(|record| record.transaction != 0) {
        let commit = commits.entry(record.transaction).or_insert_with(|| {
            order.push(record.transaction);
            Commit::default()
        });
        commit.size += record.row;
    }
    let (stream, pages) = stream(&folder);
    let mut seen = HashSet::new();
    for hit in tokens.hits(&stream) {
        let page = pages.partition_point(|(begin, _)| *begin <= hit.at) - 1;
        let at = pages[page].1 + (hit.at - pages[page].0) as u64;
        let Some((_, record)) = records.range(..=at).next_back().filter(|_| (from..to).contains(&at)) else {
            continue;
        };
        // A copy of a whole page shows old rows again.
        let new = seen.insert((hit.subject, hit.kind));
        if let Some(commit) = commits
            .get_mut(&record.transaction)
            .filter(|_| new || !record.whole_page)
        {
            commit.hits.push(hit);
        }
    }
    order
        .iter()
        .filter_map(|transaction| commits.remove(transaction))
        .collect()
}

/// The log without the headers of its pages, which cut through values; and where in it each page
/// begins, with the place that it has in the log.
fn stream(folder: &Path) -> (Vec<u8>, Vec<(usize, u64)>) {
    let (mut stream, mut pages) = (Vec::new(), Vec::new());
    for (begin, name) in segments(folder) {
        let bytes = std::fs::read(folder.join(name)).expect("a segment");
        for (number, page) in bytes.chunks_exact(PAGE).enumerate() {
            let header = if number == 0 { 40 } else { 24 };
            pages.push((stream.len(), begin + (number * PAGE + header) as u64));
            stream.extend_from_slice(&page[header..]);
        }
    }
    (stream, pages)
}

struct Record {
    transaction: u64,
    /// Bytes of a row, where it is about one, without copies of pages.
    row: i64,
    whole_page: bool,
}

/// One line of `pg_waldump`, by place.
fn record(line: &str) -> Option<(u64, Record)> {
    let field = |name: &str| {
        let (_, rest) = line.split_once(name)?;
        rest.trim_start().split([',', ' ', '/']).next()
    };
    let (_, lsn) = line.split_once("lsn: ")?;
    let (high, low) = lsn.split(',').next()?.split_once('/')?;
    let number = |part: &str| u64::from_str_radix(part, 16).ok();
    let about_a_row = field("rmgr:")?.starts_with("Heap");
    let record = Record {
        transaction: field("tx:")?.parse().ok()?,
        row: if about_a_row {
            field("len (rec/tot):")?.parse().ok()?
        } else {
            0
        },
        whole_page: line.contains(" FPW"),
    };
    Some(((number(high)? << 32) + number(low)?, record))
}

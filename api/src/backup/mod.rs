//! Backups: the whole database in one file that either kind of database takes back.
//!
//! A backup is JSON lines (UTF-8, one object per line):
//! 1. the header: format and version, when and by what it was made, the migrations of its
//!    database, the columns of each table, and the tables that are left out;
//! 2. one line per row, `{"row":{"column":cell,…},"table":"person"}`, table by table, each in order of
//!    its primary key. A cell is `null`, `true`, a number, a text, or `{"uuid":"…"}`,
//!    `{"bytes":"base64url"}`, `{"json":…}`; an instant is the number of microseconds since the Unix
//!    epoch;
//! 3. the last line: the number of rows per table, and the SHA-256 in hex of every byte before it.
//!
//! It is read in one snapshot, so that it is consistent while servers write. What it does not hold:
//! - sealed votes, and the keys of ballots that are not counted. Those ballots stand in it as they
//!   must be once restored: `cancelled`, `restored_from_backup`. So no backup ever ties a person to a
//!   choice;
//! - sign-ins, refresh tokens, codes and tries: whoever was signed in signs in anew;
//! - letters that wait to be sent, lest two servers send them.
//!
//! Signing keys are in it as they are in the database: sealed under `PALABRE_SECRET`.
//!
//! Nothing here knows a column by name: rows go through the rooms' own entities, and what a row must
//! become is said by the room that owns it.

mod cell;
mod destination;
mod format;
mod make;
mod restore;
mod tables;

pub use destination::Destination;
pub use make::make;
pub use restore::{check, restore};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

//! The schema, one file per change, the same text for both databases.
//!
//! Invariants live here as keys, checks, foreign keys and triggers; the code only explains them.
//! A file that has been released is never edited: a change is a new file.

pub use sea_orm_migration::prelude::MigratorTrait;
use sea_orm_migration::prelude::*;

mod m0001_people;
mod m0002_workshops;
mod m0003_coalitions;
mod m0004_ballots;
mod m0005_proofs;
mod m0006_questions;
mod m0007_mails;
mod m0008_identity;
mod m0009_copies;
mod m0010_letters;
mod m0011_merges;
mod m0012_personal;
mod m0013_room;
mod m0014_large_ballots;
mod m0015_few_among_many;
mod m0016_votes_unsampled;
mod m0017_asked_always;
mod m0018_votes_at_once;
mod m0019_flags;
mod m0020_openings_in_order;
mod m0021_erased;
mod sql;

pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_people::Migration),
            Box::new(m0002_workshops::Migration),
            Box::new(m0003_coalitions::Migration),
            Box::new(m0004_ballots::Migration),
            Box::new(m0005_proofs::Migration),
            Box::new(m0006_questions::Migration),
            Box::new(m0007_mails::Migration),
            Box::new(m0008_identity::Migration),
            Box::new(m0009_copies::Migration),
            Box::new(m0010_letters::Migration),
            Box::new(m0011_merges::Migration),
            Box::new(m0012_personal::Migration),
            Box::new(m0013_room::Migration),
            Box::new(m0014_large_ballots::Migration),
            Box::new(m0015_few_among_many::Migration),
            Box::new(m0016_votes_unsampled::Migration),
            Box::new(m0017_asked_always::Migration),
            Box::new(m0018_votes_at_once::Migration),
            Box::new(m0019_flags::Migration),
            Box::new(m0020_openings_in_order::Migration),
            Box::new(m0021_erased::Migration),
        ]
    }
}

//! What tests stand on: a world with a server of its own, people who speak to it, and their mail.
//!
//! ```ignore
//! both! {
//!     async fn a_person_signs_in(world: World) {
//!         let mariama = world.sign_in("mariama@example.org").await;
//!         mariama.get("/v1/me").await.expect(200);
//!     }
//! }
//! ```
//! makes two tests, `sqlite::a_person_signs_in` and `postgres::a_person_signs_in`.

mod answer;
mod binary;
mod client;
mod clock;
pub mod cluster;
mod database;
mod document;
mod elsewhere;
mod mail;
pub mod phone;
mod raw;
mod server;
mod statements;
mod wire;
mod workshop;

pub use answer::Answer;
pub use binary::{Finished, Palabre, Process};
pub use client::{Person, Request};
pub use clock::{DAY, HOUR, MINUTE, SECOND};
pub use cluster::Cluster;
pub use database::{Backend, BallotClock, Sql, copy_of, of_before, on_disk};
pub use document::{DOCUMENT, Operation, REFRESH, document, faults, operations};
pub use elsewhere::Elsewhere;
pub use raw::Raw;
pub use server::{FRONT_END, Server, World};
pub use statements::Statements;
pub use wire::{Runs, Wire};
pub use workshop::Workshop;

/// Each test once on SQLite and once on PostgreSQL, in a world of its own.
macro_rules! both {
    ($($(#[$attribute:meta])* async fn $name:ident($world:ident: $type:ty) $body:block)+) => {
        $(async fn $name($world: $type) $body)+

        mod sqlite {
            $($(#[$attribute])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                $crate::support::World::with($crate::support::Backend::Sqlite, super::$name).await;
            })+
        }

        mod postgres {
            $($(#[$attribute])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                $crate::support::World::with($crate::support::Backend::Postgres, super::$name).await;
            })+
        }
    };
}
pub(crate) use both;

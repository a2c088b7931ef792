//! Who is on the roll of an open ballot, at hand in each process that takes votes: what is frozen
//! needs to be read only once, and not at all by the process that opened it. The database lets no line
//! be added, moved to another person or removed, so whoever is found here is on the roll; whoever is not
//! is looked up there.
//!
//! 16 bytes for each person, read a page at a time, and let go of with the ballot's keys.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use actix_web::web::Data;
use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, QuerySelect};

use super::PAGE;
use super::entity::{ballot, roll};
use super::frozen::{self, Frozen};
use crate::app::App;

#[derive(Default)]
pub struct Listed {
    /// In ascending order.
    people: OnceLock<Box<[u128]>>,
    begun: AtomicBool,
}

impl Listed {
    /// True only for someone on the roll, and only once that is read.
    pub fn has(&self, person_id: Uuid) -> bool {
        let people = self.people.get();
        people.is_some_and(|people| people.binary_search(&person_id.as_u128()).is_ok())
    }

    /// Those on the roll, in ascending order. The first who says it is believed; all say the same.
    fn fill(&self, people: Box<[u128]>) {
        self.people.get_or_init(|| people);
    }

    /// For the first who asks: they are to read it, if they have not got it.
    fn is_mine_to_read(&self) -> bool {
        !self.begun.load(Ordering::Relaxed) && !self.begun.swap(true, Ordering::Relaxed)
    }

    /// Reads the roll of a ballot that is opened, of this size.
    async fn read(&self, on: &impl ConnectionTrait, ballot_id: Uuid, size: usize) -> Result<(), DbErr> {
        let select = roll::Entity::find()
            .select_only()
            .column(roll::Column::PersonId)
            .filter(roll::Column::BallotId.eq(ballot_id))
            .order_by_asc(roll::Column::PersonId)
            .limit(PAGE as u64);
        let mut people = Vec::with_capacity(size);
        let mut page = select.clone();
        loop {
            let ids: Vec<Uuid> = page.into_tuple().all(on).await?;
            let Some(last) = ids.last() else { break };
            page = select.clone().filter(roll::Column::PersonId.gt(*last));
            people.extend(ids.iter().map(Uuid::as_u128));
        }
        self.fill(people.into_boxed_slice());
        Ok(())
    }
}

/// Of a ballot that this process has opened, once that is committed. Whatever keeps it from being at hand,
/// the first vote finds out about.
pub async fn keep(app: &App, ballot: &ballot::Model, people: Box<[u128]>) {
    if let Ok(frozen) = frozen::of(app.store.reader(), app, ballot).await
        && frozen.listed.is_mine_to_read()
    {
        frozen.listed.fill(people);
    }
}

/// The first vote that a process takes has the roll read, and does not wait for it.
pub fn read_soon(app: &Data<App>, frozen: &Arc<Frozen>) {
    if !frozen.listed.is_mine_to_read() {
        return;
    }
    let (app, frozen) = (app.clone(), frozen.clone());
    tokio::spawn(async move {
        let (ballot_id, size) = (frozen.ballot_id(), frozen.manifest.roll.size);
        let size = usize::try_from(size).unwrap_or_default();
        if let Err(error) = frozen.listed.read(app.store.reader(), ballot_id, size).await {
            tracing::warn!(ballot = %ballot_id, %error, "the roll is not at hand: each vote looks into the database for it");
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_is_to_read_it_and_nobody_is_listed_before() {
        let listed = Listed::default();
        assert!(listed.is_mine_to_read());
        assert!(!listed.is_mine_to_read());
        assert!(!listed.has(Uuid::from_u128(2)));
        listed.fill([1, 2, 5].into());
        let found: Vec<u128> = (0..7).filter(|id| listed.has(Uuid::from_u128(*id))).collect();
        assert_eq!(found, [1, 2, 5]);
    }
}

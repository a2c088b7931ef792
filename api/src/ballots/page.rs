//! The page of a ballot, which a hall opens at once: read for everyone who asks at that moment.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use sea_orm::entity::prelude::*;
use sea_orm::{FromQueryResult as _, QueryTrait as _};

use super::entity::{State, ballot, candidate};
use super::representation::{Ballot, Candidate};
use crate::http::{Caller, Code, Problem, Resource as _, Respondent, Together};
use crate::store::{Kept, Store};

/// Ballots whose candidates are kept at hand.
const KEPT: usize = 256;

/// What the page shows, whoever reads it.
struct Page {
    ballot: ballot::Model,
    /// In order of creation, with their tags.
    candidates: Arc<[Candidate]>,
}

pub struct Pages(Together<Reader>);

struct Reader {
    kept: Kept,
    public_url: String,
    /// Of ballots that are opened, which they cannot change any more.
    candidates: HashMap<Uuid, Arc<[Candidate]>>,
}

impl Pages {
    pub fn start(store: &Store, public_url: String) -> Self {
        Self(Together::start(Reader {
            kept: store.kept_reader(),
            public_url,
            candidates: HashMap::new(),
        }))
    }

    /// As the caller sees it.
    pub async fn of(&self, caller: &Caller, id: Uuid) -> Result<Ballot, Problem> {
        let page = self.0.ask(id).await?.ok_or(Code::NotFound)?;
        Ballot::seen(caller, &page.ballot, page.candidates.to_vec())
    }
}

impl Respondent for Reader {
    type Question = Uuid;
    type Answer = Option<Arc<Page>>;

    async fn answer(&mut self, ids: Vec<Uuid>) -> Result<Vec<Option<Arc<Page>>>, Problem> {
        let asked: BTreeSet<Uuid> = ids.iter().copied().collect();
        let select = ballot::Entity::find().filter(ballot::Column::Id.is_in(asked));
        let backend = self.kept.backend();
        let rows = self.kept.query(|| select.build(backend)).await?;
        let mut pages = HashMap::new();
        for row in rows {
            let ballot = ballot::Model::from_query_result(&row, "")?;
            // After the ballot: if that is opened, these stay as they are.
            let candidates = self.candidates(&ballot).await?;
            pages.insert(ballot.id, Arc::new(Page { ballot, candidates }));
        }
        Ok(ids.iter().map(|id| pages.get(id).cloned()).collect())
    }
}

impl Reader {
    async fn candidates(&mut self, ballot: &ballot::Model) -> Result<Arc<[Candidate]>, Problem> {
        if let Some(candidates) = self.candidates.get(&ballot.id) {
            return Ok(candidates.clone());
        }
        let (select, backend) = (candidate::select([ballot.id]), self.kept.backend());
        let rows = self.kept.query(|| select.build(backend)).await?;
        let candidate = |row| {
            let row = candidate::Model::from_query_result(&row, "")?;
            Ok(Candidate::at(&self.public_url, row).sealed())
        };
        let candidates: Arc<[Candidate]> = rows.into_iter().map(candidate).collect::<Result<_, DbErr>>()?;
        if ballot.state != State::Draft {
            if self.candidates.len() >= KEPT {
                self.candidates.clear();
            }
            self.candidates.insert(ballot.id, candidates.clone());
        }
        Ok(candidates)
    }
}

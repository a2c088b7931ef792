//! The page of a ballot, which a hall opens at once: read for everyone who asks at that moment, and
//! written once for each order in which its candidates are shown.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use sea_orm::entity::prelude::*;
use sea_orm::{FromQueryResult as _, QueryTrait as _};

use super::entity::{State, ballot, candidate};
use super::representation::{Ballot, Candidate, order};
use crate::http::{Caller, Code, Problem, Reply, Resource as _, Respondent, Together, Written};
use crate::store::{Kept, Store};

/// Ballots whose pages are kept at hand.
const KEPT: usize = 64;
/// Orders of which a page is kept: all that five candidates can be in, of six a third.
const ORDERS: usize = 240;

/// What everyone reads, but for the order of the candidates.
struct Page {
    ballot: ballot::Model,
    /// In order of creation, with their tags.
    candidates: Vec<Candidate>,
    written: Mutex<HashMap<Vec<usize>, Written>>,
}

pub struct Pages(Together<Reader>);

struct Reader {
    kept: Kept,
    public_url: String,
    /// Of ballots that are opened: their candidates do not change any more.
    pages: HashMap<Uuid, Arc<Page>>,
}

impl Pages {
    pub fn start(store: &Store, public_url: String) -> Self {
        Self(Together::start(Reader {
            kept: store.kept_reader(),
            public_url,
            pages: HashMap::new(),
        }))
    }

    /// As the caller sees it, who is looked up meanwhile.
    pub async fn of(&self, caller: &mut Caller, id: Uuid) -> Result<Written, Problem> {
        let (looked, page) = futures_util::future::join(caller.look_now(), self.0.ask(id)).await;
        looked?;
        let page = page?.ok_or(Code::NotFound)?;
        let order = order(caller, &page.ballot, &page.candidates);
        let written = || page.written.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(written) = written().get(&order) {
            return Ok(written.clone());
        }
        let ballot = Ballot::seen(caller, &page.ballot, &page.candidates)?;
        let new = Reply::ok(ballot).write()?;
        let mut written = written();
        if written.len() < ORDERS {
            written.insert(order, new.clone());
        }
        Ok(new)
    }
}

impl Respondent for Reader {
    type Question = Uuid;
    type Answer = Option<Arc<Page>>;

    async fn answer(&mut self, ids: Vec<Uuid>) -> Result<Vec<Option<Arc<Page>>>, Problem> {
        let asked: BTreeSet<Uuid> = ids.iter().copied().collect();
        let select = ballot::Entity::find().filter(ballot::Column::Id.is_in(asked));
        let backend = self.kept.backend();
        let mut pages = HashMap::new();
        for row in self.kept.run(select.build(backend)).await? {
            let ballot = ballot::Model::from_query_result(&row, "")?;
            pages.insert(ballot.id, self.page(ballot).await?);
        }
        Ok(ids.iter().map(|id| pages.get(id).cloned()).collect())
    }
}

impl Reader {
    async fn page(&mut self, ballot: ballot::Model) -> Result<Arc<Page>, Problem> {
        if let Some(page) = self.pages.get(&ballot.id).filter(|page| page.ballot == ballot) {
            return Ok(page.clone());
        }
        // Read after the ballot: if that is opened, these stay as they are.
        let (select, backend) = (candidate::select([ballot.id]), self.kept.backend());
        let rows = self.kept.run(select.build(backend)).await?;
        let candidate = |row| {
            let row = candidate::Model::from_query_result(&row, "")?;
            Ok(Candidate::at(&self.public_url, row).sealed())
        };
        let page = Arc::new(Page {
            candidates: rows.into_iter().map(candidate).collect::<Result<_, DbErr>>()?,
            written: Mutex::default(),
            ballot,
        });
        if page.ballot.state != State::Draft {
            if self.pages.len() >= KEPT {
                self.pages.clear();
            }
            self.pages.insert(page.ballot.id, page.clone());
        }
        Ok(page)
    }
}

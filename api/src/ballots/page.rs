//! The page of a ballot, which a hall opens at once: written once for each order in which its candidates
//! are shown, and kept for as long as the ballot's revision, which is looked up with the caller, is the
//! same. When it is another the page is read anew, once for everyone who asks at that moment.

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

/// Of ballots that are opened: their candidates do not change any more.
type AtHand = Arc<Mutex<HashMap<Uuid, Arc<Page>>>>;

pub struct Pages {
    at_hand: AtHand,
    anew: Together<Reader>,
}

struct Reader {
    kept: Kept,
    public_url: String,
    at_hand: AtHand,
}

impl Pages {
    pub fn start(store: &Store, public_url: String) -> Self {
        let at_hand = AtHand::default();
        let anew = Together::start(Reader {
            kept: store.kept_reader(),
            public_url,
            at_hand: at_hand.clone(),
        });
        Self { at_hand, anew }
    }

    /// As the caller sees it, and as it was when the caller was looked up or later.
    pub async fn of(&self, caller: &mut Caller, id: Uuid) -> Result<Written, Problem> {
        caller.look_now().await?;
        let page = match self.at_hand(id, caller.scope()?.ballot_revision) {
            Some(page) => page,
            None => self.anew.ask(id).await?.ok_or(Code::NotFound)?,
        };
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

    fn at_hand(&self, id: Uuid, revision: Option<i32>) -> Option<Arc<Page>> {
        let at_hand = self.at_hand.lock().unwrap_or_else(PoisonError::into_inner);
        let page = at_hand.get(&id)?;
        (Some(page.ballot.revision) == revision).then(|| page.clone())
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
            let mut at_hand = self.at_hand.lock().unwrap_or_else(PoisonError::into_inner);
            if at_hand.len() >= KEPT {
                at_hand.clear();
            }
            at_hand.insert(page.ballot.id, page.clone());
        }
        Ok(page)
    }
}

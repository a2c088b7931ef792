//! Likely doubles: two registrations that are perhaps of one person, who could then vote twice.
//! Whether they are, an organiser knows; this room tells, and changes nothing.

mod likeness;

use std::collections::HashMap;

use sea_orm::entity::prelude::*;
use sea_orm::{JoinType, QueryOrder as _, QuerySelect as _};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use self::likeness::groups;
pub use self::likeness::{Likeness, Someone, alike};
use super::entity::{self, State};
use super::view::{self, Registration};
use crate::http::{Answer, Caller, Cursor, Limit, Page, Problem, Query, Reply};
use crate::identity::person;
use crate::organisations::entity as organisation;

/// Registrations of one group that are shown; more are told by number.
const MOST_SHOWN: usize = 20;

/// Everyone of the workshop who can be a double of someone: who has declined does not count, who has
/// erased themself is nobody.
pub async fn standing(on: &impl ConnectionTrait, workshop_id: Uuid) -> Result<Vec<(Uuid, Someone)>, Problem> {
    use entity::{Column, Entity, Relation};
    let rows: Vec<(Uuid, String, Option<String>, String)> = Entity::find()
        .select_only()
        .columns([Column::Id, Column::FoldedName])
        .column_as(organisation::Column::FoldedName, "organisation")
        .column(person::Column::Address)
        .join(JoinType::InnerJoin, Relation::Person.def())
        .join(JoinType::LeftJoin, Relation::Organisation.def())
        .filter(Column::WorkshopId.eq(workshop_id))
        .filter(Column::State.ne(State::Declined))
        .filter(person::not_erased())
        .order_by_asc(Column::Id)
        .into_tuple()
        .all(on)
        .await?;
    let someone = |(id, name, organisation, address): (Uuid, String, Option<String>, String)| {
        (id, Someone::new(&name, organisation.as_deref(), &address))
    };
    Ok(rows.into_iter().map(someone).collect())
}

/// Registrations that are perhaps of one person.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "likenesses": ["same_name"], "total": 2, "registrations": [
        {
            "id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e", "workshop_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4f",
            "person_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d50", "name": "Mariama Diallo", "email": "mariama@example.org",
            "role": "participant", "state": "confirmed", "organisation": null, "category": "startup", "delegate": false,
            "language": "fr", "invitation": null, "undelivered_code": null, "created_at": "2020-08-01T09:00:00Z",
            "etag": "q1w2e3r4t5y6u7i8o9p0aA"
        },
        {
            "id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d51", "workshop_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4f",
            "person_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d52", "name": "DIALLO Mariama", "email": "m.diallo@example.com",
            "role": "participant", "state": "invited", "organisation": null, "category": null, "delegate": false,
            "language": "fr", "invitation": null, "undelivered_code": null, "created_at": "2020-08-02T09:00:00Z",
            "etag": "r1w2e3r4t5y6u7i8o9p0aA"
        }
    ]
}))]
pub struct LikelyDoubles {
    /// Why they are thought to be
    likenesses: Vec<Likeness>,
    /// In the order in which they were made, at most 20
    registrations: Vec<Registration>,
    /// How many there are
    total: usize,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Groups on one page: 1–200, default 50
    #[serde(default)]
    #[param(value_type = Option<u32>)]
    limit: Limit,
    /// Where the previous page ended
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<Uuid>>,
}

/// List likely doubles
///
/// Groups of registrations with the same name and organisation, whatever the order of the words, or
/// with addresses that differ only in what follows a `+`. Those who declined are left out. Merge what
/// is one person before a ballot opens; what is not stays.
#[utoipa::path(get, path = "/v1/workshops/{workshop_id}/likely-doubles", params(Filter), responses((status = 200, body = Page<LikelyDoubles>)))]
pub async fn list_doubles(caller: Caller, filter: Query<Filter>) -> Answer<Page<LikelyDoubles>> {
    let Query(filter) = filter;
    let snapshot = caller.app.store.snapshot().await?;
    let (ids, people): (Vec<Uuid>, Vec<Someone>) =
        standing(&snapshot, caller.workshop_id()?).await?.into_iter().unzip();
    let groups = groups(&people).into_iter().map(|(likenesses, members)| {
        let members: Vec<Uuid> = members.into_iter().filter_map(|at| ids.get(at).copied()).collect();
        (members.first().copied().unwrap_or_default(), likenesses, members)
    });
    let after = filter.cursor.map(|Cursor(after)| after);
    // In order of their oldest registrations.
    let groups = groups
        .filter(|(first, ..)| after.is_none_or(|after| *first > after))
        .collect();
    let page = Page::of(groups, filter.limit, |(first, ..)| *first, |group| group);
    let shown = page
        .items
        .iter()
        .flat_map(|(_, _, members)| members.iter().take(MOST_SHOWN));
    let rows = view::select()
        .filter(entity::Column::Id.is_in(shown.copied()))
        .into_model::<view::Row>()
        .all(&snapshot)
        .await?;
    let order: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let registrations = view::show(&snapshot, &caller, rows).await?;
    let mut registrations: HashMap<Uuid, Registration> = order.into_iter().zip(registrations).collect();
    let item = |(_, likenesses, members): (Uuid, Vec<Likeness>, Vec<Uuid>)| LikelyDoubles {
        likenesses,
        total: members.len(),
        registrations: members.iter().filter_map(|id| registrations.remove(id)).collect(),
    };
    Ok(Reply::plain(Page {
        items: page.items.into_iter().map(item).collect(),
        next_cursor: page.next_cursor,
    }))
}

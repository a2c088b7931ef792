//! Reading registrations.

use actix_web::web::Path;
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, QueryOrder, QuerySelect};
use serde::Deserialize;
use utoipa::IntoParams;

use super::READERS;
use super::entity::{self, Category, Role, State};
use super::roster::fold_name;
use super::view::{self, Registration};
use crate::http::{Answer, Caller, Code, Cursor, Limit, ORGANISER, Page, Problem, Query, Reply, Search};
use crate::identity::address::EmailAddress;
use crate::identity::person;
use crate::organisations::entity as organisation;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Items on one page: 1–200, default 50
    #[serde(default)]
    #[param(value_type = Option<u32>)]
    limit: Limit,
    /// Where the previous page ended
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<Uuid>>,
    /// Only names that contain this, whatever its accents and capitals; for organisers addresses too
    #[param(value_type = Option<String>)]
    q: Option<Search>,
    /// Only this state
    state: Option<State>,
    /// Only this role
    role: Option<Role>,
    /// Only this category, of the organisation or of the person
    category: Option<Category>,
    /// Only this organisation
    organisation_id: Option<Uuid>,
}

/// List registrations
///
/// In the order in which they were made. Addresses and the delivery of invitations are shown to
/// organisers only.
#[utoipa::path(get, path = "/v1/workshops/{workshop_id}/registrations", params(Filter), responses((status = 200, body = Page<Registration>)))]
pub async fn list(caller: Caller, filter: Query<Filter>) -> Answer<Page<Registration>> {
    let Query(filter) = filter;
    let mut select = view::select().filter(entity::Column::WorkshopId.eq(caller.workshop_id()?));
    if let Some(q) = filter.q {
        select = select.filter(matching(&q, caller.is(ORGANISER)));
    }
    if let Some(state) = filter.state {
        select = select.filter(entity::Column::State.eq(state));
    }
    if let Some(role) = filter.role {
        select = select.filter(entity::Column::Role.eq(role));
    }
    if let Some(category) = filter.category {
        select = select.filter(
            Condition::any()
                .add(organisation::Column::Category.eq(category))
                .add(entity::Column::Category.eq(category)),
        );
    }
    if let Some(organisation_id) = filter.organisation_id {
        select = select.filter(entity::Column::OrganisationId.eq(organisation_id));
    }
    if let Some(Cursor(after)) = filter.cursor {
        select = select.filter(entity::Column::Id.gt(after));
    }
    let rows = select
        .order_by_asc(entity::Column::Id)
        .limit(filter.limit.probe())
        .into_model::<view::Row>()
        .all(caller.app.store.reader())
        .await?;
    let page = Page::of(rows, filter.limit, |row| row.id, |row| row);
    Ok(Reply::page(Page {
        items: view::show(caller.app.store.reader(), &caller, page.items).await?,
        next_cursor: page.next_cursor,
    }))
}

/// Who may not see addresses may not look for them either.
fn matching(q: &Search, addresses: bool) -> Condition {
    let name = entity::Column::FoldedName.like(Search::containing(&fold_name(q.as_str())));
    let matching = Condition::any().add(name);
    if !addresses {
        return matching;
    }
    let address = match EmailAddress::parse(q.as_str()) {
        Ok(whole) => whole.canonical().to_owned(),
        Err(_) => q.as_str().to_lowercase(),
    };
    let known = Condition::all()
        .add(person::Column::Address.like(Search::containing(&address)))
        .add(entity::Column::ForgottenAt.is_null());
    matching.add(known)
}

/// Read a registration
///
/// Organisers, facilitators and auditors read everyone's, each person their own.
#[utoipa::path(get, path = "/v1/registrations/{registration_id}", responses((status = 200, body = Registration)))]
pub async fn read(caller: Caller, id: Path<Uuid>) -> Answer<Registration> {
    if caller.own()?.registration_id != *id && !caller.is(READERS) {
        return Err(not_theirs(&caller));
    }
    Ok(Reply::ok(view::find(caller.app.store.reader(), &caller, *id).await?))
}

/// Someone else's registration: those who may read it may not do this, others know of none.
pub fn not_theirs(caller: &Caller) -> Problem {
    if caller.is(READERS) {
        Code::NotAllowed.into()
    } else {
        Code::NotFound.into()
    }
}

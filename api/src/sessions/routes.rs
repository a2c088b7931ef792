//! Routes of sessions, and how they are read.

use actix_web::web::Path;
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, QueryOrder, QuerySelect};
use serde::Deserialize;
use utoipa::IntoParams;

use super::change::{__path_create, __path_delete, __path_update, create, delete, update};
use super::days::Days;
use super::entity::{self, Column, State};
use super::run::{__path_end, __path_start, end, start};
use super::session::Session;
use crate::http::{Access, Answer, Caller, Cursor, Limit, ORGANISER, Page, Query, Reply, Room, STAFF, route};
use crate::instant::Instant;
use crate::registrations::roster::fold_name;
use crate::workshops::calendar::Day;
use crate::workshops::entity as workshop;

pub fn room() -> Room {
    Room::new(
        "Sessions",
        [
            route!(list, Access::Visible, []),
            route!(create, Access::Members(ORGANISER), []),
            route!(read, Access::Visible, []),
            route!(update, Access::Members(ORGANISER), [WrongState]),
            route!(delete, Access::Members(ORGANISER), [SessionInUse]),
            route!(
                start,
                Access::Members(STAFF),
                [WrongState, WorkshopNotPublished, StaleEtag]
            ),
            route!(
                end,
                Access::Members(STAFF),
                [WrongState, WorkshopNotPublished, SessionNotRunning, StaleEtag]
            ),
        ],
    )
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Items on one page: 1–200, default 50
    #[serde(default)]
    #[param(value_type = Option<u32>)]
    limit: Limit,
    /// Where the previous page ended
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor<(Instant, Uuid)>>,
    /// Only sessions in this state
    state: Option<State>,
    /// Only sessions that take place, at least in part, on this day of the workshop's time zone
    #[param(value_type = Option<String>, format = Date, example = "2020-08-27")]
    day: Option<Day>,
    /// Only sessions with these words in title, description or speakers; case and accents do not matter
    q: Option<String>,
}

/// List the sessions of a workshop
///
/// Its programme, in order of start.
#[utoipa::path(get, path = "/v1/workshops/{workshop_id}/sessions", params(Filter), responses((status = 200, body = Page<Session>)))]
async fn list(caller: Caller, filter: Query<Filter>) -> Answer<Page<Session>> {
    let Query(filter) = filter;
    let reader = caller.app.store.reader();
    let mut select = entity::Entity::find().filter(Column::WorkshopId.eq(caller.workshop_id()?));
    if let Some(state) = filter.state {
        select = select.filter(Column::State.eq(state));
    }
    if let Some(day) = filter.day {
        let workshop = workshop::find(reader, caller.workshop_id()?).await?;
        let (start, end) = Days::of(&workshop)?.day(day)?;
        select = select.filter(Column::StartsAt.lt(end)).filter(Column::EndsAt.gt(start));
    }
    if let Some(Cursor((starts_at, id))) = filter.cursor {
        let same_start = Condition::all()
            .add(Column::StartsAt.eq(starts_at))
            .add(Column::Id.gt(id));
        select = select.filter(Condition::any().add(Column::StartsAt.gt(starts_at)).add(same_start));
    }
    if filter.q.is_none() {
        select = select.limit(filter.limit.probe());
    }
    let mut rows = select
        .order_by_asc(Column::StartsAt)
        .order_by_asc(Column::Id)
        .all(reader)
        .await?;
    if let Some(q) = &filter.q {
        // No database folds accents the same way; one programme is short.
        let words = fold_name(q);
        rows.retain(|row| {
            [&row.title, &row.description]
                .into_iter()
                .chain(&row.speakers.0)
                .any(|text| fold_name(text).contains(&words))
        });
    }
    let page = Page::of(
        rows,
        filter.limit,
        |row| (row.starts_at, row.id),
        |row| Session::seen_by(&caller, row),
    );
    Ok(Reply::page(page))
}

/// Read a session
///
/// The link to join is shown to members, the check-in code to staff.
#[utoipa::path(get, path = "/v1/sessions/{session_id}", responses((status = 200, body = Session)))]
async fn read(caller: Caller, id: Path<Uuid>) -> Answer<Session> {
    let row = entity::find(caller.app.store.reader(), *id).await?;
    Ok(Reply::ok(Session::seen_by(&caller, row)))
}

//! Routes of workshops.

use actix_web::web::Path;
use garde::Validate;
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{Condition, QueryOrder, QuerySelect, QueryTrait as _};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::calendar::{self, Day};
use super::entity::{self, State};
use crate::http::{
    Access, Answer, Caller, Code, Cursor, Etag, Fault, IfMatch, Json, Language, Limit, MergePatch, NoContent,
    ORGANISER, Page, Problem, Query, Reply, Room, resource, route, rules,
};
use crate::instant::Instant;
use crate::journal::{self, Act};
use crate::registrations::{self, entity as registration};
use crate::sessions::entity as session;

/// A longer event is several workshops that follow one another.
const MOST_DAYS: i64 = 60;

pub fn room() -> Room {
    Room::new(
        "Workshops",
        [
            route!(list, Access::SignedIn, []).in_person(),
            route!(create, Access::Administrator, []),
            route!(read, Access::Visible, []),
            route!(update, Access::Members(ORGANISER), []),
            route!(delete, Access::Members(ORGANISER), [WorkshopNotDraft, WorkshopNotEmpty]),
            route!(publish, Access::Members(ORGANISER), []),
            route!(archive, Access::Members(ORGANISER), [WorkshopNotPublished]).lasting(),
        ],
    )
}

/// A workshop.
#[derive(Clone, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e", "title": "Atelier de consultation du numérique guinéen",
    "initiative": "INTEGRA", "host": "ITC", "funder": "Union européenne", "description": "", "language": "fr",
    "time_zone": "Africa/Conakry", "first_day": "2020-08-27", "last_day": "2020-08-28", "public": false,
    "self_registration": true, "front_end_url": null, "follows": null, "state": "published",
    "created_at": "2020-08-01T09:00:00Z", "published_at": "2020-08-10T09:00:00Z", "archived_at": null, "etag": "q1w2e3r4t5y6u7i8o9p0aA"
}))]
pub struct Workshop {
    id: Uuid,
    #[serde(flatten)]
    input: WorkshopInput,
    state: State,
    created_at: Instant,
    published_at: Option<Instant>,
    archived_at: Option<Instant>,
    etag: Etag,
}

resource!(Workshop);

/// What an organiser says of a workshop.
#[derive(Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "title": "Atelier de consultation du numérique guinéen", "initiative": "INTEGRA", "host": "ITC", "funder": "Union européenne",
    "language": "fr", "time_zone": "Africa/Conakry", "first_day": "2020-08-27", "last_day": "2020-08-28", "self_registration": true
}))]
pub struct WorkshopInput {
    #[garde(length(chars, min = 1, max = 200), custom(rules::line))]
    title: String,
    /// The programme that holds it
    #[serde(default)]
    #[garde(length(chars, max = 200), custom(rules::line))]
    initiative: String,
    #[serde(default)]
    #[garde(length(chars, max = 200), custom(rules::line))]
    host: String,
    #[serde(default)]
    #[garde(length(chars, max = 200), custom(rules::line))]
    funder: String,
    #[serde(default)]
    #[garde(length(chars, max = 10_000), custom(rules::text))]
    description: String,
    /// Language of its mails, where a person has not chosen their own
    #[serde(default)]
    #[garde(skip)]
    language: Language,
    /// IANA name; the workshop's days are days of this zone
    #[garde(custom(known_zone))]
    time_zone: String,
    #[garde(skip)]
    first_day: Day,
    #[garde(skip)]
    last_day: Day,
    /// Anyone who has the link may read the workshop and its programme
    #[serde(default)]
    #[garde(skip)]
    public: bool,
    /// Anyone signed in may ask to take part
    #[serde(default)]
    #[garde(skip)]
    self_registration: bool,
    /// Where links in its mails lead, instead of the instance's front-end
    #[serde(default)]
    #[garde(length(max = 500), custom(rules::optional_url))]
    front_end_url: Option<String>,
    /// The earlier workshop that this one follows
    #[serde(default)]
    #[garde(skip)]
    follows: Option<Uuid>,
}

fn known_zone(name: &str, _: &()) -> garde::Result {
    calendar::zone(name)
        .map(|_| ())
        .ok_or_else(|| garde::Error::new("unknown_time_zone"))
}

impl WorkshopInput {
    /// What one field alone cannot tell.
    fn check(&self) -> Result<(), Problem> {
        if self.last_day < self.first_day {
            return Err(Fault::new("/last_day", "days_reversed").into());
        }
        if self.first_day.span(self.last_day) > MOST_DAYS {
            return Err(Fault::new("/last_day", "too_many_days").with("max", MOST_DAYS).into());
        }
        Ok(())
    }

    /// The earlier workshop must be one the caller organises too.
    async fn check_follows(&self, on: &impl ConnectionTrait, caller: &Caller) -> Result<(), Problem> {
        let Some(follows) = self.follows else { return Ok(()) };
        let organised = registration::Entity::find()
            .filter(registration::Column::WorkshopId.eq(follows))
            .filter(registration::Column::PersonId.eq(caller.person_id()?))
            .filter(registration::Column::Role.eq(registrations::Role::Organiser))
            .one(on)
            .await?;
        if organised.is_some() && caller.path_id().ok() != Some(follows) {
            Ok(())
        } else {
            Err(Fault::new("/follows", "not_of_this_workshop").into())
        }
    }

    fn write(self, row: &mut entity::ActiveModel) {
        row.title = Set(self.title);
        row.initiative = Set(self.initiative);
        row.host = Set(self.host);
        row.funder = Set(self.funder);
        row.description = Set(self.description);
        row.language = Set(self.language);
        row.time_zone = Set(self.time_zone);
        row.first_day = Set(self.first_day.to_string());
        row.last_day = Set(self.last_day.to_string());
        row.public = Set(self.public);
        row.self_registration = Set(self.self_registration);
        row.front_end_url = Set(self.front_end_url);
        row.follows_id = Set(self.follows);
    }
}

impl TryFrom<entity::Model> for Workshop {
    type Error = Problem;

    fn try_from(row: entity::Model) -> Result<Self, Problem> {
        let day = |text: &str| Day::parse(text).ok_or(Code::Internal);
        Ok(Self {
            id: row.id,
            input: WorkshopInput {
                first_day: day(&row.first_day)?,
                last_day: day(&row.last_day)?,
                title: row.title,
                initiative: row.initiative,
                host: row.host,
                funder: row.funder,
                description: row.description,
                language: row.language,
                time_zone: row.time_zone,
                public: row.public,
                self_registration: row.self_registration,
                front_end_url: row.front_end_url,
                follows: row.follows_id,
            },
            state: row.state,
            created_at: row.created_at,
            published_at: row.published_at,
            archived_at: row.archived_at,
            etag: Etag::default(),
        })
    }
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
    cursor: Option<Cursor<Uuid>>,
    /// Only workshops in this state
    state: Option<State>,
}

/// List workshops
///
/// Those the caller has a place in, newest first.
#[utoipa::path(get, path = "/v1/workshops", params(Filter), responses((status = 200, body = Page<Workshop>)))]
async fn list(caller: Caller, filter: Query<Filter>) -> Answer<Page<Workshop>> {
    let Query(filter) = filter;
    let own = registration::Entity::find()
        .select_only()
        .column(registration::Column::WorkshopId)
        .filter(registration::Column::PersonId.eq(caller.person_id()?))
        .filter(registration::Column::State.is_in([registrations::State::Invited, registrations::State::Confirmed]));
    let staff = own
        .clone()
        .filter(registration::Column::Role.ne(registrations::Role::Participant));
    let mut select = entity::Entity::find()
        .filter(entity::Column::Id.in_subquery(own.into_query()))
        .filter(
            Condition::any()
                .add(entity::Column::State.ne(State::Draft))
                .add(entity::Column::Id.in_subquery(staff.into_query())),
        );
    if let Some(only) = caller.only_workshop() {
        select = select.filter(entity::Column::Id.eq(only));
    }
    if let Some(state) = filter.state {
        select = select.filter(entity::Column::State.eq(state));
    }
    if let Some(Cursor(before)) = filter.cursor {
        select = select.filter(entity::Column::Id.lt(before));
    }
    let rows = select
        .order_by_desc(entity::Column::Id)
        .limit(filter.limit.probe())
        .all(caller.app.store.reader())
        .await?;
    let mut page = Page::of(rows, filter.limit, |row| row.id, Workshop::try_from);
    let items = page.items.drain(..).collect::<Result<_, _>>()?;
    Ok(Reply::page(Page {
        items,
        next_cursor: page.next_cursor,
    }))
}

/// Create a workshop
///
/// In draft; whoever creates it is its first organiser.
#[utoipa::path(post, path = "/v1/workshops", request_body = WorkshopInput, responses((status = 201, body = Workshop)))]
async fn create(mut caller: Caller, body: Json<WorkshopInput>) -> Answer<Workshop> {
    let Json(input) = body;
    input.check()?;
    let transaction = caller.begin().await?;
    input.check_follows(&transaction, &caller).await?;
    let mut row = entity::ActiveModel {
        id: Set(caller.app.ambient.id()),
        state: Set(State::Draft),
        created_at: Set(caller.now()),
        published_at: Set(None),
        archived_at: Set(None),
        ..Default::default()
    };
    input.write(&mut row);
    let row = row.insert(&transaction).await?;
    registrations::add_first_organiser(&transaction, &caller, row.id).await?;
    let workshop = Workshop::try_from(row)?;
    journal::write(
        &transaction,
        &caller,
        Act::new("create", "workshop", workshop.id).after(&workshop.input),
    )
    .await?;
    transaction.commit().await?;
    Ok(Reply::created(format!("/v1/workshops/{}", workshop.id), workshop))
}

/// Read a workshop
///
/// A public one can be read by anyone who has the link, once it is published.
#[utoipa::path(get, path = "/v1/workshops/{workshop_id}", responses((status = 200, body = Workshop)))]
async fn read(caller: Caller, id: Path<Uuid>) -> Answer<Workshop> {
    Ok(Reply::ok(
        entity::find(caller.app.store.reader(), *id).await?.try_into()?,
    ))
}

/// Change a workshop
///
/// Its days must keep every session inside them, as its time zone counts days.
#[utoipa::path(patch, path = "/v1/workshops/{workshop_id}", request_body = WorkshopInput, responses((status = 200, body = Workshop)))]
async fn update(mut caller: Caller, id: Path<Uuid>, if_match: IfMatch, patch: MergePatch) -> Answer<Workshop> {
    let transaction = caller.begin().await?;
    let row = entity::hold(&transaction, *id).await?;
    let before = Workshop::try_from(row.clone())?;
    if_match.check(before.clone())?;
    let input: WorkshopInput = patch.apply(&before.input)?;
    input.check()?;
    input.check_follows(&transaction, &caller).await?;
    check_sessions_stay_inside(&transaction, *id, &input).await?;
    let mut changed: entity::ActiveModel = row.into();
    input.write(&mut changed);
    let after = Workshop::try_from(changed.update(&transaction).await?)?;
    journal::write(
        &transaction,
        &caller,
        Act::new("update", "workshop", after.id)
            .before(&before.input)
            .after(&after.input),
    )
    .await?;
    transaction.commit().await?;
    Ok(Reply::ok(after))
}

async fn check_sessions_stay_inside(on: &impl ConnectionTrait, id: Uuid, input: &WorkshopInput) -> Result<(), Problem> {
    let zone = calendar::zone(&input.time_zone).ok_or(Code::Internal)?;
    let (start, end) = calendar::bounds(input.first_day, input.last_day, &zone).ok_or(Code::Internal)?;
    let outside = session::Entity::find()
        .filter(session::Column::WorkshopId.eq(id))
        .filter(session::Column::State.ne(crate::sessions::State::Cancelled))
        .filter(
            Condition::any()
                .add(session::Column::StartsAt.lt(start))
                .add(session::Column::EndsAt.gt(end)),
        )
        .one(on)
        .await?;
    if outside.is_some() {
        Err(Fault::new("/last_day", "sessions_outside").into())
    } else {
        Ok(())
    }
}

/// Delete a workshop
///
/// In draft only, with its sessions, organisations and registrations.
#[utoipa::path(delete, path = "/v1/workshops/{workshop_id}", responses((status = 204, description = "Deleted")))]
async fn delete(mut caller: Caller, id: Path<Uuid>, if_match: IfMatch) -> Result<NoContent, Problem> {
    let transaction = caller.begin().await?;
    let row = entity::hold(&transaction, *id).await?;
    let workshop = Workshop::try_from(row)?;
    if_match.check(workshop.clone())?;
    if workshop.state != State::Draft {
        return Err(Problem::state(Code::WorkshopNotDraft, workshop.state));
    }
    journal::write(
        &transaction,
        &caller,
        Act::new("delete", "workshop", *id).before(&workshop.input),
    )
    .await?;
    // Sessions first: their attendance would otherwise hold the registrations.
    session::Entity::delete_many()
        .filter(session::Column::WorkshopId.eq(*id))
        .exec(&transaction)
        .await?;
    let deleted = entity::Entity::delete_by_id(*id).exec(&transaction).await;
    match deleted {
        Err(error) if error.sql_err().is_some() => return Err(Code::WorkshopNotEmpty.into()),
        other => other?,
    };
    transaction.commit().await?;
    Ok(NoContent)
}

/// Publish a workshop
///
/// From now on the people registered see it, and invitations can be sent. Safe to repeat.
#[utoipa::path(post, path = "/v1/workshops/{workshop_id}/publish", responses((status = 200, body = Workshop)))]
async fn publish(mut caller: Caller, id: Path<Uuid>, if_match: IfMatch) -> Answer<Workshop> {
    let transaction = caller.begin().await?;
    let row = entity::hold(&transaction, *id).await?;
    if_match.check(Workshop::try_from(row.clone())?)?;
    if row.state == State::Published {
        return Ok(Reply::ok(row.try_into()?));
    }
    let mut changed: entity::ActiveModel = row.into();
    changed.state = Set(State::Published);
    changed.published_at = Set(Some(caller.now()));
    let row = changed.update(&transaction).await?;
    let (before, after) = [State::Draft, State::Published]
        .map(|state| json!({ "state": state }))
        .into();
    let act = Act::new("publish", "workshop", *id).before(&before).after(&after);
    journal::write(&transaction, &caller, act).await?;
    transaction.commit().await?;
    Ok(Reply::ok(row.try_into()?))
}

/// Archive a workshop
///
/// It stays readable and no longer changes; the coalition lives on. Safe to repeat.
#[utoipa::path(post, path = "/v1/workshops/{workshop_id}/archive", responses((status = 200, body = Workshop)))]
async fn archive(mut caller: Caller, id: Path<Uuid>, if_match: IfMatch) -> Answer<Workshop> {
    let transaction = caller.begin_lasting().await?;
    let row = entity::hold(&transaction, *id).await?;
    if_match.check(Workshop::try_from(row.clone())?)?;
    match row.state {
        State::Archived => return Ok(Reply::ok(row.try_into()?)),
        State::Draft => return Err(Problem::state(Code::WorkshopNotPublished, row.state)),
        State::Published => {}
    }
    let mut changed: entity::ActiveModel = row.into();
    changed.state = Set(State::Archived);
    changed.archived_at = Set(Some(caller.now()));
    let row = changed.update(&transaction).await?;
    let (before, after) = [State::Published, State::Archived]
        .map(|state| json!({ "state": state }))
        .into();
    let act = Act::new("archive", "workshop", *id).before(&before).after(&after);
    journal::write(&transaction, &caller, act).await?;
    transaction.commit().await?;
    Ok(Reply::ok(row.try_into()?))
}

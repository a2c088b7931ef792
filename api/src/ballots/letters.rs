//! Letters about a ballot to everyone on its roll. Who gets one, and what it says, depends on the
//! roll alone: never on whether somebody voted, which the outbox would otherwise tell.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{FromQueryResult, QueryOrder, QuerySelect};

use super::entity::{State, announcement, ballot, proof, roll};
use crate::app::App;
use crate::http::{Code, Problem};
use crate::instant::Instant;
use crate::mail::{self, Kind, Text, texts};
use crate::workshops::entity as workshop;

/// One letter to everyone on the roll: to the person, or to who was the organisation's delegate at the
/// opening. Says to how many; whoever erased themself gets none. The caller holds the ballot.
pub async fn to_roll(on: &impl ConnectionTrait, app: &App, row: &ballot::Model, kind: Kind) -> Result<u64, Problem> {
    let people: Vec<Uuid> = roll::Entity::find()
        .select_only()
        .column(roll::Column::PersonId)
        .filter(roll::Column::BallotId.eq(row.id))
        .order_by_asc(roll::Column::Leaf)
        .into_tuple()
        .all(on)
        .await?;
    mail::enqueue_to_people(on, &app.ambient, kind, (row.workshop_id, row.id), &people).await
}

/// The letter at publication: written down, so that it is the same for everyone however long its
/// sending takes, and sent to everyone on the roll. The caller holds the ballot.
pub async fn announce(on: &impl ConnectionTrait, app: &App, row: &ballot::Model) -> Result<(), Problem> {
    let workshop = workshop::find(on, row.workshop_id).await?;
    let checkpoint: Option<Option<String>> = proof::Entity::find_by_id(row.id)
        .select_only()
        .column(proof::Column::Checkpoint)
        .into_tuple()
        .one(on)
        .await?;
    let text = texts::result(&texts::Published {
        question: &row.question,
        link: &mail::ballot_link(app, &workshop, row.id),
        bundle: &format!("{}/v1/ballots/{}/audit", app.settings.public_url, row.id),
        checkpoint: &checkpoint.flatten().ok_or(Code::Internal)?,
    });
    let written = announcement::ActiveModel {
        ballot_id: Set(row.id),
        subject: Set(text.subject),
        body: Set(text.body),
    };
    announcement::Entity::insert(written).exec_without_returning(on).await?;
    to_roll(on, app, row, Kind::Result).await?;
    Ok(())
}

/// The letter at publication.
pub async fn announcement(on: &impl ConnectionTrait, id: Uuid) -> Result<Option<Text>, Problem> {
    let written = announcement::Entity::find_by_id(id).one(on).await?;
    Ok(written.map(|written| Text {
        subject: written.subject,
        body: written.body,
    }))
}

/// What a reminder says of a ballot.
#[derive(FromQueryResult)]
pub struct Reminded {
    pub question: String,
    pub closes_at: Option<Instant>,
}

/// Nothing once the ballot takes no more votes: a reminder that has waited is then not sent.
pub async fn reminded(on: &impl ConnectionTrait, id: Uuid) -> Result<Option<Reminded>, Problem> {
    let open = ballot::Entity::find_by_id(id)
        .select_only()
        .columns([ballot::Column::Question, ballot::Column::ClosesAt])
        .filter(ballot::Column::State.eq(State::Open));
    Ok(open.into_model().one(on).await?)
}

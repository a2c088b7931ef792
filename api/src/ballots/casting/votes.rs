//! The tables of votes: sealed while the ballot is open (`cast`), opened once it is counted
//! (`opening`). Only casting, closing and cancelling write them; audit reads the openings.

use std::collections::HashSet;
use std::sync::Arc;

use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, QuerySelect, Statement};

use crate::app::App;
use crate::ballots::entity::{ballot, roll_line};
use crate::ballots::frozen::{self, Frozen};
use crate::ballots::vote::Vote;
use crate::http::{Code, Problem};

/// The vote that stands under a mark while the ballot is not counted.
pub async fn standing(on: &impl ConnectionTrait, frozen: &Frozen, mark: &[u8; 32]) -> Result<Option<Vote>, Problem> {
    let id = (frozen.ballot_id(), mark.to_vec());
    let Some(row) = cast::Entity::find_by_id(id).one(on).await? else {
        return Ok(None);
    };
    let vote = frozen.keys.open(mark, &row.sealed).ok().as_deref().and_then(Vote::read);
    vote.map(Some).ok_or_else(|| {
        tracing::error!(ballot = %frozen.ballot_id(), "a sealed vote does not open");
        Code::Internal.into()
    })
}

/// Once counted: one's own `voted` flag, and the hash among the openings.
pub async fn stands_counted(
    on: &impl ConnectionTrait,
    ballot_id: Uuid,
    unit_id: Uuid,
    vote: &Vote,
) -> Result<bool, Problem> {
    let line = roll_line::Entity::find_by_id((ballot_id, unit_id)).one(on).await?;
    if line.and_then(|line| line.voted) != Some(true) {
        return Ok(false);
    }
    let hash = vote.hash(ballot_id).to_vec();
    let position = first_from(on, ballot_id, &hash).await?;
    let found = opening::Entity::find_by_id((ballot_id, position)).one(on).await?;
    Ok(found.is_some_and(|opening| opening.vote_hash == hash))
}

/// The position of the first opening whose hash is not below this value, or the one after the last.
/// Hashes ascend with positions, so that it is found by halving what is left, in one query.
pub async fn first_from(on: &impl ConnectionTrait, ballot_id: Uuid, value: &[u8]) -> Result<i32, Problem> {
    let sql = "WITH RECURSIVE halving (low, high) AS (
            SELECT 1, (SELECT coalesce(max(position), 0) + 1 FROM opening WHERE ballot_id = $1)
        UNION ALL
            SELECT CASE WHEN o.vote_hash < $2 THEN o.position + 1 ELSE h.low END,
                CASE WHEN o.vote_hash < $2 THEN h.high ELSE o.position END
            FROM halving h JOIN opening o ON o.ballot_id = $1 AND o.position = (h.low + h.high) / 2
            WHERE h.low < h.high
        ) SELECT low FROM halving WHERE low = high";
    let values = [ballot_id.into(), value.to_vec().into()];
    let statement = Statement::from_sql_and_values(on.get_database_backend(), sql, values);
    let row = on.query_one_raw(statement).await?.ok_or(Code::Internal)?;
    Ok(row.try_get("", "low")?)
}

/// In which of these ballots each unit has voted, asked at once and while the votes are sealed.
pub async fn voted_among(
    on: &impl ConnectionTrait,
    app: &App,
    ballots: impl IntoIterator<Item = (&ballot::Model, Uuid)>,
) -> Result<HashSet<Uuid>, Problem> {
    let sealed = ballots.into_iter().filter(|(ballot, _)| ballot.sealed_key.is_some());
    let (ballots, units): (Vec<_>, Vec<_>) = sealed.unzip();
    let frozen = frozen::of_all(on, app, &ballots).await?;
    let mark = |(frozen, unit_id): (&Arc<Frozen>, Uuid)| (frozen.ballot_id(), frozen.keys.mark(unit_id).to_vec());
    let marks: Vec<_> = frozen.iter().zip(units).map(mark).collect();
    // A mark is of one ballot alone; naming the ballots too lets the primary key be used.
    let voted: Vec<Uuid> = cast::Entity::find()
        .select_only()
        .column(cast::Column::BallotId)
        .filter(cast::Column::BallotId.is_in(marks.iter().map(|(ballot_id, _)| *ballot_id)))
        .filter(cast::Column::Mark.is_in(marks.iter().map(|(_, mark)| mark.clone())))
        .into_tuple()
        .all(on)
        .await?;
    Ok(voted.into_iter().collect())
}

/// How many have voted, while the votes are sealed.
pub async fn number(on: &impl ConnectionTrait, ballot_id: Uuid) -> Result<u64, Problem> {
    Ok(cast::Entity::find()
        .filter(cast::Column::BallotId.eq(ballot_id))
        .count(on)
        .await?)
}

/// Sealed votes of a ballot after this mark, in order of mark.
pub async fn page(
    on: &impl ConnectionTrait,
    ballot_id: Uuid,
    after: Vec<u8>,
    limit: u64,
) -> Result<Vec<cast::Model>, DbErr> {
    cast::Entity::find()
        .filter(cast::Column::BallotId.eq(ballot_id))
        .filter(cast::Column::Mark.gt(after))
        .order_by_asc(cast::Column::Mark)
        .limit(limit)
        .all(on)
        .await
}

/// Removes the sealed votes: they are counted, or the ballot is cancelled.
pub async fn destroy(on: &impl ConnectionTrait, ballot_id: Uuid) -> Result<u64, Problem> {
    let destroyed = cast::Entity::delete_many()
        .filter(cast::Column::BallotId.eq(ballot_id))
        .exec(on)
        .await?;
    Ok(destroyed.rows_affected)
}

pub mod cast {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "cast")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub ballot_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false, column_type = "VarBinary(StringLen::None)")]
        pub mark: Vec<u8>,
        #[sea_orm(column_type = "VarBinary(StringLen::None)")]
        pub sealed: Vec<u8>,
    }

    /// No mark and no vote in any log, not even by mistake.
    impl std::fmt::Debug for Model {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("cast(…)")
        }
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod opening {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "opening")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub ballot_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub position: i32,
        #[sea_orm(column_type = "VarBinary(StringLen::None)")]
        pub vote_hash: Vec<u8>,
        pub choice: String,
        #[sea_orm(column_type = "VarBinary(StringLen::None)")]
        pub nonce: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

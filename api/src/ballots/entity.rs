//! The tables of this room, but those of votes.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, EnumIter, DeriveActiveEnum)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[schema(as = BallotState)]
pub enum State {
    Draft,
    Open,
    Closed,
    Published,
    Cancelled,
    Annulled,
}

/// Who has one vote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, EnumIter, DeriveActiveEnum)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum Unit {
    #[default]
    Person,
    /// By its delegate at the opening
    Organisation,
}

/// What kind of thing is put to the vote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, EnumIter, DeriveActiveEnum)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum Kind {
    /// Candidates are images; each must have one
    Logo,
    /// A charter clause, a name, a chair
    #[default]
    General,
}

/// Who may see, once the ballot is counted, what each vote hash stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, EnumIter, DeriveActiveEnum)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum Openings {
    /// Auditors; members get the bundle without openings once the result is published
    #[default]
    Auditors,
    /// Everyone of the workshop once the result is published
    Public,
}

/// How a ballot came from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, EnumIter, DeriveActiveEnum)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum DraftedAs {
    Copy,
    /// Among those who tied
    RunOff,
}

pub mod ballot {
    use sea_orm::entity::prelude::*;

    use super::{DraftedAs, Kind, Openings, State, Unit, candidate};
    use crate::ballots::choice::Method;
    use crate::ballots::eligibility::Eligibility;
    use crate::ballots::paper::Paper;
    use crate::ballots::quorum::Quorum;
    use crate::http::{Code, Problem};
    use crate::instant::Instant;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "ballot")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub workshop_id: Uuid,
        pub kind: Kind,
        pub question: String,
        pub description: String,
        pub method: String,
        /// Of the methods with grades, which run from 0 to it.
        pub max_grade: Option<i32>,
        pub unit: Unit,
        pub quorum_percent: Option<i32>,
        /// Whether blank votes count towards the quorum.
        pub blanks_count: bool,
        #[sea_orm(column_type = "JsonBinary")]
        pub eligibility: Eligibility,
        pub openings: Openings,
        pub opens_at: Option<Instant>,
        pub closes_at: Option<Instant>,
        pub state: State,
        pub opened_at: Option<Instant>,
        pub closed_at: Option<Instant>,
        pub counted_at: Option<Instant>,
        pub published_at: Option<Instant>,
        pub cancelled_at: Option<Instant>,
        pub annulled_at: Option<Instant>,
        pub reason: Option<String>,
        pub roll_size: Option<i32>,
        pub vote_body_length: Option<i32>,
        #[sea_orm(column_type = "VarBinary(StringLen::None)")]
        pub sealed_key: Option<Vec<u8>>,
        pub opening_failed: Option<String>,
        pub count_failed: Option<String>,
        pub tally: Option<Json>,
        pub created_at: Instant,
        pub drafted_from: Option<Uuid>,
        pub drafted_as: Option<DraftedAs>,
        /// When everyone on the roll was last written to, and how many that was.
        pub reminded_at: Option<Instant>,
        pub reminded: Option<i32>,
        /// Another after every change of the row; the database's own.
        pub revision: i32,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}

    impl Model {
        pub fn method(&self) -> Result<Method, Problem> {
            self.method.parse().map_err(|_| Code::Internal.into())
        }

        /// What votes may say, its candidates being these, in the order of the ballot.
        pub fn paper(&self, candidates: &[candidate::Model]) -> Result<Paper, Problem> {
            let max_grade = self.max_grade.map(u8::try_from).transpose();
            let max_grade = max_grade.map_err(|_| Code::Internal)?;
            let candidates = candidates.iter().map(|candidate| candidate.id);
            Paper::new(self.method()?, candidates, max_grade).ok_or_else(|| Code::Internal.into())
        }

        /// Whether everyone of the workshop sees the result.
        pub fn is_public(&self) -> bool {
            matches!(self.state, State::Published | State::Annulled)
        }

        /// On a roll of this size with so many votes, of which so many are blank if that is known.
        pub fn quorum(&self, roll: u64, votes: u64, blanks: Option<u64>) -> Option<Quorum> {
            let percent = u64::try_from(self.quorum_percent?).unwrap_or_default();
            Some(Quorum::of(percent, self.blanks_count, roll, votes, blanks))
        }

        /// How many are on the frozen roll; nobody before the opening.
        pub fn roll(&self) -> u64 {
            self.roll_size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0)
        }

        /// 409 unless it can still be changed.
        pub fn must_be_draft(&self) -> Result<(), Problem> {
            if self.state == State::Draft {
                Ok(())
            } else {
                Err(Problem::state(Code::BallotNotDraft, self.state))
            }
        }
    }

    pub async fn find(on: &impl ConnectionTrait, id: Uuid) -> Result<Model, Problem> {
        Entity::find_by_id(id)
            .one(on)
            .await?
            .ok_or_else(|| Code::NotFound.into())
    }

    /// For whoever will change the ballot or what belongs to it: nobody else does meanwhile.
    pub async fn lock(on: &impl ConnectionTrait, id: Uuid) -> Result<Model, Problem> {
        use sea_orm::QuerySelect as _;
        Entity::find_by_id(id)
            .lock_exclusive()
            .one(on)
            .await?
            .ok_or_else(|| Code::NotFound.into())
    }

    /// For a vote: any number at once, but no change of state meanwhile.
    pub async fn lock_shared(on: &impl ConnectionTrait, id: Uuid) -> Result<Model, Problem> {
        use sea_orm::QuerySelect as _;
        Entity::find_by_id(id)
            .lock_shared()
            .one(on)
            .await?
            .ok_or_else(|| Code::NotFound.into())
    }
}

pub mod candidate {
    use sea_orm::entity::prelude::*;

    use crate::instant::Instant;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "candidate")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub ballot_id: Uuid,
        pub name: String,
        pub folded_name: String,
        pub description: String,
        #[sea_orm(column_type = "VarBinary(StringLen::None)")]
        pub logo_digest: Option<Vec<u8>>,
        pub created_at: Instant,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}

    /// In order of creation, which is the ballot's order.
    pub async fn of(on: &impl ConnectionTrait, ballots: impl IntoIterator<Item = Uuid>) -> Result<Vec<Model>, DbErr> {
        select(ballots).all(on).await
    }

    pub fn select(ballots: impl IntoIterator<Item = Uuid>) -> Select<Entity> {
        use sea_orm::QueryOrder as _;
        Entity::find()
            .filter(Column::BallotId.is_in(ballots))
            .order_by_asc(Column::Id)
    }
}

pub mod logo {
    use sea_orm::entity::prelude::*;

    use crate::instant::Instant;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "logo")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false, column_type = "VarBinary(StringLen::None)")]
        pub digest: Vec<u8>,
        #[sea_orm(column_type = "VarBinary(StringLen::None)")]
        pub png: Vec<u8>,
        #[sea_orm(column_type = "VarBinary(StringLen::None)")]
        pub thumbnail: Vec<u8>,
        pub created_at: Instant,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What auditors hold against the server.
pub mod proof {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "proof")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub ballot_id: Uuid,
        /// A signed note.
        pub manifest: String,
        pub closing_record: Option<String>,
        /// A signed note.
        pub checkpoint: Option<String>,
        /// Roots of the tree's blocks, one after the other.
        #[sea_orm(column_type = "VarBinary(StringLen::None)")]
        pub blocks: Option<Vec<u8>>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The letter at publication, as everyone on the roll gets it.
pub mod announcement {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "announcement")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub ballot_id: Uuid,
        pub subject: String,
        pub body: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod roll {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "roll")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub ballot_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub unit_id: Uuid,
        /// Who votes for the unit.
        pub person_id: Uuid,
        pub registration_id: Uuid,
        #[sea_orm(column_type = "VarBinary(StringLen::None)")]
        pub salt: Vec<u8>,
        #[sea_orm(column_type = "VarBinary(StringLen::None)")]
        pub leaf: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Lines of the roll as they are read with their flag, a view; `roll` itself is what is written.
pub mod roll_line {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "roll_line")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub ballot_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub unit_id: Uuid,
        /// Who votes for the unit.
        pub person_id: Uuid,
        pub registration_id: Uuid,
        #[sea_orm(column_type = "VarBinary(StringLen::None)")]
        pub salt: Vec<u8>,
        #[sea_orm(column_type = "VarBinary(StringLen::None)")]
        pub leaf: Vec<u8>,
        /// Null until counted.
        pub voted: Option<bool>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Who voted: a byte, 1 or 0, for each line of the roll in order of leaf, some lines a row.
pub mod voted {
    use sea_orm::entity::prelude::*;

    /// Lines whose flags one row holds, but for the last of a roll. Whoever reads one line goes through
    /// half as many leaves on average.
    pub const LINES: usize = 64;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "voted")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub ballot_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false, column_type = "VarBinary(StringLen::None)")]
        pub first_leaf: Vec<u8>,
        #[sea_orm(column_type = "VarBinary(StringLen::None)")]
        pub flags: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

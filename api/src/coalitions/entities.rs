//! The tables of coalitions and of what belongs to them.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A person's place in a working group, or on its waiting list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, EnumIter, DeriveActiveEnum)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[schema(as = CommitmentState)]
pub enum Place {
    Committed,
    Waiting,
}

pub mod coalition {
    use sea_orm::entity::prelude::*;

    use crate::instant::Instant;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "coalition")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub workshop_id: Uuid,
        pub name: String,
        pub mission: String,
        pub created_at: Instant,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod charter {
    use sea_orm::entity::prelude::*;

    use crate::instant::Instant;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "charter")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub coalition_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: i32,
        pub text: String,
        pub digest: Vec<u8>,
        pub created_at: Instant,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod pledge {
    use sea_orm::entity::prelude::*;

    use crate::instant::Instant;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "pledge")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub workshop_id: Uuid,
        pub coalition_id: Uuid,
        pub charter: i32,
        pub registration_id: Uuid,
        pub on_behalf_of: Option<Uuid>,
        pub public: bool,
        pub created_at: Instant,
        pub withdrawn_at: Option<Instant>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "crate::registrations::entity::Entity",
            from = "Column::RegistrationId",
            to = "crate::registrations::entity::Column::Id"
        )]
        Registration,
        #[sea_orm(
            belongs_to = "crate::organisations::entity::Entity",
            from = "Column::OnBehalfOf",
            to = "crate::organisations::entity::Column::Id"
        )]
        Organisation,
        #[sea_orm(
            belongs_to = "super::coalition::Entity",
            from = "Column::CoalitionId",
            to = "super::coalition::Column::Id"
        )]
        Coalition,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod working_group {
    use sea_orm::entity::prelude::*;

    use crate::instant::Instant;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "working_group")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub workshop_id: Uuid,
        pub coalition_id: Uuid,
        pub name: String,
        pub description: String,
        /// None: no limit.
        pub capacity: Option<i32>,
        pub created_at: Instant,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod lead {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "working_group_lead")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub working_group_id: Uuid,
        pub workshop_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub registration_id: Uuid,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "crate::registrations::entity::Entity",
            from = "Column::RegistrationId",
            to = "crate::registrations::entity::Column::Id"
        )]
        Registration,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod commitment {
    use sea_orm::entity::prelude::*;

    use super::Place;
    use crate::instant::Instant;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "commitment")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub workshop_id: Uuid,
        pub working_group_id: Uuid,
        pub registration_id: Uuid,
        pub state: Place,
        pub created_at: Instant,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "crate::registrations::entity::Entity",
            from = "Column::RegistrationId",
            to = "crate::registrations::entity::Column::Id"
        )]
        Registration,
        #[sea_orm(
            belongs_to = "super::working_group::Entity",
            from = "Column::WorkingGroupId",
            to = "super::working_group::Column::Id"
        )]
        WorkingGroup,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

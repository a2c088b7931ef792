//! Which tables a backup holds, and how their rows go out and come back: one entry per table.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, StreamExt as _};
use sea_orm::{
    ActiveModelTrait, DatabaseTransaction, DbErr, EntityTrait, IdenStatic, Iterable, ModelTrait, PrimaryKeyToColumn,
    QueryOrder,
};

use super::cell;
use super::format::Row;
use crate::instant::Instant;
use crate::{
    attendance, ballots, coalitions, consents, identity, journal, mail, organisations, registrations, sessions,
    signing_keys, workshops,
};

/// Tables of which no row leaves the database; see the room's own words on why.
pub const LEFT_OUT: [&str; 6] = [
    "cast",
    "check_in_try",
    "refresh_token",
    "sign_in",
    "sign_in_code",
    "sign_in_try",
];

/// Every other table, in the order in which a person would read them.
pub fn kept() -> Vec<Box<dyn Table>> {
    vec![
        whole::<identity::person::Entity>(),
        whole::<consents::texts::Entity>(),
        whole::<consents::given::Entity>(),
        whole::<signing_keys::table::Entity>(),
        whole::<workshops::entity::Entity>(),
        whole::<organisations::entity::Entity>(),
        whole::<registrations::entity::Entity>(),
        whole::<registrations::merges::Entity>(),
        whole::<sessions::entity::Entity>(),
        whole::<attendance::Entity>(),
        whole::<coalitions::entities::coalition::Entity>(),
        whole::<coalitions::entities::charter::Entity>(),
        whole::<coalitions::entities::pledge::Entity>(),
        whole::<coalitions::entities::working_group::Entity>(),
        whole::<coalitions::entities::lead::Entity>(),
        whole::<coalitions::entities::commitment::Entity>(),
        changed::<ballots::tables::ballot::Entity>(|row, at| Some(ballots::interrupted(row, at))),
        whole::<ballots::tables::logo::Entity>(),
        whole::<ballots::tables::candidate::Entity>(),
        whole::<ballots::tables::roll::Entity>(),
        whole::<ballots::tables::voted::Entity>(),
        whole::<ballots::tables::opening::Entity>(),
        whole::<ballots::tables::proof::Entity>(),
        whole::<ballots::tables::announcement::Entity>(),
        changed::<mail::Entity>(|row, _| (row.state != mail::Delivery::Queued).then_some(row)),
        whole::<journal::Entity>(),
    ]
}

/// The columns of every table that is kept.
pub fn columns(tables: &[Box<dyn Table>]) -> BTreeMap<String, Vec<String>> {
    let columns = |table: &dyn Table| table.columns().into_iter().map(str::to_owned).collect();
    tables
        .iter()
        .map(|table| (table.name().to_owned(), columns(table.as_ref())))
        .collect()
}

pub type Rows<'a> = BoxStream<'a, Result<Row, DbErr>>;

/// A table that a backup holds.
pub trait Table: Send + Sync {
    fn name(&self) -> &'static str;

    fn columns(&self) -> Vec<&'static str>;

    /// Its rows in order of primary key, as a backup made at this instant holds them.
    fn read<'a>(&'a self, from: &'a DatabaseTransaction, made_at: Instant) -> BoxFuture<'a, Result<Rows<'a>, DbErr>>;

    fn write<'a>(&'a self, to: &'a DatabaseTransaction, rows: &'a [Row]) -> BoxFuture<'a, Result<u64, DbErr>>;
}

struct Kept<E: EntityTrait> {
    change: fn(E::Model, Instant) -> Option<E::Model>,
}

/// Every row as it is.
fn whole<E: EntityTrait>() -> Box<dyn Table>
where
    E::ActiveModel: Send,
{
    changed::<E>(|row, _| Some(row))
}

/// Every row as the backup must hold it, or not at all.
fn changed<E: EntityTrait>(change: fn(E::Model, Instant) -> Option<E::Model>) -> Box<dyn Table>
where
    E::ActiveModel: Send,
{
    Box::new(Kept::<E> { change })
}

impl<E: EntityTrait> Table for Kept<E>
where
    E::ActiveModel: Send,
{
    fn name(&self) -> &'static str {
        E::default().table_name()
    }

    fn columns(&self) -> Vec<&'static str> {
        E::Column::iter().map(|column| column.as_str()).collect()
    }

    fn read<'a>(&'a self, from: &'a DatabaseTransaction, made_at: Instant) -> BoxFuture<'a, Result<Rows<'a>, DbErr>> {
        let select = E::PrimaryKey::iter().fold(E::find(), |select, key| select.order_by_asc(key.into_column()));
        let row = move |model: Result<E::Model, DbErr>| {
            let row = model.map(|model| (self.change)(model, made_at)).transpose()?;
            Some(row.and_then(|model| self.out(&model)))
        };
        Box::pin(async move {
            let models = select.stream(from).await?;
            Ok(models.filter_map(move |model| std::future::ready(row(model))).boxed())
        })
    }

    fn write<'a>(&'a self, to: &'a DatabaseTransaction, rows: &'a [Row]) -> BoxFuture<'a, Result<u64, DbErr>> {
        Box::pin(async move {
            let models = rows.iter().map(|row| self.back(row)).collect::<Result<Vec<_>, _>>()?;
            E::insert_many(models).exec_without_returning(to).await
        })
    }
}

impl<E: EntityTrait> Kept<E>
where
    E::ActiveModel: Send,
{
    fn out(&self, model: &E::Model) -> Result<Row, DbErr> {
        let cell = |column: E::Column| {
            let cell = cell::encode(model.get(column)).map_err(|cell::Unfit| self.unfit(column))?;
            Ok((column.as_str().to_owned(), cell))
        };
        E::Column::iter().map(cell).collect()
    }

    fn back(&self, row: &Row) -> Result<E::ActiveModel, DbErr> {
        let mut model = <E::ActiveModel as ActiveModelTrait>::default();
        for column in E::Column::iter() {
            let kind = <E::Model as ModelTrait>::get_value_type(column);
            let cell = row.get(column.as_str()).ok_or_else(|| self.unfit(column))?;
            let value = cell::decode(&kind, cell).map_err(|cell::Unfit| self.unfit(column))?;
            model.try_set(column, value).map_err(|_| self.unfit(column))?;
        }
        if row.len() != E::Column::iter().len() {
            return Err(DbErr::Custom(format!("{} has no such columns", self.name())));
        }
        Ok(model)
    }

    fn unfit(&self, column: E::Column) -> DbErr {
        DbErr::Custom(format!("{}.{} holds what it cannot hold", self.name(), column.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_table_is_listed_twice() {
        let mut names: Vec<&str> = kept().iter().map(|table| table.name()).chain(LEFT_OUT).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}

//! Two registrations become one: their intervals become those of the one that stays.
//!
//! What counts is the union of a person's intervals, so they are moved as they are; only what cannot
//! stand twice goes.

use std::collections::HashSet;

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Expr;

use super::entity::{Column, Entity, Model, Source};
use crate::http::Problem;

/// How many intervals moved, and how many went because another says the same.
pub struct Moved {
    pub moved: u64,
    pub dropped: usize,
}

/// The caller holds the workshop's sessions and both registrations.
pub async fn merge(on: &impl ConnectionTrait, from: Uuid, to: Uuid) -> Result<Moved, Problem> {
    let rows = Entity::find()
        .filter(Column::RegistrationId.is_in([from, to]))
        .all(on)
        .await?;
    let superfluous = superfluous(rows, to);
    for ids in superfluous.chunks(1_000) {
        Entity::delete_many()
            .filter(Column::Id.is_in(ids.iter().copied()))
            .exec(on)
            .await?;
    }
    let moved = Entity::update_many()
        .col_expr(Column::RegistrationId, Expr::value(to))
        .filter(Column::RegistrationId.eq(from))
        .exec(on)
        .await?;
    Ok(Moved {
        moved: moved.rows_affected,
        dropped: superfluous.len(),
    })
}

/// The intervals that cannot stand beside another once all are of one person: the later of two that
/// are open at a session, which lies in the earlier, and what staff stated twice. Pure.
fn superfluous(mut rows: Vec<Model>, stays: Uuid) -> Vec<Uuid> {
    rows.sort_by_key(|row| (row.joined_at, row.registration_id != stays, row.id));
    let mut open = HashSet::new();
    let mut stated = HashSet::new();
    rows.retain(|row| match row.left_at {
        None => !open.insert(row.session_id),
        Some(left_at) => row.source == Source::Facilitator && !stated.insert((row.session_id, row.joined_at, left_at)),
    });
    rows.into_iter().map(|row| row.id).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::super::arithmetic::{Span, counted};
    use super::*;
    use crate::instant::{Instant, SECOND};

    fn at(second: i64) -> Instant {
        Instant::from_micros(second * SECOND)
    }

    fn any_row() -> impl Strategy<Value = (u128, u128, i64, Option<i64>, bool)> {
        (1..3u128, 1..4u128, 0..20i64, prop::option::of(1..5i64), any::<bool>())
    }

    /// Rows as the table may hold them.
    fn rows(drawn: Vec<(u128, u128, i64, Option<i64>, bool)>) -> Vec<Model> {
        let (mut seen, mut id) = (HashSet::new(), 0);
        let row = |(who, session, joined, length, staff): (u128, u128, i64, Option<i64>, bool)| {
            let key = match length {
                None => (who, session, 0, None),
                Some(_) if staff => (who, session, joined, length),
                Some(_) => (id + 10, session, joined, length),
            };
            id += 1;
            seen.insert(key).then(|| Model {
                id: Uuid::from_u128(id),
                workshop_id: Uuid::nil(),
                session_id: Uuid::from_u128(session),
                registration_id: Uuid::from_u128(who),
                joined_at: at(joined),
                left_at: length.map(|length| at(joined + length)),
                source: if staff { Source::Facilitator } else { Source::Own },
                created_at: at(0),
            })
        };
        drawn.into_iter().filter_map(row).collect()
    }

    /// Seconds by session, up to now.
    fn seconds(rows: &[Model]) -> HashMap<Uuid, i64> {
        let mut spans: HashMap<Uuid, Vec<Span>> = HashMap::new();
        for row in rows {
            let span = Span::between(row.joined_at, row.left_at.unwrap_or(at(30)));
            spans.entry(row.session_id).or_default().push(span);
        }
        let window = Span::between(at(0), at(30));
        spans
            .into_iter()
            .map(|(session, spans)| (session, counted(spans, window)))
            .collect()
    }

    proptest! {
        #[test]
        fn no_second_is_lost_or_doubled_and_the_table_takes_what_remains(drawn in prop::collection::vec(any_row(), 0..20)) {
            let all = rows(drawn);
            let gone = superfluous(all.clone(), Uuid::from_u128(1));
            let left: Vec<Model> = all.iter().filter(|row| !gone.contains(&row.id)).cloned().collect();
            prop_assert_eq!(seconds(&left), seconds(&all));
            let open: Vec<Uuid> = left.iter().filter(|row| row.left_at.is_none()).map(|row| row.session_id).collect();
            prop_assert_eq!(open.iter().collect::<HashSet<_>>().len(), open.len());
            let stated: Vec<_> = left
                .iter()
                .filter(|row| row.left_at.is_some() && row.source == Source::Facilitator)
                .map(|row| (row.session_id, row.joined_at, row.left_at))
                .collect();
            prop_assert_eq!(stated.iter().collect::<HashSet<_>>().len(), stated.len());
        }
    }
}

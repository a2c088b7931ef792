//! What two registrations say together: pure.

use super::super::entity::{Model, State};

/// The one that stays, with what it lacks taken from the one that goes.
pub fn united(stays: &Model, goes: &Model) -> Model {
    let state = if rank(goes.state) > rank(stays.state) {
        goes.state
    } else {
        stays.state
    };
    let organisation_id = stays.organisation_id.or(goes.organisation_id);
    let speaks = |row: &Model| row.delegate && row.organisation_id == organisation_id;
    Model {
        state,
        admitted: match state {
            State::Requested => false,
            State::Invited | State::Confirmed => true,
            State::Declined => stays.admitted || goes.admitted,
        },
        organisation_id,
        category: match organisation_id {
            Some(_) => None,
            None => stays.category.or(goes.category),
        },
        delegate: speaks(stays) || speaks(goes),
        ..stays.clone()
    }
}

/// Whoever has said with one address that they come, comes.
fn rank(state: State) -> u8 {
    match state {
        State::Declined => 0,
        State::Requested => 1,
        State::Invited => 2,
        State::Confirmed => 3,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sea_orm::prelude::Uuid;

    use super::super::super::entity::{Category, Role};
    use super::*;
    use crate::instant::Instant;

    /// A row as the table may hold it.
    fn any_row(id: u128) -> impl Strategy<Value = Model> {
        let state = prop_oneof![
            Just(State::Requested),
            Just(State::Invited),
            Just(State::Confirmed),
            Just(State::Declined)
        ];
        let drawn = (
            state,
            prop::option::of(1..3u128),
            any::<bool>(),
            any::<bool>(),
            any::<bool>(),
        );
        drawn.prop_map(move |(state, organisation, category, delegate, admitted)| Model {
            id: Uuid::from_u128(id),
            workshop_id: Uuid::nil(),
            person_id: Uuid::from_u128(id + 10),
            name: "A".into(),
            folded_name: "a".into(),
            role: Role::Participant,
            state,
            organisation_id: organisation.map(Uuid::from_u128),
            category: (organisation.is_none() && category).then_some(Category::Startup),
            delegate: delegate && organisation.is_some(),
            admitted: match state {
                State::Requested => false,
                State::Declined => admitted,
                State::Invited | State::Confirmed => true,
            },
            created_at: Instant::from_micros(0),
            forgotten_at: None,
        })
    }

    proptest! {
        #[test]
        fn the_table_takes_it_and_nothing_is_lost_but_a_second_organisation(stays in any_row(1), goes in any_row(2)) {
            let one_delegate = !(stays.delegate && goes.delegate && stays.organisation_id == goes.organisation_id);
            prop_assume!(one_delegate);
            let after = united(&stays, &goes);
            prop_assert!(after.organisation_id.is_none() || after.category.is_none());
            prop_assert!(!after.delegate || after.organisation_id.is_some());
            prop_assert!(after.admitted == (after.state != State::Requested) || after.state == State::Declined);
            prop_assert_eq!((after.id, after.person_id, after.role), (stays.id, stays.person_id, stays.role));
            for row in [&stays, &goes] {
                prop_assert!(rank(after.state) >= rank(row.state));
                prop_assert!(row.organisation_id.is_none() || after.organisation_id.is_some());
                prop_assert!(!row.delegate || row.organisation_id != after.organisation_id || after.delegate);
            }
            prop_assert!(stays.organisation_id.is_none() || after.organisation_id == stays.organisation_id);
            prop_assert!(!stays.delegate || after.delegate);
        }
    }
}

//! Who may vote: pure.
//!
//! A rule is a conjunction; what a person lacks is named, so that each can see it. Auditors never
//! vote. The roll is this rule applied to everyone at the moment of opening, and frozen.

use std::collections::{HashMap, HashSet};

use garde::Validate;
use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::entity::Unit;
use crate::registrations::{Category, Role, State};

/// What must hold of a person for them to be on the roll; all of it together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Validate, ToSchema, FromJsonQueryResult)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"roles": ["participant"], "min_sessions": 1, "adhered": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e"}))]
pub struct Eligibility {
    /// One of these roles; empty: any but auditor
    #[serde(default)]
    #[garde(length(max = 4), custom(no_auditors))]
    pub roles: Vec<Role>,
    /// Attended at least so many sessions
    #[serde(default)]
    #[garde(range(max = 1000))]
    pub min_sessions: u32,
    /// Attended for at least so many minutes in all
    #[serde(default)]
    #[garde(range(max = 100_000))]
    pub min_minutes: u32,
    /// Adheres to this coalition, by its current charter unless `any_charter` is set
    #[serde(default)]
    #[garde(skip)]
    pub adhered: Option<Uuid>,
    /// An earlier charter of that coalition will do
    #[serde(default)]
    #[garde(skip)]
    pub any_charter: bool,
    /// Of one of these categories; empty: of any
    #[serde(default)]
    #[garde(length(max = 8))]
    pub categories: Vec<Category>,
    /// Only these registrations; empty: no such limit
    #[serde(default)]
    #[garde(length(max = 5000))]
    pub registration_ids: Vec<Uuid>,
}

fn no_auditors(roles: &[Role], (): &()) -> garde::Result {
    if roles.contains(&Role::Auditor) {
        Err(garde::Error::new("auditors_never_vote"))
    } else {
        Ok(())
    }
}

/// What a person still lacks to be on the roll.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unmet {
    /// Their role does not vote in this ballot
    Role,
    /// They have not confirmed their registration
    Confirmation,
    /// They have not attended enough sessions
    Sessions,
    /// They have not attended for long enough
    Minutes,
    /// They have not adhered to the coalition's current charter
    Pledge,
    /// They are of another category
    Category,
    /// They are not among the registrations chosen for this ballot
    Selection,
    /// They are not the delegate of an organisation
    Delegate,
    /// They have erased their account
    Erased,
    /// They meet the rule now, but did not when the roll was frozen
    Frozen,
}

/// What is known of a person.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    pub registration_id: Uuid,
    pub role: Role,
    pub state: State,
    pub category: Option<Category>,
    pub sessions: u32,
    pub seconds: i64,
    /// They, or for a vote by organisations theirs.
    pub adheres: bool,
    /// Likewise, by an earlier charter at least.
    pub adhered_before: bool,
    /// They are of an organisation.
    pub organised: bool,
    pub delegate: bool,
    pub erased: bool,
}

impl Eligibility {
    /// Chooses, where a registration was merged into another, that other one, and nobody twice.
    pub fn follow(&mut self, heirs: &HashMap<Uuid, Uuid>) {
        let mut seen = HashSet::new();
        for id in &mut self.registration_ids {
            *id = *heirs.get(id).unwrap_or(id);
        }
        self.registration_ids.retain(|id| seen.insert(*id));
    }

    /// Everything the person lacks; nothing means that they are on the roll.
    pub fn unmet(&self, unit: Unit, facts: &Facts) -> Vec<Unmet> {
        let role = facts.role != Role::Auditor && (self.roles.is_empty() || self.roles.contains(&facts.role));
        let category = self.categories.is_empty()
            || facts
                .category
                .is_some_and(|category| self.categories.contains(&category));
        let selected = self.registration_ids.is_empty() || self.registration_ids.contains(&facts.registration_id);
        let conditions = [
            (Unmet::Role, role),
            (Unmet::Confirmation, facts.state == State::Confirmed),
            (Unmet::Sessions, facts.sessions >= self.min_sessions),
            (Unmet::Minutes, facts.seconds >= i64::from(self.min_minutes) * 60),
            (Unmet::Pledge, self.adhered.is_none() || facts.adheres),
            (Unmet::Category, category),
            (Unmet::Selection, selected),
            (Unmet::Delegate, unit == Unit::Person || facts.delegate),
            (Unmet::Erased, !facts.erased),
        ];
        conditions
            .into_iter()
            .filter(|(_, met)| !met)
            .map(|(unmet, _)| unmet)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn someone() -> Facts {
        Facts {
            registration_id: Uuid::from_u128(1),
            role: Role::Participant,
            state: State::Confirmed,
            category: Some(Category::Startup),
            sessions: 1,
            seconds: 3600,
            adheres: true,
            adhered_before: true,
            organised: true,
            delegate: true,
            erased: false,
        }
    }

    #[test]
    fn each_condition_is_named_when_it_lacks() {
        let rule = Eligibility {
            roles: vec![Role::Participant],
            min_sessions: 1,
            min_minutes: 60,
            adhered: Some(Uuid::from_u128(9)),
            any_charter: false,
            categories: vec![Category::Startup],
            registration_ids: vec![Uuid::from_u128(1)],
        };
        assert_eq!(rule.unmet(Unit::Person, &someone()), []);
        let lacking = Facts {
            registration_id: Uuid::from_u128(2),
            role: Role::Organiser,
            state: State::Invited,
            category: None,
            sessions: 0,
            seconds: 3599,
            adheres: false,
            adhered_before: false,
            organised: false,
            delegate: false,
            erased: false,
        };
        assert_eq!(
            rule.unmet(Unit::Person, &lacking),
            [
                Unmet::Role,
                Unmet::Confirmation,
                Unmet::Sessions,
                Unmet::Minutes,
                Unmet::Pledge,
                Unmet::Category,
                Unmet::Selection
            ]
        );
        assert!(rule.unmet(Unit::Organisation, &lacking).contains(&Unmet::Delegate));
    }

    #[test]
    fn who_was_merged_into_another_is_chosen_as_that_other() {
        let [a, b, c] = [1, 2, 3].map(Uuid::from_u128);
        let mut rule = Eligibility {
            registration_ids: vec![c, a, b],
            ..Eligibility::default()
        };
        rule.follow(&HashMap::from([(b, c)]));
        assert_eq!(rule.registration_ids, [c, a]);
        rule.follow(&HashMap::from([(a, b)]));
        assert_eq!(rule.registration_ids, [c, b]);
    }

    #[test]
    fn auditors_never_vote() {
        let auditor = Facts {
            role: Role::Auditor,
            ..someone()
        };
        assert_eq!(Eligibility::default().unmet(Unit::Person, &auditor), [Unmet::Role]);
        assert_eq!(Eligibility::default().unmet(Unit::Person, &someone()), []);
    }
}

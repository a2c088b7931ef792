//! What a roster would change: pure.
//!
//! Every line of the file either becomes a change or has a fault, never both, or is of an address
//! whose place was merged into another's, and then changes nothing. A change keeps what
//! the file does not say, and never touches a state. Organisations are known here by their folded
//! name alone, so that those that stand and those yet to be made are one kind.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::entity::{Category, Role};
use super::roster::{Row, RowFault, fold_name};

#[cfg(test)]
mod tests;

/// What stands, as far as it concerns the file.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// By canonical address: those of the file who have an account.
    pub people: HashMap<String, Person>,
    /// By folded name: every organisation of the workshop.
    pub organisations: HashMap<String, Category>,
    /// By folded name of the organisation: the registration that speaks for it.
    pub delegates: HashMap<String, Uuid>,
    /// By canonical address: whose place went to another's, and to which registration.
    pub merged: HashMap<String, Uuid>,
}

#[derive(Clone, Debug)]
pub struct Person {
    /// What they are called where the file gives no name.
    pub name: String,
    pub registration: Option<(Uuid, Place)>,
}

/// What a roster says of a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub name: String,
    pub role: Role,
    /// Folded name.
    pub organisation: Option<String>,
    pub category: Option<Category>,
    pub delegate: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Created,
    Updated,
    Unchanged,
}

/// What becomes of one line.
#[derive(Clone, Debug)]
pub struct Change<'r> {
    pub row: &'r Row,
    pub outcome: Outcome,
    /// The registration, where it stands already.
    pub registration: Option<Uuid>,
    pub before: Option<Place>,
    pub after: Place,
}

/// An organisation that the file names and the workshop does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrganisation {
    pub name: String,
    pub folded: String,
    pub category: Category,
}

#[derive(Clone, Debug, Default)]
pub struct Plan<'r> {
    pub organisations: Vec<NewOrganisation>,
    pub changes: Vec<Change<'r>>,
    /// Lines that change nothing, as the place of their address was merged into another's.
    pub merged: Vec<(&'r Row, Uuid)>,
    pub faults: Vec<RowFault>,
}

/// A line before it is known whether it stands.
struct Draft<'r> {
    row: &'r Row,
    registration: Option<Uuid>,
    before: Option<Place>,
    after: Place,
    faults: Vec<RowFault>,
}

pub fn plan<'r>(rows: &'r [Row], standing: &Standing) -> Plan<'r> {
    let mut plan = Plan::default();
    let mut drafts: Vec<Draft<'r>> = Vec::with_capacity(rows.len());
    for row in rows {
        match standing.merged.get(row.email.canonical()) {
            Some(registration) => plan.merged.push((row, *registration)),
            None => drafts.push(draft(row, standing)),
        }
    }
    let named = settle_categories(&mut drafts, standing);
    settle_delegates(&mut drafts, standing);
    let mut missing = HashSet::new();
    for draft in drafts {
        if !draft.faults.is_empty() {
            plan.faults.extend(draft.faults);
            continue;
        }
        if let (Some(name), Some(folded)) = (&draft.row.organisation, &draft.after.organisation)
            && !standing.organisations.contains_key(folded)
            && missing.insert(folded.clone())
        {
            plan.organisations.push(NewOrganisation {
                name: name.clone(),
                folded: folded.clone(),
                category: named.get(folded).copied().unwrap_or(Category::Other),
            });
        }
        plan.changes.push(draft.change());
    }
    plan
}

impl Plan<'_> {
    /// The registrations that stand and become auditors.
    pub fn new_auditors(&self) -> Vec<Uuid> {
        let becomes = |change: &&Change<'_>| {
            let before = change.before.as_ref().map(|place| place.role);
            change.after.role == Role::Auditor && before != Some(Role::Auditor)
        };
        let changes = self.changes.iter().filter(becomes);
        changes.filter_map(|change| change.registration).collect()
    }
}

impl<'r> Draft<'r> {
    fn change(self) -> Change<'r> {
        let outcome = match &self.before {
            None => Outcome::Created,
            Some(before) if *before == self.after => Outcome::Unchanged,
            Some(_) => Outcome::Updated,
        };
        Change {
            row: self.row,
            outcome,
            registration: self.registration,
            before: self.before,
            after: self.after,
        }
    }
}

/// The line on top of what stands: what it does not say remains.
fn draft<'r>(row: &'r Row, standing: &Standing) -> Draft<'r> {
    let person = standing.people.get(row.email.canonical());
    let (registration, before) = match person.and_then(|person| person.registration.clone()) {
        Some((id, place)) => (Some(id), Some(place)),
        None => (None, None),
    };
    let mut after = before.clone().unwrap_or_else(|| Place {
        name: match person {
            Some(person) => person.name.clone(),
            None => row.email.typed().split('@').next().unwrap_or_default().to_owned(),
        },
        role: Role::default(),
        organisation: None,
        category: None,
        delegate: false,
    });
    let mut faults = Vec::new();
    if !row.name.is_empty() {
        after.name.clone_from(&row.name);
    }
    if let Some(role) = row.role {
        if before.as_ref().is_some_and(|before| before.role == Role::Organiser) && role != Role::Organiser {
            faults.push(fault(row, "role", "organiser_keeps_role", Some(role.as_str())));
        }
        after.role = role;
    }
    if let Some(organisation) = row.organisation.as_deref().map(fold_name) {
        // Nobody speaks for an organisation because they spoke for another.
        after.delegate &= after.organisation.as_ref() == Some(&organisation);
        after.organisation = Some(organisation);
        after.category = None;
    } else if after.organisation.is_none() {
        after.category = row.category.or(after.category);
    }
    after.delegate = row.delegate.unwrap_or(after.delegate);
    Draft {
        row,
        registration,
        before,
        after,
        faults,
    }
}

/// A category beside an organisation is the organisation's: that which stands, else that of the
/// first line that gives one. Gives back those of organisations to be made.
fn settle_categories(drafts: &mut [Draft<'_>], standing: &Standing) -> HashMap<String, Category> {
    let mut named: HashMap<String, Category> = HashMap::new();
    for draft in drafts {
        let (Some(organisation), Some(category)) = (&draft.after.organisation, draft.row.category) else {
            continue;
        };
        let known = standing
            .organisations
            .get(organisation)
            .or_else(|| named.get(organisation));
        match known {
            Some(known) if *known != category => {
                let fault = fault(draft.row, "category", "other_category", Some(known.as_str()));
                draft.faults.push(fault);
            }
            Some(_) => {}
            // A line that is wrong in itself decides nothing for others.
            None if draft.faults.is_empty() => {
                named.insert(organisation.clone(), category);
            }
            None => {}
        }
    }
    named
}

/// Whoever is to speak for an organisation must find the place free: nobody has it, or the file
/// takes it from them. A line that is refused gives back nothing, which may refuse another.
fn settle_delegates(drafts: &mut [Draft<'_>], standing: &Standing) {
    let line_of: HashMap<Uuid, usize> = drafts
        .iter()
        .enumerate()
        .filter_map(|(index, draft)| Some((draft.registration?, index)))
        .collect();
    let claims: Vec<(String, usize)> = drafts
        .iter()
        .enumerate()
        .filter(|(_, draft)| draft.after.delegate)
        .filter_map(|(index, draft)| Some((draft.after.organisation.clone()?, index)))
        // Whoever has the place already claims nothing; of the others the reader lets one through.
        .filter(|(name, index)| {
            let own = drafts.get(*index).and_then(|draft| draft.registration);
            own.is_none() || own != standing.delegates.get(name).copied()
        })
        .collect();
    let claimed: HashMap<&str, usize> = claims.iter().map(|(name, index)| (name.as_str(), *index)).collect();
    let mut doubtful: Vec<&str> = claims.iter().map(|(name, _)| name.as_str()).collect();
    while let Some(organisation) = doubtful.pop() {
        let (Some(&claim), Some(holder)) = (claimed.get(organisation), standing.delegates.get(organisation)) else {
            continue;
        };
        let gives_back = line_of
            .get(holder)
            .and_then(|index| drafts.get(*index))
            .is_some_and(|holder| {
                let stays = holder.after.delegate && holder.after.organisation.as_deref() == Some(organisation);
                holder.faults.is_empty() && !stays
            });
        let Some(draft) = drafts.get_mut(claim) else { continue };
        if gives_back || !draft.faults.is_empty() {
            continue;
        }
        draft.faults.push(fault(draft.row, "delegate", "delegate_exists", None));
        // What they spoke for until now they keep.
        let kept = draft.before.as_ref().filter(|before| before.delegate);
        if let Some((name, _)) = kept.and_then(|before| claimed.get_key_value(before.organisation.as_deref()?)) {
            doubtful.push(name);
        }
    }
}

fn fault(row: &Row, column: &'static str, code: &'static str, value: Option<&str>) -> RowFault {
    RowFault {
        line: row.line,
        column: Some(column),
        code,
        value: value.map(str::to_owned),
    }
}

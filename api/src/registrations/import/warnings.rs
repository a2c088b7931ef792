//! What an organiser should look at, though nothing hinders the import.

use std::collections::HashSet;

use sea_orm::prelude::Uuid;

use super::super::doubles::{Someone, alike};
use super::super::plan::Plan;
use super::super::roster::fold_name;

/// About one line.
pub struct Warning {
    pub line: u64,
    pub code: &'static str,
    /// The other one, where it is in the file too.
    pub other_line: Option<u64>,
    /// The other one, where it is registered.
    pub registration: Option<Uuid>,
}

/// One per line and likeness, however many others there are: the first.
pub fn warnings(plan: &Plan<'_>, standing: Vec<(Uuid, Someone)>) -> Vec<Warning> {
    let in_file: HashSet<Uuid> = plan.changes.iter().filter_map(|change| change.registration).collect();
    let (mut places, mut people) = (Vec::new(), Vec::new());
    for change in &plan.changes {
        let after = &change.after;
        places.push((Some(change.row.line), change.registration));
        people.push(Someone::new(
            &fold_name(&after.name),
            after.organisation.as_deref(),
            change.row.email.canonical(),
        ));
    }
    for (id, someone) in standing {
        // Of those in the file what the file makes of them counts.
        if !in_file.contains(&id) {
            places.push((None, Some(id)));
            people.push(someone);
        }
    }
    let place = |at: usize| places.get(at).copied().unwrap_or_default();
    let mut warnings = Vec::new();
    for (likeness, members) in alike(&people) {
        for (index, at) in members.iter().enumerate() {
            let (Some(line), _) = place(*at) else { continue };
            let other = members.get(usize::from(index == 0)).copied();
            let (other_line, registration) = other.map(place).unwrap_or_default();
            warnings.push(Warning {
                line,
                code: likeness.code(),
                other_line,
                registration,
            });
        }
    }
    let merged = plan.merged.iter().map(|(row, registration)| Warning {
        line: row.line,
        code: "merged",
        other_line: None,
        registration: Some(*registration),
    });
    warnings.extend(merged);
    warnings.sort_by_key(|warning| (warning.line, warning.code));
    warnings
}

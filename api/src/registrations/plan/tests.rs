//! Rosters on top of what stands.

use proptest::prelude::*;

use super::super::roster::{Roster, read};
use super::*;

fn roster(text: &str) -> Roster {
    let roster = read(text.as_bytes(), None).unwrap();
    assert_eq!(roster.faults, []);
    roster
}

/// Carries a plan out in memory.
fn carry_out(standing: &mut Standing, plan: &Plan<'_>) {
    for organisation in &plan.organisations {
        let before = standing
            .organisations
            .insert(organisation.folded.clone(), organisation.category);
        assert_eq!(before, None);
    }
    for change in &plan.changes {
        let id = change
            .registration
            .unwrap_or_else(|| Uuid::from_u128(standing.people.len() as u128 + 1));
        let person = Person {
            name: change.after.name.clone(),
            registration: Some((id, change.after.clone())),
        };
        standing.people.insert(change.row.email.canonical().to_owned(), person);
    }
    standing.delegates.clear();
    for person in standing.people.values() {
        let (id, place) = person.registration.clone().unwrap();
        if place.delegate {
            let organisation = place.organisation.unwrap();
            assert!(standing.organisations.contains_key(&organisation));
            let another = standing.delegates.insert(organisation, id);
            assert_eq!(another, None, "two delegates");
        }
    }
}

fn standing(text: &str) -> Standing {
    let mut standing = Standing::default();
    let roster = roster(text);
    let plan = plan(&roster.rows, &standing);
    assert_eq!(plan.faults, []);
    carry_out(&mut standing, &plan);
    standing
}

fn outcomes(text: &str, standing: &Standing) -> (Vec<(u64, Outcome)>, Vec<String>) {
    let roster = roster(text);
    let plan = plan(&roster.rows, standing);
    let faults = plan.faults.iter().map(|f| {
        let value = f.value.as_deref().unwrap_or("-");
        format!("{} {} {} {value}", f.line, f.column.unwrap_or("-"), f.code)
    });
    (
        plan.changes
            .iter()
            .map(|change| (change.row.line, change.outcome))
            .collect(),
        faults.collect(),
    )
}

const SHEET: &str = "email;name;role;organisation;category;delegate\n\
    a@x.org;Awa;organiser;;donor;\n\
    b@x.org;Bah;;Orange Guinée;company;yes\n\
    c@x.org;Condé;auditor;ORANGE GUINEE;;\n";

#[test]
fn the_same_file_again_changes_nothing() {
    let standing = standing(SHEET);
    assert_eq!(standing.organisations.len(), 1);
    assert_eq!(standing.organisations["orange guinee"], Category::Company);
    let (changes, faults) = outcomes(SHEET, &standing);
    assert_eq!(changes, [2, 3, 4].map(|line| (line, Outcome::Unchanged)));
    assert_eq!(faults, [""; 0]);
}

#[test]
fn what_the_file_does_not_say_remains() {
    let standing = standing(SHEET);
    let roster = roster("email\na@x.org\nB@X.org\nc@x.org\nd@x.org");
    let plan = plan(&roster.rows, &standing);
    let outcomes: Vec<Outcome> = plan.changes.iter().map(|change| change.outcome).collect();
    assert_eq!(outcomes[..3], [Outcome::Unchanged; 3]);
    assert_eq!(outcomes[3], Outcome::Created);
    assert_eq!(plan.changes[3].after.name, "d");
}

#[test]
fn an_organisation_takes_the_first_category_given() {
    let text = "email;organisation;category\na@x.org;INTEGRA;\nb@x.org;Integra;donor\nc@x.org;integra;";
    let roster = roster(text);
    let plan = plan(&roster.rows, &Standing::default());
    assert_eq!(
        plan.organisations,
        [NewOrganisation {
            name: "INTEGRA".into(),
            folded: "integra".into(),
            category: Category::Donor
        }]
    );
    let (_, faults) = outcomes(&format!("{text}\nd@x.org;Integra;company"), &Standing::default());
    assert_eq!(faults, ["5 category other_category donor"]);
    let (_, faults) = outcomes("email;category\nb@x.org;startup", &standing(SHEET));
    assert_eq!(faults, ["2 category other_category company"]);
}

#[test]
fn an_organiser_stays_one() {
    let (changes, faults) = outcomes("email;role\na@x.org;participant\nc@x.org;organiser", &standing(SHEET));
    assert_eq!(changes, [(3, Outcome::Updated)]);
    assert_eq!(faults, ["2 role organiser_keeps_role participant"]);
}

#[test]
fn a_delegate_must_give_the_place_back_before_another_takes_it() {
    let standing = standing(SHEET);
    let (_, faults) = outcomes("email;organisation;delegate\nd@x.org;Orange Guinée;oui", &standing);
    assert_eq!(faults, ["2 delegate delegate_exists -"]);
    for gives_back in ["b@x.org;Orange Guinée;non", "b@x.org;Kora;", "b@x.org;Kora;oui"] {
        let text = format!("email;organisation;delegate\nd@x.org;Orange Guinée;oui\n{gives_back}");
        let (changes, faults) = outcomes(&text, &standing);
        assert_eq!(faults, [""; 0], "{gives_back}");
        assert_eq!(changes, [(2, Outcome::Created), (3, Outcome::Updated)]);
    }
}

#[test]
fn a_refused_line_gives_nothing_back() {
    // b would leave A for B, which e keeps; so d cannot have A, and f cannot have what d kept.
    let standing = standing(
        "email;organisation;delegate\n\
         b@x.org;A;yes\nd@x.org;D;yes\ne@x.org;B;yes\n",
    );
    let text = "email;organisation;delegate\nb@x.org;B;yes\nd@x.org;A;yes\nf@x.org;D;yes\ng@x.org;G;yes";
    let (changes, faults) = outcomes(text, &standing);
    assert_eq!(changes, [(5, Outcome::Created)]);
    assert_eq!(
        faults,
        [2, 3, 4].map(|line| format!("{line} delegate delegate_exists -"))
    );
}

/// A sheet over few people and organisations, so that they collide.
fn sheets() -> impl Strategy<Value = String> {
    let line = (0..6_u8, 0..4_usize, 0..4_usize, 0..4_usize, 0..3_usize);
    prop::collection::vec(line, 0..8).prop_map(|lines| {
        let mut seen = HashSet::new();
        let mut spoken = HashSet::new();
        let mut text = "email;name;role;organisation;category;delegate".to_owned();
        for (person, role, organisation, category, delegate) in lines {
            if !seen.insert(person) {
                continue;
            }
            let speaks = delegate == 1 && organisation > 0 && spoken.insert(organisation);
            text.push_str(&format!(
                "\n{person}@x.org;P{person};{};{};{};{}",
                ["", "participant", "auditor", "organiser"][role],
                ["", "Un", "Deux", "Trois"][organisation],
                ["", "", "company", "donor"][category],
                if speaks { "yes" } else { ["", "", "no"][delegate] },
            ));
        }
        text
    })
}

proptest! {
    #[test]
    fn plans_keep_what_must_hold(first in sheets(), second in sheets()) {
        let mut standing = Standing::default();
        for text in [first, second] {
            let roster = roster(&text);
            let made = plan(&roster.rows, &standing);
            prop_assert_eq!(
                made.changes.len() + made.faults.iter().map(|f| f.line).collect::<HashSet<_>>().len(),
                roster.rows.len()
            );
            for change in &made.changes {
                let place = &change.after;
                prop_assert!(place.organisation.is_none() || place.category.is_none());
                prop_assert!(!place.delegate || place.organisation.is_some());
                if let Some(before) = &change.before {
                    prop_assert!(before.role != Role::Organiser || place.role == Role::Organiser);
                }
            }
            carry_out(&mut standing, &made);
            // What was done once is done.
            let again = plan(&roster.rows, &standing);
            prop_assert!(again.organisations.is_empty());
            let done: Vec<u64> = made.changes.iter().map(|change| change.row.line).collect();
            for change in again.changes.iter().filter(|change| done.contains(&change.row.line)) {
                prop_assert_eq!(change.outcome, Outcome::Unchanged);
            }
        }
    }
}

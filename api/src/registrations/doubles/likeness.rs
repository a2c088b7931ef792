//! Who is like whom: pure, in one pass whatever their number.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;
use utoipa::ToSchema;

use crate::identity::address::without_tag;

/// Why two registrations are perhaps of one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Likeness {
    /// The same name, whatever the order of its words, and the same organisation, or both without
    SameName,
    /// Addresses that differ only in what follows a `+`
    PlusAlias,
}

impl Likeness {
    pub fn code(self) -> &'static str {
        match self {
            Self::SameName => "same_name",
            Self::PlusAlias => "plus_alias",
        }
    }
}

/// What is compared of a person.
pub struct Someone {
    keys: [(Likeness, String); 2],
}

impl Someone {
    /// Name and organisation folded, the address canonical.
    pub fn new(name: &str, organisation: Option<&str>, address: &str) -> Self {
        let mut words: Vec<&str> = name.split_whitespace().collect();
        words.sort_unstable();
        // No folded name holds a line break.
        let name = format!("{}\n{}", words.join(" "), organisation.unwrap_or_default());
        Self {
            keys: [(Likeness::SameName, name), (Likeness::PlusAlias, without_tag(address))],
        }
    }
}

/// Those who share a likeness, by their places in `people`, in order.
pub fn alike(people: &[Someone]) -> Vec<(Likeness, Vec<usize>)> {
    let mut sharing: HashMap<&(Likeness, String), Vec<usize>> = HashMap::with_capacity(2 * people.len());
    for (at, someone) in people.iter().enumerate() {
        for key in &someone.keys {
            sharing.entry(key).or_default().push(at);
        }
    }
    let mut alike: Vec<(Likeness, Vec<usize>)> = sharing
        .into_iter()
        .filter(|(_, members)| members.len() > 1)
        .map(|((likeness, _), members)| (*likeness, members))
        .collect();
    alike.sort_unstable_by(|(a, one), (b, other)| (one, a).cmp(&(other, b)));
    alike
}

/// The same, joined where they overlap, in order of their first members.
pub fn groups(people: &[Someone]) -> Vec<(Vec<Likeness>, Vec<usize>)> {
    let alike = alike(people);
    let mut parents: Vec<usize> = (0..people.len()).collect();
    for (_, members) in &alike {
        let mut roots: Vec<usize> = members.iter().map(|at| root(&mut parents, *at)).collect();
        roots.sort_unstable();
        for other in roots.iter().skip(1) {
            if let (Some(parent), Some(first)) = (parents.get_mut(*other), roots.first()) {
                *parent = *first;
            }
        }
    }
    let mut joined: HashMap<usize, (BTreeSet<Likeness>, BTreeSet<usize>)> = HashMap::new();
    for (likeness, members) in alike {
        let Some(first) = members.first() else { continue };
        let (likenesses, all) = joined.entry(root(&mut parents, *first)).or_default();
        likenesses.insert(likeness);
        all.extend(members);
    }
    let group = |(likenesses, members): (BTreeSet<Likeness>, BTreeSet<usize>)| {
        (likenesses.into_iter().collect(), members.into_iter().collect())
    };
    let mut groups: Vec<(Vec<Likeness>, Vec<usize>)> = joined.into_values().map(group).collect();
    groups.sort_unstable_by(|(_, one), (_, other)| one.cmp(other));
    groups
}

/// Where the parents of a place lead, which then leads there at once.
fn root(parents: &mut [usize], at: usize) -> usize {
    let mut root = at;
    while let Some(parent) = parents.get(root).copied().filter(|parent| *parent != root) {
        root = parent;
    }
    let mut at = at;
    while let Some(parent) = parents.get_mut(at).filter(|parent| **parent != root) {
        at = std::mem::replace(parent, root);
    }
    root
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_turned_round_and_a_tagged_address_are_alike() {
        let people = [
            Someone::new("awa diallo", Some("kora"), "awa@example.org"),
            Someone::new("diallo awa", Some("kora"), "a.diallo@example.org"),
            Someone::new("awa diallo", None, "awa+vote@example.org"),
            Someone::new("awa diallo", Some("orange"), "awa@example.com"),
            Someone::new("fatou sow", None, "+@example.org"),
            Someone::new("mory keita", None, "+x@example.org"),
        ];
        assert_eq!(
            alike(&people),
            [(Likeness::SameName, vec![0, 1]), (Likeness::PlusAlias, vec![0, 2])]
        );
        assert_eq!(
            groups(&people),
            [(vec![Likeness::SameName, Likeness::PlusAlias], vec![0, 1, 2])]
        );
    }

    proptest! {
        #[test]
        fn groups_are_what_comparing_all_pairs_finds(
            drawn in prop::collection::vec(("[ab] [ab]", prop::option::of("[xy]"), "[ab](\\+[12])?@x"), 0..12),
        ) {
            let people: Vec<Someone> = drawn
                .iter()
                .map(|(name, organisation, address)| Someone::new(name, organisation.as_deref(), address))
                .collect();
            let mut label: Vec<usize> = (0..people.len()).collect();
            for _ in 0..people.len() {
                for one in 0..people.len() {
                    for other in 0..people.len() {
                        let shared = people[one].keys.iter().zip(&people[other].keys).any(|(a, b)| a == b);
                        if shared {
                            label[one] = label[one].min(label[other]);
                        }
                    }
                }
            }
            let mut wanted: Vec<Vec<usize>> = (0..people.len())
                .map(|first| (0..people.len()).filter(|at| label[*at] == first).collect())
                .filter(|group: &Vec<usize>| group.len() > 1)
                .collect();
            wanted.sort();
            let found: Vec<Vec<usize>> = groups(&people).into_iter().map(|(_, members)| members).collect();
            prop_assert_eq!(found, wanted);
        }
    }
}

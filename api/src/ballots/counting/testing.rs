//! Elections for the tests of counting: known ones in short notation, and arbitrary ones.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use uuid::Uuid;

use super::{Choice, Count, Method, Paper, Votes, count};

pub const DEBIAN_LOGO: &str = include_str!("../../../../tests/fixtures/debian-logo.txt");

/// The choice of a capital in Tennessee that textbooks use: Memphis, Nashville, Chattanooga,
/// Knoxville.
pub const TENNESSEE: &str = "42 M N C K\n 26 N C K M\n 15 C K N M\n 17 K C N M";

/// Burlington, Vermont, 2009, among the last three: Kiss, Montroll, Wright.
/// <https://electowiki.org/wiki/2009_Burlington_mayoral_election>
pub const BURLINGTON: &str = "1332 M K W\n 767 M W K\n 455 M\n 2043 K M W\n 371 K W M\n 568 K
    1513 W M K\n 495 W K M\n 1289 W";

pub fn id(label: &str) -> Uuid {
    let bytes = label.bytes().fold(0, |sum, byte| sum << 8 | u128::from(byte));
    Uuid::from_u128(bytes)
}

pub fn ids(labels: &str) -> Vec<Uuid> {
    labels.split_whitespace().map(id).collect()
}

/// The candidates of arbitrary elections, in ascending order.
pub fn candidates(n: u128) -> Vec<Uuid> {
    (1..=n).map(Uuid::from_u128).collect()
}

/// Lines of voters and the grades they give: `3 A:5 B:0`.
pub fn grades(text: &str) -> Votes {
    let mut votes = Votes::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let n: u64 = words.next().unwrap().parse().unwrap();
        let given = words.map(|word| word.split_once(':').unwrap());
        let choice = Choice::Grades(
            given
                .map(|(label, grade)| (id(label), grade.parse().unwrap()))
                .collect(),
        );
        *votes.entry(choice).or_default() += n;
    }
    votes
}

/// Lines of a candidate and how many gave it each grade, worst first: `A 3 0 2`. The sums are the
/// same in all lines, or smaller where grades are missing; who gave which is arbitrary.
pub fn distributed(text: &str) -> Votes {
    let lines: Vec<(Uuid, Vec<u8>)> = text
        .lines()
        .map(|line| {
            let (label, numbers) = line.trim().split_once(' ').unwrap();
            let numbers = numbers.split_whitespace().map(|n| n.parse::<usize>().unwrap());
            let given = numbers.zip(0..).flat_map(|(n, grade)| vec![grade; n]);
            (id(label), given.collect())
        })
        .collect();
    let voters = lines.iter().map(|(_, given)| given.len()).max().unwrap();
    let mut votes = Votes::new();
    for voter in 0..voters {
        let given = lines.iter().filter_map(|(id, given)| Some((*id, *given.get(voter)?)));
        *votes.entry(Choice::Grades(given.collect())).or_default() += 1;
    }
    votes
}

/// Lines of voters and their options, best first: `4 A B=C D`. Other lines are remarks.
pub fn rankings(text: &str) -> Votes {
    let mut votes = Votes::new();
    for line in text.lines() {
        let Some((n, ranking)) = line.trim().split_once(' ') else {
            continue;
        };
        let Ok(n) = n.parse::<u64>() else { continue };
        let group = |group: &str| group.split('=').map(id).collect();
        let choice = Choice::Ranking(ranking.split_whitespace().map(group).collect());
        *votes.entry(choice).or_default() += n;
    }
    votes
}

/// The highest grade of arbitrary elections.
pub const TOP: u8 = 4;

/// Counted on the paper of these candidates.
pub fn tally(method: Method, candidates: &[Uuid], votes: &Votes) -> Count {
    graded(method, candidates, TOP, votes)
}

/// As [`tally`], with this highest grade where the method has any.
pub fn graded(method: Method, candidates: &[Uuid], max_grade: u8, votes: &Votes) -> Count {
    let max_grade = method.has_grades().then_some(max_grade);
    count(
        &Paper::new(method, candidates.iter().copied(), max_grade).unwrap(),
        votes,
    )
}

/// The strongest vote for this candidate and for nobody else.
pub fn vote_for(method: Method, candidate: Uuid) -> Choice {
    match method {
        Method::Plurality => Choice::Candidate(candidate),
        Method::Approval => Choice::Candidates([candidate].into()),
        Method::InstantRunoff | Method::Schulze | Method::Borda => Choice::Ranking(vec![[candidate].into()]),
        Method::Score | Method::MajorityJudgment => Choice::Grades([(candidate, TOP)].into()),
    }
}

/// A few voters of any mind, so that ties and cycles are common.
pub fn any_votes(method: Method, n: u128) -> BoxedStrategy<Votes> {
    prop::collection::btree_map(any_choice(method, n), 1..4_u64, 0..8).boxed()
}

pub fn any_election(n: u128) -> impl Strategy<Value = (Method, Votes)> {
    let method = prop::sample::select(&Method::ALL[..]);
    method.prop_flat_map(move |method| (Just(method), any_votes(method, n)))
}

fn any_choice(method: Method, n: u128) -> BoxedStrategy<Choice> {
    let some = prop::sample::subsequence(candidates(n), 1..=n as usize);
    let chosen = match method {
        Method::Plurality => some.prop_map(|ids| Choice::Candidate(ids[0])).boxed(),
        Method::Approval => some
            .prop_map(|ids| Choice::Candidates(ids.into_iter().collect()))
            .boxed(),
        Method::InstantRunoff => {
            let alone = |id| BTreeSet::from([id]);
            let strict = some.prop_shuffle();
            strict
                .prop_map(move |ids| Choice::Ranking(ids.into_iter().map(alone).collect()))
                .boxed()
        }
        Method::Schulze | Method::Borda => {
            let ranks = prop::collection::vec(0..n, n as usize);
            (some, ranks).prop_map(|(ids, ranks)| grouped(ids, ranks)).boxed()
        }
        Method::Score | Method::MajorityJudgment => {
            let grades = prop::collection::vec(0..=TOP, n as usize);
            (some, grades)
                .prop_map(|(ids, grades)| Choice::Grades(ids.into_iter().zip(grades).collect()))
                .boxed()
        }
    };
    prop_oneof![1 => Just(Choice::Blank), 12 => chosen].boxed()
}

fn grouped(ids: Vec<Uuid>, ranks: Vec<u128>) -> Choice {
    let mut groups: BTreeMap<u128, BTreeSet<Uuid>> = BTreeMap::new();
    for (id, rank) in ids.into_iter().zip(ranks) {
        groups.entry(rank).or_default().insert(id);
    }
    Choice::Ranking(groups.into_values().collect())
}

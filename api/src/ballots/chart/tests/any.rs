//! Whatever was counted, whatever it is called: the chart is sound and the table square.

use proptest::collection::vec;
use proptest::prelude::*;
use uuid::Uuid;

use super::reading::check;
use super::samples::{bars, by_hand, counted, stacked};
use crate::ballots::chart::figures::Ratio;
use crate::ballots::chart::model::{
    Bar, Bars, Candidate, Chart, Drawing, Grades, Median, Pairs, Round, Rounds, Stacked, Unit,
};
use crate::ballots::counting::testing::{any_election, candidates, tally};
use crate::http::Language;

const MOST: usize = 5;

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,40}",
        "[a-z<>&\"' é]{1,200}",
        "[W]{1,80}",
        any::<String>(),
        "[\u{5d0}-\u{5ea}\u{7ca}-\u{7ea} ]{1,60}",
    ]
}

/// Up to far more votes than there are people.
fn any_figure() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0_u64..5, 2 => 0_u64..100_000, 1 => 0..100_000_000_000_000_u64]
}

fn any_ratio() -> impl Strategy<Value = Ratio> {
    let denominator = prop_oneof![Just(1_u64), 0_u64..100, any_figure()];
    (any_figure(), denominator).prop_map(|(numerator, denominator)| Ratio::new(numerator, denominator))
}

fn any_drawing() -> impl Strategy<Value = Drawing> {
    let unit = prop_oneof![
        Just(Unit::Votes),
        Just(Unit::Approvals),
        Just(Unit::Points),
        any_figure().prop_map(|best| Unit::Mean { best }),
    ];
    let bars = (unit, vec(any_ratio(), 0..=MOST)).prop_map(|(unit, values)| {
        let bars = values
            .into_iter()
            .zip(0..)
            .map(|(value, candidate)| Bar { candidate, value });
        let bars = bars.collect();
        Drawing::Bars(Bars { unit, bars })
    });
    let places = || prop::sample::subsequence((0..MOST).collect::<Vec<_>>(), 0..=MOST);
    let round = (vec((0..MOST, any_figure()), 0..=MOST), any_figure(), places());
    let rounds = vec(round, 0..20).prop_map(|rounds| {
        let rounds = (1..).zip(rounds).map(|(number, (votes, exhausted, leaving))| Round {
            number,
            votes,
            exhausted,
            leaving,
            transfers: vec![(Some(0), exhausted), (None, exhausted)],
            tie: None,
        });
        let rounds = rounds.collect();
        Drawing::Rounds(Rounds { rounds })
    });
    let pairs =
        (places().prop_shuffle(), vec(vec(any_figure(), 0..=MOST), 0..=MOST)).prop_map(|(candidates, preferring)| {
            Drawing::Pairs(Pairs {
                order: candidates.chunks(2).map(<[usize]>::to_vec).collect(),
                candidates,
                chains: preferring.clone(),
                preferring,
            })
        });
    let rows = vec((vec(any_figure(), 0..9), prop::option::of(0_usize..9)), 0..=MOST);
    let stacked = (vec(any_name(), 0..8), rows).prop_map(|(grades, rows)| {
        let rows = rows.into_iter().zip(0..).map(|((votes, median), candidate)| Grades {
            candidate,
            missing: votes.first().copied().unwrap_or(0),
            votes,
            median: median.map(|grade| Median {
                grade,
                plus: grade % 2 == 0,
            }),
        });
        let rows = rows.collect();
        Drawing::Stacked(Stacked {
            grades,
            rows,
            told_apart: Vec::new(),
        })
    });
    prop_oneof![bars, rounds, pairs, stacked]
}

/// Gives the chart these names, and checks all that comes of it.
fn sound(mut chart: Chart, names: Vec<String>, pictured: bool, french: bool) {
    chart.language = if french { Language::Fr } else { Language::En };
    chart.question = names.join(" ? ");
    chart.notes = names.iter().take(1).cloned().collect();
    chart.warnings = names.iter().skip(1).take(1).cloned().collect();
    for (candidate, name) in chart.candidates.iter_mut().zip(names) {
        candidate.name = name;
        candidate.picture = pictured.then(|| vec![0; 7]);
    }
    check(&chart.svg());
    let table = chart.table();
    assert!(table.lines.iter().all(|line| line.len() == table.header.len()));
}

proptest! {
    #[test]
    fn any_count_makes_a_sound_chart(
        (method, votes) in any_election(4),
        names in vec(any_name(), 4),
        pictured: bool,
        french: bool,
    ) {
        let ids = candidates(4);
        let named = ids.iter().map(|id| Candidate { id: *id, name: String::new(), picture: None });
        sound(counted(&tally(method, &ids, &votes), named.collect()), names, pictured, french);
    }

    #[test]
    fn any_figures_make_a_sound_chart(
        drawing in any_drawing(),
        winners in prop::sample::subsequence((0..MOST).collect::<Vec<_>>(), 0..=MOST),
        turnout in [any_figure(), any_figure(), any_figure(), any_figure()],
        names in vec(any_name(), MOST),
        pictured: bool,
        french: bool,
    ) {
        let mut chart = by_hand(drawing, &[""; MOST], &winners, 1);
        [chart.turnout.roll, chart.turnout.votes, chart.turnout.blanks, chart.turnout.valid] = turnout;
        chart.id = Uuid::from_u128(u128::from(turnout[0]));
        sound(chart, names, pictured, french);
    }
}

#[test]
fn the_greatest_figures_are_drawn_too() {
    const MOST: u64 = u64::MAX;
    let rounds = Rounds {
        rounds: vec![Round {
            number: u32::MAX,
            votes: vec![(0, MOST), (1, MOST)],
            exhausted: MOST,
            leaving: vec![1],
            transfers: vec![(None, MOST)],
            tie: None,
        }],
    };
    let pairs = Pairs {
        candidates: vec![0, 1],
        preferring: vec![vec![0, MOST], vec![MOST, 0]],
        chains: vec![vec![0, MOST], vec![MOST, 0]],
        order: vec![vec![0, 1]],
    };
    for drawing in [
        bars(Unit::Votes, &[(MOST, 1), (MOST, 1)]),
        bars(Unit::Points, &[(MOST, MOST - 1), (1, MOST)]),
        stacked(&["Bien", "Mal"], &[(&[MOST, MOST], 0), (&[1, MOST], 1)]),
        Drawing::Rounds(rounds),
        Drawing::Pairs(pairs),
    ] {
        let mut chart = by_hand(drawing, &["Arbre", "Kora"], &[0], 1);
        [
            chart.turnout.roll,
            chart.turnout.votes,
            chart.turnout.blanks,
            chart.turnout.valid,
        ] = [MOST; 4];
        roxmltree::Document::parse(&chart.svg()).unwrap();
        assert!(!chart.table().lines.is_empty());
    }
}

//! What is drawn where, and how much of it.

use roxmltree::{Document, Node};

use super::reading::{check, description, named, number, parts, texts};
use super::samples::*;
use crate::ballots::chart::model::{Chart, Unit};
use crate::ballots::chart::page::{ROOM, ink};
use crate::ballots::chart::stacked::Shade;
use crate::ballots::choice::Method;
use crate::ballots::counting::testing::{TENNESSEE, tally};
use crate::http::Language;

/// Lengths of the bar of each part with one of these words, in their order.
fn lengths(document: &Document, words: &[&str]) -> Vec<f64> {
    let bar = |word: &&str| {
        let part = parts(document, word)[0];
        let rects = named(part, "rect").filter(|rect| number(*rect, "height") > 12.5 && rect.attribute("rx").is_none());
        rects
            .filter(|rect| rect.attribute("fill") != Some(ink::LINE))
            .map(|rect| number(rect, "width"))
            .sum()
    };
    words.iter().map(bar).collect()
}

fn assert_proportional(lengths: &[f64], values: &[f64]) {
    let unit = lengths[0] / values[0];
    for (length, value) in lengths.iter().zip(values) {
        assert!((length - value * unit).abs() < 0.02, "{lengths:?} for {values:?}");
    }
}

#[test]
fn bars_are_as_long_as_votes_are_many_and_the_longest_comes_first() {
    let svg = plurality(&[5, 22, 0, 11], 1, &LOGOS).svg();
    let document = Document::parse(&svg).unwrap();
    let lengths = lengths(&document, &["Kora", "Baobab", "L'arbre", "Delta"]);
    assert_proportional(&lengths, &[22.0, 11.0, 5.0, 0.0]);
    assert!(
        (lengths[0] - f64::from(ROOM)).abs() < 0.02,
        "the greatest takes the whole room"
    );
    let tops: Vec<f64> = ["Kora", "Baobab", "L'arbre", "Delta"]
        .iter()
        .map(|name| number(named(parts(&document, name)[0], "rect").next().unwrap(), "y"))
        .collect();
    assert!(tops.is_sorted(), "{tops:?}");
    let shown = texts(parts(&document, "Kora")[0]);
    assert_eq!(shown, ["Choix retenu", "Kora", "22\u{a0}voix · 57,9\u{202f}%"]);
}

#[test]
fn pictures_are_carried_along_and_leave_the_bars_comparable() {
    let mut chart = plurality(&[22, 11], 0, &LOGOS);
    chart.candidates[0].picture = Some(b"\x89PNG a picture".to_vec());
    let svg = chart.svg();
    check(&svg);
    let document = Document::parse(&svg).unwrap();
    let pictures: Vec<Node> = named(document.root_element(), "image").collect();
    assert_eq!(pictures.len(), 1, "one of the two has one");
    assert_eq!(
        pictures[0].attribute("href"),
        Some("data:image/png;base64,iVBORyBhIHBpY3R1cmU=")
    );
    assert_proportional(&lengths(&document, &["L'arbre", "Kora"]), &[22.0, 11.0]);
}

#[test]
fn winners_have_a_sign_a_word_and_weight() {
    for (votes, signs, word) in [
        (&[22, 17, 5][..], 1, "Choix retenu"),
        (&[17, 17, 5], 2, "À égalité"),
        (&[0, 0, 0], 0, "-"),
    ] {
        let svg = plurality(votes, 2, &LOGOS).svg();
        let document = Document::parse(&svg).unwrap();
        let root = document.root_element();
        assert_eq!(named(root, "path").count(), signs);
        assert_eq!(texts(root).iter().filter(|text| *text == word).count(), signs);
        for name in ["L'arbre", "Kora", "Delta"] {
            let part = parts(&document, name)[0];
            let won = named(part, "path").count() == 1;
            let name = named(part, "text").find(|text| text.text().is_some_and(|text| text.starts_with(name)));
            let weight = name.unwrap().attribute("font-weight");
            assert_eq!(weight, Some(if won { "bold" } else { "normal" }));
        }
    }
}

#[test]
fn means_are_drawn_on_the_scale_of_the_grades() {
    let chart = by_hand(bars(Unit::Mean { best: 5 }, &[(5, 2), (15, 4)]), &LOGOS, &[1], 4);
    let svg = chart.svg();
    let document = Document::parse(&svg).unwrap();
    let room = f64::from(ROOM);
    let lengths = lengths(&document, &["L'arbre", "Kora"]);
    assert!((lengths[0] - room / 2.0).abs() < 0.02 && (lengths[1] - room * 0.75).abs() < 0.02);
    assert!(texts(document.root_element()).contains(&"3,75 sur 5 · 4\u{a0}notes".to_owned()));
}

#[test]
fn rounds_show_who_has_what_and_who_leaves() {
    let capitals = ["Memphis", "Nashville", "Chattanooga", "Knoxville"];
    let svg = ranked(Method::InstantRunoff, TENNESSEE, &capitals).svg();
    check(&svg);
    let document = Document::parse(&svg).unwrap();
    let row = |name| texts(parts(&document, name)[0]);
    assert_eq!(row("Knoxville"), ["Knoxville", "17", "32", "58"]);
    assert_eq!(row("Memphis"), ["Memphis", "42", "42", "42"]);
    assert_eq!(row("Nashville"), ["Nashville", "26", "26", "sort"]);
    assert_eq!(row("Chattanooga"), ["Chattanooga", "15", "sort"]);
    let order: Vec<String> = super::reading::titles(&document);
    assert_eq!(order, ["Knoxville", "Memphis", "Nashville", "Chattanooga"]);
    // The sign of the winner stands in the last round only.
    assert_eq!(named(document.root_element(), "path").count(), 1);
    let said = texts(document.root_element()).join("\n");
    for words in [
        "Tour 1\u{a0}: «\u{a0}Chattanooga\u{a0}» sort\u{a0}; reports\u{a0}: 15 pour «\u{a0}Knoxville\u{a0}».",
        "Tour 3\u{a0}: «\u{a0}Knoxville\u{a0}» a 58\u{a0}voix sur 100, plus de la moitié.",
        "Épuisés",
        "51",
    ] {
        assert!(said.contains(words), "{words} in {said}");
    }
    let bars: Vec<f64> = named(parts(&document, "Knoxville")[0], "rect")
        .filter(|rect| (number(*rect, "height") - 7.0).abs() < 0.1)
        .map(|rect| number(rect, "width"))
        .collect();
    assert_proportional(&bars, &[17.0, 32.0, 58.0]);
}

#[test]
fn of_many_rounds_the_last_are_drawn_and_the_others_pointed_to() {
    let names: Vec<String> = (0..30)
        .map(|number| format!("{}{number}", char::from(b'A' + number)))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let rankings: Vec<String> = names
        .iter()
        .enumerate()
        .map(|(place, name)| format!("{} {}", 1_u64 << place, name.chars().next().unwrap()))
        .collect();
    let mut chart = ranked(Method::InstantRunoff, &rankings.join("\n"), &names);
    // With powers of two all leave at once: put rounds in their place where one leaves each time.
    let crate::ballots::chart::model::Drawing::Rounds(rounds) = &mut chart.drawing else {
        panic!("rounds");
    };
    rounds.rounds = (0..29_usize)
        .map(|gone| crate::ballots::chart::model::Round {
            number: u32::try_from(gone).unwrap() + 1,
            votes: (gone..30).map(|place| (place, place as u64 + 7)).collect(),
            exhausted: 3,
            leaving: vec![gone],
            transfers: vec![(None, 7)],
            tie: None,
        })
        .collect();
    let svg = chart.svg();
    check(&svg);
    let document = Document::parse(&svg).unwrap();
    let shown = texts(document.root_element());
    assert!(shown.contains(&"Tour 29".to_owned()) && shown.contains(&"Tour 18".to_owned()));
    assert!(!shown.contains(&"Tour 17".to_owned()));
    assert!(shown.iter().any(|text| text.contains("Voici les 12 derniers tours")));
    assert_eq!(
        chart.table().lines.len(),
        (2..=30).sum::<usize>(),
        "the table has them all"
    );
}

#[test]
fn a_victory_of_a_pair_is_told_by_frame_and_weight() {
    let capitals = ["Memphis", "Nashville", "Chattanooga", "Knoxville"];
    let svg = ranked(Method::Schulze, TENNESSEE, &capitals).svg();
    check(&svg);
    let document = Document::parse(&svg).unwrap();
    // Once in the order, once in the table.
    let rows = parts(&document, "Chattanooga");
    assert_eq!(texts(rows[0]), ["B", "Chattanooga", "2."]);
    let cells: Vec<(String, bool)> = named(rows[1], "text")
        .filter(|text| text.attribute("text-anchor") == Some("middle"))
        .map(|text| {
            (
                text.text().unwrap().to_owned(),
                text.attribute("font-weight") == Some("bold"),
            )
        })
        .collect();
    let expected = [("32", false), ("83", true), ("58", true)];
    assert_eq!(cells, expected.map(|(votes, wins)| (votes.to_owned(), wins)));
    let frames: Vec<Option<&str>> = named(rows[1], "rect")
        .map(|rect| rect.attribute("stroke-width"))
        .collect();
    assert_eq!(frames, [Some("1"), Some("1"), Some("2"), Some("2")]);
}

#[test]
fn even_pairs_have_a_broken_frame_and_ranks_are_shared() {
    let svg = ranked(
        Method::Schulze,
        "5 A B\n 5 B A\n 1 A=B C",
        &["Arbre", "Baobab", "Citron"],
    )
    .svg();
    let document = Document::parse(&svg).unwrap();
    let rows = parts(&document, "Arbre");
    assert_eq!(texts(rows[0]), ["A", "Arbre", "1. ex æquo"].map(str::to_owned));
    let broken = |part| {
        named(part, "rect")
            .filter(|rect| rect.attribute("stroke-dasharray") == Some("3 2"))
            .count()
    };
    assert_eq!((broken(rows[1]), broken(parts(&document, "Citron")[1])), (1, 0));
}

#[test]
fn chains_are_drawn_where_the_pairs_leave_the_order_open() {
    let names = ["Arbre", "Baobab", "Citron"];
    for (rankings, tables) in [
        ("5 A B C\n 4 B A C", 1),
        ("1 A=B C", 1),
        // A circle; and a tie of two of whom one beats the other.
        ("5 A B C\n 4 B C A\n 3 C A B", 2),
        ("2 A B C\n 2 B C A\n 2 C A B", 2),
    ] {
        let svg = ranked(Method::Schulze, rankings, &names).svg();
        check(&svg);
        let document = Document::parse(&svg).unwrap();
        // Its line of the order, and a row of each table.
        assert_eq!(parts(&document, "Baobab").len(), 1 + tables, "{rankings}");
    }
    let svg = ranked(Method::Schulze, "5 A B C\n 4 B C A\n 3 C A B", &names).svg();
    let document = Document::parse(&svg).unwrap();
    let rows = parts(&document, "Citron");
    assert_eq!(texts(rows[1])[2..], ["7", "3"].map(str::to_owned));
    assert_eq!(texts(rows[2])[2..], ["7", "7"].map(str::to_owned));
}

#[test]
fn stacks_are_cut_in_proportion_and_the_median_is_framed() {
    let grades = ["Bien", "Passable", "À rejeter"];
    let chart = by_hand(
        stacked(&grades, &[(&[10, 20, 10], 1), (&[0, 30, 10], 1)]),
        &LOGOS,
        &[0],
        40,
    );
    let svg = chart.svg();
    check(&svg);
    let document = Document::parse(&svg).unwrap();
    let room = f64::from(ROOM);
    for (name, shares) in [("L'arbre", vec![0.25, 0.5, 0.25]), ("Kora", vec![0.75, 0.25])] {
        let part = parts(&document, name)[0];
        let filled = named(part, "rect").filter(|rect| (number(*rect, "height") - 24.0).abs() < 0.1);
        let (frames, segments): (Vec<Node>, Vec<Node>) =
            filled.partition(|rect| rect.attribute("fill") == Some("none"));
        let frames: Vec<Node> = frames
            .into_iter()
            .filter(|rect| rect.attribute("stroke-width") == Some("2"))
            .collect();
        let lengths: Vec<f64> = segments.iter().map(|rect| number(*rect, "width") / room).collect();
        assert_eq!(lengths.len(), shares.len());
        for (length, share) in lengths.iter().zip(&shares) {
            assert!((length - share).abs() < 0.001, "{lengths:?}");
        }
        let widest = segments.iter().map(|rect| number(*rect, "width")).fold(0.0, f64::max);
        assert!(frames.len() == 1 && (number(frames[0], "width") - widest).abs() < 0.01);
        assert!(texts(part).contains(&format!(
            "Passable\u{a0}+ · {}\u{a0}au-dessus",
            if name == "Kora" { 0 } else { 10 }
        )));
    }
    let said = description(&document);
    assert!(
        said.contains("note médiane Passable\u{a0}+ (10\u{a0}au-dessus), note Bien\u{a0}: 10, note Passable\u{a0}: 20"),
        "{said}"
    );
}

/// WCAG 2.2, relative luminance and contrast ratio.
fn contrast(one: &str, other: &str) -> f64 {
    let luminance = |colour: &str| {
        let part = |from| f64::from(u8::from_str_radix(colour.get(from..from + 2).unwrap(), 16).unwrap()) / 255.0;
        let linear = |c: f64| {
            if c <= 0.04045 {
                c / 12.92
            } else {
                ((c + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(part(1)) + 0.7152 * linear(part(3)) + 0.0722 * linear(part(5))
    };
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn texts_and_bars_stand_out() {
    for text in [ink::TEXT, ink::SOFT, ink::STRONG] {
        for ground in [ink::PAPER, ink::TINT] {
            assert!(contrast(text, ground) >= 4.5, "{text} on {ground}");
        }
    }
    for shape in [ink::STRONG, ink::PLAIN, ink::LINE] {
        assert!(contrast(shape, ink::PAPER) >= 3.0, "{shape}");
    }
    assert!(contrast(ink::STRONG, ink::PLAIN) >= 2.5, "winners are darker");
    for grades in 1..=30 {
        let names: Vec<String> = (0..grades).map(|grade| grade.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let crate::ballots::chart::model::Drawing::Stacked(stacked) = stacked(&names, &[]) else {
            panic!("stacked");
        };
        for grade in 0..grades {
            let shade: Shade = stacked.shade(grade);
            let ratio = contrast(shade.text(), &shade.ground());
            assert!(ratio >= 4.5, "{ratio} on {} of {grades}", shade.ground());
        }
    }
}

#[test]
fn two_candidates_and_two_hundred_keep_to_the_page() {
    let names: Vec<String> = (0..200)
        .map(|number| format!("Candidat {number} & « compagnie » <de longue durée>"))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let votes: Vec<u64> = (0..200).map(|number| number * number).collect();
    check(&plurality(&[1, 2], 0, &names).svg());
    let svg = plurality(&votes, 7, &names).svg();
    check(&svg);
    assert!(svg.len() < 300_000, "{}", svg.len());
    let ranking = |method| {
        let candidates = candidates(names.iter().copied());
        let ids: Vec<_> = candidates.iter().map(|candidate| candidate.id).collect();
        let choice = |from: usize| {
            let groups = ids.iter().cycle().skip(from).take(120).map(|id| [*id].into());
            (
                crate::ballots::choice::Choice::Ranking(groups.collect()),
                from as u64 % 7 + 1,
            )
        };
        let votes = (0..200).map(choice).collect();
        counted(&tally(method, &ids, &votes), candidates)
    };
    for method in [Method::InstantRunoff, Method::Schulze] {
        let chart = ranking(method);
        let svg = chart.svg();
        check(&svg);
        assert!(svg.len() < 1_500_000, "{method:?}: {}", svg.len());
    }
}

#[test]
fn notes_stand_under_the_chart() {
    let with = |notes: Vec<String>| Chart {
        notes,
        language: Language::En,
        ..plurality(&[2, 1], 0, &LOGOS)
    };
    let note = "The quorum of 10 was not reached.";
    let svg = with(vec![note.to_owned()]).svg();
    check(&svg);
    let document = Document::parse(&svg).unwrap();
    assert_eq!(texts(document.root_element()).last().map(String::as_str), Some(note));
    assert!(description(&document).ends_with(note));
    assert!(!with(Vec::new()).svg().contains("quorum"));
}

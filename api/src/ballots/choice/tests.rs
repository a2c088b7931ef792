//! Choices read, refused and written back.

#![expect(
    clippy::needless_pass_by_value,
    reason = "a list of `json!(…)` reads better without ampersands"
)]

use super::*;
use proptest::prelude::*;

const A: Uuid = Uuid::from_u128(0x0a);
const B: Uuid = Uuid::from_u128(0x0b);
const C: Uuid = Uuid::from_u128(0x0c);

fn paper(method: Method, candidates: impl IntoIterator<Item = Uuid>, max_grade: u8) -> Paper {
    Paper::new(method, candidates, method.has_grades().then_some(max_grade)).unwrap()
}

fn parse(method: Method, value: Value) -> Result<Choice, Vec<ChoiceFault>> {
    Choice::parse(&paper(method, [A, B, C], 5), &value)
}

fn faults(method: Method, value: Value) -> Vec<(String, &'static str)> {
    let faults = parse(method, value).unwrap_err();
    faults.into_iter().map(|f| (f.pointer, f.code)).collect()
}

#[track_caller]
fn refused(method: Method, value: Value, expected: &[(&str, &str)]) {
    let found = faults(method, value);
    let found: Vec<_> = found.iter().map(|(p, c)| (p.as_str(), *c)).collect();
    assert_eq!(found, expected);
    assert!(found.iter().all(|(_, code)| ChoiceFault::CODES.contains(code)));
}

#[test]
fn methods_have_one_name_everywhere() {
    for method in Method::ALL {
        assert_eq!(method.as_str().parse(), Ok(method));
        assert_eq!(json!(method), json!(method.as_str()));
        assert_eq!(serde_json::from_value::<Method>(json!(method)).unwrap(), method);
    }
    assert_eq!("Schulze".parse::<Method>(), Err(UnknownMethod));
}

#[test]
fn each_method_has_its_form_and_one_canonical_text() {
    let upper = C.to_string().to_uppercase();
    let canonical = |method, value| parse(method, value).unwrap().canonical();
    assert_eq!(
        canonical(Method::Plurality, json!({ "candidate": upper })),
        r#"{"candidate":"00000000-0000-0000-0000-00000000000c"}"#
    );
    assert_eq!(
        canonical(Method::Approval, json!({ "candidates": [B, A] })),
        r#"{"candidates":["00000000-0000-0000-0000-00000000000a","00000000-0000-0000-0000-00000000000b"]}"#
    );
    assert_eq!(
        canonical(Method::Schulze, json!({ "ranking": [[upper, A], [B]] })),
        r#"{"ranking":[["00000000-0000-0000-0000-00000000000a","00000000-0000-0000-0000-00000000000c"],["00000000-0000-0000-0000-00000000000b"]]}"#
    );
    for method in [Method::Score, Method::MajorityJudgment] {
        assert_eq!(
            canonical(method, json!({ "grades": { upper.clone(): 0, A.to_string(): 5 } })),
            r#"{"grades":{"00000000-0000-0000-0000-00000000000a":5,"00000000-0000-0000-0000-00000000000c":0}}"#
        );
    }
    for method in Method::ALL {
        assert_eq!(canonical(method, json!({ "blank": true })), r#"{"blank":true}"#);
    }
    assert!(parse(Method::Borda, json!({ "ranking": [[B, C], [A]] })).is_ok());
    assert!(parse(Method::InstantRunoff, json!({ "ranking": [[B], [A]] })).is_ok());
}

#[test]
fn blank_is_exactly_blank() {
    let p = Method::Plurality;
    refused(p, json!({ "blank": false }), &[("/blank", "must_be_true")]);
    refused(p, json!({ "blank": "true" }), &[("/blank", "wrong_type")]);
    refused(p, json!({ "blank": null, "candidate": A }), &[("/blank", "wrong_type")]);
    refused(
        p,
        json!({ "blank": true, "candidate": A }),
        &[("/candidate", "not_with_blank")],
    );
    refused(p, json!({ "blank": true, "note": 1 }), &[("/note", "unknown_field")]);
}

#[test]
fn what_front_ends_get_wrong_is_named_where_it_is() {
    use Method::*;
    refused(Plurality, json!(A), &[("", "wrong_type")]);
    refused(Plurality, json!(null), &[("", "wrong_type")]);
    refused(Plurality, json!({}), &[("/candidate", "required")]);
    refused(Plurality, json!({ "candidate": null }), &[("/candidate", "wrong_type")]);
    refused(Plurality, json!({ "candidate": 1 }), &[("/candidate", "wrong_type")]);
    refused(Plurality, json!({ "candidate": [A] }), &[("/candidate", "wrong_type")]);
    refused(
        Plurality,
        json!({ "candidate": "Swirl" }),
        &[("/candidate", "not_a_uuid")],
    );
    let plain = A.simple().to_string();
    refused(
        Plurality,
        json!({ "candidate": plain }),
        &[("/candidate", "not_a_uuid")],
    );
    let other = Uuid::max();
    refused(
        Plurality,
        json!({ "candidate": other }),
        &[("/candidate", "unknown_candidate")],
    );
    // The form of another method, and the whole body where the choice belongs.
    let other_form = [("/candidate", "unknown_field"), ("/candidates", "required")];
    refused(Approval, json!({ "candidate": A }), &other_form);
    let body = json!({ "choice": { "candidate": A }, "a/b~c": 1 });
    let nested = [("/a~1b~0c", "unknown_field"), ("/choice", "unknown_field")];
    refused(Plurality, body, &[nested[0], nested[1], ("/candidate", "required")]);

    refused(Approval, json!({ "candidates": [] }), &[("/candidates", "empty")]);
    refused(Approval, json!({ "candidates": A }), &[("/candidates", "wrong_type")]);
    let twice = json!({ "candidates": [C, B, C.to_string().to_uppercase()] });
    refused(Approval, twice, &[("/candidates/2", "duplicate")]);

    let flat = [("/ranking/0", "wrong_type"), ("/ranking/1", "wrong_type")];
    refused(Schulze, json!({ "ranking": [A, B] }), &flat);
    refused(Schulze, json!({ "ranking": [] }), &[("/ranking", "empty")]);
    refused(Schulze, json!({ "ranking": [[A], []] }), &[("/ranking/1", "empty")]);
    refused(
        Schulze,
        json!({ "ranking": [[A], [B, A]] }),
        &[("/ranking/1/1", "duplicate")],
    );
    refused(
        InstantRunoff,
        json!({ "ranking": [[C], [A, B]] }),
        &[("/ranking/1", "ties_not_allowed")],
    );
}

#[test]
fn a_grade_is_an_integer_of_the_scale_for_a_candidate() {
    let at = |id: Uuid| format!("/grades/{id}");
    for method in [Method::Score, Method::MajorityJudgment] {
        let grades = |grades: Value| json!({ "grades": grades });
        let with = |grade: Value| grades(json!({ A.to_string(): grade }));
        refused(method, grades(json!({})), &[("/grades", "empty")]);
        refused(method, grades(json!([A])), &[("/grades", "wrong_type")]);
        refused(method, json!({}), &[("/grades", "required")]);
        refused(
            method,
            json!({ "ranking": [[A]] }),
            &[("/ranking", "unknown_field"), ("/grades", "required")],
        );
        for wrong in [json!(6), json!(-1), json!(5.0), json!(0.5), json!(u64::MAX), json!(256)] {
            refused(method, with(wrong), &[(&at(A), "not_a_grade")]);
        }
        for wrong in [json!("3"), json!(null), json!(true), json!([3])] {
            refused(method, with(wrong), &[(&at(A), "wrong_type")]);
        }
        let stranger = Uuid::max();
        refused(
            method,
            grades(json!({ stranger.to_string(): 1 })),
            &[(&at(stranger), "unknown_candidate")],
        );
        refused(
            method,
            grades(json!({ "a/b~c": 1 })),
            &[("/grades/a~1b~0c", "not_a_uuid")],
        );
        // Two spellings of one candidate, even with one grade.
        let upper = C.to_string().to_uppercase();
        let twice = faults(method, grades(json!({ C.to_string(): 1, upper: 1 })));
        assert_eq!(twice.iter().map(|(_, code)| *code).collect::<Vec<_>>(), ["duplicate"]);
        // One answer tells all.
        let many = json!({ A.to_string(): 9, B.to_string(): "1", "?": 1.5 });
        let mut found = faults(method, grades(many));
        found.sort();
        let expected = [
            (at(A), "not_a_grade"),
            (at(B), "wrong_type"),
            ("/grades/?".to_owned(), "not_a_grade"),
            ("/grades/?".to_owned(), "not_a_uuid"),
        ];
        assert_eq!(found, expected);
    }
    // The scale is the ballot's.
    let ten = |max_grade| {
        Choice::parse(
            &paper(Method::Score, [A], max_grade),
            &json!({ "grades": { A.to_string(): 10 } }),
        )
    };
    assert!(ten(9).is_err() && ten(10).is_ok());
}

#[test]
fn faults_are_many_but_not_endless() {
    let long = faults(Method::Approval, json!({ "candidates": vec![0; 1000] }));
    assert_eq!(long.len(), MOST_FAULTS);
}

#[test]
fn only_the_canonical_text_leads_back() {
    let read = |text: &str| Choice::from_canonical(text, &paper(Method::Plurality, [A, B, C], 5));
    let text = Choice::Candidate(C).canonical();
    assert_eq!(read(&text), Ok(Choice::Candidate(C)));
    let twice = text.replace('{', &format!("{{\"candidate\":\"{A}\","));
    for other in [
        text.to_uppercase().replace("CANDIDATE", "candidate"),
        format!("{text} "),
        twice,
    ] {
        assert_eq!(read(&other), Err(vec![ChoiceFault::new("", "not_canonical")]));
    }
    let graded = |text: &str| Choice::from_canonical(text, &paper(Method::Score, [A, B, C], 5));
    let text = Choice::Grades([(A, 1), (C, 2)].into()).canonical();
    assert!(graded(&text).is_ok());
    let (a, c) = (format!("\"{A}\":1"), format!("\"{C}\":2"));
    for other in [
        format!("{{\"grades\":{{{c},{a}}}}}"),
        text.replace(":1,", ":1, "),
        text.replace(&a, &format!("{a},{a}")),
    ] {
        assert_eq!(
            graded(&other),
            Err(vec![ChoiceFault::new("", "not_canonical")]),
            "{other}"
        );
    }
    assert!(graded(&text.replace(":1,", ":1.0,")).is_err());
    assert_eq!(read("{"), Err(vec![ChoiceFault::new("", "malformed")]));
}

/// Choices of every form, well made or not, over candidates 0..n; `n` itself is a stranger.
fn any_choice(n: u128) -> impl Strategy<Value = Choice> {
    let id = || (0..=n).prop_map(Uuid::from_u128);
    let set = || prop::collection::btree_set(id(), 0..4);
    prop_oneof![
        Just(Choice::Blank),
        id().prop_map(Choice::Candidate),
        set().prop_map(Choice::Candidates),
        prop::collection::vec(set(), 0..4).prop_map(Choice::Ranking),
        prop::sample::subsequence((0..n).collect::<Vec<_>>(), 0..=n as usize)
            .prop_shuffle()
            .prop_map(|ids| Choice::Ranking(
                ids.into_iter()
                    .map(|id| BTreeSet::from([Uuid::from_u128(id)]))
                    .collect()
            )),
        prop::collection::btree_map(id(), 0..12_u8, 0..4).prop_map(Choice::Grades),
    ]
}

proptest! {
    #[test]
    fn what_suits_is_what_can_be_read_and_is_never_too_long(
        choice in any_choice(6),
        method in prop::sample::select(&Method::ALL[..]),
        max_grade in 1..12_u8,
    ) {
        let paper = paper(method, (0..6).map(Uuid::from_u128), max_grade);
        let read = Choice::from_canonical(&choice.canonical(), &paper);
        prop_assert_eq!(choice.suits(&paper), read.is_ok());
        match read {
            Ok(read) => {
                prop_assert!(read.canonical().len() <= paper.longest());
                prop_assert_eq!(read, choice);
            }
            Err(faults) => prop_assert!(!faults.is_empty()),
        }
    }

    #[test]
    fn naming_everyone_attains_the_longest(
        ids in prop::collection::btree_set(any::<u128>(), 0..20),
        max_grade in 1..=100_u8,
    ) {
        let ids: BTreeSet<_> = ids.into_iter().map(Uuid::from_u128).collect();
        for method in Method::ALL {
            let paper = paper(method, ids.iter().copied(), max_grade);
            let highest: BTreeMap<_, _> = ids.iter().map(|id| (id, max_grade)).collect();
            let fullest = match (method, ids.first()) {
                (_, None) => json!({ "blank": true }),
                (Method::Plurality, Some(id)) => json!({ "candidate": id }),
                (Method::Approval, _) => json!({ "candidates": ids }),
                (Method::Score | Method::MajorityJudgment, _) => json!({ "grades": highest }),
                _ => json!({ "ranking": ids.iter().map(|id| [id]).collect::<Vec<_>>() }),
            };
            let choice = Choice::parse(&paper, &fullest).unwrap();
            prop_assert_eq!(choice.canonical().len(), paper.longest());
        }
    }
}

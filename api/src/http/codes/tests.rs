//! Every code that the source names has words, finished and in both languages.

use std::collections::BTreeSet;
use std::path::Path;

use super::*;

/// `{names}` of a text.
fn parameters(text: &str) -> BTreeSet<&str> {
    text.split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name)
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
        .collect()
}

#[test]
fn both_languages_say_the_same() {
    let same = |what: &str, fr: &str, en: &str| {
        assert!(!fr.is_empty() && !en.is_empty(), "{what} has no words");
        assert_eq!(parameters(fr), parameters(en), "{what} speaks of different things");
    };
    for code in Code::ALL {
        let ((title_fr, detail_fr), (title_en, detail_en)) = (code.words(Language::Fr), code.words(Language::En));
        same(code.as_str(), title_fr, title_en);
        same(code.as_str(), detail_fr, detail_en);
        assert_ne!(detail_fr, detail_en, "{} is not translated", code.as_str());
    }
    for (code, fr, en) in every_fault() {
        same(code, fr, en);
        assert_ne!(fr, en, "{code} is not translated");
    }
}

#[test]
fn no_code_is_given_twice() {
    let mut seen = BTreeSet::new();
    assert!(Code::ALL.iter().all(|code| seen.insert(code.as_str())));
    let mut seen = BTreeSet::new();
    for (code, _, _) in every_fault() {
        assert!(seen.insert(*code), "{code} is given twice");
    }
}

/// Said of what is in the database, to nobody outside.
const OF_STORED_VOTES: [&str; 2] = ["malformed", "not_canonical"];

/// The source of every room, without its tests.
fn source() -> String {
    fn add(folder: &Path, text: &mut String) {
        let entries = std::fs::read_dir(folder).unwrap();
        for path in entries.map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && name != "tests" {
                add(&path, text);
            } else if name.ends_with(".rs") && name != "tests.rs" && !name.starts_with("codes") {
                text.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let mut text = String::new();
    add(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut text);
    text
}

#[test]
fn every_fault_in_the_source_has_words_and_every_problem_is_used() {
    let source = source();
    let mut faults = BTreeSet::new();
    for call in source.split("Fault::new(").skip(1) {
        // The second argument, where it is written out.
        let argument = call
            .split_once(", \"")
            .map(|(pointer, rest)| (pointer, rest.split('"').next()));
        if let Some((pointer, Some(code))) = argument
            && !pointer.contains([';', '{'])
        {
            faults.insert(code);
        }
    }
    for call in source.split("garde::Error::new(\"").skip(1) {
        faults.extend(call.split(['"', '|']).next());
    }
    assert!(faults.len() > 20, "only {faults:?}");
    let missing: Vec<_> = faults
        .iter()
        .filter(|code| fault_words(code, Language::Fr).is_none() && !OF_STORED_VOTES.contains(code))
        .collect();
    assert!(missing.is_empty(), "without words: {missing:?}");

    // A problem nobody answers is a promise nobody keeps.
    let unused: Vec<_> = Code::ALL
        .iter()
        .filter(|code| {
            let name = format!("{code:?}");
            !source.split(|c: char| !c.is_alphanumeric()).any(|word| word == name)
        })
        .collect();
    assert!(unused.is_empty(), "nobody answers {unused:?}");
}

/// Those of rosters: where they are told.
#[test]
fn every_fault_of_an_address_a_choice_or_a_logo_has_words() {
    use crate::ballots::{ChoiceFault, LogoFault};
    use crate::identity::address::AddressFault;
    let addresses = AddressFault::ALL.map(AddressFault::code);
    let logos = LogoFault::ALL.map(LogoFault::code);
    for code in addresses.into_iter().chain(ChoiceFault::CODES).chain(logos) {
        assert!(fault_words(code, Language::Fr).is_some(), "{code}");
    }
}

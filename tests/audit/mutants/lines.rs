//! Lines of another form, and lines that are gone, there twice or somewhere else.

use serde_json::json;

use super::{Mutant, Original};

const KINDS: [&str; 7] = [
    "manifest",
    "roll",
    "vote_hash",
    "closing_record",
    "checkpoint",
    "opening",
    "tally",
];

impl Original {
    /// The same values in lines of another form.
    pub(super) fn shapes(&self) -> Vec<Mutant> {
        let mut mutants = Vec::new();
        for kind in KINDS {
            let place = self.place(kind);
            let line = &self.lines[place];
            let mut more = self.value(place);
            more["more"] = json!(1);
            let mut deeper = self.value(place);
            if let Some(members) = deeper[kind].as_object_mut() {
                members.insert("more".into(), json!(1));
            }
            let named = line.replacen(kind, "note", 1);
            for (what, changed) in [
                ("a space before", format!(" {line}")),
                ("a space after", format!("{line} ")),
                ("a space within", line.replacen(':', ": ", 1)),
                ("another name", named),
                ("one member more", more.to_string()),
                ("an empty line before", format!("\n{line}")),
                ("a carriage return", format!("{line}\r")),
                ("half of it", line.chars().take(line.len() / 2).collect()),
                ("a list", json!([self.value(place)]).to_string()),
                ("nothing", String::new()),
            ] {
                mutants.push(self.with_line(format!("{kind}: {what}"), place, changed, &["format"]));
            }
            let check = if kind == "tally" { "tally" } else { "format" };
            let none = json!({ kind: null }).to_string();
            mutants.push(self.with_line(format!("{kind}: no value"), place, none, &[check]));
            if deeper != self.value(place) {
                let check = if kind == "tally" { "tally_digest" } else { "format" };
                mutants.push(self.with_line(
                    format!("{kind}: one member more inside"),
                    place,
                    deeper.to_string(),
                    &[check],
                ));
            }
        }
        for kind in ["roll", "vote_hash"] {
            let place = self.place(kind);
            let upper = self.lines[place].replace(|digit: char| digit.is_ascii_digit(), "A");
            mutants.push(self.with_line(format!("{kind} in upper case"), place, upper, &["format"]));
        }
        mutants
    }

    /// Lines that are gone, there twice, or somewhere else.
    pub(super) fn orders(&self) -> Vec<Mutant> {
        let mut mutants = Vec::new();
        for (kind, without, twice) in [
            ("manifest", "complete", "complete"),
            ("roll", "roll_size", "roll_order"),
            ("vote_hash", "tree_size", "tree_size"),
            ("closing_record", "complete", "complete"),
            ("checkpoint", "complete", "complete"),
            ("opening", "complete", "complete"),
            ("tally", "complete", "complete"),
        ] {
            for place in self.places(kind) {
                let mut lines = self.lines.clone();
                let line = lines.remove(place);
                mutants.push(self.mutant(format!("{kind} dropped at {place}"), lines, &[without]));
                let mut lines = self.lines.clone();
                lines.insert(place, line.clone());
                mutants.push(self.mutant(format!("{kind} doubled at {place}"), lines, &[twice]));
                // The copy at the very end or the very beginning.
                let mut lines = self.lines.clone();
                let (end, check) = if kind == "tally" {
                    (0, "order")
                } else {
                    (lines.len(), "order")
                };
                lines.insert(end, line);
                mutants.push(self.mutant(format!("{kind} again at {end}"), lines, &[check]));
            }
            let mut lines = self.lines.clone();
            lines.retain(|line| !line.starts_with(&format!("{{\"{kind}\":")));
            // Without any opening it is a bundle for members, which says so: see there.
            if kind != "opening" {
                mutants.push(self.mutant(format!("no {kind}"), lines, &[without]));
            }
        }
        for (kind, check) in [
            ("roll", "roll_order"),
            ("vote_hash", "vote_order"),
            ("opening", "openings"),
        ] {
            for pair in self.places(kind).windows(2) {
                let mut lines = self.lines.clone();
                lines.swap(pair[0], pair[1]);
                if lines != self.lines {
                    mutants.push(self.mutant(format!("{kind} swapped at {pair:?}"), lines, &[check]));
                }
            }
        }
        for (index, one) in KINDS.iter().enumerate() {
            for other in &KINDS[index + 1..] {
                let mut lines = self.lines.clone();
                lines.swap(self.place(one), self.place(other));
                mutants.push(self.mutant(format!("{one} and {other} swapped"), lines, &["order"]));
            }
        }
        mutants.push(self.mutant(
            "twice all of it",
            [&self.lines[..], &self.lines].concat(),
            &["complete", "order"],
        ));
        mutants.push(self.mutant("nothing", Vec::new(), &["complete"]));
        mutants
    }
}

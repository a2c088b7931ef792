//! The other lines: one value of one of them is another.

use serde_json::{Value, json};

use super::{Mutant, Original, another, leaves};

impl Original {
    /// Every leaf, every flag, every hash, every opening.
    pub(super) fn roll_and_votes(&self) -> Vec<Mutant> {
        let mut mutants = Vec::new();
        let changed = |place: usize, pointer: &str| another(self.value(place).pointer(pointer).expect("a value"));
        for place in self.places("roll") {
            mutants.push(self.with(place, "/roll/leaf", changed(place, "/roll/leaf"), &["roll_root"]));
            // An abstainer made a voter, or a voter an abstainer.
            let flipped = changed(place, "/roll/voted");
            mutants.push(self.with(place, "/roll/voted", flipped, &["one_vote_each", "voted_digest"]));
        }
        for place in self.places("vote_hash") {
            mutants.push(self.with(
                place,
                "/vote_hash",
                changed(place, "/vote_hash"),
                &["tree_root", "openings"],
            ));
        }
        let ids: Vec<Value> = self.inner("manifest")["candidates"]
            .as_array()
            .expect("candidates")
            .iter()
            .map(|candidate| candidate["id"].clone())
            .collect();
        for place in self.places("opening") {
            let choice = &self.value(place)["opening"]["choice"];
            let others = ids
                .iter()
                .map(|id| json!({ "candidate": id }))
                .chain([json!({"blank": true})]);
            for other in others.filter(|other| other != choice) {
                mutants.push(self.with(place, "/opening/choice", other, &["openings", "count"]));
            }
            for wrong in [
                json!({}),
                json!(null),
                json!({"blank": false}),
                json!({"candidates": [ids[0]]}),
                json!({"candidate": ids[0], "blank": true}),
                json!({"candidate": "00000000-0000-0000-0000-000000000000"}),
                json!({"candidate": ids[0].as_str().expect("an id").to_uppercase()}),
            ] {
                mutants.push(self.with(place, "/opening/choice", wrong, &["choices", "openings"]));
            }
            let mut nonce = self.value(place)["opening"]["nonce"]
                .as_str()
                .expect("a nonce")
                .to_owned();
            nonce.replace_range(..1, if nonce.starts_with('A') { "B" } else { "A" });
            mutants.push(self.with(place, "/opening/nonce", json!(nonce), &["openings"]));
            // 'B' ends a nonce never: its last bits are not zero.
            nonce.replace_range(42.., "B");
            mutants.push(self.with(place, "/opening/nonce", json!(nonce), &["format"]));
        }
        mutants
    }

    pub(super) fn record_and_tally(&self) -> Vec<Mutant> {
        let mut mutants = Vec::new();
        let record = self.inner("closing_record");
        for pointer in leaves(&record) {
            let value = another(record.pointer(&pointer).expect("a value"));
            let (value, check) = match pointer.as_str() {
                "/opened_at" | "/closed_at" => (json!("2000-01-01T00:00:00Z"), "closing_record"),
                "/format" | "/ballot_id" | "/votes" => (value, "closing_record"),
                "/voted" | "/voted_digest" => (value, "voted_digest"),
                "/blanks" => (value, "tally"),
                "/tally_digest" => (value, "tally_digest"),
                other => panic!("no check is named for {other} of the closing record"),
            };
            mutants.push(self.with_inner("closing_record", &pointer, value, &[check, "tree_root"]));
        }
        let later = json!("2199-01-01T00:00:00Z");
        mutants.push(self.with_inner("closing_record", "/closed_at", later, &["tree_root"]));
        let place = self.place("tally");
        let line = self.value(place);
        for pointer in leaves(&line) {
            let value = another(line.pointer(&pointer).expect("a value"));
            mutants.push(self.with(place, &pointer, value, &["tally_digest", "count"]));
        }
        for pointer in ["/tally/votes", "/tally/blanks", "/tally/valid"] {
            let value = another(line.pointer(pointer).expect("a value"));
            mutants.push(self.with(place, pointer, value, &["tally"]));
        }
        mutants
    }
}

//! The signed notes of a bundle: the manifest, the checkpoint, and their signatures.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Mutant, Original, another, another_text, leaves};
use crate::audit::forger::Pen;

/// Of a line of the checkpoint, how, and what fails.
type Change = (usize, fn(&str) -> String, &'static [&'static str]);

impl Original {
    /// Every field of the manifest.
    pub(super) fn manifest(&self) -> Vec<Mutant> {
        let manifest = self.inner("manifest");
        let mut mutants = Vec::new();
        for pointer in leaves(&manifest) {
            let value = manifest.pointer(&pointer).expect("a value");
            let (value, fail): (Value, &[&str]) = match pointer.as_str() {
                "/format" | "/origin" | "/ballot_id" | "/verifier_key" | "/instance_key" => {
                    (another(value), &["manifest", "tree_root"])
                }
                "/max_grade" => (json!(5), &["manifest", "tree_root"]),
                "/unit" => (json!("organisation"), &["manifest_signature", "tree_root"]),
                "/quorum_percent" => (json!(51), &["manifest_signature", "tree_root"]),
                "/kind" => (json!("logo"), &["manifest_signature", "tree_root"]),
                "/method" => (
                    json!("approval"),
                    &["manifest_signature", "choices", "count", "tree_root"],
                ),
                "/openings" => (json!("public"), &["manifest_signature", "tree_root"]),
                "/opened_at" => (
                    json!("2020-08-27T09:00:00Z"),
                    &["manifest_signature", "closing_record", "tree_root"],
                ),
                "/closes_at" => (json!("2020-08-27T09:00:00Z"), &["manifest_signature", "tree_root"]),
                "/roll/size" => (another(value), &["manifest_signature", "roll_size", "tree_root"]),
                "/roll/root" => (another(value), &["manifest_signature", "roll_root", "tree_root"]),
                "/eligibility/roles" => (json!(["participant"]), &["manifest_signature", "tree_root"]),
                "/eligibility/categories" => (json!(["startup"]), &["manifest_signature", "tree_root"]),
                "/eligibility/registration_ids" => {
                    (json!([manifest["ballot_id"]]), &["manifest_signature", "tree_root"])
                }
                "/eligibility/adhered" => (manifest["ballot_id"].clone(), &["manifest_signature", "tree_root"]),
                "/candidates/0/id" => (
                    json!("00000000-0000-0000-0000-000000000000"),
                    &["manifest_signature", "choices", "count", "tree_root"],
                ),
                "/candidates/2/id" => (
                    json!("ffffffff-ffff-ffff-ffff-ffffffffffff"),
                    &["manifest_signature", "count", "tree_root"],
                ),
                "/candidates/1/id" => (manifest["candidates"][0]["id"].clone(), &["manifest", "tree_root"]),
                _ => (another(value), &["manifest_signature", "tree_root"]),
            };
            mutants.push(self.with_inner("manifest", &pointer, value, fail));
        }
        mutants
    }

    /// Every part of both notes' signatures.
    pub(super) fn signatures(&self) -> Vec<Mutant> {
        let mut mutants = Vec::new();
        for (kind, check) in [
            ("manifest", "manifest_signature"),
            ("checkpoint", "checkpoint_signature"),
        ] {
            let place = self.place(kind);
            let note = self.value(place)[kind].as_str().expect("a note").to_owned();
            let (text, signature) = note.rsplit_once("\n\n— ").expect("a signature");
            let (name, signature) = signature.trim_end().split_once(' ').expect("a name");
            let bytes = STANDARD.decode(signature).expect("base64");
            let mut signed = |what: &str, text: &str, signatures: &str, fail: &[&'static str]| {
                let line = json!({ kind: format!("{text}\n\n{signatures}") });
                mutants.push(self.with_line(format!("{kind} {what}"), place, line.to_string(), fail));
            };
            for byte in [0, 3, 4, 35, 36, 67] {
                let mut bytes = bytes.clone();
                bytes[byte] ^= 1;
                let changed = STANDARD.encode(bytes);
                signed(
                    &format!("byte {byte} of the signature"),
                    text,
                    &format!("— {name} {changed}\n"),
                    &[check],
                );
            }
            // Another key under the same name; and one that passes itself off by the right one's number.
            let forged = Pen::new(name, [3; 32]).sign(&format!("{text}\n"));
            let forged = forged.rsplit_once(' ').expect("a signature").1.trim_end();
            signed("by another key", text, &format!("— {name} {forged}\n"), &[check]);
            let mut passing = STANDARD.decode(forged).expect("base64");
            passing[..4].copy_from_slice(&bytes[..4]);
            let passing = STANDARD.encode(passing);
            signed(
                "by a key that passes itself off",
                text,
                &format!("— {name} {passing}\n"),
                &[check],
            );
            signed(
                "name of the signature",
                text,
                &format!("— {name}x {signature}\n"),
                &[check],
            );
            signed(
                "longer signature",
                text,
                &format!("— {name} {}\n", STANDARD.encode([&bytes[..], &[0]].concat())),
                &[check],
            );
            signed(
                "two signatures",
                text,
                &format!("— {name} {signature}\n").repeat(2),
                &[check],
            );
            signed(
                "padding",
                text,
                &format!("— {name} {}\n", signature.trim_end_matches('=')),
                &[check],
            );
            let whole = if kind == "manifest" { "manifest" } else { "checkpoint" };
            signed("no signature", text, "", &[whole]);
            signed("no dash", text, &format!("- {name} {signature}\n"), &[whole]);
            signed(
                "one more line",
                &format!("{text}\nx"),
                &format!("— {name} {signature}\n"),
                &[whole],
            );
        }
        mutants
    }

    /// Every line of the checkpoint.
    pub(super) fn checkpoint(&self) -> Vec<Mutant> {
        let mut mutants = Vec::new();
        let place = self.place("checkpoint");
        let note = self.value(place)["checkpoint"].as_str().expect("a note").to_owned();
        let changes: [Change; 4] = [
            (
                0,
                |origin| another_text(origin),
                &["checkpoint_origin", "checkpoint_signature"],
            ),
            (
                1,
                |size| format!("{}", size.parse::<u64>().expect("a size") + 1),
                &["tree_size", "checkpoint_signature"],
            ),
            (1, |size| format!("0{size}"), &["checkpoint", "checkpoint_signature"]),
            (
                2,
                |root| {
                    if root.starts_with('A') {
                        root.replacen('A', "B", 1)
                    } else {
                        root.replace(|c| c != '=', "A")
                    }
                },
                &["tree_root", "checkpoint_signature"],
            ),
        ];
        for (line, change, fail) in changes {
            let mut parts: Vec<String> = note.split('\n').map(str::to_owned).collect();
            parts[line] = change(&parts[line]);
            let line = json!({"checkpoint": parts.join("\n")}).to_string();
            mutants.push(self.with_line(format!("checkpoint line {parts:?}"), place, line, fail));
        }
        mutants
    }
}

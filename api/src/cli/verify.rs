//! `palabre verify`: reads files, prints what was checked. Needs no settings and no database, and
//! speaks to nobody.
//!
//! What it prints from the bundle was perhaps written by an enemy of whoever reads it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal as _, Read as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::ballots::proof::note::Verifier;
use crate::ballots::proof::verify::{Anchors, Conclusion, Outcome, Reach, Report, Saved, Verdict, verify};

/// More than the receipts of the shortest prefix among millions of votes.
const LARGEST_ANCHOR: u64 = 256 << 20;

#[derive(Args)]
pub struct Verify {
    /// The audit bundle (`GET /v1/ballots/{ballot_id}/audit`), or `-` for standard input
    file: PathBuf,
    /// A checkpoint obtained elsewhere: from the mail of the result, another voter, another auditor
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// The instance's key or the ballot's, obtained elsewhere, as `name+id+key`
    #[arg(long, value_name = "VKEY", value_parser = key)]
    key: Option<Verifier>,
    /// An answer of `GET /v1/ballots/{ballot_id}/receipts`, saved as it came
    #[arg(long, value_name = "FILE")]
    receipt: Vec<PathBuf>,
    /// The promise that a vote was answered with, or that answer as it came
    #[arg(long, value_name = "FILE")]
    promise: Vec<PathBuf>,
}

pub const HELP: &str = "\
Prints a line for each check (`name: PASSED`, `FAILED` or `NOT CHECKED`, with the reason), then the result.

Exit codes:
  0  everything was checked, and a checkpoint or receipt obtained elsewhere holds all of it
  1  a check failed
  2  something cannot be read, or the command is not used as it should be
  3  nothing failed, but no checkpoint and no receipt was given: whoever made the bundle may have made
     all of it up (a key shuts out outsiders only, and a promise holds one vote)
  4  nothing failed and it is anchored, but the bundle has no openings: the votes were not counted anew

Example:
  palabre verify bundle.jsonl --checkpoint checkpoint.txt";

fn key(text: &str) -> Result<Verifier, &'static str> {
    Verifier::parse(text).ok_or("not a verifier key, name+id+key")
}

impl Verify {
    pub fn run(&self) -> ExitCode {
        match self.report().and_then(|report| {
            print(&mut io::stdout().lock(), &report)?;
            Ok(report.conclusion())
        }) {
            Ok(Conclusion::Verified) => ExitCode::SUCCESS,
            Ok(Conclusion::Failed) => ExitCode::from(1),
            Ok(Conclusion::NotAnchored) => ExitCode::from(3),
            Ok(Conclusion::NotRecounted) => ExitCode::from(4),
            Err(error) => {
                // Nobody is left to tell when standard error is closed.
                drop(writeln!(io::stderr(), "palabre: {error}"));
                ExitCode::from(2)
            }
        }
    }

    fn report(&self) -> io::Result<Report> {
        let anchors = Anchors {
            key: self.key.clone(),
            checkpoints: saved(&self.checkpoint)?,
            receipts: saved(&self.receipt)?,
            promises: saved(&self.promise)?,
        };
        let bundle: Box<dyn BufRead> = if self.file == Path::new("-") {
            Box::new(io::stdin().lock())
        } else {
            let file = File::open(&self.file).map_err(|error| named(&self.file, &error))?;
            Box::new(BufReader::with_capacity(1 << 16, file))
        };
        let watched = io::stderr().is_terminal();
        let progress = |lines: u64| {
            if watched {
                drop(write!(io::stderr(), "\r{lines} lines "));
            }
        };
        let report = verify(bundle, &anchors, progress).map_err(|error| named(&self.file, &error));
        if watched {
            drop(write!(io::stderr(), "\r\x1b[K"));
        }
        report
    }
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::other(format!("{}: {error}", path.display()))
}

fn saved(paths: &[PathBuf]) -> io::Result<Vec<Saved>> {
    let read = |path: &PathBuf| {
        let mut bytes = Vec::new();
        File::open(path)?.take(LARGEST_ANCHOR).read_to_end(&mut bytes)?;
        Ok(Saved {
            name: path.display().to_string(),
            text: String::from_utf8_lossy(&bytes).into_owned(),
        })
    };
    let named = |path: &PathBuf| read(path).map_err(|error: io::Error| named(path, &error));
    paths.iter().map(named).collect()
}

fn print(out: &mut impl Write, report: &Report) -> io::Result<()> {
    for (check, verdict) in &report.verdicts {
        let name = check.name();
        match verdict {
            Verdict::Passed => writeln!(out, "{name}: PASSED")?,
            Verdict::Failed(why) => writeln!(out, "{name}: FAILED ({})", plain(why))?,
            Verdict::NotChecked(why) => writeln!(out, "{name}: NOT CHECKED ({})", plain(why))?,
        }
    }
    writeln!(out)?;
    let conclusion = report.conclusion();
    if conclusion == Conclusion::Failed {
        return writeln!(
            out,
            "NOT VERIFIED: this is not a true account of the ballot, or not all of it."
        );
    }
    if let Some(outcome) = &report.outcome {
        print_outcome(out, outcome)?;
    }
    print_reach(out, report.reach)?;
    let last = match conclusion {
        Conclusion::Verified => "VERIFIED.",
        Conclusion::NotRecounted => {
            "ANCHORED, NOT RECOUNTED: this bundle has no openings, auditors have one that does."
        }
        Conclusion::NotAnchored | Conclusion::Failed => {
            "NOT ANCHORED: it all fits together, but whoever made it may have made all of it up. \
             Give a checkpoint or a receipt obtained elsewhere."
        }
    };
    writeln!(out, "{last}")
}

fn print_outcome(out: &mut impl Write, outcome: &Outcome) -> io::Result<()> {
    let Outcome {
        manifest,
        count,
        quorum,
        voters,
    } = outcome;
    writeln!(out, "{}", plain(&manifest.question))?;
    let role = if count.outcome.tie { "tied" } else { "winner" };
    let winners = &count.outcome.winners;
    if winners.is_empty() {
        writeln!(out, "  winner: nobody")?;
    }
    for candidate in manifest
        .candidates
        .iter()
        .filter(|candidate| winners.contains(&candidate.id))
    {
        writeln!(out, "  {role}: {} ({})", plain(&candidate.name), candidate.id)?;
    }
    writeln!(
        out,
        "  method: {}\n  votes: {}, of which blank: {}\n  roll: {}, of which voted: {voters}",
        manifest.method.as_str(),
        count.votes,
        count.blanks,
        manifest.roll.size
    )?;
    if let Some(quorum) = quorum {
        let reached = if quorum.reached == Some(true) {
            "reached"
        } else {
            "NOT reached"
        };
        writeln!(
            out,
            "  quorum: {} votes ({} %), {reached}",
            quorum.needed, quorum.percent
        )?;
    }
    Ok(())
}

fn print_reach(out: &mut impl Write, reach: Reach) -> io::Result<()> {
    if reach.checkpoints + reach.receipts > 0 {
        writeln!(
            out,
            "Anchor: {} and {} given hold everything in this bundle as it was when the votes were counted.",
            number(reach.checkpoints, "checkpoint"),
            number(reach.receipts, "receipt")
        )?;
    }
    if reach.promises > 0 {
        let promises = number(reach.promises, "promise");
        writeln!(
            out,
            "Anchor: {promises} given hold one vote each, which is among the votes."
        )?;
    }
    if reach.key {
        writeln!(
            out,
            "Anchor: the holder of the key given has signed this, and no outsider."
        )?;
    }
    Ok(())
}

fn number(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// Without what would command a terminal or turn the direction of writing.
fn plain(text: &str) -> String {
    let hidden = |character: char| {
        character.is_control()
            || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}')
    };
    text.chars()
        .map(|character| if hidden(character) { '\u{fffd}' } else { character })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn nothing_printed_commands_the_terminal() {
        assert_eq!(
            plain("Kora\u{1b}[2J\r\n\u{9b}1m\u{202e}x"),
            "Kora\u{fffd}[2J\u{fffd}\u{fffd}\u{fffd}1m\u{fffd}x"
        );
        assert_eq!(plain("Élan d’été, 木"), "Élan d’été, 木");
    }
}

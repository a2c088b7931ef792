//! `palabre purge`.

use std::io::Write as _;

use crate::app::App;
use crate::retention::{self, Mode};

pub const HELP: &str = "Remove what has been kept for as long as it should\n\n\
    Prints each kind of data, how many rows went, and for how long it is kept. A server does the same by itself every \
    hour; this is to do it now, or, with --dry-run, to see beforehand what a new period would mean. No tally, turnout, \
    total of attendance, audit bundle or line of the journal changes. Backups made before still hold what goes.";
pub const EXAMPLE: &str = "Example:\n  palabre purge --dry-run --keep-workshops-days 730\n  palabre purge";

#[derive(clap::Args)]
pub struct Purge {
    /// Only count: remove nothing
    #[arg(long)]
    dry_run: bool,
}

pub async fn run(app: &App, arguments: &Purge) -> super::Outcome {
    let mode = if arguments.dry_run { Mode::Count } else { Mode::Remove };
    // Nobody is left to tell when standard error is closed.
    let tell = |text: &str| drop(writeln!(std::io::stderr(), "{text}"));
    let purged = retention::purge(app, mode, &tell).await?;
    let title = if arguments.dry_run { "would go" } else { "gone" };
    super::say(&format!("{:<20} {title:>9}  kept", "kind"))?;
    for kind in &purged {
        super::say(&format!("{:<20} {:>9}  {}", kind.kind, kind.rows, kind.kept))?;
    }
    Ok(())
}

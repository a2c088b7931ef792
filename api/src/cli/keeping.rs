//! What keeps an instance alive: backups, their restoring, and new secrets.

use std::io::{BufWriter, IsTerminal as _, Write as _};
use std::path::PathBuf;

use clap::Args;

use super::{Outcome, say};
use crate::ambient::Ambient;
use crate::backup::{self, Destination};
use crate::rotation::{self, Place};
use crate::settings::{Flags, NewSecret};
use crate::store::Store;

#[derive(Args)]
pub struct Backup {
    /// Where to write it; must not exist yet. `-` is standard output
    file: PathBuf,
}

#[derive(Args)]
pub struct Restore {
    /// A file made by `palabre backup`
    file: PathBuf,
}

#[derive(Args)]
pub struct RotateKeys {
    /// Holds the new secret; made with a fresh one if it is not there. Needed unless Palabre keeps the
    /// secret itself, beside a SQLite file
    #[arg(long, value_name = "FILE")]
    new_secret_file: Option<PathBuf>,
}

pub const BACKUP_HELP: &str = "\
Write the whole database to one file, while servers run

The file holds everything as it was at one moment, and restores into SQLite and PostgreSQL alike. It \
holds personal data and is readable by its owner only.

Left out are sealed votes and the keys of ballots that are not counted yet (a restore cancels those \
ballots, `restored_from_backup`), sign-ins and codes (everyone signs in anew), and letters that wait to \
be sent. Signing keys are in it, sealed under PALABRE_SECRET: keep that secret, and not beside the file.";
pub const BACKUP_EXAMPLE: &str = "\
Example:
  palabre backup palabre-2020-08-28.backup
  palabre backup - | age -r age1… > palabre.backup.age";

pub const RESTORE_HELP: &str = "\
Restore a backup into an empty database, all of it or nothing

The database may be of either kind, whatever the backup was made from: so an instance also moves from \
SQLite to PostgreSQL. No server may have used it yet. A file that was cut or altered is refused.

Ballots that were open or not yet counted are cancelled; people sign in anew; who erased themself after \
the backup must do so again; letters that were waiting are not sent; a ballot in draft opens and closes \
by its own schedule from the next start on. With another PALABRE_SECRET than that of the backup a new \
token key is made and the keys that signed manifests are retired: what they signed can still be checked.";
pub const RESTORE_EXAMPLE: &str = "\
Example:
  palabre restore palabre-2020-08-28.backup --database-url sqlite://palabre.db
  palabre restore palabre-2020-08-28.backup --database-url postgres://palabre@localhost/palabre";

pub const ROTATE_HELP: &str = "\
Seal all keys under a new secret, and do away with the old one

Only the sealing changes: the keys that sign tokens and manifests and the keys of open ballots stay, \
votes that were cast stay good, and people stay signed in. Sign-in codes on their way are no longer \
taken; whoever waits for one asks again. Servers that run on the old secret must be started anew, at \
once: until then they can neither open a ballot nor count one.

Where Palabre keeps the secret itself (beside a SQLite file) the new one takes its place. Otherwise it \
is in the file of --new-secret-file, which every server must then be started with; destroy the old one. \
Run it again after an interruption: it finishes what was begun.

What PostgreSQL keeps of the old sealing (dead rows, its log, replicas, your copies) is noise without \
the old secret. So is what older backups hold: they restore as under a foreign secret.";
pub const ROTATE_EXAMPLE: &str = "\
Example:
  palabre rotate-keys
  palabre rotate-keys --new-secret-file /etc/palabre/secret.2020-08-29";

/// How far it has come; never on standard output, which may be the backup itself.
fn tell(text: &str) {
    drop(writeln!(std::io::stderr(), "{text}"));
}

pub async fn backup(flags: &Flags, ambient: &Ambient, arguments: Backup) -> Outcome {
    let database = flags.database(std::env::vars())?;
    if !Store::exists(&database) {
        return Err("there is no database here to back up".into());
    }
    let to_output = arguments.file.as_os_str() == "-";
    if to_output && std::io::stdout().is_terminal() {
        return Err("a backup is not for a terminal: redirect standard output, or name a file".into());
    }
    let mut destination = match to_output {
        true => None,
        false => Some(Destination::create(&arguments.file, ambient)?),
    };
    let store = Store::connect(&database).await?;
    let made = match &mut destination {
        Some(file) => backup::make(&store, ambient, file, tell).await,
        None => backup::make(&store, ambient, BufWriter::new(std::io::stdout().lock()), tell).await,
    };
    store.close().await?;
    let made = made?;
    let place = match destination {
        Some(file) => {
            file.keep()?;
            format!(" in {}", arguments.file.display())
        }
        None => String::new(),
    };
    tell(&format!("Backup of {} rows{place}.", made.rows));
    if made.interrupted > 0 {
        tell(&format!(
            "{} ballots are open or not yet counted: their votes are not in it, and a restore cancels them.",
            made.interrupted
        ));
    }
    Ok(())
}

pub async fn restore(flags: &Flags, ambient: &Ambient, arguments: Restore) -> Outcome {
    // Before so much as a secret is made.
    backup::check(&arguments.file)?;
    let settings = super::settings(flags, ambient)?;
    let restored = backup::restore(&arguments.file, &settings, ambient, tell).await?;
    say(&format!("Restored {} rows. Everyone signs in anew.", restored.rows))?;
    if restored.interrupted > 0 {
        say(&format!(
            "{} ballots had been open or not yet counted and are cancelled (restored_from_backup).",
            restored.interrupted
        ))?;
    }
    if restored.disowned > 0 {
        say(&format!(
            "PALABRE_SECRET is not the one this backup was sealed under: {} keys were given up. A new token key is made \
             at the next start; manifest keys are retired, and what they signed can still be checked.",
            restored.disowned
        ))?;
    }
    Ok(())
}

pub async fn rotate_keys(flags: &Flags, ambient: &Ambient, arguments: RotateKeys) -> Outcome {
    let (settings, keeper) = flags.resolve_with_keeper(std::env::vars(), NewSecret::Forget(ambient.bytes()))?;
    let place = Place::of(keeper, arguments.new_secret_file)?;
    let rotated = rotation::rotate(&settings, &place, ambient).await?;
    say(&match rotated.resealed {
        Some(resealed) => format!(
            "Sealed under the new secret: {} signing keys, {} keys of ballots.",
            resealed.signing_keys, resealed.ballot_keys
        ),
        None => "The keys were sealed under the new secret already.".to_owned(),
    })?;
    say(&match place {
        Place::Beside(path) => format!(
            "{} holds the new secret; the old one is gone. Start every server anew.",
            path.display()
        ),
        Place::Named(path) => format!(
            "Start every server anew with PALABRE_SECRET_FILE={}, then destroy the old secret.",
            path.display()
        ),
    })?;
    if !rotated.clean {
        say(
            "SQLite's log still holds the old sealing, for somebody reads the database: it goes when the last server stops.",
        )?;
    }
    Ok(())
}

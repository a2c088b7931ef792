//! Where the secret comes from, and files that hold one: for their owner only, on disk before they
//! count, never overwritten.

use std::path::{Path, PathBuf};

use super::{Database, Invalid, NewSecret};
use crate::secrets::{Key, base64url, hex};

/// Who keeps the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keeper {
    /// The operator, who named a file or gave it in the environment.
    Operator,
    /// Palabre itself, in this file beside the SQLite file.
    Beside(PathBuf),
}

pub fn resolve(
    text: Option<&str>,
    file: Option<PathBuf>,
    database: &Database,
    new_secret: NewSecret,
) -> Result<(Key, Keeper), Invalid> {
    if let Some(text) = text {
        let key = parse(text.as_bytes());
        let key = key.ok_or_else(|| Invalid("PALABRE_SECRET: must be 32 bytes in base64url or hex".into()))?;
        return Ok((key, Keeper::Operator));
    }
    match (file, database) {
        (Some(path), _) => Ok((read(&path)?, Keeper::Operator)),
        (None, Database::Sqlite(database)) => {
            let path = database.with_extension("secret");
            let key = match new_secret {
                NewSecret::Forget(secret) if !path.exists() => Key(secret),
                NewSecret::Keep(secret) if !path.exists() => {
                    let key = Key(secret);
                    create(&path, &key)?;
                    key
                }
                NewSecret::Keep(_) | NewSecret::Forget(_) => read(&path)?,
            };
            Ok((key, Keeper::Beside(path)))
        }
        (None, Database::Postgres(_)) => Err(Invalid(
            "PALABRE_SECRET or PALABRE_SECRET_FILE is required with PostgreSQL: 32 random bytes that every process shares, \
             for example from `openssl rand -hex 32`"
                .into(),
        )),
    }
}

pub fn read(path: &Path) -> Result<Key, Invalid> {
    let bytes = std::fs::read(path).map_err(|error| Invalid(format!("{}: {error}", path.display())))?;
    parse(&bytes).ok_or_else(|| {
        Invalid(format!(
            "{}: must hold 32 bytes, raw or in base64url or hex",
            path.display()
        ))
    })
}

fn parse(bytes: &[u8]) -> Option<Key> {
    if let Ok(raw) = <[u8; 32]>::try_from(bytes) {
        return Some(Key(raw));
    }
    let text = std::str::from_utf8(bytes).ok()?.trim();
    if text.len() == 64 {
        let mut key = [0; 32];
        for (byte, pair) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        return Some(Key(key));
    }
    let decoded = base64url::decode(text.trim_end_matches('='))?;
    decoded.try_into().ok().map(Key)
}

/// Mode 0600 from the first instant; never overwrites.
pub fn create(path: &Path, secret: &Key) -> Result<(), Invalid> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(hex(&secret.0).as_bytes())
            .and_then(|()| file.sync_all())
            .and_then(|()| sync_folder_of(path))
    });
    written.map_err(|error| Invalid(format!("{}: {error}", path.display())))
}

/// A name in a folder lasts once the folder itself is on disk.
pub fn sync_folder_of(path: &Path) -> std::io::Result<()> {
    if cfg!(not(unix)) {
        // Elsewhere a folder cannot be opened.
        return Ok(());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    std::fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

//! Where a backup is written: a file that appears whole under its name or not at all, for its owner
//! only, and never in the place of another.

use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::Outcome;
use crate::ambient::Ambient;
use crate::secrets::hex;

pub struct Destination {
    /// Where it is while it is written; of each attempt its own.
    part: PathBuf,
    path: PathBuf,
    out: BufWriter<File>,
}

impl Destination {
    pub fn create(path: &Path, ambient: &Ambient) -> Outcome<Self> {
        if path.try_exists()? {
            return Err(taken(path));
        }
        let mut part = path.as_os_str().to_owned();
        part.push(format!(".{}.part", hex(&ambient.bytes::<4>())));
        let part = PathBuf::from(part);
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options
            .open(&part)
            .map_err(|error| format!("{}: {error}", part.display()))?;
        Ok(Self {
            part,
            path: path.to_owned(),
            out: BufWriter::new(file),
        })
    }

    /// On disk, under its name.
    pub fn keep(mut self) -> Outcome<()> {
        self.out.flush()?;
        self.out.get_ref().sync_all()?;
        // A second name, for it is refused where a file stands already; renaming would replace that.
        match std::fs::hard_link(&self.part, &self.path) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(taken(&self.path)),
            // A file system without second names.
            Err(_) if !self.path.try_exists()? => std::fs::rename(&self.part, &self.path)?,
            Err(_) => return Err(taken(&self.path)),
        }
        drop(std::fs::remove_file(&self.part));
        crate::settings::secret_file::sync_folder_of(&self.path)?;
        Ok(())
    }
}

impl Write for Destination {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

impl Drop for Destination {
    /// What was not kept is gone.
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.part));
    }
}

fn taken(path: &Path) -> Box<dyn std::error::Error> {
    format!("{} exists already and is not overwritten", path.display()).into()
}

//! A database with no server yet, of either kind: where things are restored to.

use palabre::settings::Database;
use tempfile::TempDir;

use super::binary::{Palabre, Process};
use super::database::{self, Backend, Sql};

pub struct Elsewhere {
    database: Database,
    folder: TempDir,
}

impl Elsewhere {
    /// Empty and migrated.
    pub async fn new(backend: Backend) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let database = database::take(backend, folder.path()).await;
        Self { database, folder }
    }

    /// A SQLite file that is not there yet.
    pub fn nowhere() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let database = Database::Sqlite(folder.path().join("palabre.db"));
        Self { database, folder }
    }

    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub fn url(&self) -> String {
        database::url(&self.database)
    }

    pub async fn sql(&self) -> Sql {
        Sql::open(&self.database).await
    }

    /// A command of the real binary on this database.
    pub fn command<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Palabre {
        Palabre::new(arguments)
            .folder(self.folder())
            .env("DATABASE_URL", &self.url())
    }

    pub async fn serve(&self, secret: &str) -> Process {
        let command = self.command(["serve", "--listen", "127.0.0.1:0"]);
        command.env("PALABRE_SECRET", secret).serve().await
    }

    /// Done with it; after a failure it is left as it was.
    pub async fn give_back(self) {
        database::give_back(&self.database).await;
    }
}

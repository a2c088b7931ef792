//! A database for each test: a copy of one that was migrated once.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use palabre::settings::Database;
use palabre::store::Store;
use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, DatabaseTransaction, Statement, TransactionTrait};
use tokio::sync::OnceCell;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

/// A fresh, migrated database; SQLite's lies in `folder`.
pub async fn create(backend: Backend, folder: &Path) -> Database {
    match backend {
        Backend::Sqlite => {
            let path = folder.join("palabre.db");
            std::fs::write(&path, sqlite_template().await).expect("a writable folder");
            Database::Sqlite(path)
        }
        Backend::Postgres => {
            let template = postgres_template().await;
            let name = unique("palabre_test");
            on_cluster(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
            Database::Postgres(postgres_url(&name))
        }
    }
}

/// Best effort: a SQLite file goes with its folder, and what is left in PostgreSQL with its cluster.
pub async fn remove(database: &Database) {
    if let Database::Postgres(url) = database {
        let name = url.rsplit('/').next().unwrap_or_default();
        on_cluster(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
    }
}

pub fn url(database: &Database) -> String {
    match database {
        Database::Sqlite(path) => format!("sqlite://{}", path.display()),
        Database::Postgres(url) => url.clone(),
    }
}

async fn sqlite_template() -> &'static [u8] {
    static TEMPLATE: OnceCell<Vec<u8>> = OnceCell::const_new();
    TEMPLATE
        .get_or_init(async || {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let path = folder.path().join("template.db");
            Store::migrate(&Database::Sqlite(path.clone()))
                .await
                .expect("a schema for SQLite");
            // The last connection is closed: all of the log is in the file.
            let log = PathBuf::from(format!("{}-wal", path.display()));
            assert!(std::fs::metadata(log).map_or(0, |log| log.len()) == 0, "a log remains");
            std::fs::read(path).expect("a database file")
        })
        .await
}

async fn postgres_template() -> &'static str {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    TEMPLATE
        .get_or_init(async || {
            let name = unique("palabre_template");
            on_cluster(&format!("CREATE DATABASE {name}")).await;
            Store::migrate(&Database::Postgres(postgres_url(&name)))
                .await
                .expect("a schema for PostgreSQL");
            name
        })
        .await
}

fn unique(prefix: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{prefix}_{}_{count}", std::process::id())
}

fn cluster() -> String {
    std::env::var("PALABRE_TEST_POSTGRES").unwrap_or_else(|_| {
        panic!("PALABRE_TEST_POSTGRES names no cluster: run tests/run, which starts one for the tests alone")
    })
}

fn postgres_url(database: &str) -> String {
    let cluster = cluster();
    let (server, _) = cluster.rsplit_once('/').expect("a URL that ends in a database");
    format!("{server}/{database}")
}

async fn on_cluster(sql: &str) {
    let connection = connect(&cluster()).await;
    connection.execute_unprepared(sql).await.expect(sql);
    connection.close().await.expect("closed");
}

async fn connect(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    sea_orm::Database::connect(options).await.expect("a database")
}

/// One connection to a test's database behind the server's back: to hold a lock and so force an
/// order on a race, or to look at what no answer shows.
pub struct Sql(DatabaseConnection);

impl Sql {
    pub async fn open(database: &Database) -> Self {
        Self(connect(&url(database)).await)
    }

    /// Runs statements; says how many rows the last one changed.
    pub async fn run(&self, sql: &str) -> u64 {
        self.0.execute_unprepared(sql).await.expect(sql).rows_affected()
    }

    /// What refuses to be done, in the database's own words.
    pub async fn refused(&self, sql: &str) -> String {
        match self.0.execute_unprepared(sql).await {
            Ok(_) => panic!("the database took: {sql}"),
            Err(error) => error.to_string(),
        }
    }

    /// The single number that a query gives.
    pub async fn number(&self, sql: &str) -> i64 {
        let statement = Statement::from_string(self.0.get_database_backend(), sql);
        let row = self.0.query_one_raw(statement).await.expect(sql).expect("one row");
        row.try_get_by_index(0).expect("a number")
    }

    /// The first column of a query, as texts.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let statement = Statement::from_string(self.0.get_database_backend(), sql);
        let rows = self.0.query_all_raw(statement).await.expect(sql);
        rows.iter()
            .map(|row| row.try_get_by_index(0).expect("a text"))
            .collect()
    }

    /// The single value that a query gives, as bytes.
    pub async fn bytes(&self, sql: &str) -> Vec<u8> {
        let statement = Statement::from_string(self.0.get_database_backend(), sql);
        let row = self.0.query_one_raw(statement).await.expect(sql).expect("one row");
        row.try_get_by_index(0).expect("bytes")
    }

    /// A transaction that holds its locks until it is committed, rolled back or dropped.
    pub async fn begin(&self) -> DatabaseTransaction {
        self.0.begin().await.expect("a transaction")
    }
}

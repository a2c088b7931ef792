//! A database for each test: a copy of one that was migrated once.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use migration::{Migrator, MigratorTrait as _};
use palabre::ambient::Clock as _;
use palabre::instant::Instant;
use palabre::settings::Database;
use palabre::store::Store;
use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseBackend, DatabaseConnection, DatabaseTransaction, Statement,
    TransactionTrait,
};
use tokio::sync::OnceCell;

use super::server::World;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

impl Backend {
    pub fn other(self) -> Self {
        match self {
            Self::Sqlite => Self::Postgres,
            Self::Postgres => Self::Sqlite,
        }
    }
}

/// Databases of PostgreSQL that a test is done with: emptying one takes milliseconds, making one
/// a second or more.
static FREE: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn free() -> MutexGuard<'static, Vec<String>> {
    FREE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An empty, migrated database that is nobody else's; SQLite's lies in `folder`.
pub async fn take(backend: Backend, folder: &Path) -> Database {
    match backend {
        Backend::Sqlite => {
            let path = folder.join("palabre.db");
            std::fs::write(&path, sqlite_template().await).expect("a writable folder");
            Database::Sqlite(path)
        }
        Backend::Postgres => {
            let free = free().pop();
            let name = match free {
                Some(name) => name,
                None => {
                    let template = postgres_template().await;
                    let name = unique("palabre_test");
                    on_cluster(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
                    name
                }
            };
            Database::Postgres(postgres_url(&name))
        }
    }
}

/// Empties the database for the next test. One whose test failed is left as it was, and one whose
/// schema a test changed is left behind; both go with their cluster, as SQLite's with its folder.
pub async fn give_back(database: &Database) {
    let Database::Postgres(url) = database else { return };
    let sql = Sql::open(database).await;
    sql.run(
        "SET session_replication_role = replica;
         SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid();
         DO $$ DECLARE name text; BEGIN
             FOR name IN SELECT tablename FROM pg_tables
                 WHERE schemaname = 'public' AND tablename <> 'seaql_migrations'
             LOOP EXECUTE format('DELETE FROM %I', name); END LOOP;
         END $$",
    )
    .await;
    let schema = sql.schema().await;
    sql.0.close().await.expect("closed");
    if schema == SCHEMA.get().map(String::as_str).unwrap_or_default() {
        free().push(url.rsplit('/').next().unwrap_or_default().to_owned());
    }
}

/// Whether these bytes stand in a file of the folder. Read by another process: if this one opened and
/// closed a file of SQLite, that would let go of the locks that its own server holds there.
pub async fn on_disk(folder: &Path, bytes: &[u8]) -> bool {
    let mut command = tokio::process::Command::new("sh");
    // The log first: what goes from there to the database meanwhile is found there.
    let output = command.args(["-c", "cat $(ls -r)"]).current_dir(folder).output();
    let content = output.await.expect("a shell").stdout;
    assert!(!content.is_empty(), "nothing in {}", folder.display());
    content.windows(bytes.len()).any(|window| window == bytes)
}

/// A database as the first so many migrations leave it, for what comes after them.
pub async fn of_before(backend: Backend, folder: &Path, migrations: u32) -> Database {
    let database = match backend {
        Backend::Sqlite => {
            let path = folder.join("before.db");
            std::fs::write(&path, "").expect("a writable folder");
            Database::Sqlite(path)
        }
        Backend::Postgres => {
            let name = unique("palabre_before");
            on_cluster(&format!("CREATE DATABASE {name}")).await;
            Database::Postgres(postgres_url(&name))
        }
    };
    let connection = connect(&url(&database)).await;
    Migrator::up(&connection, Some(migrations))
        .await
        .expect("an older schema");
    connection.close().await.expect("closed");
    database
}

/// A copy of a database that nobody has open, SQLite's under another name in the same folder.
pub async fn copy_of(database: &Database) -> Database {
    match database {
        Database::Sqlite(path) => {
            let copy = path.with_file_name(format!("{}.db", unique("copy")));
            for log in ["", "-wal"] {
                let beside = |path: &Path| PathBuf::from(format!("{}{log}", path.display()));
                if beside(path).exists() {
                    std::fs::copy(beside(path), beside(&copy)).expect("a copy");
                }
            }
            Database::Sqlite(copy)
        }
        Database::Postgres(url) => {
            let (_, template) = url.rsplit_once('/').expect("a URL that ends in a database");
            let name = unique("palabre_copy");
            on_cluster(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
            Database::Postgres(postgres_url(&name))
        }
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
            let sql = Sql::open(&Database::Postgres(postgres_url(&name))).await;
            SCHEMA.set(sql.schema().await).expect("one template");
            sql.0.close().await.expect("closed");
            name
        })
        .await
}

/// The template's, to know whether a test has left it alone.
static SCHEMA: OnceLock<String> = OnceLock::new();

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
#[derive(Clone)]
pub struct Sql(DatabaseConnection);

impl Sql {
    pub async fn open(database: &Database) -> Self {
        Self(connect(&url(database)).await)
    }

    /// Runs statements; says how many rows the last one changed.
    pub async fn run(&self, sql: &str) -> u64 {
        self.0.execute_unprepared(sql).await.expect(sql).rows_affected()
    }

    /// Hangs up; dropped instead, it does so some time later.
    pub async fn close(self) {
        self.0.close().await.expect("closed");
    }

    /// Whether the database takes the statement.
    pub async fn takes(&self, sql: &str) -> bool {
        self.0.execute_unprepared(sql).await.is_ok()
    }

    /// Lets the closing time of an open ballot pass, which the database itself would not allow.
    pub async fn time_is_up(&self, ballot: &str) {
        let (before, after) = match self.0.get_database_backend() {
            // Triggers do not fire for whoever replays what was decided elsewhere.
            DatabaseBackend::Postgres => (
                "SET session_replication_role = replica;",
                "RESET session_replication_role;",
            ),
            _ => ("DROP TRIGGER ballot_is_extended_only;", ""),
        };
        let id = self.id(ballot);
        let update = format!("UPDATE ballot SET opens_at = NULL, closes_at = 2 WHERE id = {id};");
        self.run(&format!("{before} {update} {after}")).await;
    }

    /// An identifier as a literal.
    pub fn id(&self, id: &str) -> String {
        match self.0.get_database_backend() {
            DatabaseBackend::Postgres => format!("'{id}'"),
            _ => format!("x'{}'", id.replace('-', "")),
        }
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

    /// All that migrations make, or a digest of it.
    pub async fn schema(&self) -> String {
        let lines = match self.0.get_database_backend() {
            DatabaseBackend::Postgres => {
                "SELECT md5(string_agg(line, '|' ORDER BY line)) FROM (
                     SELECT version AS line FROM seaql_migrations
                     UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
                     UNION ALL SELECT concat(pg_get_triggerdef(oid), tgenabled) FROM pg_trigger WHERE NOT tgisinternal
                     UNION ALL SELECT concat(conrelid::regclass, pg_get_constraintdef(oid)) FROM pg_constraint
                         WHERE connamespace = 'public'::regnamespace
                     UNION ALL SELECT concat(table_name, ' ', column_name, ' ', data_type, is_nullable)
                         FROM information_schema.columns WHERE table_schema = 'public') lines"
            }
            _ => "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name",
        };
        self.texts(lines).await.join("\n")
    }

    /// Every column that the database has, as `table.column`, in order; those of migrations aside.
    pub async fn columns(&self) -> Vec<String> {
        let columns = match self.0.get_database_backend() {
            DatabaseBackend::Postgres => {
                "SELECT concat(table_name, '.', column_name)
                 FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
                 WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name <> 'seaql_migrations'"
            }
            _ => {
                "SELECT concat(tables.name, '.', columns.name)
                 FROM sqlite_master tables, pragma_table_info(tables.name) columns
                 WHERE tables.type = 'table' AND tables.name NOT IN ('seaql_migrations', 'sqlite_sequence')"
            }
        };
        let mut columns = self.texts(columns).await;
        columns.sort_unstable();
        columns
    }

    /// A transaction that holds its locks until it is committed, rolled back or dropped.
    pub async fn begin(&self) -> DatabaseTransaction {
        self.0.begin().await.expect("a transaction")
    }
}

/// The clock that decides over ballots, set by the test: the database's own under PostgreSQL, for
/// the servers that reach it through [`BallotClock::database`], and the world's under SQLite.
pub struct BallotClock {
    world: World,
    sql: Option<Sql>,
}

impl BallotClock {
    /// Stands where it pleases the world's clock.
    pub async fn of(world: &World) -> Self {
        let sql = match world.backend() {
            Backend::Sqlite => None,
            Backend::Postgres => {
                let sql = world.sql().await;
                // A sequence heeds no transaction, as time does not. Every look moves it by a millisecond.
                sql.run(
                    "CREATE SCHEMA IF NOT EXISTS clock;
                     CREATE SEQUENCE IF NOT EXISTS clock.now INCREMENT 1000;
                     CREATE OR REPLACE FUNCTION clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
                         $$ SELECT timestamptz 'epoch' + nextval('clock.now') * interval '1 microsecond' $$",
                )
                .await;
                Some(sql)
            }
        };
        let clock = Self {
            world: world.clone(),
            sql,
        };
        clock.set(world.clock().now()).await;
        clock
    }

    /// The world's database, told to look at this clock.
    pub fn database(&self) -> Database {
        match self.world.database() {
            // Found before the system's own function of that name; migrations look at the first schema alone.
            Database::Postgres(url) => {
                Database::Postgres(format!("{url}?options=-c%20search_path%3Dpublic%2Cclock%2Cpg_catalog"))
            }
            sqlite @ Database::Sqlite(_) => sqlite.clone(),
        }
    }

    pub async fn now(&self) -> Instant {
        match &self.sql {
            Some(sql) => Instant::from_micros(sql.number("SELECT last_value FROM clock.now").await),
            None => self.world.clock().now(),
        }
    }

    pub async fn set(&self, now: Instant) {
        self.setting(now).await;
    }

    /// As [`BallotClock::set`], to be done by somebody else.
    pub fn setting(&self, now: Instant) -> impl Future<Output = ()> + Send + use<> {
        let (world, sql) = (self.world.clone(), self.sql.clone());
        async move {
            match sql {
                Some(sql) => {
                    sql.number(&format!("SELECT setval('clock.now', {})", now.micros()))
                        .await;
                }
                None => world.clock().set(&now.to_string()),
            }
        }
    }

    pub async fn advance(&self, micros: i64) {
        self.set(self.now().await.plus(micros)).await;
    }
}

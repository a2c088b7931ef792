//! A world of a test's own: server, database, mailbox and clock, which nobody else touches.

use std::net::SocketAddr;
use std::sync::Arc;

use palabre::ambient::{Ambient, Clock};
use palabre::settings::keeping::Keeping;
use palabre::settings::{Database, Mail, Settings};
use palabre::{App, Capacity, Key, Running, Writer};
use tempfile::TempDir;

use super::binary::{Palabre, Process};
use super::client::{Person, Request};
use super::clock::TestClock;
use super::database::{self, Backend, Sql};
use super::mail::Mailbox;
use super::raw::Raw;
use super::workshop::Draft;

/// Where pages may call the API from, as far as its servers know.
pub const FRONT_END: &str = "https://atelier.example.org";
const SECRET: [u8; 32] = [7; 32];
/// How long the fast path's tokens live: longer than any story.
const LONG: i64 = 400 * 24 * 3600;

#[derive(Clone)]
pub struct World(Arc<Inner>);

struct Inner {
    backend: Backend,
    clock: Arc<TestClock>,
    mailbox: Mailbox,
    database: Database,
    folder: TempDir,
    http: reqwest::Client,
    server: Server,
}

/// One server on the world's database.
#[derive(Clone)]
pub struct Server {
    pub address: SocketAddr,
    running: Arc<tokio::sync::Mutex<Option<Running>>>,
}

impl Server {
    async fn start(
        database: &Database,
        mailbox: &Mailbox,
        clock: Arc<dyn Clock>,
        capacity: Capacity,
    ) -> (Self, reqwest::Client) {
        let settings = Settings {
            database: database.clone(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            public_url: "https://api.example.org".into(),
            front_end_url: FRONT_END.into(),
            mail: Mail::Smtp(mailbox.url()),
            mail_from: "Palabre <no-reply@example.org>".into(),
            secret: Key(SECRET),
            log: "off".into(),
            metrics_listen: None,
            cors_origins: vec![FRONT_END.into()],
            // Tests speak through a proxy when they say so: see `Request::via`.
            trusted_proxies: "127.0.0.1".parse().expect("an address"),
            keeping: Keeping::default(),
        };
        let app = App::prepare(settings, Ambient::new(clock))
            .await
            .expect("a prepared server");
        let Ok(mut app) = Arc::try_unwrap(app.into_inner()) else {
            panic!("someone holds what is not served yet");
        };
        app.votes = Writer::start(app.store.clone(), app.ambient.clone(), capacity).expect("a thread");
        let app = Arc::new(app).into();
        let running = palabre::serve(app, 1).expect("a free port");
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client");
        let server = Self {
            address: running.address,
            running: Arc::new(tokio::sync::Mutex::new(Some(running))),
        };
        (server, http)
    }

    /// Finishes what it has begun, then is gone.
    pub async fn stop(&self) {
        if let Some(running) = self.running.lock().await.take() {
            let app = running.app.clone();
            running.stop().await.expect("a stopped server");
            app.store.clone().close().await.expect("closed connections");
        }
    }

    /// Does nothing from now on but what it is asked for: no letters, nothing that is due.
    pub async fn end_jobs(&self) {
        self.running.lock().await.as_ref().expect("a running server").end_jobs();
    }

    /// What the server itself knows.
    pub async fn app<T>(&self, ask: impl AsyncFnOnce(&App) -> T) -> T {
        let app = self
            .running
            .lock()
            .await
            .as_ref()
            .expect("a running server")
            .app
            .clone();
        ask(&app).await
    }

    /// Does now what the server would do by itself within a second: open and close what is due.
    pub async fn run_due(&self) {
        let app = self
            .running
            .lock()
            .await
            .as_ref()
            .expect("a running server")
            .app
            .clone();
        palabre::run_due(&app).await.expect("what is due");
    }
}

impl World {
    /// Runs one test in a new world; what [`both!`](super::both) expands to.
    pub async fn with<F: Future<Output = ()>>(backend: Backend, test: impl FnOnce(Self) -> F) {
        let world = Self::new(backend).await;
        test(world.clone()).await;
        // After a panic nothing is tidied up: folder and cluster are temporary anyway.
        world.0.server.stop().await;
        database::give_back(&world.0.database).await;
    }

    async fn new(backend: Backend) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let database = database::take(backend, folder.path()).await;
        Self::of(database, folder).await
    }

    /// On a database that a test brings along, such as one on a [`Cluster`](super::Cluster) of its
    /// own; it is migrated first and left as it is afterwards.
    pub async fn on(database: Database) -> Self {
        Self::of(database, tempfile::tempdir().expect("a temporary folder")).await
    }

    async fn of(database: Database, folder: TempDir) -> Self {
        let backend = match database {
            Database::Sqlite(_) => Backend::Sqlite,
            Database::Postgres(_) => Backend::Postgres,
        };
        let mailbox = Mailbox::start().await;
        let clock = Arc::new(TestClock::new());
        let (server, http) = Server::start(&database, &mailbox, clock.clone(), Capacity::default()).await;
        Self(Arc::new(Inner {
            backend,
            clock,
            mailbox,
            database,
            folder,
            http,
            server,
        }))
    }

    pub fn backend(&self) -> Backend {
        self.0.backend
    }

    pub fn clock(&self) -> &TestClock {
        &self.0.clock
    }

    /// What the clock shows, in microseconds.
    pub fn now(&self) -> i64 {
        palabre::ambient::Clock::now(&*self.0.clock).micros()
    }

    pub fn mailbox(&self) -> &Mailbox {
        &self.0.mailbox
    }

    pub fn server(&self) -> &Server {
        &self.0.server
    }

    pub fn database(&self) -> &Database {
        &self.0.database
    }

    /// What seals the keys in the database.
    pub fn secret(&self) -> Key {
        Key(SECRET)
    }

    /// The same as an operator writes it.
    pub fn secret_text(&self) -> String {
        SECRET.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// A folder that goes with the world.
    pub fn folder(&self) -> &std::path::Path {
        self.0.folder.path()
    }

    /// One more server on the same database, with connections of its own: to a race between
    /// processes it is another process. Speak to it through [`Person::at`].
    pub async fn another_server(&self) -> Server {
        self.another_server_with(Capacity::default()).await
    }

    /// One more server, with room for so many votes.
    pub async fn another_server_with(&self, capacity: Capacity) -> Server {
        let inner = &self.0;
        Server::start(&inner.database, &inner.mailbox, inner.clock.clone(), capacity)
            .await
            .0
    }

    /// As [`World::another_server`], reaching the database by another way.
    pub async fn another_server_on(&self, database: &Database) -> Server {
        self.another_server_by(database, self.0.clock.clone()).await
    }

    /// As [`World::another_server_on`], on a host with a clock of its own.
    pub async fn another_server_by(&self, database: &Database, clock: Arc<dyn Clock>) -> Server {
        Server::start(database, &self.0.mailbox, clock, Capacity::default())
            .await
            .0
    }

    /// The real binary on the same database, to be killed; by the host's clock.
    pub async fn process(&self) -> Process {
        self.command(["serve", "--listen", "127.0.0.1:0"]).serve().await
    }

    /// A command of the real binary with this world's settings.
    pub fn command<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Palabre {
        self.command_on(&self.0.database, arguments)
    }

    /// The same on another database, a copy of this world's, say.
    pub fn command_on<'a>(&self, database: &Database, arguments: impl IntoIterator<Item = &'a str>) -> Palabre {
        Palabre::new(arguments)
            .folder(self.folder())
            .env("DATABASE_URL", &database::url(database))
            .env("PALABRE_SECRET", &self.secret_text())
            .env("PALABRE_SMTP_URL", &self.0.mailbox.url())
    }

    /// A connection to the server, to be written to byte by byte.
    pub async fn raw(&self) -> Raw {
        Raw::connect(self.0.server.address).await
    }

    /// Removes now what has served its time, which the server does by itself every hour.
    pub async fn sweep(&self) {
        let running = self.0.server.running.lock().await;
        let app = &running.as_ref().expect("a running server").app;
        palabre::sweep(app).await.expect("a swept house");
    }

    /// See [`Server::run_due`].
    pub async fn run_due(&self) {
        self.0.server.run_due().await;
    }

    /// A connection behind the server's back.
    pub async fn sql(&self) -> Sql {
        Sql::open(&self.0.database).await
    }

    // --- People ------------------------------------------------------------------------------

    pub fn anonymous(&self) -> Person {
        self.with_token("", None)
    }

    /// Someone with this token, whatever it is.
    pub fn bearer(&self, token: &str) -> Person {
        self.with_token("", Some(token.to_owned()))
    }

    fn with_token(&self, email: &str, token: Option<String>) -> Person {
        Person::new(self.0.http.clone(), self.0.server.address, email, token)
    }

    /// Signs in as people do: asks for a code, reads the mail, exchanges the code.
    pub async fn sign_in(&self, email: &str) -> Person {
        let tokens = self.tokens(email).await;
        let token = tokens["access_token"].as_str().expect("a token").to_owned();
        self.with_token(email, Some(token))
    }

    /// The answer of a sign-in with a code from the mail.
    pub async fn tokens(&self, email: &str) -> super::Answer {
        let code = self.code(email).await;
        let exchange = serde_json::json!({"grant_type": "email_code", "email": email, "code": code});
        self.anonymous().post("/v1/auth/tokens", exchange).await.expect(200)
    }

    /// Asks for a code and waits for the mail that holds it.
    pub async fn code(&self, email: &str) -> String {
        let ask = serde_json::json!({"email": email});
        self.anonymous().post("/v1/auth/codes", ask).await.expect(202);
        self.mailbox().next_code_to(email).await
    }

    /// Signed in without a code, for tests that are about something else.
    pub async fn person(&self, email: &str) -> Person {
        let name = email.split('@').next().unwrap_or_default();
        let token = self
            .0
            .server
            .app(async |app| palabre::operator::token_for_anyone(app, email, name, LONG).await)
            .await
            .expect("a token");
        self.with_token(email, Some(token))
    }

    /// Whoever may create workshops.
    pub async fn administrator(&self) -> Person {
        self.another_administrator("admin@example.org").await
    }

    pub async fn another_administrator(&self, email: &str) -> Person {
        self.0
            .server
            .app(async |app| palabre::operator::add_administrator(app, email).await)
            .await
            .expect("an administrator");
        self.person(email).await
    }

    /// A workshop to be described further, then created: `world.workshop().published().await`.
    pub fn workshop(&self) -> Draft {
        Draft::new(self)
    }

    pub fn request(&self, method: reqwest::Method, path: &str) -> Request {
        self.anonymous().request(method, path)
    }
}

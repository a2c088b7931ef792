//! The server put together: what every request shares, the list of rooms, and the start.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{ServerHandle, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::guard;
use actix_web::middleware::{Compress, Condition, from_fn};
use actix_web::web::{self, Data};
use actix_web::{HttpResponse, HttpServer};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::ambient::Ambient;
use crate::http::{Access, Code, Looks, Problem, Room, Served, document, edge, other_methods, route};
use crate::identity::tokens::Tokens;
use crate::mail::Bell;
use crate::mail::delivery::Transport;
use crate::metrics::{self, Answers};
use crate::settings::Settings;
use crate::signing_keys::{self, Purpose};
use crate::store::Store;
use crate::{
    attendance, ballots, coalitions, consents, first_screen, identity, jobs, journal, organisations, registrations,
    sessions, workshops,
};

/// What every request shares.
pub struct App {
    pub settings: Settings,
    pub ambient: Ambient,
    pub store: Store,
    pub tokens: Tokens,
    pub floods: identity::Floods,
    pub mail: Bell,
    pub transport: Transport,
    pub ballot_keys: ballots::Keys,
    pub frozen: ballots::Frozen,
    pub votes: ballots::Writer,
    /// What was answered so far, for operators.
    pub answers: Answers,
    /// Held by whoever counts: one ballot at a time in a process.
    pub counting: Arc<tokio::sync::Mutex<()>>,
    /// Where the work goes on that no request waits for.
    pub runtime: Handle,
}

impl App {
    /// Migrates, connects and loads the keys.
    pub async fn prepare(settings: Settings, ambient: Ambient) -> Result<Data<Self>, Box<dyn std::error::Error>> {
        Store::migrate(&settings.database).await?;
        let store = Store::connect(&settings.database).await?;
        // First of all the right time, where it is the database's.
        store.ballot_now(store.reader(), &ambient).await?;
        let tokens = Tokens::load(&store, &ambient, &settings.secret).await?;
        // Made before the first ballot opens, so that auditors can note it in time.
        let name = ballots::instance_name(&settings.public_url);
        let transaction = store.write().await?;
        signing_keys::current(&transaction, &ambient, &settings.secret, Purpose::Manifest, name).await?;
        transaction.commit().await?;
        let transport = Transport::new(&settings.mail)?;
        let ballot_keys = ballots::Keys::new(&settings.secret);
        let votes = ballots::Writer::start(store.clone(), ambient.clone(), ballots::Capacity::default())?;
        Ok(Data::new(Self {
            settings,
            ambient,
            store,
            tokens,
            floods: identity::Floods::default(),
            mail: Bell::default(),
            transport,
            ballot_keys,
            frozen: ballots::Frozen::default(),
            votes,
            answers: Answers::default(),
            counting: Arc::default(),
            runtime: Handle::current(),
        }))
    }
}

/// Every route of Palabre: the one list for server, document and tests.
pub fn rooms() -> Vec<Room> {
    let mut rooms = identity::rooms();
    rooms.extend([
        consents::room(),
        workshops::room(),
        first_screen::room(),
        organisations::room(),
        sessions::room(),
        registrations::room(),
        attendance::room(),
    ]);
    rooms.extend(coalitions::rooms());
    rooms.extend(ballots::rooms().into_iter().map(Room::by_mail));
    rooms.extend([
        journal::room(),
        Room::new(
            "Server",
            [route!(livez, Access::Anyone, []), route!(readyz, Access::Anyone, [])],
        ),
    ]);
    rooms
}

/// The OpenAPI document, as `palabre openapi` prints it and `/openapi.json` serves it.
pub fn openapi() -> String {
    let mut text = document::of(&rooms()).to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// Is the process alive?
///
/// Answers without asking the database.
#[utoipa::path(get, path = "/livez", responses((status = 204, description = "Alive")))]
async fn livez() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

/// Is the server ready?
///
/// Only with its database, migrated.
#[utoipa::path(get, path = "/readyz", responses((status = 204, description = "Ready")))]
async fn readyz(app: Data<App>) -> Result<HttpResponse, Problem> {
    match app.store.is_migrated().await {
        Ok(true) => Ok(HttpResponse::NoContent().finish()),
        _ => Err(Code::Unavailable.into()),
    }
}

/// A server that runs.
pub struct Running {
    pub address: SocketAddr,
    pub app: Data<App>,
    metrics: Option<metrics::Listening>,
    handle: ServerHandle,
    server: JoinHandle<std::io::Result<()>>,
    jobs: Vec<JoinHandle<()>>,
}

impl Running {
    /// Until it is told to stop by a signal or [`Running::stop`].
    pub async fn wait(mut self) -> std::io::Result<()> {
        let ended = (&mut self.server).await.map_err(std::io::Error::other)?;
        self.end_jobs();
        if let Some(metrics) = self.metrics {
            metrics.stop().await?;
        }
        ended
    }

    /// From now on nothing is done here but what requests ask for.
    pub fn end_jobs(&self) {
        self.jobs.iter().for_each(JoinHandle::abort);
    }

    /// Where the figures for operators are, if they are wanted.
    pub fn metrics(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(|metrics| metrics.address)
    }

    pub async fn stop(self) -> std::io::Result<()> {
        self.handle.stop(true).await;
        self.wait().await
    }
}

/// At this address, which a failure names: there may be two.
pub fn listener(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address)
        .map_err(|error| std::io::Error::new(error.kind(), format!("cannot listen on {address}: {error}")))
}

/// Listens and serves `app`; port 0 takes a free one.
pub fn serve(app: Data<App>, workers: usize) -> std::io::Result<Running> {
    let listener = listener(app.settings.listen)?;
    let address = listener.local_addr()?;
    let metrics = app
        .settings
        .metrics_listen
        .map(|on| metrics::Listening::start(app.clone(), on))
        .transpose()?;
    let document = web::Bytes::from(openapi());
    let shared = app.clone();
    let server = HttpServer::new(move || application(shared.clone(), document.clone()))
        .workers(workers)
        // A slow client holds a connection, not a worker; 10 s is ample for a request head on a bad line.
        .client_request_timeout(std::time::Duration::from_secs(10))
        .shutdown_timeout(10)
        .listen(listener)?
        .run();
    let handle = server.handle();
    let jobs = jobs::start(&app);
    Ok(Running {
        address,
        app,
        metrics,
        handle,
        server: tokio::spawn(server),
        jobs,
    })
}

/// One worker's application: every room, and what holds for all of them.
pub fn application(
    shared: Data<App>,
    document: web::Bytes,
) -> actix_web::App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    let origins = shared.settings.cors_origins.clone();
    let reads = guard::Any(guard::Get()).or(guard::Head());
    let published = web::resource("/openapi.json")
        .route(web::route().guard(reads).to(move || openapi_json(document.clone())))
        .default_service(other_methods("GET, HEAD".to_owned()));
    // Of this worker alone: what its connections ask at one moment comes together on its own thread.
    let looks = Looks::start(&shared.store, shared.ambient.clone());
    let pages = ballots::Pages::start(&shared.store, shared.settings.public_url.clone());
    actix_web::App::new()
        .app_data(Data::new(looks))
        .app_data(Data::new(pages))
        .app_data(shared)
        .app_data(web::PathConfig::default().error_handler(|_, _| Problem::from(Code::MalformedPath).into()))
        .service(Served(rooms()))
        .service(published)
        .configure(documentation)
        .default_service(web::to(|| async {
            Err::<HttpResponse, Problem>(Code::NotFound.into())
        }))
        .wrap(Compress::default())
        .wrap(Condition::new(!origins.is_empty(), cors(&origins)))
        .wrap(from_fn(edge))
}

async fn openapi_json(document: web::Bytes) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header(("cache-control", "public, max-age=300"))
        .body(document)
}

/// The document's browser, from files inside the binary.
fn documentation(config: &mut web::ServiceConfig) {
    config.service(web::redirect("/docs", "/docs/"));
    config.service(
        utoipa_swagger_ui::SwaggerUi::new("/docs/{_:.*}").config(utoipa_swagger_ui::Config::from("/openapi.json")),
    );
}

fn cors(origins: &[String]) -> actix_cors::Cors {
    let cors = actix_cors::Cors::default()
        .allowed_methods(["GET", "POST", "PUT", "PATCH", "DELETE"])
        .allowed_headers([
            "authorization",
            "content-type",
            "if-match",
            "if-none-match",
            "accept-language",
            "last-event-id",
        ])
        .expose_headers([
            "etag",
            "location",
            "retry-after",
            "content-language",
            "content-disposition",
            "x-request-id",
        ])
        // Asked anew for each address once this is over; browsers keep to less where they think it right.
        .max_age(24 * 3600);
    if origins.iter().any(|origin| origin == "*") {
        return cors.allow_any_origin();
    }
    origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}

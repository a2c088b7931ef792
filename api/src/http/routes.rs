//! A room's routes: one list for the server, the document and the tests.
//!
//! Method and path stand in the `utoipa::path` attribute of a handler and nowhere else; what the
//! route asks of its caller and which problems it can answer stand in its line of the list.

use std::collections::BTreeMap;

use actix_web::body::BoxBody;
use actix_web::dev::{AppService, HttpServiceFactory, ServiceRequest};
use actix_web::http::Method;
use actix_web::http::header::ALLOW;
use actix_web::middleware::{Next, from_fn};
use actix_web::{FromRequest, Handler, HttpMessage as _, Resource, Responder, Scope, guard, web};
use utoipa::__dev::{SchemaReferences, Tags};
use utoipa::openapi::path::{HttpMethod, Operation, PathItem, Paths, PathsBuilder};
use utoipa::openapi::{RefOr, Schema};

use super::access::{Access, Gate};
use super::codes::Code;
use super::document;
use super::problem::Problem;

pub struct Route {
    pub method: Method,
    pub path: String,
    pub access: Access,
    pub problems: &'static [Code],
    /// For the document only, as are the schemas: each worker has the routes, and none needs these.
    pub operation: fn() -> Operation,
    /// Changes what outlives the workshop (`Caller::begin_lasting`), so an archive does not stop it.
    pub lasting: bool,
    /// Whether an in-person sign-in is let in where its holder would be.
    pub in_person: bool,
    /// The handler asks for the caller itself (`Caller::look_now`), so that it can do without.
    pub deferred: bool,
    /// Whether it is left out of the figures for operators.
    pub uncounted: bool,
    /// Whether the handler honours `If-Match`, as its arguments say.
    pub conditional: bool,
    /// Whether the handler does without a body, as its arguments say.
    pub optional_body: bool,
    schemas: fn(&mut Vec<(String, RefOr<Schema>)>),
    handler: actix_web::Route,
}

impl Route {
    pub fn new<'t, P, F, Arguments>(handler: F, access: Access, problems: &'static [Code]) -> Self
    where
        P: utoipa::Path + SchemaReferences + Tags<'t>,
        F: Handler<Arguments, Output: Responder + 'static>,
        Arguments: FromRequest + 'static,
    {
        let method = match P::methods().first() {
            Some(HttpMethod::Get) => Method::GET,
            Some(HttpMethod::Put) => Method::PUT,
            Some(HttpMethod::Delete) => Method::DELETE,
            Some(HttpMethod::Patch) => Method::PATCH,
            _ => Method::POST,
        };
        let arguments = std::any::type_name::<Arguments>();
        Self {
            method,
            path: P::path(),
            access,
            problems,
            operation: P::operation,
            lasting: false,
            in_person: !matches!(access, Access::SignedIn | Access::Administrator),
            deferred: false,
            uncounted: false,
            conditional: arguments.contains("::IfMatch"),
            optional_body: arguments.contains("::OptionalJson<"),
            schemas: P::schemas,
            handler: web::route().to(handler),
        }
    }

    /// See the field.
    pub fn lasting(mut self) -> Self {
        self.lasting = true;
        self
    }

    /// Open to in-person sign-ins too, though it leads to no workshop: it shows them no other.
    pub fn in_person(mut self) -> Self {
        self.in_person = true;
        self
    }

    /// See the field.
    pub fn deferred(mut self) -> Self {
        self.deferred = true;
        self
    }

    /// See the field.
    pub fn uncounted(mut self) -> Self {
        self.uncounted = true;
        self
    }
}

/// `route!(handler, access, [Code, …])` or `route!(file::handler, access, [Code, …])`.
macro_rules! route {
    ($handler:ident, $access:expr, [$($code:ident),* $(,)?]) => {
        crate::http::route!(self::$handler, $access, [$($code),*])
    };
    ($file:ident :: $handler:ident, $access:expr, [$($code:ident),* $(,)?]) => {
        pastey::paste! {
            crate::http::Route::new::<$file::[<__path_ $handler>], _, _>(
                $file::$handler, $access, &[$(crate::http::Code::$code),*],
            )
        }
    };
}
pub(crate) use route;

/// What a path answers to methods that are none of its own.
pub fn other_methods(allow: String) -> actix_web::Route {
    web::to(move || {
        let problem = Problem::from(Code::MethodNotAllowed)
            .with("allow", &allow)
            .header(ALLOW, &allow);
        async move { Err::<&'static str, _>(problem) }
    })
}

/// The routes of one room.
pub struct Room {
    pub tag: &'static str,
    pub routes: Vec<Route>,
}

impl Room {
    pub fn new(tag: &'static str, routes: impl IntoIterator<Item = Route>) -> Self {
        Self {
            tag,
            routes: routes.into_iter().collect(),
        }
    }

    /// Of things that outlive the workshop.
    pub fn lasting(mut self) -> Self {
        self.routes = self.routes.into_iter().map(Route::lasting).collect();
        self
    }

    /// Closed to in-person sign-ins.
    pub fn by_mail(mut self) -> Self {
        for route in &mut self.routes {
            route.in_person = false;
        }
        self
    }
}

/// All routes as the server knows them. Those of one kind of thing (`/v1/ballots/…`), and in there those
/// of one thing (`{ballot_id}/…`), stand behind one prefix: a request is held against the paths of its
/// kind only, and against patterns as seldom as can be.
pub struct Served(pub Vec<Room>);

impl HttpServiceFactory for Served {
    fn register(self, config: &mut AppService) {
        let mut paths: BTreeMap<String, Vec<Route>> = BTreeMap::new();
        for route in self.0.into_iter().flat_map(|room| room.routes) {
            paths.entry(route.path.clone()).or_default().push(route);
        }
        let mut kinds: BTreeMap<String, Kind> = BTreeMap::new();
        for (path, routes) in paths {
            let (kind, rest) = split(&path, 2);
            let kind = kinds.entry(kind.to_owned()).or_default();
            let (thing, rest_of_thing) = split(rest, 1);
            if thing.starts_with("/{") && thing.ends_with('}') {
                let things = kind.things.entry(thing.to_owned()).or_default();
                things.push((rest_of_thing.to_owned(), routes));
            } else {
                kind.all.push((rest.to_owned(), routes));
            }
        }
        for (path, kind) in kinds {
            let things = kind.things.into_iter().map(|(thing, rest)| scope(&thing, rest));
            things.fold(scope(&path, kind.all), Scope::service).register(config);
        }
    }
}

#[derive(Default)]
struct Kind {
    all: Vec<(String, Vec<Route>)>,
    /// By the segment that names one of them.
    things: BTreeMap<String, Vec<(String, Vec<Route>)>>,
}

fn scope(path: &str, rest: Vec<(String, Vec<Route>)>) -> Scope {
    let resources = rest.into_iter().map(|(path, routes)| resource(&path, routes));
    resources.fold(web::scope(path), Scope::service)
}

/// Before and from the slash of this number, the first of all being number 0.
fn split(path: &str, slash: usize) -> (&str, &str) {
    let at = path.match_indices('/').nth(slash).map(|(at, _)| at);
    at.map_or((path, ""), |at| path.split_at(at))
}

/// The methods of one path behind their gates.
fn resource(path: &str, routes: Vec<Route>) -> impl HttpServiceFactory + use<> {
    let allow = routes
        .iter()
        .map(|route| {
            if route.method == Method::GET {
                "GET, HEAD"
            } else {
                route.method.as_str()
            }
        })
        .collect::<Vec<_>>()
        .join(", ");
    let mut resource = Resource::new(path);
    let mut gates: Vec<(Method, &'static Gate)> = Vec::new();
    for route in routes {
        // Lives as long as the process: routes are made once per worker, when it starts.
        gates.push((route.method.clone(), Box::leak(Box::new(Gate::new(&route)))));
        resource = resource.route(match route.method {
            Method::GET => route.handler.guard(guard::Any(guard::Get()).or(guard::Head())),
            method => route.handler.guard(guard::Method(method)),
        });
    }
    let resource = resource.default_service(other_methods(allow));
    resource.wrap(from_fn(move |request: ServiceRequest, next: Next<BoxBody>| {
        let method = if request.method() == Method::HEAD {
            &Method::GET
        } else {
            request.method()
        };
        let gate = gates.iter().find(|(known, _)| known == method).map(|(_, gate)| *gate);
        async move {
            if let Some(gate) = gate {
                request.extensions_mut().insert(gate);
                match gate.admit(request.request()).await {
                    Ok(caller) => request.extensions_mut().insert(caller),
                    Err(problem) => return Ok(request.error_response(problem)),
                };
            }
            next.call(request).await
        }
    }))
}

impl Room {
    pub fn paths(&self) -> Paths {
        self.routes
            .iter()
            .fold(PathsBuilder::new(), |paths, route| {
                let method = match route.method {
                    Method::GET => HttpMethod::Get,
                    Method::PUT => HttpMethod::Put,
                    Method::DELETE => HttpMethod::Delete,
                    Method::PATCH => HttpMethod::Patch,
                    _ => HttpMethod::Post,
                };
                paths.path(&route.path, PathItem::new(method, document::operation(self.tag, route)))
            })
            .build()
    }

    pub fn schemas(&self) -> Vec<(String, RefOr<Schema>)> {
        let mut schemas = Vec::new();
        self.routes.iter().for_each(|route| (route.schemas)(&mut schemas));
        schemas
    }
}

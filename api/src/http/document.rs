//! The OpenAPI document: what handlers say of themselves, completed by what holds for all.

mod finish;

use std::collections::BTreeMap;

use actix_web::http::Method;
use serde_json::json;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ContactBuilder, ContentBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Required,
    ResponseBuilder,
};
use utoipa::{PartialSchema as _, ToSchema as _};

use super::access::{Access, EVERY_ROLE};
use super::codes::Code;
use super::language::Language;
use super::problem::{FaultBody, ProblemBody};
use super::routes::{Room, Route};

/// One operation, with its identifier, path parameters, security and problems.
pub fn operation(tag: &str, route: &Route) -> Operation {
    let mut operation = (route.operation)();
    let name = operation.operation_id.take().unwrap_or_default();
    operation.operation_id = Some(format!("{}_{name}", tag.to_lowercase().replace([' ', '-'], "_")));
    operation.tags = Some(vec![tag.to_owned()]);
    let parameters = operation.parameters.get_or_insert_default();
    let path = route
        .path
        .split(['{', '}'])
        .skip(1)
        .step_by(2)
        .map(|name| RefOr::T(path_parameter(name)));
    parameters.splice(0..0, path);
    if route.conditional && route.method == Method::PATCH {
        parameters.push(header("If-Match", "The `etag` of the version you change", true));
    } else if route.conditional {
        parameters.push(header("If-Match", "Only if the resource still has this `etag`", false));
    } else if route.method == Method::GET && route.access != Access::Anyone {
        parameters.push(header(
            "If-None-Match",
            "Answer 304 when the resource still has this `etag`",
            false,
        ));
    }
    if parameters.is_empty() {
        operation.parameters = None;
    }
    if route.optional_body
        && let Some(RefOr::T(body)) = operation.request_body.as_mut()
    {
        body.required = None;
    }
    operation.security = Some(security(route.access));
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in problems(route, operation.parameters.as_deref().unwrap_or_default()) {
        let codes = by_status.entry(code.status()).or_default();
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    describe_successes(&mut operation, route);
    for (status, codes) in by_status {
        operation
            .responses
            .responses
            .insert(status.to_string(), RefOr::T(problem_response(status, &codes)));
    }
    if route.method == Method::GET && route.access != Access::Anyone {
        let unchanged = ResponseBuilder::new()
            .description("Not changed since `If-None-Match`")
            .build();
        operation
            .responses
            .responses
            .insert("304".to_owned(), RefOr::T(unchanged));
    }
    operation
}

/// What a success means where the handler has nothing of its own to say, and the headers it carries.
fn describe_successes(operation: &mut Operation, route: &Route) {
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        if response.description.is_empty() {
            response.description = match (status.as_str(), &route.method) {
                ("201", _) => "Made just now",
                (_, &Method::GET) => "As it is now",
                (_, &Method::POST) => "As it stands now, whether this request made it so or an earlier one",
                _ => "As it is now, after the change",
            }
            .to_owned();
        }
        if status == "201" && !response.headers.contains_key("Location") {
            response
                .headers
                .insert("Location".to_owned(), text_header("Where to read it"));
        }
        if status == "200" && route.method == Method::GET && route.access != Access::Anyone {
            let meaning = "The version, for `If-None-Match` and `If-Match`";
            response.headers.insert("ETag".to_owned(), text_header(meaning));
        }
    }
}

fn text_header(description: &str) -> RefOr<utoipa::openapi::Header> {
    let text = ObjectBuilder::new().schema_type(Type::String).build();
    let header = utoipa::openapi::HeaderBuilder::new()
        .schema(Some(text))
        .description(Some(description));
    RefOr::T(header.build())
}

/// Every problem the route can answer: its own, and those of its access, body and query.
fn problems(route: &Route, parameters: &[RefOr<Parameter>]) -> Vec<Code> {
    let mut codes = route.problems.to_vec();
    let writes = route.method != Method::GET;
    let in_workshop = super::access::leads_to_workshop(&route.path);
    if route.access != Access::Anyone {
        codes.push(Code::SignInRequired);
        if !route.in_person {
            codes.push(Code::MailSignInRequired);
        }
    }
    if matches!(route.access, Access::Administrator)
        || matches!(route.access, Access::Members(roles) if roles.len() < EVERY_ROLE.len())
    {
        codes.push(Code::NotAllowed);
    }
    if route.path.contains('{') {
        codes.extend([Code::MalformedPath, Code::NotFound]);
    }
    if parameters
        .iter()
        .any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query))
    {
        codes.push(Code::MalformedQuery);
    }
    if let Some(RefOr::T(body)) = (route.operation)().request_body {
        codes.extend([Code::TooLarge, Code::UnsupportedMediaType, Code::MalformedBody]);
        if body.content.contains_key("application/json") {
            codes.extend([Code::MalformedJson, Code::Invalid]);
        }
    }
    if writes && in_workshop && !route.lasting && !matches!(route.access, Access::Anyone) {
        codes.push(Code::WorkshopArchived);
    }
    if route.conditional {
        codes.push(Code::StaleEtag);
        if route.method == Method::PATCH {
            codes.push(Code::EtagRequired);
        }
    }
    codes.extend([Code::Internal, Code::Unavailable]);
    codes
}

/// The media type of problems.
const PROBLEM: &str = "application/problem+json";

fn problem_response(status: u16, codes: &[Code]) -> utoipa::openapi::Response {
    let list: Vec<String> = codes
        .iter()
        .map(|code| format!("`{}`: {}", code.as_str(), code.words(Language::En).1))
        .collect();
    let content = ContentBuilder::new()
        .schema(Some(RefOr::Ref(Ref::from_schema_name("Problem"))))
        .build();
    let mut response = ResponseBuilder::new()
        .description(list.join("\n\n"))
        .content(PROBLEM, content);
    if matches!(status, 429 | 503) {
        let seconds = ObjectBuilder::new().schema_type(Type::Integer).build();
        let header = utoipa::openapi::HeaderBuilder::new()
            .schema(Some(seconds))
            .description(Some("Seconds to wait before trying again"))
            .build();
        response = response.header("Retry-After", header);
    }
    let mut response = response.build();
    let names: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    let extension = utoipa::openapi::extensions::ExtensionsBuilder::new()
        .add("x-codes", json!(names))
        .build();
    response.extensions = Some(extension);
    response
}

/// OpenAPI 3.1 lets a requirement list the roles it asks for.
fn security(access: Access) -> Vec<SecurityRequirement> {
    let bearer = |roles: &[&str]| SecurityRequirement::new("bearer", roles.iter().copied());
    match access {
        Access::Anyone => vec![SecurityRequirement::default()],
        Access::Visible => vec![SecurityRequirement::default(), bearer(&["member"])],
        Access::SignedIn | Access::Joinable => vec![bearer(&[])],
        Access::Administrator => vec![bearer(&["administrator"])],
        Access::Registered => vec![bearer(&["registered"])],
        Access::Members(roles) => vec![bearer(&roles.iter().map(|role| role.as_str()).collect::<Vec<_>>())],
    }
}

fn path_parameter(name: &str) -> Parameter {
    let schema = match name {
        "number" => ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
            .build(),
        "digest" => ObjectBuilder::new().schema_type(Type::String).build(),
        _ => ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
            .build(),
    };
    let example = match name {
        "number" => json!(1),
        "digest" => json!("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
        _ => json!("01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e"),
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(schema))
        .example(Some(example))
        .build()
}

fn header(name: &str, description: &str, required: bool) -> RefOr<Parameter> {
    let header = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(if required { Required::True } else { Required::False })
        .description(Some(description))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).build()))
        .build();
    RefOr::T(header)
}

/// The whole document of `rooms`.
pub fn of(rooms: &[Room]) -> OpenApi {
    let mut document = base();
    for room in rooms {
        document.paths.merge(room.paths());
        document
            .components
            .get_or_insert_default()
            .schemas
            .extend(room.schemas());
    }
    let tags = rooms.iter().map(|room| TagBuilder::new().name(room.tag).build());
    let mut seen = std::collections::BTreeSet::new();
    document.tags = Some(tags.filter(|tag| seen.insert(tag.name.clone())).collect());
    finish::finish(&mut document);
    document
}

fn base() -> OpenApi {
    let mut components = utoipa::openapi::Components::new();
    components.schemas.insert("Problem".into(), ProblemBody::schema());
    components
        .schemas
        .insert(FaultBody::name().into_owned(), FaultBody::schema());
    let bearer = Http::builder()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some(
            "Access token from `POST /v1/auth/tokens`. A requirement lists the roles in the path's workshop that it admits: \
             `organiser`, `facilitator`, `participant`, `auditor`; `member` and `registered` stand for anyone with a place there, \
             `administrator` for administrators of the instance.",
        ))
        .build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Palabre")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(include_str!("document.md")))
                .license(Some(LicenseBuilder::new().name("MIT").identifier(Some("MIT")).build()))
                .contact(None::<ContactBuilder>.map(ContactBuilder::build))
                .build(),
        )
        .components(Some(components))
        .build()
}

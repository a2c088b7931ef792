//! The OpenAPI document: what handlers say of themselves, completed by what holds for all.

use std::collections::BTreeMap;

use actix_web::http::Method;
use serde_json::json;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ArrayItems, KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ContactBuilder, ContentBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Required,
    ResponseBuilder, Schema,
};
use utoipa::{PartialSchema as _, ToSchema as _};
use utoipa_actix_web::AppExt as _;

use super::access::{Access, EVERY_ROLE};
use super::codes::Code;
use super::language::Language;
use super::problem::{FaultBody, ProblemBody};
use super::routes::{Room, Route};

/// One operation, with its identifier, path parameters, security and problems.
pub fn operation(tag: &str, route: &Route) -> Operation {
    let mut operation = route.operation.clone();
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

/// Every problem the route can answer: its own, and those of its access, body and query.
fn problems(route: &Route, parameters: &[RefOr<Parameter>]) -> Vec<Code> {
    let mut codes = route.problems.to_vec();
    let writes = route.method != Method::GET;
    let in_workshop = super::access::Gate::new(route.access, &route.path).leads_to_workshop();
    if route.access != Access::Anyone {
        codes.push(Code::SignInRequired);
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
    if let Some(RefOr::T(body)) = &route.operation.request_body {
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
pub fn of(rooms: Vec<Room>) -> OpenApi {
    let tags: Vec<_> = rooms
        .iter()
        .map(|room| TagBuilder::new().name(room.tag).build())
        .collect();
    let app = actix_web::App::new().into_utoipa_app().openapi(base());
    let (_, mut document) = rooms
        .into_iter()
        .fold(app, utoipa_actix_web::UtoipaApp::service)
        .split_for_parts();
    let mut seen = std::collections::BTreeSet::new();
    document.tags = Some(tags.into_iter().filter(|tag| seen.insert(tag.name.clone())).collect());
    flatten(&mut document);
    pages(&mut document);
    patches(&mut document);
    examples(&mut document);
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

/// A representation that contains what was put in becomes one object: `allOf` with parts that
/// admit no other fields would admit nothing at all.
fn flatten(document: &mut OpenApi) {
    let Some(components) = document.components.as_mut() else {
        return;
    };
    let all = components.schemas.clone();
    for schema in components.schemas.values_mut() {
        let RefOr::T(Schema::AllOf(all_of)) = schema else {
            continue;
        };
        let mut whole = ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(all_of.description.clone())
            .examples(all_of.example.clone())
            .build();
        for part in &all_of.items {
            let part = match part {
                RefOr::Ref(reference) => reference.ref_location.rsplit('/').next().and_then(|name| all.get(name)),
                RefOr::T(_) => Some(part),
            };
            if let Some(RefOr::T(Schema::Object(part))) = part {
                whole.properties.extend(part.properties.clone());
                // A representation shows every field, those with a default too.
                whole.required.extend(part.properties.keys().cloned());
            }
        }
        *schema = RefOr::T(Schema::Object(whole));
    }
}

/// A page refers to what it lists; derived, it would repeat it, as it was before [`flatten`].
fn pages(document: &mut OpenApi) {
    let Some(components) = document.components.as_mut() else {
        return;
    };
    let known: Vec<String> = components.schemas.keys().cloned().collect();
    for (name, schema) in &mut components.schemas {
        let item = name
            .strip_prefix("Page_")
            .filter(|item| known.iter().any(|name| name == item));
        let (Some(item), RefOr::T(Schema::Object(page))) = (item, schema) else {
            continue;
        };
        if let Some(RefOr::T(Schema::Array(items))) = page.properties.get_mut("items") {
            items.items = ArrayItems::RefOrSchema(Box::new(RefOr::Ref(Ref::from_schema_name(item))));
        }
    }
}

/// A merge patch takes any subset of what a creation takes.
fn patches(document: &mut OpenApi) {
    let Some(components) = document.components.as_mut() else {
        return;
    };
    for item in document.paths.paths.values_mut() {
        let Some(RefOr::T(body)) = item
            .patch
            .as_mut()
            .and_then(|operation| operation.request_body.as_mut())
        else {
            continue;
        };
        let Some(RefOr::T(content)) = body.content.get_mut("application/json") else {
            continue;
        };
        let Some(RefOr::Ref(reference)) = &content.schema else {
            continue;
        };
        let name = reference.ref_location.rsplit('/').next().unwrap_or_default().to_owned();
        let Some(RefOr::T(Schema::Object(object))) = components.schemas.get(&name) else {
            continue;
        };
        let mut patch = object.clone();
        patch.required.clear();
        patch.description = Some(format!(
            "JSON merge patch (RFC 7396) of {name}: what is absent stays, `null` clears."
        ));
        let patched = format!("{}Patch", name.trim_end_matches("Input"));
        content.schema = Some(RefOr::Ref(Ref::from_schema_name(&patched)));
        components.schemas.insert(patched, RefOr::T(Schema::Object(patch)));
    }
}

/// Gives every JSON body of a request or a success the example of its schema; that of problems
/// stands in their schema, once.
fn examples(document: &mut OpenApi) {
    let schemas = document
        .components
        .as_ref()
        .map(|components| components.schemas.clone())
        .unwrap_or_default();
    let example = |schema: &Option<RefOr<Schema>>| -> Option<serde_json::Value> {
        let Some(RefOr::Ref(reference)) = schema else {
            return None;
        };
        let name = reference.ref_location.rsplit('/').next()?;
        if let Some(item) = name.strip_prefix("Page_") {
            let item = schemas.get(item).and_then(schema_example)?;
            return Some(json!({ "items": [item], "next_cursor": null }));
        }
        schemas.get(name).and_then(schema_example)
    };
    for item in document.paths.paths.values_mut() {
        let operations = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.delete,
            &mut item.patch,
        ];
        for operation in operations.into_iter().flatten() {
            let body = match operation.request_body.as_mut() {
                Some(RefOr::T(body)) => Some(body.content.iter_mut()),
                _ => None,
            };
            let responses = operation
                .responses
                .responses
                .values_mut()
                .filter_map(|response| match response {
                    RefOr::T(response) => Some(response.content.iter_mut()),
                    RefOr::Ref(_) => None,
                });
            for (media_type, content) in body.into_iter().flatten().chain(responses.flatten()) {
                if let RefOr::T(content) = content
                    && content.example.is_none()
                    && media_type != PROBLEM
                {
                    content.example = example(&content.schema);
                }
            }
        }
    }
}

fn schema_example(schema: &RefOr<Schema>) -> Option<serde_json::Value> {
    match schema {
        RefOr::T(Schema::Object(object)) => object.example.clone().or_else(|| object.examples.first().cloned()),
        RefOr::T(Schema::OneOf(one_of)) => one_of.example.clone().or_else(|| one_of.examples.first().cloned()),
        _ => None,
    }
}

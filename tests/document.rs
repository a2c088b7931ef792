//! The OpenAPI document: complete, true to the code, and served as committed.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{DOCUMENT, Operation, REFRESH, World, both, document, operations};

/// Every object in the document, with the path that leads to it.
fn walk<'a>(value: &'a Value, path: &str, visit: &mut impl FnMut(&str, &'a Value)) {
    visit(path, value);
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                walk(value, &format!("{path}/{name}"), visit);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                walk(value, &format!("{path}/{index}"), visit);
            }
        }
        _ => {}
    }
}

/// Fails with everything that is wrong, not only the first.
#[track_caller]
fn nothing(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// Every kind of content that requests and successes of an operation may have.
fn contents(operation: &Operation) -> Vec<(String, &'static Value)> {
    let responses = operation.value["responses"].as_object().expect("responses");
    let successes = responses.iter().filter(|(status, _)| status.starts_with('2'));
    let bodies = successes.map(|(status, response)| (status.as_str(), response));
    [("request", &operation.value["requestBody"])]
        .into_iter()
        .chain(bodies)
        .flat_map(|(what, body)| {
            let content = body["content"].as_object();
            content
                .into_iter()
                .flatten()
                .map(move |(kind, media)| (format!("{what} {kind}"), media))
        })
        .map(|(what, media)| (format!("{} {what}", operation.name()), media))
        .collect()
}

#[test]
fn the_committed_document_is_the_one_of_this_code() {
    let committed = std::fs::read_to_string(DOCUMENT).unwrap_or_default();
    let of_the_code = palabre::openapi();
    if committed != of_the_code {
        let differing = committed
            .lines()
            .zip(of_the_code.lines())
            .position(|(one, other)| one != other);
        let line = differing.map_or(committed.lines().count(), |at| at) + 1;
        panic!("openapi/openapi.json is not what this code prints, from line {line} on; {REFRESH}");
    }
}

#[test]
fn every_operation_says_what_it_does_and_who_may() {
    let mut wrong = Vec::new();
    let mut ids = BTreeSet::new();
    let tags: BTreeSet<&str> = document()["tags"]
        .as_array()
        .expect("tags")
        .iter()
        .map(|tag| text(tag, "name"))
        .collect();
    for operation in operations() {
        let (name, value) = (operation.name(), operation.value);
        let summary = text(value, "summary");
        if summary.is_empty() || summary.ends_with('.') || summary.chars().count() > 80 {
            wrong.push(format!("{name}: its summary is {summary:?}"));
        }
        if text(value, "description").is_empty() {
            wrong.push(format!("{name}: no description of the operation"));
        }
        let id = text(value, "operationId");
        if id.is_empty() || !ids.insert(id) {
            wrong.push(format!("{name}: the operationId {id:?} is missing or not its own"));
        }
        if !id
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        {
            wrong.push(format!("{name}: the operationId {id:?} is not in snake_case"));
        }
        if value["security"].as_array().is_none_or(Vec::is_empty) {
            wrong.push(format!("{name}: who may is not said"));
        }
        let known = value["tags"].as_array().is_some_and(|named| {
            named.len() == 1 && named.iter().all(|tag| tags.contains(tag.as_str().unwrap_or_default()))
        });
        if !known {
            wrong.push(format!("{name}: not under one of the document's tags"));
        }
        let parameters = value["parameters"].as_array().cloned().unwrap_or_default();
        for parameter in operation.path.split(['{', '}']).skip(1).step_by(2) {
            let stated = parameters.iter().any(|known| {
                text(known, "in") == "path" && text(known, "name") == parameter && known["required"] == true
            });
            if !stated {
                wrong.push(format!("{name}: the parameter {parameter} of its path is not stated"));
            }
        }
        for parameter in &parameters {
            let described = !text(parameter, "description").is_empty() || text(parameter, "in") == "path";
            if !described || parameter["schema"].is_null() {
                wrong.push(format!(
                    "{name}: the parameter {} is not described",
                    text(parameter, "name")
                ));
            }
        }
    }
    nothing(&wrong);
}

#[test]
fn every_body_has_a_schema_and_an_example_that_fits_it() {
    let mut wrong = Vec::new();
    for operation in operations() {
        for (what, media) in contents(operation) {
            if !what.ends_with("json") {
                continue;
            }
            let example = if media["example"].is_null() {
                &media["examples"][0]
            } else {
                &media["example"]
            };
            if media["schema"].is_null() {
                wrong.push(format!("{what}: no schema"));
            } else if example.is_null() {
                wrong.push(format!("{what}: no example"));
            } else {
                let faults = crate::support::faults(&what, &media["schema"], example);
                wrong.extend(
                    faults
                        .into_iter()
                        .map(|fault| format!("{what}: its example is wrong: {fault}")),
                );
            }
        }
    }
    nothing(&wrong);
}

#[test]
fn every_failure_is_a_problem_with_codes() {
    let mut wrong = Vec::new();
    for operation in operations() {
        let responses = operation.value["responses"].as_object().expect("responses");
        if !responses
            .keys()
            .any(|status| status.starts_with('2') || status.starts_with('3'))
        {
            wrong.push(format!("{}: no success", operation.name()));
        }
        for (status, response) in responses {
            let name = format!("{} {status}", operation.name());
            if text(response, "description").is_empty() {
                wrong.push(format!("{name}: no description"));
            }
            if !status.starts_with(['4', '5']) {
                continue;
            }
            let schema = &response["content"]["application/problem+json"]["schema"]["$ref"];
            if schema != "#/components/schemas/Problem" {
                wrong.push(format!("{name}: not a problem"));
            }
            let codes = response["x-codes"].as_array().cloned().unwrap_or_default();
            if codes.is_empty() {
                wrong.push(format!("{name}: no codes"));
            }
            for code in &codes {
                let code = code.as_str().unwrap_or_default();
                if !text(response, "description").contains(&format!("`{code}`")) {
                    wrong.push(format!("{name}: the code {code} is not described"));
                }
            }
            if matches!(status.as_str(), "429" | "503") && response["headers"]["Retry-After"].is_null() {
                wrong.push(format!("{name}: no Retry-After"));
            }
        }
    }
    nothing(&wrong);
}

#[test]
fn nothing_refers_to_what_is_not_there_and_nothing_is_there_unreferred() {
    let mut wrong = Vec::new();
    let mut referred = BTreeSet::new();
    walk(document(), "", &mut |path, value| {
        let Some(target) = value.get("$ref").and_then(Value::as_str) else {
            return;
        };
        match target.strip_prefix('#') {
            Some(pointer) if document().pointer(pointer).is_some() => {
                referred.insert(target);
            }
            _ => wrong.push(format!("{path}: {target} leads nowhere")),
        }
    });
    for name in document()["components"]["schemas"].as_object().expect("schemas").keys() {
        if !referred.contains(format!("#/components/schemas/{name}").as_str()) {
            wrong.push(format!("the schema {name} is not used"));
        }
    }
    nothing(&wrong);
}

#[test]
fn every_input_refuses_unknown_fields_and_every_schema_of_an_answer_says_what_is_always_there() {
    let mut wrong = Vec::new();
    for operation in operations() {
        for (what, media) in contents(operation) {
            let Some(name) = media["schema"]["$ref"]
                .as_str()
                .and_then(|target| target.rsplit('/').next())
            else {
                continue;
            };
            let schema = &document()["components"]["schemas"][name];
            if schema["type"] != "object" {
                continue;
            }
            if what.contains(" request ") && schema["additionalProperties"] != false {
                wrong.push(format!("{what}: {name} does not say that it refuses unknown fields"));
            }
            if !what.contains(" request ") && schema["required"].as_array().is_none_or(Vec::is_empty) {
                wrong.push(format!("{what}: {name} says of no field that it is always there"));
            }
        }
    }
    nothing(&wrong);
}

both! {
    async fn the_document_is_served_byte_for_byte(world: World) {
        let served = world.anonymous().get("/openapi.json").await.expect(200);
        assert_eq!(served.header("content-type"), "application/json");
        assert_eq!(served.body, std::fs::read(DOCUMENT).expect("the document"), "{REFRESH}");
    }

    async fn its_browser_works_without_network(world: World) {
        let redirect = world.anonymous().get("/docs").await;
        assert!((301..=308).contains(&redirect.status), "{redirect}");
        assert_eq!(redirect.header("location"), "/docs/");
        let page = world.anonymous().get("/docs/").await.expect(200);
        assert!(page.header("content-type").starts_with("text/html"), "{page}");
        let html = page.text();
        let mut names = Vec::new();
        for attribute in ["src=\"", "href=\""] {
            names.extend(html.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()));
        }
        assert!(names.len() >= 3, "{html}");
        for name in names {
            assert!(!name.contains("//"), "{name} is not ours: {html}");
            let path = format!("/docs/{}", name.trim_start_matches("./"));
            let asset = world.anonymous().get(&path).await.expect(200);
            // Swagger's validator badge and its fonts would ask other hosts.
            if path.ends_with("initializer.js") {
                assert!(asset.text().contains("/openapi.json"), "{}", asset.text());
            }
            if path.ends_with(".css") {
                assert!(!asset.text().contains("url(http"), "{path} loads from elsewhere");
            }
        }
    }
}

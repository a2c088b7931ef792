//! The last touches: what is derived piece by piece, put right as a whole.

use serde_json::json;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::{ArrayItems, ObjectBuilder, Type};
use utoipa::openapi::{OpenApi, Ref, RefOr, Required, Schema};

pub fn finish(document: &mut OpenApi) {
    flatten(document);
    pages(document);
    optional_bodies(document);
    patches(document);
    limits(document);
    examples(document);
    prune(document);
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let all = [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
        &mut item.patch,
    ];
    all.into_iter().flatten()
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
                part @ RefOr::T(_) => Some(part),
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

/// A body that may be left out (`Option<X>`) is described as what it is when it is there: `null` is
/// no such body.
fn optional_bodies(document: &mut OpenApi) {
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        let Some(RefOr::T(body)) = operation.request_body.as_mut() else {
            continue;
        };
        for content in body.content.values_mut() {
            let RefOr::T(content) = content else { continue };
            if let Some(RefOr::T(Schema::OneOf(either))) = &content.schema
                && let [null, reference @ RefOr::Ref(_)] | [reference @ RefOr::Ref(_), null] = either.items.as_slice()
                && !matches!(null, RefOr::Ref(_))
            {
                content.schema = Some(reference.clone());
                body.required = Some(Required::False);
            }
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

/// Gives every JSON body of a request or a success the example of its schema.
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
        for operation in operations(item) {
            let body = match operation.request_body.as_mut() {
                Some(RefOr::T(body)) => Some(body.content.values_mut()),
                _ => None,
            };
            let responses = operation
                .responses
                .responses
                .iter_mut()
                // Problems have the example of their schema; one in each answer would be most of the document.
                .filter(|(status, _)| status.starts_with('2'))
                .filter_map(|(_, response)| match response {
                    RefOr::T(response) => Some(response.content.values_mut()),
                    RefOr::Ref(_) => None,
                });
            for content in body.into_iter().flatten().chain(responses.flatten()) {
                if let RefOr::T(content) = content
                    && content.example.is_none()
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

/// `?limit=` is at least 1; what is above 200 is lowered, so that no maximum is stated.
fn limits(document: &mut OpenApi) {
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        for parameter in operation.parameters.iter_mut().flatten() {
            if let RefOr::T(parameter) = parameter
                && parameter.name == "limit"
            {
                let limit = ObjectBuilder::new()
                    .schema_type(Type::Integer)
                    .minimum(Some(1))
                    .default(Some(json!(50)));
                parameter.schema = Some(limit.into());
            }
        }
    }
}

/// Inputs that only their patches are left of, and the like, go.
fn prune(document: &mut OpenApi) {
    loop {
        let text = document.to_json().unwrap_or_default();
        let Some(components) = document.components.as_mut() else {
            return;
        };
        let before = components.schemas.len();
        components
            .schemas
            .retain(|name, _| text.contains(&format!("\"#/components/schemas/{name}\"")));
        if components.schemas.len() == before {
            return;
        }
    }
}

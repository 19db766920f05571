//! Holds every answer that a test gets against the OpenAPI document: its status, its type, its headers, its body, and the
//! code of a problem. Fields that the document does not name are refused as well. Of files and streams it is what comes before
//! their bodies.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::Validator;
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// The document of the program, read once.
pub static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(divine_whispers::http::document()).unwrap());

/// The schemas, with nothing allowed in an object that they do not name.
static STRICT: LazyLock<Value> = LazyLock::new(|| {
    let mut components = DOCUMENT["components"].clone();
    for schema in components["schemas"].as_object_mut().unwrap().values_mut() {
        if schema.get("properties").is_some() && schema.get("additionalProperties").is_none() {
            schema["additionalProperties"] = json!(false);
        }
    }
    components
});

/// Headers that the document has for answers which come with and without.
const SOMETIMES: [&str; 2] = ["idempotent-replayed", "retry-after"];

static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// An answer, as far as the document has something to say of it.
pub struct Answer<'a> {
    pub method: &'a Method,
    /// Without a query.
    pub path: &'a str,
    pub status: StatusCode,
    pub headers: &'a HeaderMap,
    /// `None` is left to be read: a file, or a stream.
    pub body: Option<&'a str>,
}

/// Fails if the document does not have such an answer.
#[track_caller]
pub fn check(answer: &Answer<'_>) {
    if let Err(why) = find_fault(answer) {
        let Answer {
            method,
            path,
            status,
            body,
            ..
        } = answer;
        panic!(
            "the OpenAPI document knows no such answer: {why}\n{method} {path}: {status}\n{body:?}"
        );
    }
}

/// What the document does not say of an answer, or says otherwise.
pub fn find_fault(answer: &Answer<'_>) -> Result<(), String> {
    let status = answer.status.as_u16();
    let id = answer.headers.get("x-request-id");
    id.ok_or("there is no X-Request-Id")?;
    let Some(operation) = operation(answer.method, answer.path) else {
        // A route that does not exist, or not with this method.
        let is_known = [404, 405].contains(&status) || *answer.method == Method::OPTIONS;
        return is_known
            .then_some(())
            .ok_or("there is no such route".to_owned());
    };
    let responses = &operation["responses"];
    let response = &responses[status.to_string()];
    let response =
        resolve(response).ok_or_else(|| format!("only {} are documented", keys(responses)))?;
    let documented = response["headers"].as_object();
    let documented = || documented.into_iter().flatten();
    for (name, _) in documented() {
        let is_there = answer.headers.contains_key(name.as_str());
        if !is_there && !SOMETIMES.contains(&name.to_lowercase().as_str()) {
            return Err(format!("the header {name} is not there"));
        }
    }
    for header in [
        "accept-ranges",
        "content-disposition",
        "content-range",
        "etag",
        "idempotent-replayed",
        "retry-after",
        "www-authenticate",
    ] {
        let is_documented = documented().any(|(name, _)| name.eq_ignore_ascii_case(header));
        if answer.headers.contains_key(header) && !is_documented {
            return Err(format!("the header {header} is not documented"));
        }
    }
    let Some(content) = response.get("content") else {
        let has_body = answer.body.is_some_and(|body| !body.is_empty());
        let has_type = answer.headers.contains_key("content-type");
        return (!has_body && !has_type)
            .then_some(())
            .ok_or("a body is not documented".to_owned());
    };
    let content_type = answer.headers.get("content-type");
    let content_type = content_type
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default();
    if !media_type.contains('/') {
        return Err(format!("{media_type:?} is no media type"));
    }
    let schema = &content
        .get(media_type)
        .or_else(|| content.get("*/*"))
        .ok_or_else(|| format!("{media_type}: only {}", keys(content)))?["schema"];
    let body = match answer.body {
        Some(body) if media_type.ends_with("json") && *answer.method != Method::HEAD => body,
        _ => return Ok(()),
    };
    let body: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
    conforms(&body, schema)
}

/// Whether a value is as a schema of the document says.
pub fn conforms(value: &Value, schema: &Value) -> Result<(), String> {
    let validator = {
        let mut validators = VALIDATORS.lock().unwrap();
        let validator = validators.entry(schema.to_string());
        let validator = validator.or_insert_with(|| {
            let mut root = schema.clone();
            root["components"] = STRICT.clone();
            let options = jsonschema::options().should_validate_formats(true);
            Arc::new(options.build(&root).unwrap())
        });
        Arc::clone(validator)
    };
    let faults = validator.iter_errors(value);
    let faults: Vec<String> = faults
        .map(|fault| format!("{} at {}", fault, fault.instance_path()))
        .collect();
    faults
        .is_empty()
        .then_some(())
        .ok_or_else(|| faults.join("; "))
}

/// What the document says of a route.
pub fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let method = if *method == Method::HEAD {
        Method::GET
    } else {
        method.clone()
    };
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let mut found = paths
        .iter()
        .filter(|(template, _)| is_of(path, template))
        .collect::<Vec<_>>();
    // What is named goes before what any name fits.
    found.sort_by_key(|(template, _)| template.matches('{').count());
    let (_, item) = found.first()?;
    item.get(method.as_str().to_lowercase())
}

fn is_of(path: &str, template: &str) -> bool {
    let (parts, names) = (path.split('/'), template.split('/'));
    parts.clone().count() == names.clone().count()
        && parts
            .zip(names)
            .all(|(part, name)| part == name || (name.starts_with('{') && !part.is_empty()))
}

/// A part of the document, which may be elsewhere in it.
pub fn resolve(part: &'static Value) -> Option<&'static Value> {
    match part.get("$ref").and_then(Value::as_str) {
        Some(place) => DOCUMENT.pointer(place.trim_start_matches('#')),
        None => part.is_object().then_some(part),
    }
}

fn keys(object: &Value) -> String {
    let keys = object
        .as_object()
        .map(|object| object.keys().cloned().collect::<Vec<_>>());
    keys.unwrap_or_default().join(", ")
}

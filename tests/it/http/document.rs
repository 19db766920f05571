//! The OpenAPI document: that it is whole, that its examples are as it says, that it is the one that was reviewed. That the
//! program answers as it says is held in every test that speaks to the API, by `support/contract.rs`.

use std::collections::BTreeSet;

use divine_whispers::domain::permissions::GRANTS;
use divine_whispers::domain::users::Role;
use reqwest::Method;
use serde_json::Value;

use crate::support::contract::{DOCUMENT, conforms, resolve};
use crate::support::{Api, contract};

/// Each operation with its method and path.
fn operations() -> Vec<(Method, &'static str, &'static Value)> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let of_path = |(path, item): (&'static String, &'static Value)| {
        item.as_object()
            .unwrap()
            .iter()
            .map(move |(method, operation)| {
                let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                (method, path.as_str(), operation)
            })
    };
    paths.iter().flat_map(of_path).collect()
}

#[test]
fn the_committed_copy_is_the_document() {
    let committed = include_str!("../../../docs/openapi.json");
    assert!(
        committed == divine_whispers::http::document(),
        "the API has changed: look at the difference, and commit it:\n\
         cargo run -- openapi > docs/openapi.json"
    );
}

#[test]
fn it_is_openapi_3_1_and_says_of_each_route_what_it_does() {
    assert_eq!(DOCUMENT["openapi"], "3.1.0");
    let mut ids = BTreeSet::new();
    let operations = operations();
    assert!(operations.len() >= 43, "{}", operations.len());
    for (method, path, operation) in operations {
        for said in ["operationId", "summary", "description"] {
            let text = operation[said].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{method} {path} has no {said}");
        }
        assert!(ids.insert(operation["operationId"].to_string()), "{path}");
        assert!(operation["security"].is_array(), "{method} {path}");
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let is_described =
                parameter["description"].is_string() || parameter["schema"]["enum"].is_array();
            assert!(is_described, "{path}: {parameter}");
            assert!(
                parameter["schema"]["type"].is_string(),
                "{path}: {parameter}"
            );
        }
    }
}

#[test]
fn every_body_has_an_example_that_is_as_its_schema_says() {
    for (method, path, operation) in operations() {
        let name = format!("{method} {path}");
        let mut bodies = Vec::new();
        if let Some(content) = operation["requestBody"]["content"].as_object() {
            bodies.push(("the request".to_owned(), content));
        }
        for (status, response) in operation["responses"].as_object().unwrap() {
            if let Some(content) = resolve(response).unwrap()["content"].as_object() {
                bodies.push((status.clone(), content));
            }
        }
        for (body, content) in bodies {
            for (media_type, content) in content {
                let named = content["examples"].as_object().into_iter().flatten();
                let named = named.map(|(_, example)| &example["value"]);
                let examples: Vec<&Value> =
                    content.get("example").into_iter().chain(named).collect();
                let needs_none = path.starts_with("/docs") || path == "/openapi.json";
                assert!(
                    !examples.is_empty() || needs_none,
                    "{name}: {body} has no example"
                );
                for example in examples {
                    if media_type.ends_with("json") {
                        let fault = conforms(example, &content["schema"]);
                        assert_eq!(fault, Ok(()), "{name}: {body}: {example}");
                    }
                }
            }
        }
    }
}

#[test]
fn whoever_sends_a_body_against_the_schema_is_told_by_it() {
    // That the validator of these tests can fail.
    let schema = &DOCUMENT["components"]["schemas"]["SpendRequest"];
    for wrong in [
        serde_json::json!({}),
        serde_json::json!({"amount": 0, "job_type": "fortune_draw"}),
        serde_json::json!({"amount": 10_001, "job_type": "fortune_draw"}),
        serde_json::json!({"amount": 1, "job_type": "Fortune Draw"}),
        serde_json::json!({"amount": 1, "job_type": "a", "description": "   "}),
        serde_json::json!({"amount": 1, "job_type": "a", "surprise": 1}),
        serde_json::json!({"amount": 1, "job_type": "a", "input": {"a": ["\u{0}"]}}),
    ] {
        assert!(conforms(&wrong, schema).is_err(), "{wrong}");
    }
}

/// The routes that need no token.
const OPEN: [&str; 9] = [
    "/api/v1/auth/register",
    "/api/v1/auth/login",
    "/api/v1/auth/refresh",
    "/health",
    "/ready",
    "/metrics",
    "/openapi.json",
    "/docs",
    "/docs/{file}",
];

#[tokio::test]
async fn the_router_has_each_route_of_the_document_and_asks_for_a_token_where_it_says_so() {
    let api = Api::start().await;
    for (method, path, operation) in operations() {
        let security = operation["security"].as_array().unwrap();
        let needs_token = !security.is_empty() && !security.contains(&serde_json::json!({}));
        assert_eq!(security.is_empty(), OPEN.contains(&path), "{method} {path}");
        let path = path.replace("{file}", "start.js");
        let path = path
            .split('/')
            .map(|part| if part.starts_with('{') { "1" } else { part });
        let path = path.collect::<Vec<_>>().join("/");
        let (status, _, body) = api.exchange(api.request(method.clone(), &path)).await;
        assert!(
            !body.contains("no such route") && status != 405,
            "{method} {path}: {body}"
        );
        assert_eq!(
            status == 401,
            needs_token || path.ends_with("logout") && status == 401,
            "{method} {path}: {body}"
        );
        // Other methods are answered with the methods that there are.
        let other = api.exchange(api.request(Method::PATCH, &path)).await;
        assert_eq!(other.0, 405, "{path}");
        let allowed = other.1["allow"].to_str().unwrap().to_owned();
        assert!(allowed.contains(method.as_str()), "{path}: {allowed}");
    }
}

#[test]
fn it_names_the_roles_of_each_permission() {
    for (permission, name, purpose, roles) in GRANTS {
        let roles: Vec<String> = roles
            .iter()
            .map(|role| format!("`{}`", role.name()))
            .collect();
        let sentence = format!(
            "Takes the permission `{name}` ({purpose}), which has: {}.",
            roles.join(", ")
        );
        let said = operations().into_iter().filter(|(_, _, operation)| {
            operation["description"]
                .as_str()
                .unwrap()
                .contains(&sentence)
        });
        let said: Vec<_> = said.collect();
        assert!(!said.is_empty(), "{permission:?}");
        for (_, path, operation) in said {
            assert!(operation["responses"]["403"].is_object(), "{path}");
        }
    }
    // And the role that has none gets none.
    let text = divine_whispers::http::document();
    assert!(!text.contains(&format!("which has: `{}`", Role::User.name())));
}

#[tokio::test]
async fn the_page_has_all_it_needs_in_the_program_and_lets_nothing_else_in() {
    let api = Api::start().await;
    let (status, headers, page) = api.exchange(api.request(Method::GET, "/docs")).await;
    assert_eq!(status, 200);
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert!(
        !policy.contains("unsafe") && !policy.contains("http"),
        "{policy}"
    );
    let mut files = 0;
    for part in page.split(['"', '\'']) {
        assert!(
            !part.starts_with("http") && !part.starts_with("//"),
            "{part}"
        );
        if part.starts_with("docs/") {
            let request = api.request(Method::GET, &format!("/{part}"));
            let (status, headers, text) = api.exchange(request).await;
            assert_eq!(status, 200, "{part}");
            assert!(
                !text.is_empty() && headers.contains_key("cache-control"),
                "{part}"
            );
            files += 1;
        }
    }
    assert_eq!(files, 4);
    let (status, _, document) = api
        .exchange(api.request(Method::GET, "/openapi.json"))
        .await;
    assert_eq!(
        (status.as_u16(), document.as_str()),
        (200, divine_whispers::http::document())
    );
    let nothing = api
        .exchange(api.request(Method::GET, "/docs/router.rs"))
        .await;
    assert_eq!(nothing.0, 404);
}

#[test]
fn what_comes_before_a_file_or_a_stream_is_held_against_the_document() {
    let fault = |path: &str, status: u16, headers: &[(&str, &str)]| {
        let headers = headers.iter().map(|(name, value)| {
            let name = name.parse::<reqwest::header::HeaderName>().unwrap();
            (name, value.parse().unwrap())
        });
        let mut headers: reqwest::header::HeaderMap = headers.collect();
        headers.insert("x-request-id", "1".parse().unwrap());
        contract::find_fault(&contract::Answer {
            method: &Method::GET,
            path,
            status: status.try_into().unwrap(),
            headers: &headers,
            body: None,
        })
    };
    let file = [
        ("content-type", "text/csv"),
        ("etag", "\"1\""),
        ("accept-ranges", "bytes"),
        ("content-disposition", "attachment"),
    ];
    let path = "/api/v1/jobs/1/file";
    assert_eq!(fault(path, 200, &file), Ok(()));
    for missing in 0..file.len() {
        let mut rest = file.to_vec();
        rest.remove(missing);
        fault(path, 200, &rest).unwrap_err();
    }
    fault(path, 206, &file).unwrap_err();
    fault(path, 304, &file).unwrap_err();
    fault(path, 202, &file).unwrap_err();
    let events = "/api/v1/jobs/1/events";
    let stream = [("content-type", "text/event-stream")];
    assert_eq!(fault(events, 200, &stream), Ok(()));
    fault(events, 200, &[("content-type", "text/plain")]).unwrap_err();
    fault(events, 200, &[stream[0], file[1]]).unwrap_err();
    fault(events, 204, &stream).unwrap_err();
    assert_eq!(fault(events, 204, &[]), Ok(()));
    let metrics = [("content-type", "text/plain; version=0.0.4")];
    assert_eq!(fault("/metrics", 200, &metrics), Ok(()));
    fault("/metrics", 200, &stream).unwrap_err();
}

//! What browsers of other origins may do: what `ALLOWED_HOSTS` says.

use std::time::Duration;

use divine_whispers::http::router;
use divine_whispers::server::connections;
use reqwest::header::HeaderValue;
use reqwest::{Method, Response};
use tokio_util::sync::CancellationToken;

use crate::support::Api;

/// The API for some origins.
async fn with_origins(origins: &[&'static str]) -> Api {
    let mut api = Api::start().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    api.address = listener.local_addr().unwrap();
    let origins: Vec<_> = origins
        .iter()
        .copied()
        .map(HeaderValue::from_static)
        .collect();
    let router = router(api.app.clone(), &origins);
    tokio::spawn(async move {
        let idle_timeout = Duration::from_secs(30);
        connections::serve(listener, router, idle_timeout, &CancellationToken::new()).await;
    });
    api
}

async fn ask_first(api: &Api, origin: &str) -> Response {
    let request = api.request(Method::OPTIONS, "/api/v1/jobs");
    let request = request
        .header("Origin", origin)
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "authorization");
    request.send().await.unwrap()
}

fn words(response: &Response, header: &str) -> Vec<String> {
    let text = response.headers()[header].to_str().unwrap().to_lowercase();
    text.split(',').map(|word| word.trim().to_owned()).collect()
}

#[tokio::test]
async fn an_allowed_origin_may_send_and_read_what_the_api_uses() {
    let api = with_origins(&["https://app.example.com", "https://other.example.com"]).await;
    let allowed = ask_first(&api, "https://app.example.com").await;
    assert_eq!(
        allowed.headers()["access-control-allow-origin"],
        "https://app.example.com"
    );
    let headers = words(&allowed, "access-control-allow-headers");
    for header in [
        "authorization",
        "content-type",
        "idempotency-key",
        "last-event-id",
        "x-request-id",
    ] {
        assert!(headers.contains(&header.to_owned()), "{headers:?}");
    }
    let methods = words(&allowed, "access-control-allow-methods");
    for method in ["get", "post", "put", "delete"] {
        assert!(methods.contains(&method.to_owned()), "{methods:?}");
    }
    let request = api.request(Method::GET, "/api/v1/jobs");
    let answer = request
        .header("Origin", "https://other.example.com")
        .send()
        .await
        .unwrap();
    assert_eq!(
        answer.status().as_u16(),
        401,
        "the rules are as for everybody"
    );
    assert_eq!(
        answer.headers()["access-control-allow-origin"],
        "https://other.example.com"
    );
    let exposed = words(&answer, "access-control-expose-headers");
    for header in ["x-request-id", "idempotent-replayed", "retry-after"] {
        assert!(exposed.contains(&header.to_owned()), "{exposed:?}");
    }
}

#[tokio::test]
async fn other_origins_are_told_nothing_and_by_default_all_are_others() {
    let strict = with_origins(&["https://app.example.com"]).await;
    let nobody = with_origins(&[]).await;
    for (api, origin) in [
        (&strict, "https://app.example.com.evil.example"),
        (&strict, "http://app.example.com"),
        (&strict, "null"),
        (&nobody, "https://app.example.com"),
    ] {
        let refused = ask_first(api, origin).await;
        let allowed = refused.headers().get("access-control-allow-origin");
        assert!(allowed.is_none(), "{origin}: {allowed:?}");
    }
}

#[tokio::test]
async fn a_star_allows_every_origin_without_credentials_of_the_browser() {
    let api = with_origins(&["*"]).await;
    let allowed = ask_first(&api, "https://anybody.example").await;
    assert_eq!(allowed.headers()["access-control-allow-origin"], "*");
    assert!(
        !allowed
            .headers()
            .contains_key("access-control-allow-credentials")
    );
}

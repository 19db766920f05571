//! `/health` and `/ready`

use reqwest::Method;

use crate::support::{Api, TestDatabase};

#[tokio::test]
async fn a_migrated_database_is_ready() {
    let api = Api::start().await;
    let health = api
        .send(api.request(Method::GET, "/health"))
        .await
        .success();
    assert_eq!(health["status"], "ok");
    assert_eq!(
        api.send(api.request(Method::GET, "/ready")).await.success()["status"],
        "ready"
    );
}

#[tokio::test]
async fn a_database_without_the_schema_is_alive_but_not_ready() {
    let api = Api::start_with(TestDatabase::empty().await, |settings| settings).await;
    api.send(api.request(Method::GET, "/health"))
        .await
        .success();
    let ready = api.send(api.request(Method::GET, "/ready")).await;
    assert_eq!(
        (ready.status.as_u16(), ready.problem()),
        (503, "SERVICE_UNAVAILABLE")
    );
}

#[tokio::test]
async fn a_server_that_is_about_to_end_is_not_ready() {
    let api = Api::start().await;
    api.app.shutdown.cancel();
    assert_eq!(
        api.send(api.request(Method::GET, "/ready"))
            .await
            .status
            .as_u16(),
        503
    );
}

#[tokio::test]
async fn the_id_of_a_request_is_the_clients_if_it_is_a_decent_one() {
    let api = Api::start().await;
    let ask = async |id: &str| {
        let reply = api
            .send(
                api.request(Method::GET, "/health")
                    .header("X-Request-Id", id),
            )
            .await;
        reply.headers["x-request-id"].to_str().unwrap().to_owned()
    };
    assert_eq!(ask("from-the-client.1").await, "from-the-client.1");
    for indecent in ["two words", &"x".repeat(129), "<script>"] {
        let id = ask(indecent).await;
        assert_ne!(id, indecent);
        assert_eq!(id.len(), 36);
    }
}

//! The OpenAPI document, made by the routes themselves.
//!
//! A route is added once (`router.rs`), with its handler and a few words about it (`operations/`). What the handler takes
//! and gives says the rest: parameters, bodies, who may call it, and most refusals (`arguments.rs`, `answers.rs`). So no route
//! can be missing, and none can ask for something else than the document says. What a value may be is in `values.rs`, with
//! the bounds of the domain. `page.rs` serves the document, and the page that shows it.

pub(super) mod about;
mod answers;
mod arguments;
mod nullable;
pub(super) mod operations;
pub(super) mod page;
mod problems;
mod routes;
mod sketch;
mod streams;
pub(super) mod values;

use std::sync::LazyLock;

pub(super) use answers::{Created, JsonLines, Svg};
pub(super) use routes::Routes;
pub(super) use streams::{EventStream, FilePart, Metrics};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder};
use utoipa::openapi::{Components, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Paths};

use self::about::Tag;

/// The name of the security scheme.
const BEARER: &str = "bearer";

const DESCRIPTION: &str = "The backend of a fortune-reading service: people hold points in a wallet and spend them on \
readings, which workers make.

- Times are RFC 3339 in UTC; ids and points are whole numbers of 64 bits.
- Errors are problem documents (RFC 9457) with a stable `code`. Every answer has an `X-Request-Id`, the log has it too; a client \
may choose it by sending the header.
- Requests that move points take an `Idempotency-Key`: the same request with the same key is answered again, with \
`Idempotent-Replayed: true`, and not done again. A refusal posts nothing and is not remembered.
- Lists have a `limit` and a `cursor`, the `next_cursor` of the page before.
- What belongs to another looks as if it were not there: 404.";

static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    let (_, document) = super::router::routes().split();
    let text = serde_json::to_string_pretty(&document).unwrap_or_default() + "\n";
    // utoipa 5 writes this field of links as Rust calls it.
    text.replace("\"operation_id\": ", "\"operationId\": ")
});

/// The OpenAPI 3.1 document of this program, as JSON with a line break at its end; always the same.
pub fn document() -> &'static str {
    &DOCUMENT
}

/// Everything but the routes, put together with them.
fn assemble(paths: Paths, mut components: Components) -> OpenApi {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some(
            "An access token of `/auth/login`, `/auth/register` or `/auth/refresh`: HS256, valid for minutes. It carries no role; \
             role and status are looked up when they matter.",
        ))
        .build();
    components.add_security_scheme(
        BEARER,
        utoipa::openapi::security::SecurityScheme::Http(bearer),
    );
    let info = InfoBuilder::new()
        .title("Divine Whispers")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(
            LicenseBuilder::new()
                .name(env!("CARGO_PKG_LICENSE"))
                .identifier(Some(env!("CARGO_PKG_LICENSE")))
                .build(),
        ))
        .build();
    OpenApiBuilder::new()
        .info(info)
        .paths(paths)
        .components(Some(components))
        .tags(Some(Tag::ALL.map(Tag::described)))
        .build()
}

//! Serves the document, and the page that shows it. Everything that the page needs is in the program.
//!
//! The page is Swagger UI, in `assets/` as its makers publish it; `assets/README.md` says which release, and why this one.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::path::{ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::Type;
use utoipa::openapi::{Object, ObjectBuilder, Required};

use super::answers::Answers;
use super::arguments::Argument;
use super::sketch::Sketch;
use crate::http::App;
use crate::http::error::{ApiError, Code};

/// Nothing from elsewhere, nothing inline, and the page in nobody's frame. Pictures of the style sheet are in it, as `data:`.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A file of the page: its name, its type, and what is in it.
type File = (&'static str, &'static str, &'static str);

const HTML: &str = include_str!("assets/index.html");
const FILES: [File; 4] = [
    (
        "start.js",
        "text/javascript; charset=utf-8",
        include_str!("assets/start.js"),
    ),
    (
        "start.css",
        "text/css; charset=utf-8",
        include_str!("assets/start.css"),
    ),
    (
        "swagger-ui-bundle.js",
        "text/javascript; charset=utf-8",
        include_str!("assets/swagger-ui-bundle.js"),
    ),
    (
        "swagger-ui.css",
        "text/css; charset=utf-8",
        include_str!("assets/swagger-ui.css"),
    ),
];

/// The document as an answer.
pub(in crate::http) struct Document(&'static str);

/// `GET /openapi.json`
pub(in crate::http) async fn json() -> Document {
    Document(super::document())
}

/// The page as an answer.
pub(in crate::http) struct Page;

/// `GET /docs`
pub(in crate::http) async fn show() -> Page {
    Page
}

/// A file of the page, by its name in the path, and as an answer.
pub(in crate::http) struct Asset(&'static File);

/// `GET /docs/{file}`
pub(in crate::http) async fn asset(asset: Asset) -> Asset {
    asset
}

impl FromRequestParts<App> for Asset {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let nothing = || ApiError::NotFound("there is no such file");
        let parameters = RawPathParams::from_request_parts(parts, app)
            .await
            .map_err(|_| nothing())?;
        let (_, name) = parameters.iter().next().ok_or_else(nothing)?;
        let found = FILES.iter().find(|(known, ..)| *known == name);
        found.map(Self).ok_or_else(nothing)
    }
}

impl Argument for Asset {
    fn describe(sketch: &mut Sketch<'_>) {
        let names = ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(FILES.map(|(name, ..)| name)));
        let parameter = ParameterBuilder::new()
            .name("file")
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .description(Some("Its name."))
            .schema(Some(names));
        sketch.parameter(parameter.build());
        sketch.refuses(&[Code::NotFound]);
    }
}

impl Answers for Document {
    fn describe(sketch: &mut Sketch<'_>) {
        sketch.answers("200", "application/json", Object::with_type(Type::Object));
    }
}

impl Answers for Page {
    fn describe(sketch: &mut Sketch<'_>) {
        sketch.answers("200", "text/html", Object::with_type(Type::String));
    }
}

/// Of one of two types.
impl Answers for Asset {
    fn describe(sketch: &mut Sketch<'_>) {
        sketch.answers("200", "text/javascript", Object::with_type(Type::String));
        sketch.or_answers("text/css", Object::with_type(Type::String));
    }
}

impl IntoResponse for Document {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, "application/json")], self.0).into_response()
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let headers = [
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            (CONTENT_SECURITY_POLICY, POLICY),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (REFERRER_POLICY, "no-referrer"),
        ];
        (headers, HTML).into_response()
    }
}

impl IntoResponse for Asset {
    fn into_response(self) -> Response {
        let (_, content_type, text) = self.0;
        let headers = [
            (CONTENT_TYPE, *content_type),
            (CACHE_CONTROL, "public, max-age=3600"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        (headers, *text).into_response()
    }
}

//! What a handler can answer with, and what that says of its route.

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, NoContent, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Type;
use utoipa::openapi::{HeaderBuilder, Object, ObjectBuilder};

use super::sketch::Sketch;
use crate::http::error::ApiError;
use crate::http::transaction_body::PostingBody;

/// What a handler gives when it goes well.
pub(in crate::http) trait Answers {
    /// Adds what it says of the operation.
    fn describe(sketch: &mut Sketch<'_>);
}

/// 201 with JSON.
pub(in crate::http) struct Created<T>(pub T);

/// One JSON object a line, as they are found.
pub(in crate::http) struct JsonLines(pub Body);

/// A picture.
pub(in crate::http) struct Svg(pub String);

impl<T: Answers> Answers for Result<T, ApiError> {
    fn describe(sketch: &mut Sketch<'_>) {
        T::describe(sketch);
    }
}

impl<T: ToSchema> Answers for axum::Json<T> {
    fn describe(sketch: &mut Sketch<'_>) {
        let schema = sketch.answer_schema::<T>();
        sketch.answers("200", "application/json", schema);
    }
}

impl<T: ToSchema> Answers for Created<T> {
    fn describe(sketch: &mut Sketch<'_>) {
        let schema = sketch.answer_schema::<T>();
        sketch.answers("201", "application/json", schema);
    }
}

impl Answers for NoContent {
    fn describe(sketch: &mut Sketch<'_>) {
        sketch.answers_nothing("204");
    }
}

impl Answers for PostingBody {
    fn describe(sketch: &mut Sketch<'_>) {
        let schema = sketch.answer_schema::<Self>();
        sketch.answers("201", "application/json", schema);
        let replayed = ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(["true"]));
        let header = HeaderBuilder::new()
            .schema(replayed)
            .description(Some(
                "There if an earlier request with the same key did it, and nothing was done this time.",
            ))
            .build();
        sketch.answers_with_header("Idempotent-Replayed", header);
    }
}

impl Answers for JsonLines {
    fn describe(sketch: &mut Sketch<'_>) {
        sketch.answers("200", "application/jsonl", Object::with_type(Type::String));
    }
}

impl Answers for Svg {
    fn describe(sketch: &mut Sketch<'_>) {
        sketch.answers("200", "image/svg+xml", Object::with_type(Type::String));
    }
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, axum::Json(self.0)).into_response()
    }
}

impl IntoResponse for JsonLines {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "application/jsonl")], self.0).into_response()
    }
}

impl IntoResponse for Svg {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "image/svg+xml")], self.0).into_response()
    }
}

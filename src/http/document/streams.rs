//! What routes say that stream: events, files, metrics. Their bodies are no JSON, and headers are a part of them.

use axum::body::Body;
use axum::http::Response;
use axum::response::IntoResponse;
use utoipa::PartialSchema as _;
use utoipa::openapi::path::{ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{Schema, Type};
use utoipa::openapi::{
    ContentBuilder, Header, HeaderBuilder, Object, ObjectBuilder, RefOr, Required, ResponseBuilder,
};

use super::answers::Answers;
use super::arguments::Argument;
use super::sketch::Sketch;
use super::values;
use crate::http::error::Code;
use crate::http::job_events::LastEventId;
use crate::http::job_files::FileConditions;
use crate::http::worker_files::{LEASE_TOKEN_SHOWN, UploadHeaders};

/// Types of files that the document shows; which ones are taken, the settings say.
const SHOWN_TYPES: [&str; 2] = ["text/plain", "application/json"];

/// Server-sent events.
pub(in crate::http) struct EventStream(pub Response<Body>);

/// A file, or a part of it.
pub(in crate::http) struct FilePart(pub Response<Body>);

/// What Prometheus reads.
pub(in crate::http) struct Metrics(pub Response<Body>);

impl Answers for EventStream {
    fn describe(sketch: &mut Sketch<'_>) {
        sketch.answers("200", "text/event-stream", Object::with_type(Type::String));
        let over = ResponseBuilder::new()
            .description("There is nothing after that event: the job has ended.");
        sketch.also_answers("204", over);
    }
}

impl Answers for FilePart {
    fn describe(sketch: &mut Sketch<'_>) {
        sketch.answers("200", "*/*", Object::with_type(Type::String));
        let headers = [
            ("ETag", "Which file it is; no other ever has the same."),
            ("Accept-Ranges", "`bytes`: parts of it can be asked for."),
            ("Content-Disposition", "The name to save it by."),
        ];
        for (name, what) in headers {
            sketch.answers_with_header(name, text_header(what));
        }
        let mut part = ResponseBuilder::new()
            .description("The bytes that `Range` asks for.")
            .content("*/*", part_content())
            .header("Content-Range", text_header("Which bytes of how many."));
        let mut known = ResponseBuilder::new().description("The client has it already.");
        for (name, what) in headers {
            part = part.header(name, text_header(what));
        }
        for (name, what) in &headers[..2] {
            known = known.header(*name, text_header(what));
        }
        sketch.also_answers("206", part);
        sketch.also_answers("304", known);
        sketch.refuses(&[Code::RangeNotSatisfiable]);
    }
}

impl Answers for Metrics {
    fn describe(sketch: &mut Sketch<'_>) {
        sketch.answers("200", "text/plain", Object::with_type(Type::String));
    }
}

impl Argument for LastEventId {
    fn describe(sketch: &mut Sketch<'_>) {
        let schema = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(0))
            .maximum(Some(i32::MAX));
        let what = "The last event that the client has; the stream goes on after it.";
        sketch.parameter(header("Last-Event-ID", what, schema, Required::False));
        sketch.refuses(&[Code::ValidationFailed]);
    }
}

impl Argument for FileConditions {
    fn describe(sketch: &mut Sketch<'_>) {
        for (name, what) in [
            (
                "Range",
                "Which bytes, such as `bytes=0-1023`; several ranges, and what is no range, are answered with the whole file.",
            ),
            (
                "If-Range",
                "The `ETag` of the part that the client has; of another file everything is sent.",
            ),
            (
                "If-None-Match",
                "An `ETag` that the client has; 304 if it is still the one.",
            ),
        ] {
            let schema = Object::with_type(Type::String);
            sketch.parameter(header(name, what, schema, Required::False));
        }
    }
}

impl Argument for UploadHeaders {
    fn describe(sketch: &mut Sketch<'_>) {
        let what = "The lease token of the claim.";
        let schema = values::LeaseToken::schema();
        sketch.parameter(header(LEASE_TOKEN_SHOWN, what, schema, Required::True));
        sketch.refuses(&[
            Code::ValidationFailed,
            Code::FileTooLarge,
            Code::FileTypeNotAllowed,
        ]);
    }
}

/// A body that is taken as it comes.
impl Argument for Body {
    fn describe(sketch: &mut Sketch<'_>) {
        sketch.takes_file(&SHOWN_TYPES);
        sketch.refuses(&[Code::BadRequest]);
    }
}

fn header(
    name: &str,
    what: &str,
    schema: impl Into<RefOr<Schema>>,
    required: Required,
) -> utoipa::openapi::path::Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(required)
        .description(Some(what))
        .schema(Some(schema))
        .build()
}

fn text_header(what: &str) -> Header {
    HeaderBuilder::new()
        .schema(Object::with_type(Type::String))
        .description(Some(what))
        .build()
}

fn part_content() -> utoipa::openapi::Content {
    ContentBuilder::new()
        .schema(Some(Object::with_type(Type::String)))
        .example(Some("txn_id,created".into()))
        .build()
}

impl IntoResponse for EventStream {
    fn into_response(self) -> Response<Body> {
        self.0
    }
}

impl IntoResponse for FilePart {
    fn into_response(self) -> Response<Body> {
        self.0
    }
}

impl IntoResponse for Metrics {
    fn into_response(self) -> Response<Body> {
        self.0
    }
}

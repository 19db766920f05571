//! How the document shows refusals: one schema for all, and for each status the codes that it may come with, with examples
//! that are made by the code that makes the answers.

use axum::http::StatusCode;
use utoipa::ToSchema;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::schema::{Schema, Type};
use utoipa::openapi::{
    AllOfBuilder, ContentBuilder, HeaderBuilder, Object, ObjectBuilder, RefOr, Response,
    ResponseBuilder,
};

use super::values;
use crate::http::error::{ApiError, Code, FieldError};

/// A problem document after RFC 9457. The fields after `request_id` come with some codes only.
#[derive(ToSchema)]
#[allow(
    dead_code,
    reason = "it describes what `ApiError` writes; a test holds answers against it"
)]
pub(super) struct Problem {
    /// A URN of the code.
    r#type: String,
    /// The name of the status.
    title: String,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What happened, for people.
    detail: String,
    /// What happened, for programs.
    code: String,
    /// Finds the request in the log of the service.
    request_id: String,
    /// Of `VALIDATION_FAILED`: what is wrong with which field.
    #[schema(nullable = false)]
    errors: Option<Vec<FieldError>>,
    /// Of `INSUFFICIENT_BALANCE`: points in the wallet.
    #[schema(nullable = false)]
    current_balance: Option<i64>,
    /// Of `INSUFFICIENT_BALANCE`: points that are needed.
    #[schema(nullable = false)]
    required_amount: Option<i64>,
    /// Of `INSUFFICIENT_BALANCE`: points that are missing.
    #[schema(nullable = false)]
    shortfall: Option<i64>,
    /// Of `DUPLICATE_TRANSACTION`: what the key or the reference stands for.
    #[schema(nullable = false)]
    existing_transaction_id: Option<i64>,
    /// Of `REFUND_EXCEEDS_SPEND`: points that are left to refund.
    #[schema(nullable = false)]
    refundable_amount: Option<i64>,
    /// Of `JOB_NOT_CANCELLABLE` and `JOB_NOT_COMPLETED`: how the job stands.
    #[schema(nullable = false)]
    job_status: Option<String>,
    /// Of `FILE_TOO_LARGE`: how large a file may be.
    #[schema(nullable = false)]
    max_bytes: Option<u64>,
    /// Of `FILE_TYPE_NOT_ALLOWED`: what is taken.
    #[schema(nullable = false)]
    allowed_types: Option<Vec<String>>,
    /// Of `RANGE_NOT_SATISFIABLE`: how large the file is.
    #[schema(nullable = false)]
    size_bytes: Option<u64>,
}

/// What the components call the answer with one of these codes.
pub(super) fn name(codes: &[Code]) -> String {
    let names: Vec<&str> = codes.iter().map(|code| code.name()).collect();
    names.join(".")
}

/// The answer with one of these codes, which are of one status.
pub(super) fn response(codes: &[Code], problem: &RefOr<Schema>) -> Response {
    let names: Vec<&str> = codes.iter().map(|code| code.name()).collect();
    let code = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(names));
    let schema = AllOfBuilder::new()
        .item(problem.clone())
        .item(ObjectBuilder::new().property("code", code));
    let examples = codes.iter().map(|code| {
        let example = ExampleBuilder::new().summary(code.meaning()).value(Some(
            ApiError::sample(*code).document(Some(values::REQUEST_ID_EXAMPLE)),
        ));
        (code.name(), example)
    });
    let content = ContentBuilder::new()
        .schema(Some(schema))
        .examples_from_iter(examples)
        .build();
    let meanings: Vec<String> = codes
        .iter()
        .map(|code| format!("`{}`: {}", code.name(), code.meaning()))
        .collect();
    let mut response = ResponseBuilder::new()
        .description(meanings.join("\n\n"))
        .header("X-Request-Id", values::request_id_header())
        .content("application/problem+json", content);
    if codes
        .iter()
        .any(|code| code.status() == StatusCode::UNAUTHORIZED)
    {
        let header = HeaderBuilder::new()
            .schema(Object::with_type(Type::String))
            .description(Some("How to be believed: `Bearer`."));
        response = response.header("WWW-Authenticate", header.build());
    }
    let later = [
        Code::ServiceUnavailable,
        Code::TooManyAttempts,
        Code::TooManyStreams,
        Code::TooManyDownloads,
    ];
    if codes.iter().any(|code| later.contains(code)) {
        let seconds = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(0));
        let header = HeaderBuilder::new().schema(seconds).description(Some(
            "Seconds until it may be tried again; not with `OUTCOME_UNKNOWN`.",
        ));
        response = response.header("Retry-After", header.build());
    }
    if codes.contains(&Code::RangeNotSatisfiable) {
        let header = HeaderBuilder::new()
            .schema(Object::with_type(Type::String))
            .description(Some("How many bytes there are: `bytes */2048`."));
        response = response.header("Content-Range", header.build());
    }
    response.build()
}

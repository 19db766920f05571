//! What the arguments of a handler say of its route: what it takes, who may call it, and how both can be refused.

use axum::extract::State;
use utoipa::openapi::Required;
use utoipa::openapi::path::{ParameterBuilder, ParameterIn};
use utoipa::{IntoParams, PartialSchema as _, ToSchema};

use super::sketch::{Identity, Sketch};
use super::values;
use crate::domain::audit::Origin;
use crate::http::App;
use crate::http::error::{ApiError, Code};
use crate::http::extract::{Json, MaybeJson, MaybeKey, PathId, Query};
use crate::http::identity::{InSession, InSessionUntil, Permitted, SignedIn};

/// An argument of a handler.
pub(in crate::http) trait Argument {
    /// Adds what it says of the operation.
    fn describe(sketch: &mut Sketch<'_>);
}

/// Whoever has it may ask the database.
impl Argument for State<App> {
    fn describe(sketch: &mut Sketch<'_>) {
        sketch.refuses(&[Code::ServiceUnavailable]);
    }
}

impl Argument for Origin {
    fn describe(_: &mut Sketch<'_>) {}
}

impl<T: ToSchema> Argument for Json<T> {
    fn describe(sketch: &mut Sketch<'_>) {
        sketch.takes::<T>(Required::True);
        sketch.refuses(&REFUSALS_OF_JSON);
    }
}

impl<T: ToSchema> Argument for MaybeJson<T> {
    fn describe(sketch: &mut Sketch<'_>) {
        sketch.takes::<T>(Required::False);
        sketch.refuses(&REFUSALS_OF_JSON);
    }
}

const REFUSALS_OF_JSON: [Code; 5] = [
    Code::MalformedJson,
    Code::BadRequest,
    Code::PayloadTooLarge,
    Code::UnsupportedMediaType,
    Code::ValidationFailed,
];

impl<T: IntoParams> Argument for Query<T> {
    fn describe(sketch: &mut Sketch<'_>) {
        for parameter in T::into_params(|| Some(ParameterIn::Query)) {
            sketch.parameter(parameter);
        }
        sketch.refuses(&[Code::ValidationFailed]);
    }
}

impl Argument for PathId {
    fn describe(sketch: &mut Sketch<'_>) {
        let name = sketch.path.split(['{', '}']).nth(1).unwrap_or_default();
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .description(Some("Its number."))
            .schema(Some(values::Id::schema()))
            .build();
        sketch.parameter(parameter);
        sketch.refuses(&[Code::NotFound]);
    }
}

impl Argument for MaybeKey {
    fn describe(sketch: &mut Sketch<'_>) {
        let parameter = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(
                "Makes it safe to send the request again: with the same key it is answered again, not done again.",
            ))
            .schema(Some(values::Key::schema()))
            .build();
        sketch.parameter(parameter);
        sketch.refuses(&[
            Code::ValidationFailed,
            Code::DuplicateTransaction,
            Code::OutcomeUnknown,
        ]);
    }
}

impl<T: ToSchema> Argument for Result<Json<T>, ApiError> {
    fn describe(sketch: &mut Sketch<'_>) {
        Json::<T>::describe(sketch);
    }
}

impl Argument for SignedIn {
    fn describe(sketch: &mut Sketch<'_>) {
        sketch.identity(Identity::SignedIn);
        sketch.refuses(&[Code::Unauthenticated]);
    }
}

impl Argument for InSession {
    fn describe(sketch: &mut Sketch<'_>) {
        sketch.identity(Identity::SignedIn);
        sketch.refuses(&[Code::Unauthenticated, Code::SessionEnded]);
    }
}

impl Argument for InSessionUntil {
    fn describe(sketch: &mut Sketch<'_>) {
        InSession::describe(sketch);
    }
}

/// Where something else may say who it is.
impl Argument for Result<InSession, ApiError> {
    fn describe(sketch: &mut Sketch<'_>) {
        InSession::describe(sketch);
        sketch.identity(Identity::Maybe);
    }
}

impl<R: crate::http::identity::Required> Argument for Permitted<R> {
    fn describe(sketch: &mut Sketch<'_>) {
        sketch.identity(Identity::Permitted(R::PERMISSION));
        sketch.refuses(&[
            Code::Unauthenticated,
            Code::SessionEnded,
            Code::AccountNotActive,
            Code::Forbidden,
        ]);
    }
}

//! What a single value of a request may be. The bounds are those that the domain checks: where a constant says them, it is
//! named here.

use std::ops::RangeInclusive;

use utoipa::openapi::schema::{AnyOfBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{
    ArrayBuilder, Header, HeaderBuilder, KnownFormat, Object, ObjectBuilder, Ref, RefOr,
};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::idempotency::MAX_KEY_CHARACTERS;
use crate::domain::jobs::lease::WorkerName;
use crate::domain::jobs::{FailureReason, PRIORITIES};
use crate::domain::passwords::{MAX_CHARACTERS, MIN_CHARACTERS};
use crate::domain::points::{
    ADJUSTMENT_LIMITS, DEPOSIT_LIMITS, REFUND_LIMITS, SPEND_LIMITS, TRANSFER_LIMITS,
};
use crate::domain::profile::MAX_LANGUAGE_TAG_CHARACTERS;
use crate::domain::text::{
    Description, Label, MAX_JOB_TYPE_CHARACTERS, PaymentMethod, ReferenceId,
};
use crate::domain::users::{MAX_EMAIL_CHARACTERS, Role};
use crate::http::page::{DEFAULT_ROWS, MAX_ROWS};
use crate::http::worker::{LONGEST_WAIT_SECONDS, MAX_CLAIMED_JOBS};

/// A request id as the examples have it.
pub(super) const REQUEST_ID_EXAMPLE: &str = "01a208a0-2b69-7017-9fc4-d73d0be11826";

/// Not a control character, or a tab or line break.
const PRINTED: &str = r"[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]";
/// The same without white space, of which there must be more than nothing.
const INK: &str = r"[^\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]";

macro_rules! values {
    ($($(#[$doc:meta])* $name:ident = $schema:expr;)*) => {$(
        $(#[$doc])*
        pub(in crate::http) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                $schema.into()
            }
        }

        impl ToSchema for $name {}
    )*};
}

values! {
    /// The number of something.
    Id = whole(1..=i64::MAX);
    /// Points of a spend.
    SpendAmount = whole(SPEND_LIMITS);
    /// Points of a transfer.
    TransferAmount = whole(TRANSFER_LIMITS);
    /// Points of a deposit.
    DepositAmount = whole(DEPOSIT_LIMITS);
    /// Points of a refund.
    RefundAmount = whole(REFUND_LIMITS);
    /// Points of an adjustment, not 0.
    AdjustmentAmount = Schema::AnyOf(AnyOfBuilder::new()
        .item(whole(*ADJUSTMENT_LIMITS.start()..=-1))
        .item(whole(1..=*ADJUSTMENT_LIMITS.end()))
        .build());
    /// How urgent a job is.
    JobPriority = whole(*PRIORITIES.start() as i64..=*PRIORITIES.end() as i64);
    /// How far a job is, in percent.
    Percent = whole(0..=100);
    /// How many jobs are claimed.
    JobCount = whole(1..=MAX_CLAIMED_JOBS);
    /// How long a claim waits, in seconds.
    WaitSeconds = whole(0..=LONGEST_WAIT_SECONDS);
    /// Rows of a page.
    Rows = default(whole(1..=MAX_ROWS), DEFAULT_ROWS);
    /// Where a page begins.
    Cursor = text().max_length(Some(crate::http::page::MAX_CURSOR_CHARACTERS)).build();
    /// What a transaction is for.
    DescriptionText = typed::<{ Description::MAX_CHARACTERS }>();
    /// A name or a place.
    LabelText = typed::<{ Label::MAX_CHARACTERS }>();
    /// What the payment provider calls a payment.
    ReferenceText = typed::<{ ReferenceId::MAX_CHARACTERS }>();
    /// How a deposit was paid.
    PaymentMethodText = typed::<{ PaymentMethod::MAX_CHARACTERS }>();
    /// What a worker calls itself.
    WorkerNameText = typed::<{ WorkerName::MAX_CHARACTERS }>();
    /// Why an attempt failed.
    FailureText = typed::<{ FailureReason::MAX_CHARACTERS }>();
    /// A name in the audit log.
    AuditName = typed::<{ crate::http::admin::audit_logs::Name::MAX_CHARACTERS }>();
    /// An email address; it is folded to lower case.
    EmailAddress = text()
        .format(Some(SchemaFormat::Custom("email".to_owned())))
        .max_length(Some(MAX_EMAIL_CHARACTERS))
        .build();
    /// The beginning of an email address.
    EmailBeginning = text()
        .min_length(Some(1))
        .max_length(Some(MAX_EMAIL_CHARACTERS))
        .pattern(Some("^[!-~]+$"))
        .build();
    /// A password to be: not one of the commonest, and not the email address or its part before the @.
    NewPassword = secret()
        .min_length(Some(MIN_CHARACTERS))
        .max_length(Some(MAX_CHARACTERS))
        .build();
    /// A password that may be right.
    KnownPassword = secret().build();
    /// A refresh token: 32 bytes in base64url.
    RefreshTokenText = secret().pattern(Some("^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$")).build();
    /// A language tag such as en or zh-Hant.
    LanguageTagText = text()
        .min_length(Some(2))
        .max_length(Some(MAX_LANGUAGE_TAG_CHARACTERS))
        .pattern(Some("^[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8})*$"))
        .build();
    /// A kind of jobs.
    JobTypeText = text()
        .min_length(Some(1))
        .max_length(Some(MAX_JOB_TYPE_CHARACTERS))
        .pattern(Some("^[a-z0-9_]+$"))
        .build();
    /// The kinds of jobs that a worker can do.
    JobTypeList = ArrayBuilder::new()
        .items(JobTypeText::schema())
        .min_items(Some(1))
        .max_items(Some(crate::http::worker::MAX_JOB_TYPES))
        .build();
    /// An idempotency key: visible ASCII characters.
    Key = text()
        .min_length(Some(1))
        .max_length(Some(MAX_KEY_CHARACTERS))
        .pattern(Some("^[!-~]+$"))
        .build();
    /// A role.
    RoleName = text().enum_values(Some(Role::NAMES.map(|(name, _)| name))).build();
    /// The token of a claim.
    LeaseToken = text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid))).build();
    /// What an upload was answered with.
    UploadedFileId = text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid))).build();
    /// Text without the NUL character, which PostgreSQL has no text with.
    StoredText = text().pattern(Some(r"^[^\u0000]*$")).build();
}

/// JSON without the NUL character in its texts, which PostgreSQL cannot keep.
pub(in crate::http) struct StoredJson;

impl PartialSchema for StoredJson {
    fn schema() -> RefOr<Schema> {
        let scalars = [Type::Null, Type::Boolean, Type::Number].map(Object::with_type);
        let any = scalars
            .into_iter()
            .fold(AnyOfBuilder::new(), AnyOfBuilder::item);
        let any = any
            .item(StoredText::schema())
            .item(ArrayBuilder::new().items(Self::reference()))
            .item(StoredObject::schema())
            .build();
        Schema::AnyOf(any).into()
    }
}

impl StoredJson {
    fn reference() -> RefOr<Schema> {
        Ref::from_schema_name(Self::name()).into()
    }
}

impl ToSchema for StoredJson {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Self::name().into_owned(), Self::schema()));
    }
}

/// A JSON object without the NUL character in its texts.
pub(in crate::http) struct StoredObject;

impl PartialSchema for StoredObject {
    fn schema() -> RefOr<Schema> {
        let names = text().pattern(Some(r"^[^\u0000]*$")).build();
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .property_names(Some(Schema::Object(names)))
            .additional_properties(Some(StoredJson::reference()))
            .build()
            .into()
    }
}

impl ToSchema for StoredObject {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        StoredJson::schemas(schemas);
    }
}

/// The header that every answer has.
pub(super) fn request_id_header() -> Header {
    HeaderBuilder::new()
        .schema(Object::with_type(Type::String))
        .description(Some("Finds the request in the log of the service."))
        .build()
}

fn whole(limits: RangeInclusive<i64>) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(*limits.start()))
        .maximum(Some(*limits.end()))
        .build()
}

fn default(mut object: Object, value: i64) -> Object {
    object.default = Some(value.into());
    object
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn secret() -> ObjectBuilder {
    text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
}

/// A [`Text`] that somebody types.
fn typed<const MAX: usize>() -> Object {
    text()
        .min_length(Some(1))
        .max_length(Some(MAX))
        .pattern(Some(format!("^{PRINTED}*{INK}{PRINTED}*$")))
        .build()
}

//! An operation of the document while it is put together: arguments and answers add what they know, `finish` makes it whole.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::link::LinkBuilder;
use utoipa::openapi::path::{Operation, OperationBuilder, Parameter};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{Schema, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{
    Components, ContentBuilder, Header, ObjectBuilder, Ref, RefOr, Required, Response,
    ResponseBuilder,
};

use super::about::About;
use super::nullable::require_nullable;
use super::{BEARER, problems, values};
use crate::domain::permissions::Permission;
use crate::http::error::Code;
use crate::http::request_log::REQUEST_ID;

/// An operation that is not finished.
pub(in crate::http) struct Sketch<'a> {
    about: &'a About,
    /// Where it is, with the names of what is in the path.
    pub path: &'a str,
    components: &'a mut Components,
    parameters: Vec<Parameter>,
    request: Option<RequestBody>,
    answer: Option<(&'static str, ResponseBuilder)>,
    other_answers: Vec<(&'static str, Response)>,
    codes: Vec<Code>,
    identity: Identity,
}

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Identity {
    /// Anyone.
    Nobody,
    /// Anyone, and an access token may say who that is.
    Maybe,
    /// Whoever has an access token.
    SignedIn,
    /// Whoever has an access token and a role with the permission.
    Permitted(Permission),
}

impl<'a> Sketch<'a> {
    /// Nothing but what is said of it.
    pub fn new(about: &'a About, path: &'a str, components: &'a mut Components) -> Self {
        Self {
            about,
            path,
            components,
            parameters: Vec::new(),
            request: None,
            answer: None,
            other_answers: Vec::new(),
            codes: vec![Code::InternalError],
            identity: Identity::Nobody,
        }
    }

    /// Ways to be refused.
    pub fn refuses(&mut self, codes: &[Code]) {
        self.codes.extend(codes);
    }

    /// Who may call it.
    pub fn identity(&mut self, identity: Identity) {
        self.identity = identity;
    }

    /// A parameter.
    pub fn parameter(&mut self, parameter: Parameter) {
        self.parameters.push(parameter);
    }

    /// The body that it takes, or may take.
    pub fn takes<T: ToSchema>(&mut self, required: Required) {
        let content = ContentBuilder::new()
            .schema(Some(self.schema::<T>()))
            .example(self.about.request.map(read_example))
            .build();
        self.request = Some(
            RequestBodyBuilder::new()
                .content("application/json", content)
                .required(Some(required))
                .build(),
        );
    }

    /// A body that is a file of one of these types.
    pub fn takes_file(&mut self, media_types: &[&str]) {
        let mut body = RequestBodyBuilder::new().required(Some(Required::True));
        for media_type in media_types {
            let content = ContentBuilder::new()
                .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
                .example(self.about.request.map(Value::from))
                .build();
            body = body.content(*media_type, content);
        }
        self.request = Some(body.build());
    }

    /// An answer beside the usual one, which also is one that all is well.
    pub fn also_answers(&mut self, status: &'static str, answer: ResponseBuilder) {
        let answer = answer.header(REQUEST_ID_SHOWN, values::request_id_header());
        self.other_answers.push((status, answer.build()));
    }

    /// Its answer, when it goes well.
    pub fn answers(
        &mut self,
        status: &'static str,
        media_type: &str,
        schema: impl Into<RefOr<Schema>>,
    ) {
        let is_json = media_type == "application/json";
        let example = self.about.answer.map(|example| match is_json {
            true => read_example(example),
            false => Value::from(example),
        });
        let content = ContentBuilder::new()
            .schema(Some(schema))
            .example(example)
            .build();
        let answer = ResponseBuilder::new().content(media_type, content);
        self.answer = Some((status, answer));
    }

    /// The same answer in another form.
    pub fn or_answers(&mut self, media_type: &str, schema: impl Into<RefOr<Schema>>) {
        let content = ContentBuilder::new().schema(Some(schema)).build();
        self.answer = self
            .answer
            .take()
            .map(|(status, answer)| (status, answer.content(media_type, content)));
    }

    /// Its answer, when it goes well and there is nothing to say.
    pub fn answers_nothing(&mut self, status: &'static str) {
        self.answer = Some((status, ResponseBuilder::new()));
    }

    /// A header of its answer.
    pub fn answers_with_header(&mut self, name: &str, header: Header) {
        self.answer = self
            .answer
            .take()
            .map(|(status, answer)| (status, answer.header(name, header)));
    }

    /// A reference to the schema of what is answered. In an answer, a field that may be null is always there.
    pub fn answer_schema<T: ToSchema>(&mut self) -> RefOr<Schema> {
        self.schema_with::<T>(require_nullable)
    }

    /// A reference to a schema, which is put among the components with all that it refers to.
    fn schema<T: ToSchema>(&mut self) -> RefOr<Schema> {
        self.schema_with::<T>(|_| ())
    }

    fn schema_with<T: ToSchema>(&mut self, change: fn(&mut RefOr<Schema>)) -> RefOr<Schema> {
        let name = T::name().into_owned();
        let mut referred = Vec::new();
        T::schemas(&mut referred);
        referred.push((name.clone(), T::schema()));
        for (name, mut schema) in referred {
            change(&mut schema);
            self.components.schemas.insert(name, schema);
        }
        Ref::from_schema_name(name).into()
    }

    /// The operation.
    pub fn finish(mut self) -> Operation {
        let about = self.about;
        self.refuses(about.refuses);
        let mut operation = OperationBuilder::new()
            .operation_id(Some(about.id))
            .tag(about.tag.name())
            .summary(Some(about.summary))
            .description(Some(self.description()))
            .request_body(self.request.take());
        for parameter in std::mem::take(&mut self.parameters) {
            operation = operation.parameter(parameter);
        }
        let bearer = SecurityRequirement::new(BEARER, Vec::<String>::new());
        operation = match self.identity {
            // Said of each operation, so that it cannot be forgotten.
            Identity::Nobody => operation.securities(Some(Vec::new())),
            Identity::Maybe => operation.securities(Some([SecurityRequirement::default(), bearer])),
            Identity::SignedIn | Identity::Permitted(_) => operation.security(bearer),
        };
        if let Some((status, answer)) = self.answer.take() {
            operation = operation.response(status, success(answer, about));
        }
        for (status, answer) in std::mem::take(&mut self.other_answers) {
            operation = operation.response(status, answer);
        }
        for (status, response) in self.refusals() {
            operation = operation.response(status, response);
        }
        operation.build()
    }

    fn description(&self) -> String {
        let who = match self.identity {
            Identity::Nobody | Identity::Maybe | Identity::SignedIn => {
                return self.about.description.to_owned();
            }
            Identity::Permitted(permission) => permission,
        };
        let roles: Vec<String> = who
            .roles()
            .iter()
            .map(|role| format!("`{}`", role.name()))
            .collect();
        format!(
            "{}\n\nTakes the permission `{}` ({}), which has: {}.",
            self.about.description,
            who.name(),
            who.purpose(),
            roles.join(", ")
        )
    }

    /// The refusals of each status; those that many operations share are among the components.
    fn refusals(&mut self) -> BTreeMap<String, RefOr<Response>> {
        self.codes.sort();
        self.codes.dedup();
        let mut by_status: BTreeMap<String, Vec<Code>> = BTreeMap::new();
        for code in &self.codes {
            let status = code.status().as_u16().to_string();
            by_status.entry(status).or_default().push(*code);
        }
        let schema = self.schema::<problems::Problem>();
        let mut refusals = BTreeMap::new();
        for (status, codes) in by_status {
            let name = problems::name(&codes);
            let response = problems::response(&codes, &schema);
            self.components
                .responses
                .insert(name.clone(), response.into());
            refusals.insert(status, Ref::from_response_name(name).into());
        }
        refusals
    }
}

fn success(answer: ResponseBuilder, about: &About) -> Response {
    let mut answer = answer
        .description(about.summary)
        .header(REQUEST_ID_SHOWN, values::request_id_header());
    for link in about.links {
        let value = format!("$response.body#{}", link.pointer);
        let target = LinkBuilder::new()
            .operation_id(link.operation)
            .parameter(link.parameter, value)
            .build();
        answer = answer.link(link.operation, target);
    }
    answer.build()
}

/// As people write it.
const REQUEST_ID_SHOWN: &str = "X-Request-Id";
const _: () = assert!(REQUEST_ID.eq_ignore_ascii_case(REQUEST_ID_SHOWN));

/// A test holds the examples against their schemas, so one that is no JSON does not get far.
fn read_example(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}

//! What is said of a route that its types cannot say.

use utoipa::openapi::tag::{Tag as Described, TagBuilder};

use crate::http::error::Code;

/// Words about a route. What it takes, who may call it, and the refusals that come with both are not repeated here.
#[derive(Debug)]
pub(in crate::http) struct About {
    /// Names the operation, for generated clients.
    pub id: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// What else is to be known.
    pub description: &'static str,
    /// What it belongs to.
    pub tag: Tag,
    /// How it refuses, beside the ways that its arguments have.
    pub refuses: &'static [Code],
    /// A body that it takes, as JSON.
    pub request: Option<&'static str>,
    /// A body that it answers with, as JSON, or as it is where the answer is no JSON.
    pub answer: Option<&'static str>,
    /// Where the answer leads.
    pub links: &'static [Link],
}

impl About {
    /// Nothing said yet.
    pub const NOTHING: Self = Self {
        id: "",
        summary: "",
        description: "",
        tag: Tag::Service,
        refuses: &[],
        request: None,
        answer: None,
        links: &[],
    };
}

/// A value of an answer that is a parameter of another route.
#[derive(Debug)]
pub(in crate::http) struct Link {
    /// The route.
    pub operation: &'static str,
    /// Its parameter.
    pub parameter: &'static str,
    /// Where in the answer its value is, as a JSON pointer.
    pub pointer: &'static str,
}

/// The parts of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Tag {
    /// Registering, signing in and out, the own account.
    Account,
    /// Points and the ledger.
    Wallet,
    /// Ordering readings, and their results.
    Jobs,
    /// Doing them.
    Worker,
    /// What only some may.
    Admin,
    /// The service itself.
    Service,
}

impl Tag {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 6] = [
        Self::Account,
        Self::Wallet,
        Self::Jobs,
        Self::Worker,
        Self::Admin,
        Self::Service,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Wallet => "wallet",
            Self::Jobs => "jobs",
            Self::Worker => "worker",
            Self::Admin => "admin",
            Self::Service => "service",
        }
    }

    /// Name and description.
    pub fn described(self) -> Described {
        let description = match self {
            Self::Account => {
                "Registering, signing in and out, and the account of who is signed in."
            }
            Self::Wallet => "Points: what the user holds, the ledger, spending and transferring.",
            Self::Jobs => "Readings: ordering them, how they stand, and what they brought.",
            Self::Worker => {
                "How workers in any language take jobs and deliver results. A claim is a lease that ends without a heartbeat."
            }
            Self::Admin => {
                "Payments, refunds, corrections, accounts, the audit log and the schema."
            }
            Self::Service => "The service itself.",
        };
        TagBuilder::new()
            .name(self.name())
            .description(Some(description))
            .build()
    }
}

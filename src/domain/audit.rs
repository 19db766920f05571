//! The audit log: who did what to which resource from where, and how it ended.
//!
//! What changes something writes its entry in the same statement or transaction, so that neither exists without the
//! other; a refusal changes nothing and writes its entry by itself. Secrets have no place in an entry: no passwords,
//! tokens or keys, and nothing of a body but what is named here.

pub mod list;
pub mod seal;
pub mod verify;

use std::net::IpAddr;

use serde_json::{Map, Value};

use super::ids::UserId;
use crate::db::Database;

/// How much of what a program says of itself is kept, in characters.
pub const MAX_USER_AGENT_CHARACTERS: usize = 256;

/// Where a request came from. The default is this program itself: a command, a background task.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The client's address, as far as it is known.
    pub ip_address: Option<IpAddr>,
    user_agent: Option<String>,
    /// As in the log and in the answer.
    pub request_id: Option<String>,
}

impl Origin {
    /// Keeps of the user agent what fits; what a client sends is not refused for its length.
    pub fn new(
        ip_address: Option<IpAddr>,
        user_agent: Option<&str>,
        request_id: Option<String>,
    ) -> Self {
        let user_agent = user_agent
            .map(|text| {
                text.chars()
                    .filter(|character| !character.is_control())
                    .take(MAX_USER_AGENT_CHARACTERS)
                    .collect::<String>()
            })
            .filter(|text| !text.is_empty());
        Self {
            ip_address,
            user_agent,
            request_id,
        }
    }

    /// The address as text, which is how it goes to the database: the binary form of `inet` has the number that the
    /// server's system gives to a family of addresses, and the embedded PostgreSQL has another system than we.
    pub fn ip_address_text(&self) -> Option<String> {
        self.ip_address.map(|address| address.to_string())
    }

    /// What the client's program says that it is, cut to [`MAX_USER_AGENT_CHARACTERS`].
    pub fn user_agent(&self) -> Option<&str> {
        self.user_agent.as_deref()
    }
}

/// How what was asked for ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Success,
    /// A rule forbids it; nothing changed.
    Refused,
    /// It was allowed, and went wrong.
    Failed,
}

impl Outcome {
    /// The name that the database and the API use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// Which resource of its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResourceId {
    /// None, or none that is known.
    Unknown,
    /// By its identifier.
    Is(String),
    /// The wallet of a user, which whoever is refused need not know.
    WalletOf(UserId),
}

/// An entry to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Who did it; `None` is the system, or somebody not signed in.
    pub actor_user_id: Option<UserId>,
    /// What was done: the kind of resource and a verb, such as `wallet.spend`.
    pub action: &'static str,
    /// Kind of thing that it was done to, such as `wallet`.
    pub resource_type: &'static str,
    /// Which one.
    pub resource_id: ResourceId,
    /// How it ended.
    pub outcome: Outcome,
    /// Where it came from.
    pub origin: Origin,
    /// More, without secrets.
    pub details: Map<String, Value>,
}

impl Entry {
    /// An entry without an actor, a resource of no name, and no details.
    pub fn new(
        action: &'static str,
        resource_type: &'static str,
        outcome: Outcome,
        origin: &Origin,
    ) -> Self {
        Self {
            actor_user_id: None,
            action,
            resource_type,
            resource_id: ResourceId::Unknown,
            outcome,
            origin: origin.clone(),
            details: Map::new(),
        }
    }

    /// Who did it.
    #[must_use]
    pub fn by(mut self, actor: UserId) -> Self {
        self.actor_user_id = Some(actor);
        self
    }

    /// Which resource it was done to.
    #[must_use]
    pub fn on(mut self, id: impl ToString) -> Self {
        self.resource_id = ResourceId::Is(id.to_string());
        self
    }

    /// That it was done to the wallet of a user.
    #[must_use]
    pub fn on_wallet_of(mut self, user: UserId) -> Self {
        self.resource_id = ResourceId::WalletOf(user);
        self
    }

    /// One more detail. Never a secret.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }
}

/// Writes the entry of what was refused. Nothing has changed, so nothing can be rolled back: if the entry cannot be
/// written, the refusal stands, and the log of the program says so.
pub async fn record_refusal(db: &Database, entry: &Entry) {
    if let Err(error) = db.record(entry).await {
        tracing::error!(%error, action = entry.action, "the entry of a refusal was not written");
    }
}

//! Administering accounts: searching them, and changing role and status. Nobody can take the last active admin away.

use super::audit::{self, Entry, Origin, Outcome};
use super::ids::UserId;
use super::permissions::Permission;
use super::text::Description;
use super::users::{MAX_EMAIL_CHARACTERS, Role, User};
use crate::db::{Database, DbError};

/// Whether an account may act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
#[schema(rename_all = "snake_case", as = AccountStatus)]
// From a text, so that a body which has something else is a wrong value and not a malformed one.
#[serde(try_from = "String")]
#[allow(missing_docs)] // The words of the table.
pub enum Status {
    Active,
    Suspended,
    Inactive,
    Banned,
}

/// A text that is no status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be active, suspended, inactive or banned")]
pub struct StatusError;

impl TryFrom<String> for Status {
    type Error = StatusError;

    fn try_from(name: String) -> Result<Self, StatusError> {
        let all = [Self::Active, Self::Suspended, Self::Inactive, Self::Banned];
        let found = all.into_iter().find(|status| status.name() == name);
        found.ok_or(StatusError)
    }
}

impl Status {
    /// The name that the database and the API use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Inactive => "inactive",
            Self::Banned => "banned",
        }
    }
}

/// The beginning of an email address, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailPrefix(String);

/// A text with which no address begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to {MAX_EMAIL_CHARACTERS} visible ASCII characters")]
pub struct EmailPrefixError;

impl EmailPrefix {
    /// Checks a text and folds it to lower case.
    ///
    /// # Errors
    /// If no address can begin like this.
    pub fn parse(text: &str) -> Result<Self, EmailPrefixError> {
        let text = text.trim();
        if (1..=MAX_EMAIL_CHARACTERS).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic())
        {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(EmailPrefixError)
        }
    }

    /// The beginning.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What lies behind every address that begins like this: addresses are visible ASCII.
    pub fn end(&self) -> String {
        format!("{}\u{7f}", self.0)
    }
}

/// Which users.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// Whose address begins like this.
    pub email_prefix: Option<EmailPrefix>,
    /// Of this role.
    pub role: Option<Role>,
    /// Of this status.
    pub status: Option<Status>,
}

/// A place in a list of users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    /// In the list by number, newest first.
    Id(UserId),
    /// In the list by address, which a search by address has.
    Email(String),
}

/// A part of a list of users.
#[derive(Debug, Clone)]
pub struct Page {
    /// By address if the search names one, else newest first.
    pub users: Vec<User>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Position>,
}

/// The users of a search after a position, at most `rows` of them.
///
/// # Errors
/// If the database fails.
pub async fn search(
    db: &Database,
    search: &Search,
    after: Option<Position>,
    rows: i64,
) -> Result<Page, DbError> {
    // One more than asked for tells whether there is a next page.
    let mut users = db.search_users(search, after, rows + 1).await?;
    let has_more = i64::try_from(users.len()).is_ok_and(|found| found > rows);
    users.truncate(usize::try_from(rows).unwrap_or(usize::MAX));
    let last = users.last().filter(|_| has_more);
    let next = last.map(|last| match search.email_prefix {
        Some(_) => Position::Email(last.email.clone()),
        None => Position::Id(last.id),
    });
    Ok(Page { users, next })
}

/// What an account is to become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Another role.
    Role(Role),
    /// Another status.
    Status(Status),
}

/// A change of an account.
#[derive(Debug, Clone)]
pub struct Change {
    /// Who asks.
    pub actor: UserId,
    /// Whose account.
    pub user_id: UserId,
    /// What it becomes.
    pub to: Standing,
    /// For people.
    pub reason: Option<Description>,
}

/// Why an account is not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// There is no such user.
    #[error("there is no user with this number")]
    NoSuchUser,
    /// Nobody would be left who can administer users.
    #[error("this is the last active admin; make another one first")]
    LastAdmin,
    /// The role that permitted it was taken away while the request waited.
    #[error("your role does not permit this")]
    NotPermitted,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

/// What is to be done with an account, once it and all admins are locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Change it.
    Change,
    /// It is so already.
    Unchanged,
    /// There is no such user.
    NoSuchUser,
    /// Nobody would be left.
    LastAdmin,
    /// The actor may not.
    NotPermitted,
}

impl Change {
    /// Decides on locked rows: who asks, whose account it is, and who can administer users.
    pub fn decide(
        &self,
        actor: Option<&User>,
        target: Option<&User>,
        admins: &[UserId],
    ) -> Verdict {
        let may_change = |actor: &User| {
            actor.status == Status::Active.name()
                && Role::from_name(&actor.role)
                    .is_some_and(|role| Permission::ChangeUsers.is_granted_to(role))
        };
        if !actor.is_some_and(may_change) {
            return Verdict::NotPermitted;
        }
        let Some(target) = target else {
            return Verdict::NoSuchUser;
        };
        let (is, becomes, stays_admin) = match self.to {
            Standing::Role(role) => (&target.role, role.name(), role == Role::Admin),
            Standing::Status(status) => (&target.status, status.name(), status == Status::Active),
        };
        if is == becomes {
            Verdict::Unchanged
        } else if admins == [target.id] && !stays_admin {
            Verdict::LastAdmin
        } else {
            Verdict::Change
        }
    }

    /// The entry of the change, in the words of the audit log.
    pub fn entry(&self, outcome: Outcome, origin: &Origin, before: Option<&User>) -> Entry {
        let (action, from, to) = match self.to {
            Standing::Role(role) => (
                "user.change_role",
                before.map(|user| &user.role),
                role.name(),
            ),
            Standing::Status(status) => (
                "user.change_status",
                before.map(|user| &user.status),
                status.name(),
            ),
        };
        let reason = self.reason.as_ref().map(|reason| reason.as_str());
        Entry::new(action, "user", outcome, origin)
            .by(self.actor)
            .on(self.user_id)
            .with("from", from.cloned())
            .with("to", to)
            .with("reason_given", reason)
    }
}

/// Changes role or status of an account, in one transaction with its entry. An account that is so already is left alone.
///
/// # Errors
/// If there is no such user, nobody would be left who can administer users, or the actor may not any more.
pub async fn change(db: &Database, change: &Change, origin: &Origin) -> Result<User, ChangeError> {
    let (verdict, user) = db.change_user(change, origin).await?;
    let (error, reason) = match (verdict, user) {
        (Verdict::Change | Verdict::Unchanged, Some(user)) => return Ok(user),
        (Verdict::LastAdmin, _) => (ChangeError::LastAdmin, "last_admin"),
        (Verdict::NotPermitted, _) => (ChangeError::NotPermitted, "forbidden"),
        (_, _) => (ChangeError::NoSuchUser, "no_such_user"),
    };
    let entry = change
        .entry(Outcome::Refused, origin, None)
        .with("reason", reason);
    audit::record_refusal(db, &entry).await;
    Err(error)
}

//! How often passwords may be tried: per account, and per address that tries. The counts are in the database, so that every
//! replica counts the same. An account is counted by the email address that was typed, whether anybody has it or not:
//! being refused tells nothing.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use super::users::Email;
use crate::db::{Database, DbError};

/// How many attempts may fail in a window of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginLimits {
    /// Of one account.
    pub per_account: u32,
    /// From one address.
    pub per_address: u32,
    /// How long a window is. It begins with the first attempt, and when it ends the count begins anew.
    pub window: Duration,
}

/// An attempt beyond the limit, which is refused without looking at the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany {
    /// When the window ends.
    pub retry_after: Duration,
    /// Whether it is the first one beyond the limit: the later ones are not worth an entry each.
    pub is_first: bool,
}

/// An attempt that is counted, and stays so unless it is settled.
#[derive(Debug)]
pub struct Attempt {
    account: Option<String>,
    address: Option<String>,
}

impl LoginLimits {
    /// Counts an attempt, before the password is looked at: of many that come at once, no more than the limit may pass.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn begin(
        &self,
        db: &Database,
        email: Option<&Email>,
        address: Option<IpAddr>,
    ) -> Result<Result<Attempt, TooMany>, DbError> {
        let attempt = Attempt {
            account: email.map(|email| format!("account:{}", email.as_str())),
            address: address.map(|address| format!("address:{}", network(address))),
        };
        let account = attempt.account.as_deref();
        let address = attempt.address.as_deref();
        let counted: Vec<(&str, u32)> = (account.map(|subject| (subject, self.per_account)))
            .into_iter()
            .chain(address.map(|subject| (subject, self.per_address)))
            .collect();
        Ok(match db.count_login_attempt(&counted, self.window).await? {
            Some(too_many) => Err(too_many),
            None => Ok(attempt),
        })
    }
}

impl Attempt {
    /// The password was right: the account's count begins anew, and the address has one attempt less. A count that stays
    /// too high is no reason to refuse what was right.
    pub async fn succeeded(self, db: &Database) {
        self.settle(db, self.account.as_deref()).await;
    }

    /// The password was not looked at: as if nobody had come.
    pub async fn abandoned(self, db: &Database) {
        self.settle(db, None).await;
    }

    async fn settle(&self, db: &Database, proven: Option<&str>) {
        let subjects: Vec<&str> = [&self.account, &self.address]
            .into_iter()
            .filter_map(Option::as_deref)
            .collect();
        if let Err(error) = db.settle_login_attempt(&subjects, proven).await {
            tracing::warn!(%error, "an attempt to sign in that was no failure stays counted as one");
        }
    }
}

/// What one client has for itself: of IPv6, a whole network of 64 bits.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let network = Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX));
            format!("{network}/64")
        }
    }
}

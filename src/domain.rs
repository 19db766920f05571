//! The rules of the service: who users are, what a wallet may do, and what is refused.
//!
//! No HTTP and no SQL text lives here. Values are checked where they are made ("parse, don't
//! validate"): whoever holds an [`points::Amount`] holds a positive number within its limit.

pub mod administration;
pub mod audit;
pub mod idempotency;
pub mod ids;
pub mod jobs;
pub mod ledger;
pub mod login_limits;
pub mod mime_type;
pub mod passwords;
pub mod permissions;
pub mod points;
pub mod profile;
pub mod refresh_tokens;
pub mod seats;
pub mod sessions;
pub mod sign_in;
pub mod text;
pub mod transactions;
pub mod users;
pub mod wallets;

//! The API, route by route.

mod account;
mod admin;
mod auth;
mod bad_input;
mod client_address;
mod document;
mod health;
mod login_limits;
mod outage;
mod permissions;
mod sessions;
mod statistics;
mod wallet;

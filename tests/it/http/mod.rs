//! The API, route by route.

mod account;
mod admin;
mod auth;
mod bad_input;
mod client_address;
mod cors;
mod document;
mod health;
mod login_limits;
mod metrics;
mod outage;
mod permissions;
mod sessions;
mod statistics;
mod wallet;

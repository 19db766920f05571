//! The API, route by route.

mod admin;
mod auth;
mod bad_input;
mod client_address;
mod health;
mod outage;
mod wallet;

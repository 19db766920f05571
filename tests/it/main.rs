//! The tests of the application, in one binary: modules mirror what they test, and each test has a database
//! of its own on a real PostgreSQL that the tests start themselves.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

mod audit;
mod cli;
mod config;
mod domain;
mod http;
mod jobs;
mod ledger;
mod nulls;
mod refusals;
mod schema;
mod startup;
mod storage;
mod support;

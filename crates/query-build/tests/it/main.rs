//! What a build makes, and what it refuses.

#![allow(
    clippy::expect_used,
    reason = "a test may end where something is not as it must be"
)]

mod behaviour;
mod cargo;
mod commands;
mod declared;
mod good;
mod heads;
mod lints;
mod migrations;
mod nullability;
mod output;
mod plans;
mod postgresql;
mod previous;
mod project;
mod proof;
mod queries;
mod rules;
mod sample;
mod script;
mod shipped;
mod tricky;
mod way_of_working;

//! The program as a person runs it.

mod commands;
mod killed;
mod resuming;

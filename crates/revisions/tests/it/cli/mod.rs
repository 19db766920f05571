//! The program as a person runs it.

mod commands;
mod dry_run;
mod killed;
mod redoing;
mod resuming;
mod stamping;

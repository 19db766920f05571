//! The program as a person runs it.

#[cfg(unix)]
mod adopting;
mod backup;
mod commands;
mod dry_run;
mod killed;
mod looking;
mod redoing;
mod resuming;
mod scripts;
mod stamping;
mod under_way;
#[cfg(unix)]
mod waiting;

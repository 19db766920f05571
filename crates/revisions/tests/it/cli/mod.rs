//! The program as a person runs it.

#[cfg(unix)]
mod adopting;
#[cfg(unix)]
mod again;
mod backup;
mod commands;
mod dry_run;
mod killed;
mod looking;
mod moved;
mod redoing;
mod resuming;
mod scripts;
mod stamping;
mod under_way;
mod verify;
mod verify_history;
mod verify_meanwhile;
#[cfg(unix)]
mod waiting;

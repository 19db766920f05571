//! Applying and undoing on a database.

mod batches;
mod failing;
mod locking;
mod moving;
mod offline;
mod refinery;
mod session;
mod startup;
mod traffic;

//! Applying and undoing on a database.

mod failing;
mod locking;
mod moving;
mod refinery;
mod session;
mod startup;

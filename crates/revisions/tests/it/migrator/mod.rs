//! Applying and undoing on a database.

mod batches;
mod failing;
mod locking;
mod moved;
mod moving;
mod offline;
mod one_by_one;
mod refinery;
mod round_trip;
mod session;
mod startup;
mod traffic;

//! Reading migrations and putting them in order.

mod graph;
mod header;
mod read;

//! Reaching a database.

mod connect;
mod tls;
mod url;

//! The program as a user starts it.

mod db;
mod ledger;
mod openapi;
mod serve;
mod settings;
mod storage;
mod user;
mod worker;

//! Words about each route: a file for each part of the API, in the order of the router.

pub(in crate::http) mod accounts;
pub(in crate::http) mod jobs;
pub(in crate::http) mod money;
pub(in crate::http) mod oversight;
pub(in crate::http) mod service;
pub(in crate::http) mod users;
pub(in crate::http) mod wallet;
pub(in crate::http) mod worker;

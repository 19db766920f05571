//! A connection on loan from the pool. Whoever leaves in the middle of a statement, by a time limit or because the
//! client hung up, does not give it back: an answer would still be under way on it.

use std::ops::{Deref, DerefMut};

use deadpool_postgres::{Client, Object};

/// A connection on loan, closed at drop unless it is given back.
pub struct Lease(Option<Object>);

impl Lease {
    pub(super) fn new(connection: Object) -> Self {
        Self(Some(connection))
    }

    /// Back into the pool.
    pub(super) fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(Object::take(connection));
        }
    }
}

impl Deref for Lease {
    type Target = Client;

    fn deref(&self) -> &Client {
        match &self.0 {
            Some(connection) => connection,
            None => unreachable!("a lease holds its connection until it is consumed"),
        }
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Client {
        match &mut self.0 {
            Some(connection) => connection,
            None => unreachable!("a lease holds its connection until it is consumed"),
        }
    }
}

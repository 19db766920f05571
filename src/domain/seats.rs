//! How many may do something at once in this process, and how many times one user may: whoever is counted holds a seat, and
//! gives it back when it is dropped.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::ids::UserId;

/// How many there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// In this process.
    pub per_process: usize,
    /// Of one user, in this process.
    pub per_user: usize,
}

/// There are as many as there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// In this process.
    InProcess,
    /// Of this user.
    OfUser,
}

/// Who has a seat. Cheap to clone; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Seats(Arc<Mutex<HashMap<UserId, usize>>>);

/// A seat, until it is dropped.
#[derive(Debug)]
pub struct Seat {
    seats: Seats,
    user_id: UserId,
}

impl Seats {
    /// Takes a seat.
    ///
    /// # Errors
    /// If there are as many as there may be.
    pub fn take(&self, user_id: UserId, limits: &Limits) -> Result<Seat, Full> {
        let mut taken = self.lock();
        if taken.values().sum::<usize>() >= limits.per_process {
            return Err(Full::InProcess);
        }
        let of_user = taken.entry(user_id).or_default();
        if *of_user >= limits.per_user {
            return Err(Full::OfUser);
        }
        *of_user += 1;
        Ok(Seat {
            seats: self.clone(),
            user_id,
        })
    }

    /// How many are taken.
    pub fn taken(&self) -> usize {
        self.lock().values().sum()
    }

    /// What is in there is whole after every step, so a panic elsewhere does not matter.
    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.lock();
        if let Some(of_user) = taken.get_mut(&self.user_id) {
            *of_user -= 1;
            if *of_user == 0 {
                taken.remove(&self.user_id);
            }
        }
    }
}

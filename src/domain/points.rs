//! Points: whole numbers, with the limits of each operation.

use std::ops::RangeInclusive;

/// How much one spend may take.
pub const SPEND_LIMITS: RangeInclusive<i64> = 1..=10_000;
/// How much one transfer may move.
pub const TRANSFER_LIMITS: RangeInclusive<i64> = 1..=1_000;
/// How much one deposit may bring.
pub const DEPOSIT_LIMITS: RangeInclusive<i64> = 1..=1_000_000_000;
/// How much of a spend one refund may give back; the spend itself limits it further.
pub const REFUND_LIMITS: RangeInclusive<i64> = SPEND_LIMITS;
/// How far one adjustment may move a balance, either way.
pub const ADJUSTMENT_LIMITS: RangeInclusive<i64> = -50_000..=50_000;

/// A positive number of points within the limits of its operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(i64);

/// A number of points, up or down but never zero, within the limits of an adjustment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adjustment(i64);

/// A number outside the limits of its operation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutOfLimits {
    /// Too small or too large.
    #[error("must be a whole number from {} to {}", .0.start(), .0.end())]
    Range(RangeInclusive<i64>),
    /// Zero, where that would change nothing.
    #[error("must not be 0")]
    Zero,
}

impl Amount {
    /// Checks a number against the limits of its operation.
    ///
    /// # Errors
    /// If it lies outside of them.
    pub fn within(points: i64, limits: RangeInclusive<i64>) -> Result<Self, OutOfLimits> {
        if points > 0 && limits.contains(&points) {
            Ok(Self(points))
        } else {
            Err(OutOfLimits::Range(limits))
        }
    }

    /// The number of points.
    pub fn get(self) -> i64 {
        self.0
    }
}

impl Adjustment {
    /// Checks a number against [`ADJUSTMENT_LIMITS`].
    ///
    /// # Errors
    /// If it lies outside of them, or is zero.
    pub fn new(points: i64) -> Result<Self, OutOfLimits> {
        match points {
            0 => Err(OutOfLimits::Zero),
            _ if ADJUSTMENT_LIMITS.contains(&points) => Ok(Self(points)),
            _ => Err(OutOfLimits::Range(ADJUSTMENT_LIMITS)),
        }
    }

    /// The number of points, negative to take.
    pub fn get(self) -> i64 {
        self.0
    }
}

//! Who may do what: the one table. What a user may do with the own account needs no entry here.

use super::users::Role;

/// Something that not every user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Credit payments.
    RecordDeposits,
    /// Give back spends.
    RefundSpends,
    /// Correct balances by hand.
    AdjustBalances,
}

impl Permission {
    /// The roles that have it.
    pub fn roles(self) -> &'static [Role] {
        match self {
            Self::RecordDeposits => &[Role::Service, Role::Admin],
            Self::RefundSpends | Self::AdjustBalances => &[Role::Admin],
        }
    }

    /// Whether a role has it.
    pub fn is_granted_to(self, role: Role) -> bool {
        self.roles().contains(&role)
    }
}

//! Who may do what: the one table, which the README shows as well. What a user may do with the own account needs no
//! entry here: whoever is signed in may, and another's things look as if they were not there.

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
    /// Search and see the accounts of others.
    ReadUsers,
    /// Give and take roles, suspend and ban.
    ChangeUsers,
    /// Search and export the audit log.
    ReadAuditLog,
    /// Check the ledger of every wallet.
    VerifyLedger,
    /// See the revisions and the tables of the database.
    ReadSchema,
    /// Claim jobs and deliver their results.
    WorkOnJobs,
}

/// A permission, its name, what it is for, and the roles that have it.
pub type Grant = (Permission, &'static str, &'static str, &'static [Role]);

/// The table.
pub const GRANTS: [Grant; 9] = [
    (
        Permission::RecordDeposits,
        "record_deposits",
        "credit payments",
        &[Role::Service, Role::Admin],
    ),
    (
        Permission::RefundSpends,
        "refund_spends",
        "give back spends",
        &[Role::Admin],
    ),
    (
        Permission::AdjustBalances,
        "adjust_balances",
        "correct balances by hand",
        &[Role::Admin],
    ),
    (
        Permission::ReadUsers,
        "read_users",
        "search and see accounts",
        &[Role::Moderator, Role::Admin],
    ),
    (
        Permission::ChangeUsers,
        "change_users",
        "give and take roles, suspend and ban",
        &[Role::Admin],
    ),
    (
        Permission::ReadAuditLog,
        "read_audit_log",
        "search and export the audit log",
        &[Role::Admin],
    ),
    (
        Permission::VerifyLedger,
        "verify_ledger",
        "check the ledger of every wallet",
        &[Role::Admin],
    ),
    (
        Permission::ReadSchema,
        "read_schema",
        "see revisions and tables of the database",
        &[Role::Admin],
    ),
    (
        Permission::WorkOnJobs,
        "work_on_jobs",
        "claim jobs and deliver their results",
        &[Role::Service],
    ),
];

impl Permission {
    fn grant(self) -> Option<&'static Grant> {
        GRANTS.iter().find(|(permission, ..)| *permission == self)
    }

    /// The name that the audit log uses.
    pub fn name(self) -> &'static str {
        self.grant().map_or("", |(_, name, ..)| name)
    }

    /// What it is for, in words.
    pub fn purpose(self) -> &'static str {
        self.grant().map_or("", |(_, _, purpose, _)| purpose)
    }

    /// The roles that have it: none, if the table says nothing of it.
    pub fn roles(self) -> &'static [Role] {
        self.grant().map_or(&[], |(.., roles)| roles)
    }

    /// Whether a role has it.
    pub fn is_granted_to(self, role: Role) -> bool {
        self.roles().contains(&role)
    }
}

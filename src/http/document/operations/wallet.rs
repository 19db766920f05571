//! Points: the wallet, the ledger, spending and transferring.

use crate::http::document::about::{About, Link, Tag};
use crate::http::error::Code;

/// What a spend answers, and an order.
pub(super) const ORDERED: &str = r#"{
  "transaction": {
    "txn_id": 17, "type": "spend", "amount": -30, "balance_after": 70, "status": "success", "reference_id": null,
    "description": null, "payment_method": null, "refunded_txn_id": null, "counterpart_txn_id": null, "job_id": 5,
    "created_at": "2026-03-01T12:00:00Z", "completed_at": "2026-03-01T12:00:00Z"
  },
  "job_id": 5, "remaining_balance": 70
}"#;

const TRANSACTION_SHOWN: &str = r#"{
  "txn_id": 17, "type": "spend", "amount": -30, "balance_after": 70, "status": "success", "reference_id": null,
  "description": null, "payment_method": null, "refunded_txn_id": null, "counterpart_txn_id": null, "job_id": 5,
  "created_at": "2026-03-01T12:00:00Z", "completed_at": "2026-03-01T12:00:00Z"
}"#;

/// From what was posted to the transaction and the job.
pub(super) const POSTING_LINKS: &[Link] = &[TO_TRANSACTION, TO_JOB, TO_RESULT, TO_CANCEL];

const TO_TRANSACTION: Link = Link {
    operation: "transaction",
    parameter: "txn_id",
    pointer: "/transaction/txn_id",
};
const TO_JOB: Link = Link {
    operation: "job",
    parameter: "job_id",
    pointer: "/job_id",
};
const TO_RESULT: Link = Link {
    operation: "job_result",
    parameter: "job_id",
    pointer: "/job_id",
};
const TO_CANCEL: Link = Link {
    operation: "cancel_job",
    parameter: "job_id",
    pointer: "/job_id",
};

pub(in crate::http) const SHOW: About = About {
    id: "wallet",
    summary: "What the user holds",
    description: "The balance, what is pending, and the latest transactions.",
    tag: Tag::Wallet,
    refuses: &[Code::NotFound],
    answer: Some(
        r#"{"wallet_id": 2, "user_id": 2, "balance": 70, "pending_amount": 0, "available_balance": 70,
            "last_updated": "2026-03-01T12:00:00Z", "recent_transactions": []}"#,
    ),
    ..About::NOTHING
};

pub(in crate::http) const TRANSACTIONS: About = About {
    id: "transactions",
    summary: "The ledger",
    description: "The transactions of the wallet, newest first; with `summary=true` the sums of all that the filter selects.",
    tag: Tag::Wallet,
    refuses: &[],
    answer: Some(
        r#"{"transactions": [{
            "txn_id": 17, "type": "spend", "amount": -30, "balance_after": 70, "status": "success", "reference_id": null,
            "description": null, "payment_method": null, "refunded_txn_id": null, "counterpart_txn_id": null, "job_id": 5,
            "created_at": "2026-03-01T12:00:00Z", "completed_at": "2026-03-01T12:00:00Z"}],
            "next_cursor": "MTc3MjM2NjQwMDAwMDAwMC4xNw",
            "summary": [{"type": "spend", "status": "success", "count": 1, "amount": -30}]}"#,
    ),
    links: &[
        Link {
            operation: "transaction",
            parameter: "txn_id",
            pointer: "/transactions/0/txn_id",
        },
        Link {
            operation: "transactions",
            parameter: "cursor",
            pointer: "/next_cursor",
        },
    ],
    ..About::NOTHING
};

pub(in crate::http) const TRANSACTION: About = About {
    id: "transaction",
    summary: "A transaction",
    description: "One transaction of the own wallet.",
    tag: Tag::Wallet,
    refuses: &[],
    answer: Some(TRANSACTION_SHOWN),
    ..About::NOTHING
};

pub(in crate::http) const STATISTICS: About = About {
    id: "statistics",
    summary: "Sums per type and day",
    description: "What came in and went out on 1 to 366 days in UTC, the first and the last included; the last 30 without. Only what \
                  succeeded is counted.",
    tag: Tag::Wallet,
    refuses: &[],
    answer: Some(
        r#"{"from": "2026-02-01", "to": "2026-03-01", "totals": [{"type": "spend", "count": 1, "amount": -30}],
            "days": [{"day": "2026-03-01", "type": "spend", "count": 1, "amount": -30}]}"#,
    ),
    ..About::NOTHING
};

pub(in crate::http) const SPEND: About = About {
    id: "spend",
    summary: "Spend points on a reading",
    description: "Pays for a job of any kind and orders it, in one step: neither exists without the other. `POST /api/v1/jobs` does \
                  the same at the price of the kind.",
    tag: Tag::Wallet,
    refuses: &[
        Code::InsufficientBalance,
        Code::AccountNotActive,
        Code::NotFound,
    ],
    request: Some(r#"{"amount": 30, "job_type": "fortune_draw", "input": {"question": "when?"}}"#),
    answer: Some(ORDERED),
    links: POSTING_LINKS,
};

pub(in crate::http) const TRANSFER: About = About {
    id: "transfer",
    summary: "Give points to another user",
    description: "Moves points from the own wallet to that of another active user, and never to oneself. Each wallet gets a \
                  transaction; the answer has the one of the own.",
    tag: Tag::Wallet,
    refuses: &[
        Code::InsufficientBalance,
        Code::AccountNotActive,
        Code::NotFound,
        Code::BalanceLimitExceeded,
    ],
    request: Some(r#"{"to_user_id": 3, "amount": 25, "description": "a gift"}"#),
    answer: Some(
        r#"{"transaction": {
            "txn_id": 18, "type": "transfer", "amount": -25, "balance_after": 45, "status": "success", "reference_id": null,
            "description": "a gift", "payment_method": null, "refunded_txn_id": null, "counterpart_txn_id": 19, "job_id": null,
            "created_at": "2026-03-01T12:00:00Z", "completed_at": "2026-03-01T12:00:00Z"},
            "remaining_balance": 45}"#,
    ),
    links: &[TO_TRANSACTION],
};

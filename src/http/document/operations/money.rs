//! Points that come from outside, go back, or are corrected by hand.

use crate::http::document::about::{About, Tag};
use crate::http::error::Code;

pub(in crate::http) const DEPOSIT: About = About {
    id: "deposit",
    summary: "Record a payment",
    description: "Credits a wallet. A reference succeeds once for each wallet.",
    tag: Tag::Admin,
    refuses: &[Code::NotFound, Code::BalanceLimitExceeded],
    request: Some(
        r#"{"user_id": 2, "amount": 500, "reference_id": "payment-1", "payment_method": "card", "description": "a gift card"}"#,
    ),
    answer: Some(
        r#"{"transaction": {
            "txn_id": 20, "type": "deposit", "amount": 500, "balance_after": 570, "status": "success", "reference_id": "payment-1",
            "description": "a gift card", "payment_method": "card", "refunded_txn_id": null, "counterpart_txn_id": null,
            "job_id": null, "created_at": "2026-03-01T12:00:00Z", "completed_at": "2026-03-01T12:00:00Z"},
            "remaining_balance": 570}"#,
    ),
    ..About::NOTHING
};

pub(in crate::http) const REFUND: About = About {
    id: "refund",
    summary: "Give back a spend",
    description: "Wholly or in part; all refunds of a spend add up to at most the spend.",
    tag: Tag::Admin,
    refuses: &[
        Code::NotFound,
        Code::RefundExceedsSpend,
        Code::BalanceLimitExceeded,
    ],
    request: Some(r#"{"txn_id": 17, "amount": 10, "reason": "the reading was late"}"#),
    answer: Some(
        r#"{"transaction": {
            "txn_id": 21, "type": "refund", "amount": 10, "balance_after": 580, "status": "success", "reference_id": null,
            "description": "the reading was late", "payment_method": null, "refunded_txn_id": 17, "counterpart_txn_id": null,
            "job_id": null, "created_at": "2026-03-01T12:00:00Z", "completed_at": "2026-03-01T12:00:00Z"},
            "remaining_balance": 580}"#,
    ),
    ..About::NOTHING
};

pub(in crate::http) const ADJUST: About = About {
    id: "adjust",
    summary: "Correct a balance",
    description: "By hand, up or down, and never below zero.",
    tag: Tag::Admin,
    refuses: &[
        Code::NotFound,
        Code::InsufficientBalance,
        Code::BalanceLimitExceeded,
    ],
    request: Some(r#"{"user_id": 2, "amount": -5, "reason": "credited twice"}"#),
    answer: Some(
        r#"{"transaction": {
            "txn_id": 22, "type": "adjustment", "amount": -5, "balance_after": 575, "status": "success", "reference_id": null,
            "description": "credited twice", "payment_method": null, "refunded_txn_id": null, "counterpart_txn_id": null,
            "job_id": null, "created_at": "2026-03-01T12:00:00Z", "completed_at": "2026-03-01T12:00:00Z"},
            "remaining_balance": 575}"#,
    ),
    ..About::NOTHING
};

//! `/admin/ledger/verify`: the rules of the ledger, and what breaks one.

use axum::Json as Answer;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::ledger::{Breach, Rule, verify};
use crate::domain::permissions::Permission;
use crate::http::App;
use crate::http::error::ApiError;
use crate::http::identity::{Permitted, Required};

/// Breaches that an answer lists; the command line lists all.
const MAX_LISTED: usize = 1000;

/// Takes [`Permission::VerifyLedger`].
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct VerifyLedger;

impl Required for VerifyLedger {
    const PERMISSION: Permission = Permission::VerifyLedger;
}

/// How the ledger stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LedgerStanding)]
pub(in crate::http) struct LedgerBody {
    in_order: bool,
    wallets: i64,
    breach_count: i64,
    rules: Vec<RuleBody>,
    /// The first of them.
    breaches: Vec<Breach>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LedgerRule)]
struct RuleBody {
    rule: Rule,
    sentence: &'static str,
    holds: bool,
}

/// `GET /admin/ledger/verify`
pub(in crate::http) async fn show(
    State(app): State<App>,
    _: Permitted<VerifyLedger>,
) -> Result<Answer<LedgerBody>, ApiError> {
    let mut breaches = Vec::new();
    let mut broken = Vec::new();
    let checked = verify(&app.db, |breach| {
        if !broken.contains(&breach.rule) {
            broken.push(breach.rule);
        }
        if breaches.len() < MAX_LISTED {
            breaches.push(breach);
        }
    })
    .await?;
    let rules = Rule::ALL.map(|rule| RuleBody {
        rule,
        sentence: rule.sentence(),
        holds: !broken.contains(&rule),
    });
    Ok(Answer(LedgerBody {
        in_order: checked.breaches == 0,
        wallets: checked.wallets,
        breach_count: checked.breaches,
        rules: rules.into(),
        breaches,
    }))
}

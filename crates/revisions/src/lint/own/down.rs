//! Revisions that nothing takes back, and that do not say why.

use crate::lint::{Script, Violation};
use crate::revision::Down;

pub(super) fn missing(script: &Script<'_>) -> Option<Violation> {
    let is_missing = matches!(script.revision.down(), Down::Missing);
    let head = script.sql.lines().next().unwrap_or_default();
    let reason = "there is no script that takes the revision back";
    Violation::new("require-down-script", 0..head.len(), reason).filter(|_| is_missing)
}

//! A schema with an object of every class.

use super::super::catalog::EVERYTHING;
use super::there_and_back;
use crate::support::needs_many_connections;

#[tokio::test]
async fn everything_is_made_from_nothing_and_taken_back() {
    needs_many_connections!();
    insta::assert_snapshot!(there_and_back("", EVERYTHING).await);
}

#[tokio::test]
async fn everything_is_taken_away_and_made_again() {
    needs_many_connections!();
    insta::assert_snapshot!(there_and_back(EVERYTHING, "").await);
}

//! Mermaid and DOT.

use revisions::diagram::Diagram;

use super::SHOP;
use crate::catalog::catalog_of;
use crate::support::needs_many_connections;

#[tokio::test]
async fn mermaid_is_given_what_its_grammar_takes() {
    needs_many_connections!();
    let (_, catalog) = catalog_of(SHOP).await;
    insta::assert_snapshot!(Diagram::of(&catalog).mermaid());
}

#[tokio::test]
async fn graphviz_is_given_a_table_for_each_table() {
    needs_many_connections!();
    let (_, catalog) = catalog_of(SHOP).await;
    insta::assert_snapshot!(Diagram::of(&catalog).dot());
}

#[tokio::test]
async fn only_the_tables_that_are_named_are_shown_with_the_relations_between_them() {
    needs_many_connections!();
    let (_, catalog) = catalog_of(SHOP).await;
    let diagram = Diagram::of(&catalog);
    let patterns = ["shop.*".to_owned(), "addresses".to_owned()];
    insta::assert_snapshot!(diagram.only(&patterns).mermaid());
    assert!(diagram.only(&["nothing".to_owned()]).is_empty());
}

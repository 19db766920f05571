//! Uses the generated queries on the database DATABASE_URL; ends with 0 if they do what they say.

#![deny(warnings, missing_docs, clippy::all, clippy::unwrap_used, clippy::expect_used)]

mod db;

use std::error::Error;

use db::queries::admin::orders::{OrdersSinceParams, PlaceOrderParams, orders_since, place_order};
use db::queries::client::{GenericClient, Params};
use db::queries::customers::{
    AddCustomerParams, Customer, RenameCustomerParams, add_customer, customer_by_email,
    customer_count, rename_customer,
};
use deadpool_postgres::{Manager, Pool};
use revisions::{Migrator, Revisions};
use tokio_postgres::NoTls;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::var("DATABASE_URL")?;
    let pool = Pool::builder(Manager::new(url.parse()?, NoTls)).max_size(1).build()?;
    let mut client = pool.get().await?;

    let revisions = Revisions::embedded(db::REVISIONS)?;
    Migrator::new(&mut client, &revisions).upgrade("head").await?;

    let anna = register(&client, "Anna@example.org", None).await?;
    assert_eq!((anna.nickname.as_deref(), anna.id), (None, 1));
    assert_eq!(anna.preferences["theme"], "dark");

    // A row that may be missing, found through another spelling.
    let found = customer_by_email().bind(&client, &"anna@EXAMPLE.org").opt().await?;
    assert_eq!(found, Some(anna));
    let nobody = customer_by_email().bind(&client, &"nobody@example.org").opt().await?;
    assert_eq!(nobody, None);

    // A transaction that is rolled back, and one that is committed.
    for commit in [false, true] {
        let transaction = client.transaction().await?;
        let before = transaction.statement_cache.size();
        for _ in 0..2 {
            let name = RenameCustomerParams { nickname: Some("Ann"), id: 1 };
            assert_eq!(rename_customer().params(&transaction, &name).await?, 1);
        }
        let after = transaction.statement_cache.size();
        // The statement returns no rows and runs in a transaction, and is prepared once all the same.
        assert_eq!(after - before, usize::from(!commit));
        register(&transaction, "berta@example.org", Some("Bert")).await?;
        if commit {
            transaction.commit().await?;
        } else {
            transaction.rollback().await?;
        }
        let count = customer_count().bind(&client).one().await?;
        assert_eq!(count, if commit { 2 } else { 1 });
    }

    let params = PlaceOrderParams { customer_id: 1, total: 12, note: None::<&str> };
    let order = place_order().params(&client, &params).one().await?;
    assert_eq!((order.total, order.note, order.state.as_str()), (12, None, "open"));
    let since = OrdersSinceParams { since: order.placed_at, states: vec!["open", "paid"] };
    let orders = orders_since().params(&client, &since).all().await?;
    assert_eq!(orders.len(), 1);
    assert_eq!((orders[0].total_text.as_str(), orders[0].r#type.as_str()), ("12", "open"));
    Ok(())
}

/// Takes a client of the pool as well as a transaction.
async fn register(
    client: &impl GenericClient,
    email: &str,
    nickname: Option<&str>,
) -> Result<Customer, tokio_postgres::Error> {
    let preferences = serde_json::json!({ "theme": "dark" });
    let params = AddCustomerParams { email, nickname, preferences };
    add_customer().params(client, &params).one().await
}

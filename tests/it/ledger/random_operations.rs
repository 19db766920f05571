//! Random operations on a few wallets, several at once, while connections are cut: whatever happens, the ledger
//! of every wallet stays in order, and no point appears or vanishes that no deposit or adjustment explains.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use divine_whispers::domain::users::Role;
use futures_util::future::join_all;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::assert_in_order;
use crate::needs_many_connections;
use crate::support::api::TestUser;
use crate::support::{Api, TestDatabase};

const USERS: usize = 3;

/// Something that a client asks for; users by their place.
#[derive(Debug, Clone)]
enum Operation {
    Spend {
        user: usize,
        amount: i64,
        key: Option<u8>,
    },
    Transfer {
        from: usize,
        to: usize,
        amount: i64,
        key: Option<u8>,
    },
    Deposit {
        user: usize,
        amount: i64,
        reference: u8,
    },
    Adjust {
        user: usize,
        amount: i64,
    },
    Refund {
        spend: usize,
        amount: Option<i64>,
    },
}

fn operation() -> impl Strategy<Value = Operation> {
    let user = 0..USERS;
    let key = || proptest::option::of(0..6_u8);
    prop_oneof![
        (user.clone(), 1..60_i64, key()).prop_map(|(user, amount, key)| Operation::Spend {
            user,
            amount,
            key
        }),
        (user.clone(), user.clone(), 1..60_i64, key()).prop_map(|(from, to, amount, key)| {
            Operation::Transfer {
                from,
                to,
                amount,
                key,
            }
        }),
        (user.clone(), 1..60_i64, 0..10_u8).prop_map(|(user, amount, reference)| {
            Operation::Deposit {
                user,
                amount,
                reference,
            }
        }),
        (
            user,
            (-60..60_i64).prop_filter("not zero", |amount| *amount != 0)
        )
            .prop_map(|(user, amount)| Operation::Adjust { user, amount }),
        (0..20_usize, proptest::option::of(1..60_i64))
            .prop_map(|(spend, amount)| Operation::Refund { spend, amount }),
    ]
}

/// Three users, an admin, and what was posted so far.
struct World {
    api: Api,
    users: Vec<TestUser>,
    admin: TestUser,
    spends: std::sync::Mutex<Vec<Value>>,
    /// Successes that were not repetitions.
    posted: AtomicI64,
}

impl World {
    async fn new() -> Self {
        let api = Api::start().await;
        let users = vec![
            api.register().await,
            api.register().await,
            api.register().await,
        ];
        let admin = api.with_role(Role::Admin).await;
        Self {
            api,
            users,
            admin,
            spends: std::sync::Mutex::default(),
            posted: AtomicI64::new(0),
        }
    }

    /// Does one operation. Every answer is a success, a refusal, or a 503 for a connection that was cut.
    async fn perform(&self, operation: &Operation) {
        let (actor, path, body, key) = match operation {
            Operation::Spend { user, amount, key } => (
                &self.users[*user],
                "/api/v1/wallet/spend",
                json!({"amount": amount, "job_type": "fortune_draw"}),
                *key,
            ),
            Operation::Transfer {
                from,
                to,
                amount,
                key,
            } => {
                let body = json!({"to_user_id": self.users[*to].id, "amount": amount, "description": "random"});
                (&self.users[*from], "/api/v1/wallet/transfers", body, *key)
            }
            Operation::Deposit {
                user,
                amount,
                reference,
            } => {
                let body = json!({
                    "user_id": self.users[*user].id, "amount": amount, "reference_id": format!("payment-{reference}"),
                });
                (&self.admin, "/api/v1/admin/deposits", body, None)
            }
            Operation::Adjust { user, amount } => {
                let body =
                    json!({"user_id": self.users[*user].id, "amount": amount, "reason": "random"});
                (&self.admin, "/api/v1/admin/adjustments", body, None)
            }
            Operation::Refund { spend, amount } => {
                let txn_id = self
                    .spends
                    .lock()
                    .unwrap()
                    .get(*spend)
                    .cloned()
                    .unwrap_or(json!(1));
                (
                    &self.admin,
                    "/api/v1/admin/refunds",
                    json!({"txn_id": txn_id, "amount": amount, "reason": "random"}),
                    None,
                )
            }
        };
        let reply = match key {
            Some(key) => {
                self.api
                    .post_with_key(actor, path, &format!("key-{key}"), body)
                    .await
            }
            None => self.api.post(actor, path, body).await,
        };
        if reply.status.is_success() && !reply.headers.contains_key("idempotent-replayed") {
            self.posted.fetch_add(1, Ordering::Relaxed);
        }
        if reply.status.is_success() && reply.body["transaction"]["type"] == "spend" {
            self.spends
                .lock()
                .unwrap()
                .push(reply.body["transaction"]["txn_id"].clone());
        }
        let status = reply.status.as_u16();
        assert!(
            status == 201 || (400..500).contains(&status) || status == 503,
            "{operation:?}: {reply:?}"
        );
    }
}

async fn cut_connections(database: &TestDatabase, until: &AtomicBool) {
    let client = database.connect().await;
    while !until.load(Ordering::Relaxed) {
        let cut = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                   where datname = current_database() and application_name = 'divine-whispers' and random() < 0.3";
        client.query_one(cut, &[]).await.unwrap();
        tokio::task::yield_now().await;
    }
}

async fn run(world: &World, clients: &[Vec<Operation>], with_cuts: bool) {
    let ended = AtomicBool::new(!with_cuts);
    let work = async {
        join_all(clients.iter().map(async |operations| {
            for operation in operations {
                world.perform(operation).await;
            }
        }))
        .await;
        ended.store(true, Ordering::Relaxed);
    };
    if with_cuts {
        tokio::join!(work, cut_connections(&world.api.database, &ended));
    } else {
        work.await;
    }
    assert_in_order(&world.api.database).await;
    let explained =
        "select coalesce(sum(amount), 0)::bigint from transactions where type <> 'transfer'";
    let held = world
        .api
        .database
        .number("select sum(balance)::bigint from wallets")
        .await;
    assert_eq!(held, world.api.database.number(explained).await);
    let rows = "select count(*) from transactions where reference_id is distinct from 'welcome'
                and (type <> 'transfer' or amount < 0)";
    let (rows, posted) = (
        world.api.database.number(rows).await,
        world.posted.load(Ordering::Relaxed),
    );
    if with_cuts {
        // A connection that is cut after its commit leaves a row that no client was told of, or as a repetition.
        assert!(rows >= posted, "{rows} rows of {posted} postings");
    } else {
        assert_eq!(rows, posted);
    }
    let keys = "select count(*) from (select 1 from transactions where idempotency_key is not null
                group by created_by, idempotency_key having count(*) > 1) v";
    assert_eq!(world.api.database.number(keys).await, 0);
}

fn check(cases: u32, with_cuts: bool) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let world = Arc::new(runtime.block_on(World::new()));
    if with_cuts {
        needs_many_connections!(world.api.database);
    }
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    });
    let clients = proptest::collection::vec(proptest::collection::vec(operation(), 1..15), 1..6);
    runner
        .run(&clients, |clients| {
            runtime.block_on(run(&world, &clients, with_cuts));
            Ok(())
        })
        .unwrap();
}

#[test]
fn the_ledger_stays_in_order_under_random_operations_at_once() {
    check(24, false);
}

#[test]
fn the_ledger_stays_in_order_when_connections_are_cut_under_way() {
    check(16, true);
}

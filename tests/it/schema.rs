//! What the schema itself refuses, whoever asks: the ledger and the audit log are append-only, balances hold.

use divine_whispers::migrations::REVISIONS;
use revisions::{Migrator, Revisions};

use crate::support::{Api, TestDatabase};

/// The name of the constraint that refuses a statement.
async fn refused_by(database: &TestDatabase, sql: &str) -> String {
    let error = database
        .connect()
        .await
        .batch_execute(sql)
        .await
        .expect_err(sql);
    error
        .as_db_error()
        .and_then(|error| error.constraint())
        .unwrap_or("none")
        .to_owned()
}

#[tokio::test]
async fn a_ledger_row_can_be_neither_changed_nor_removed() {
    let api = Api::start().await;
    api.register().await;
    for sql in [
        "update transactions set amount = 1000",
        "update transactions set description = 'another'",
        "update transactions set status = 'failed'",
        "delete from transactions",
        "truncate transactions cascade",
    ] {
        assert_eq!(
            refused_by(&api.database, sql).await,
            "transactions_append_only",
            "{sql}"
        );
    }
}

#[tokio::test]
async fn a_pending_row_settles_once_and_keeps_everything_else() {
    let api = Api::start().await;
    api.register().await;
    let insert =
        "insert into transactions (wallet_id, type, amount, status, reference_id, created_by)
                  select id, 'deposit', 50, 'pending', 'p', user_id from wallets";
    api.database.execute(insert).await;
    let pending = "where reference_id = 'p'";
    for sql in [
        format!("update transactions set amount = 51 {pending}"),
        format!(
            "update transactions set status = 'failed', completed_at = now(), amount = 51 {pending}"
        ),
        format!("update transactions set description = 'pending still' {pending}"),
    ] {
        assert_eq!(
            refused_by(&api.database, &sql).await,
            "transactions_append_only",
            "{sql}"
        );
    }
    api.database
        .execute(&format!(
            "update transactions set status = 'failed', completed_at = now() {pending}"
        ))
        .await;
    let again = format!(
        "update transactions set status = 'success', posting_number = 2, balance_after = 1 {pending}"
    );
    assert_eq!(
        refused_by(&api.database, &again).await,
        "transactions_append_only"
    );
}

#[tokio::test]
async fn the_audit_log_can_be_neither_changed_nor_removed() {
    let database = TestDatabase::migrated().await;
    database.execute("insert into audit_logs (action, resource_type, outcome) values ('test', 'test', 'success')").await;
    for sql in [
        "update audit_logs set action = 'other'",
        "delete from audit_logs",
        "truncate audit_logs",
    ] {
        assert_eq!(
            refused_by(&database, sql).await,
            "audit_logs_append_only",
            "{sql}"
        );
    }
}

#[tokio::test]
async fn constraints_hold_the_rules_of_the_ledger() {
    let api = Api::start().await;
    api.register().await;
    let insert = |columns: &str, values: &str| {
        format!(
            "insert into transactions (wallet_id, created_by, posting_number, balance_after, completed_at, {columns})
             select id, user_id, 2, 1, now(), {values} from wallets"
        )
    };
    for (sql, constraint) in [
        ("update wallets set balance = -1".to_owned(), "wallets_balance_check"),
        ("delete from users".to_owned(), "wallets_user_id_fkey"),
        (insert("type, amount, reference_id", "'deposit', -1, 'r'"), "transactions_amount_check"),
        (insert("type, amount", "'deposit', 1"), "transactions_reference_id_check"),
        (insert("type, amount", "'spend', -1"), "transactions_spend_check"),
        (insert("type, amount", "'refund', 1"), "transactions_refund_check"),
        (insert("type, amount", "'transfer', 1"), "transactions_transfer_check"),
        (insert("type, amount", "'gift', 1"), "transactions_type_check"),
        (insert("type, amount, status", "'adjustment', 1, 'pending'"), "transactions_posting_check"),
        (insert("type, amount, idempotency_key", "'adjustment', 1, 'k'"), "transactions_idempotency_check"),
        (
            "insert into jobs (user_id, transaction_id, job_type) select created_by, id, 'x' from transactions".to_owned(),
            "jobs_transaction_id_fkey",
        ),
    ] {
        assert_eq!(refused_by(&api.database, &sql).await, constraint, "{sql}");
    }
}

#[tokio::test]
async fn constraints_hold_the_rules_of_sessions() {
    let api = Api::start().await;
    api.register().await;
    let token = |values: &str| {
        format!(
            "insert into refresh_tokens (session_id, expires_at, token_hash, generation)
             select id, expires_at, {values} from sessions"
        )
    };
    for (sql, constraint) in [
        (token("sha256('x'), 1"), "refresh_tokens_generation_key"),
        (token("sha256('x'), 0"), "refresh_tokens_generation_check"),
        (token("'short', 2"), "refresh_tokens_token_hash_check"),
        (
            "update sessions set revoked_at = now()".to_owned(),
            "sessions_revoked_check",
        ),
        (
            "update sessions set revoked_at = now(), revocation_reason = 'boredom'".to_owned(),
            "sessions_revocation_reason_check",
        ),
        (
            "delete from sessions".to_owned(),
            "refresh_tokens_session_id_fkey",
        ),
        (
            "insert into login_limits values ('x', -1, now())".to_owned(),
            "login_limits_attempt_count_check",
        ),
        (
            "insert into login_limits values ('', 1, now())".to_owned(),
            "login_limits_subject_check",
        ),
    ] {
        assert_eq!(refused_by(&api.database, &sql).await, constraint, "{sql}");
    }
}

#[tokio::test]
async fn every_table_and_column_has_a_comment_and_every_constraint_a_name_of_its_own() {
    let database = TestDatabase::migrated().await;
    let uncommented = "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace
        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
        where n.nspname = 'public' and c.relkind = 'r' and c.relname <> 'refinery_schema_history' and not a.attisdropped
          and (col_description(c.oid, a.attnum) is null or obj_description(c.oid, 'pg_class') is null)";
    assert_eq!(database.number(uncommented).await, 0);
    // PostgreSQL gives names to what has none, and they look like ours: so ask the source.
    let source = include_str!("../../sql/schema.sql");
    let names = "select string_agg(c.conname, ' ') from pg_constraint c join pg_class r on r.oid = c.conrelid
        where c.connamespace = 'public'::regnamespace and r.relname <> 'refinery_schema_history'";
    let names: String = database
        .connect()
        .await
        .query_one(names, &[])
        .await
        .unwrap()
        .get(0);
    for name in names.split(' ') {
        assert!(
            source.contains(&format!("constraint {name}")),
            "{name} is not named in the model"
        );
    }
}

#[tokio::test]
async fn the_model_and_the_migrations_make_the_same_tables() {
    let (migrated, modelled) = (TestDatabase::migrated().await, TestDatabase::empty().await);
    modelled.execute(include_str!("../../sql/schema.sql")).await;
    let description = "select string_agg(line, E'\\n' order by line) from (
        select format('%s.%s %s %s %s %s', table_name, column_name, data_type, is_nullable, column_default,
                      col_description(('public.' || table_name)::regclass, ordinal_position::int)) as line
          from information_schema.columns where table_schema = 'public' and table_name <> 'refinery_schema_history'
        union all
        select format('%s %s', conname, pg_get_constraintdef(oid)) from pg_constraint
         where connamespace = 'public'::regnamespace and conrelid::regclass::text <> 'refinery_schema_history'
        union all
        select indexdef from pg_indexes where schemaname = 'public' and tablename <> 'refinery_schema_history'
        union all
        select pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
        union all
        select pg_get_functiondef(oid) || obj_description(oid, 'pg_proc') from pg_proc
         where pronamespace = 'public'::regnamespace
        union all
        select format('%s: %s', relname, obj_description(oid, 'pg_class')) from pg_class
         where relnamespace = 'public'::regnamespace and relkind = 'r' and relname <> 'refinery_schema_history'
        ) described";
    let describe = async |database: &TestDatabase| -> String {
        database
            .connect()
            .await
            .query_one(description, &[])
            .await
            .unwrap()
            .get(0)
    };
    let model = describe(&modelled).await;
    assert!(model.contains("transactions_append_only"));
    assert_eq!(describe(&migrated).await, model);
}

#[tokio::test]
async fn going_down_to_base_leaves_nothing_and_going_up_again_works() {
    let database = TestDatabase::migrated().await;
    let revisions = Revisions::embedded(REVISIONS).unwrap();
    {
        let mut client = database.connect().await;
        let mut migrator = Migrator::new(&mut client, &revisions);
        assert_eq!(
            migrator.downgrade("base").await.unwrap().len(),
            REVISIONS.len()
        );
    }
    let left = "select (select count(*) from pg_class where relnamespace = 'public'::regnamespace
                        and relname not like 'refinery_schema_history%')
                     + (select count(*) from pg_proc where pronamespace = 'public'::regnamespace)";
    assert_eq!(database.number(left).await, 0);
    let mut client = database.connect().await;
    let applied = Migrator::new(&mut client, &revisions)
        .upgrade("head")
        .await
        .unwrap();
    assert_eq!(applied.len(), REVISIONS.len());
}

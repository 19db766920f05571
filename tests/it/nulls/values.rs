//! The values of the parameters: for most a query finds rows with them, in one of the rounds.

/// The value of a parameter, in PostgreSQL's text format.
pub fn value(query: &str, parameter: &str, round: usize) -> String {
    if let Some(value) = of_query(query, parameter) {
        return value.to_owned();
    }
    match parameter {
        "job_id" | "transaction_id" => round.to_string(),
        "file_path" => format!("file-{round}"),
        "lease_tokens" => format!("{{{UUID_1}}}"),
        "storage_id" => UUID_2.to_owned(),
        "status" => ["success", "pending", "failed"][round % 3].to_owned(),
        "transaction_type" => ["spend", "deposit", "adjustment"][round % 3].to_owned(),
        "seal" => format!("\\x{}", "00".repeat(32)),
        "token_hash" => format!("\\x{}", "01".repeat(32)),
        "successor_hash" => format!("\\x{}", "03".repeat(32)),
        _ => fixed(parameter).to_owned(),
    }
}

const UUID_1: &str = "00000000-0000-0000-0000-000000000001";
const UUID_2: &str = "00000000-0000-0000-0000-000000000002";
const UUID_3: &str = "00000000-0000-0000-0000-000000000003";

/// Where a name means different things.
fn of_query(query: &str, parameter: &str) -> Option<&'static str> {
    Some(match (query, parameter) {
        ("audit_seals/add_seal", "seal_number") => "2",
        ("job_files/begin_file", "file_path") => "file-new",
        ("jobs/end_job", "status") => "failed",
        ("jobs/complete_jobs", "job_ids") => "{2}",
        ("sessions/revoke_session" | "sessions/revoke_other_sessions", "reason") => "logout",
        ("transactions/transaction_by_idempotency_key", "idempotency_key") => "known",
        ("transactions/transaction_by_reference", "reference_id") => "known",
        ("users/register_user" | "users/create_user_with_role", "email") => "new@example.org",
        ("users/sign_in", "session_id") => UUID_3,
        ("users/sign_in", "token_hash") => {
            "\\x0404040404040404040404040404040404040404040404040404040404040404"
        }
        (_, "status") if query.starts_with("admin/") => "active",
        _ => return None,
    })
}

fn fixed(parameter: &str) -> &'static str {
    match parameter {
        "user_id" | "from_user_id" | "created_by" | "actor_user_id" | "wallet_of_user_id" => "1",
        "to_user_id" => "2",
        "amount" | "price" | "entry_count" | "lock_key" | "resource_id" | "bound" => "1",
        "limit" | "rows" | "count" | "job_limit" | "row_limit" | "look_limit"
        | "progress_percent" | "size_bytes" | "event_number" => "10",
        "after_id" | "after_number" | "after_job_id" | "seal_number" | "id" | "priority"
        | "retention_seconds" | "delay_seconds" => "0",
        "last_id" | "before_id" | "last_audit_log_id" => "1000",
        "max_attempts" | "remembered_tokens" | "welcome_points" => "3",
        "lease_seconds" | "lifetime_seconds" | "window_seconds" | "expiry_seconds" => "60",
        "silence_seconds" => "-60",
        "from" | "after_created_at" => "2000-01-01",
        "to" | "before_created_at" | "scheduled_at" | "sealed_at" => "2100-01-01",
        "session_id" | "lease_token" | "last_lease_token" => UUID_1,
        "kept_session_id" => UUID_3,
        "email" => "a@example.org",
        "email_prefix" => "a",
        "prefix_end" => "b",
        "after_email" => "",
        "password_hash" | "old_password_hash" | "new_password_hash" => "hash",
        "role" => "admin",
        "waits"
        | "sets_full_name"
        | "sets_birth_date"
        | "sets_location"
        | "sets_preferred_language" => "false",
        "birth_date" => "2000-01-01",
        "preferred_language" => "en",
        "ip_address" => "127.0.0.1",
        "outcome" => "success",
        "action" => "wallet.spend",
        "resource_type" => "wallet",
        "input" | "details" => "{}",
        "job_type" => "kind",
        "job_types" => "{kind}",
        "kind" => "queued",
        "request_fingerprint" => "\\x00",
        "subjects" => "{account:a}",
        "attempt_limits" => "{1}",
        "proven_subject" => "account:a",
        "job_ids" => "{1,2,3,4}",
        "versions" => "{20251122090000}",
        "outputs" | "file_paths" | "actor_user_ids" | "ip_addresses" | "user_agents"
        | "request_ids" => "{null}",
        "output_texts" => "{text}",
        "retentions_seconds" => "{60}",
        "floor_priorities" => "{0,1,2,3,4,5,6,7,8,9}",
        "floor_times" => {
            "{-infinity,-infinity,-infinity,-infinity,-infinity,-infinity,-infinity,-infinity,-infinity,-infinity}"
        }
        "floor_ids" => "{0,0,0,0,0,0,0,0,0,0}",
        "statement_timeout" | "lock_timeout" => "1min",
        "hang_up_check_interval" => "0",
        "mime_type" => "text/plain",
        "reference_id" | "idempotency_key" => "new",
        "description" | "reason" | "payment_method" | "user_agent" | "request_id" | "full_name"
        | "location" | "error" | "worker_name" | "sender" | "sender_and_job_ids" => "some text",
        other => panic!("which value has the parameter {other}?"),
    }
}

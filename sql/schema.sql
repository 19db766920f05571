-- The model: the whole schema as it should be. Read it to know the database.
--
-- Changes begin here; migrations then lead to it, one revision at a time. The rules:
-- enumerations are text with a named check, because adding a value to an enum type breaks replicas that still run
-- the previous binary; every constraint has a name, which the domain maps to an error; foreign keys restrict,
-- because money history is closed and never deleted; every table and column has a comment.

create table users (
    id bigint generated always as identity (sequence name users_id_seq),
    email text collate "C" not null,
    password_hash text not null,
    role text not null default 'user',
    status text not null default 'active',
    full_name text,
    birth_date date,
    location text,
    preferred_language text not null default 'en',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    last_login_at timestamptz,
    constraint users_pkey primary key (id),
    constraint users_email_key unique (email),
    constraint users_email_check check (email = lower(email) and length(email) between 3 and 254),
    constraint users_role_check check (role in ('user', 'moderator', 'admin', 'service')),
    constraint users_status_check check (status in ('active', 'suspended', 'inactive', 'banned')),
    constraint users_full_name_check check (length(full_name) between 1 and 200),
    constraint users_location_check check (length(location) between 1 and 200),
    constraint users_preferred_language_check check (length(preferred_language) between 2 and 35)
);

comment on table users is 'People and services that sign in. One with money history is closed by its status, never deleted.';
comment on column users.id is 'Identifier.';
comment on column users.email is 'Sign-in name, kept in lower case, so that uniqueness ignores case; its collation lets the unique index serve prefixes.';
comment on column users.password_hash is 'Argon2id hash in PHC string format.';
comment on column users.role is 'What the user may do: user, moderator, admin or service (payment provider, worker).';
comment on column users.status is 'Only an active user may sign in and spend: active, suspended, inactive, banned.';
comment on column users.full_name is 'Name as the user writes it.';
comment on column users.birth_date is 'Date of birth, for readings.';
comment on column users.location is 'Place, for readings, as the user writes it.';
comment on column users.preferred_language is 'BCP 47 language tag of the readings.';
comment on column users.created_at is 'When the user registered.';
comment on column users.updated_at is 'When profile, role or status last changed.';
comment on column users.last_login_at is 'When the user last signed in with the password.';

-- Administration searches by role and by status, newest first.
create index users_role_id_idx on users (role, id);
create index users_status_id_idx on users (status, id);

create table wallets (
    id bigint generated always as identity (sequence name wallets_id_seq),
    user_id bigint not null,
    balance bigint not null default 0,
    posting_count bigint not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint wallets_pkey primary key (id),
    constraint wallets_user_id_key unique (user_id),
    constraint wallets_user_id_fkey foreign key (user_id) references users (id) on delete restrict,
    constraint wallets_balance_check check (balance >= 0),
    -- 2^53 - 1: every balance survives a client whose numbers are IEEE 754 doubles.
    constraint wallets_balance_limit_check check (balance <= 9007199254740991),
    constraint wallets_posting_count_check check (posting_count >= 0)
);

comment on table wallets is 'The points of a user. The balance here is the only one there is.';
comment on column wallets.id is 'Identifier. Several wallets are always locked in the order of their ids.';
comment on column wallets.user_id is 'Whose wallet it is; one each.';
comment on column wallets.balance is 'Points that can be spent: the sum of all successful amounts, and the balance_after of the last.';
comment on column wallets.posting_count is 'How many successful transactions the balance is made of; the last one carries this number.';
comment on column wallets.created_at is 'When the wallet was opened.';
comment on column wallets.updated_at is 'When the balance last changed, or up to when a statement was drawn: no later transaction has an earlier time.';

create table jobs (
    id bigint generated always as identity (sequence name jobs_id_seq),
    user_id bigint not null,
    transaction_id bigint not null,
    job_type text not null,
    status text not null default 'queued',
    priority smallint not null default 0,
    input jsonb not null default '{}',
    progress_percent smallint not null default 0,
    attempts smallint not null default 0,
    max_attempts smallint not null default 5,
    scheduled_at timestamptz not null default now(),
    expires_at timestamptz not null default now() + interval '7 days',
    lease_token uuid,
    lease_expires_at timestamptz,
    last_lease_token uuid,
    worker_name text,
    last_error text,
    event_count integer not null default 0,
    created_at timestamptz not null default now(),
    started_at timestamptz,
    finished_at timestamptz,
    constraint jobs_pkey primary key (id),
    -- For the key of transactions, which says that the spend names this job, and no other.
    constraint jobs_id_transaction_id_key unique (id, transaction_id),
    constraint jobs_user_id_fkey foreign key (user_id) references users (id) on delete restrict,
    constraint jobs_job_type_check check (length(job_type) between 1 and 100),
    constraint jobs_status_check
        check (status in ('queued', 'running', 'completed', 'failed', 'cancelled', 'expired')),
    -- A claim looks through each of them.
    constraint jobs_priority_check check (priority between 0 and 9),
    constraint jobs_input_check check (jsonb_typeof(input) = 'object'),
    constraint jobs_progress_percent_check check (progress_percent between 0 and 100),
    constraint jobs_attempts_check check (attempts between 0 and max_attempts),
    constraint jobs_lease_check check (
        (status = 'running') = (lease_token is not null)
        and (lease_token is null) = (lease_expires_at is null)
    ),
    constraint jobs_finished_at_check check ((status in ('queued', 'running')) = (finished_at is null))
);

comment on table jobs is 'Work that points paid for. A job exists if and only if its spend does.';
comment on column jobs.id is 'Identifier.';
comment on column jobs.user_id is 'Who ordered it.';
comment on column jobs.transaction_id is 'The spend that paid for it, created by the same statement.';
comment on column jobs.job_type is 'The kind of work, such as fortune_draw.';
comment on column jobs.status is 'queued, running, completed, failed, cancelled or expired.';
comment on column jobs.priority is '0 to 9; higher is claimed first.';
comment on column jobs.input is 'What the worker needs, a JSON object that the client gave.';
comment on column jobs.progress_percent is 'How far the worker says it is, 0 to 100.';
comment on column jobs.attempts is 'How often a worker has claimed it.';
comment on column jobs.max_attempts is 'How often it may be claimed before it fails for good.';
comment on column jobs.scheduled_at is 'Not claimed before this time; retries move it into the future.';
comment on column jobs.expires_at is 'If it still waits at this time, it is not done any more, and is refunded.';
comment on column jobs.lease_token is 'Names the claim of the worker that runs it; another token can change nothing.';
comment on column jobs.lease_expires_at is 'When the claim ends unless a heartbeat extends it.';
comment on column jobs.last_lease_token is 'The claim whose worker completed or failed it last, so that a worker who lost the answer is answered again.';
comment on column jobs.worker_name is 'Which worker claimed it last, for people.';
comment on column jobs.last_error is 'Why the last attempt failed, for people.';
comment on column jobs.event_count is 'How many events were written of it; the last one has this number.';
comment on column jobs.created_at is 'When it was ordered.';
comment on column jobs.started_at is 'When it was first claimed.';
comment on column jobs.finished_at is 'When it reached its final status.';

-- The claim: what is due, the highest priority and the longest wait first.
create index jobs_claim_idx on jobs (priority desc, scheduled_at, id) where status = 'queued';
-- The rescue: running jobs whose worker went silent.
create index jobs_lease_expires_at_idx on jobs (lease_expires_at) where status = 'running';
-- The expiry: queued jobs that nobody took in time. What finished_at says of them is known anyway; it is here so that no
-- claim is planned with this index, which looks as good as the other when statistics were taken of an empty queue.
create index jobs_expires_at_idx on jobs (expires_at) where status = 'queued' and finished_at is null;
-- A user's jobs, newest first.
create index jobs_user_id_idx on jobs (user_id, id);

create table transactions (
    id bigint generated always as identity (sequence name transactions_id_seq),
    wallet_id bigint not null,
    type text not null,
    amount bigint not null,
    status text not null default 'success',
    posting_number bigint,
    balance_after bigint,
    reference_id text,
    description text,
    payment_method text,
    refunded_transaction_id bigint,
    refunded_job_id bigint,
    counterpart_transaction_id bigint,
    job_id bigint,
    created_by bigint not null,
    idempotency_key text,
    request_fingerprint bytea,
    created_at timestamptz not null default clock_timestamp(),
    completed_at timestamptz,
    constraint transactions_pkey primary key (id),
    constraint transactions_wallet_id_fkey foreign key (wallet_id) references wallets (id) on delete restrict,
    constraint transactions_refunded_transaction_id_fkey
        foreign key (refunded_transaction_id) references transactions (id) on delete restrict,
    constraint transactions_counterpart_transaction_id_fkey
        foreign key (counterpart_transaction_id) references transactions (id) on delete restrict,
    constraint transactions_job_id_fkey
        foreign key (job_id, id) references jobs (id, transaction_id) on delete restrict,
    constraint transactions_created_by_fkey foreign key (created_by) references users (id) on delete restrict,
    constraint transactions_posting_number_key unique (wallet_id, posting_number),
    -- For the key of jobs, which says that the job names this spend, and no other.
    constraint transactions_id_job_id_key unique (id, job_id),
    constraint transactions_type_check check (type in ('deposit', 'spend', 'refund', 'transfer', 'adjustment')),
    constraint transactions_status_check check (status in ('pending', 'success', 'failed')),
    constraint transactions_amount_check check (
        case
            when type in ('deposit', 'refund') then amount > 0
            when type = 'spend' then amount < 0
            else amount <> 0
        end
    ),
    -- Only what succeeded has a place in the ledger of its wallet.
    constraint transactions_posting_check check (
        (status = 'success') = (posting_number is not null)
        and (status = 'success') = (balance_after is not null)
        and (status = 'pending') = (completed_at is null)
    ),
    constraint transactions_balance_after_check check (balance_after >= 0),
    constraint transactions_reference_id_check check (
        length(reference_id) between 1 and 255 and (type <> 'deposit' or reference_id is not null)
    ),
    constraint transactions_description_check check (length(description) <= 500),
    constraint transactions_payment_method_check check (length(payment_method) between 1 and 50),
    constraint transactions_refund_check check ((type = 'refund') = (refunded_transaction_id is not null)),
    constraint transactions_refunded_job_id_check check (refunded_job_id is null or type = 'refund'),
    constraint transactions_transfer_check
        check ((type = 'transfer') = (counterpart_transaction_id is not null)),
    constraint transactions_spend_check check ((type = 'spend') = (job_id is not null)),
    constraint transactions_idempotency_check check (
        length(idempotency_key) between 1 and 255
        and (idempotency_key is null) = (request_fingerprint is null)
    )
);

alter table jobs add constraint jobs_transaction_id_fkey
    foreign key (transaction_id, id) references transactions (id, job_id) on delete restrict;
-- What gives back the points of a job gives back the spend that paid for it, and no other.
alter table transactions add constraint transactions_refunded_job_id_fkey
    foreign key (refunded_transaction_id, refunded_job_id) references transactions (id, job_id) on delete restrict;

comment on table transactions is 'The ledger. Append-only: a row changes once at most, from pending to success or failed.';
comment on column transactions.id is 'Identifier.';
comment on column transactions.wallet_id is 'Whose points move.';
comment on column transactions.type is 'deposit, spend, refund, transfer or adjustment.';
comment on column transactions.amount is 'Points, signed: negative takes from the wallet.';
comment on column transactions.status is 'pending, success or failed; only a success counts in the balance.';
comment on column transactions.posting_number is 'Place among the successful transactions of the wallet: 1, 2, 3 without a gap.';
comment on column transactions.balance_after is 'Balance of the wallet right after this transaction.';
comment on column transactions.reference_id is 'What the payment provider or caller calls it; at most once per wallet.';
comment on column transactions.description is 'For people.';
comment on column transactions.payment_method is 'How a deposit was paid, such as card or line_pay.';
comment on column transactions.refunded_transaction_id is 'The spend that a refund gives back, wholly or in part.';
comment on column transactions.refunded_job_id is 'The job that ended without a result, if that is why the spend is refunded; once per job.';
comment on column transactions.counterpart_transaction_id is 'The other half of a transfer, in the other wallet.';
comment on column transactions.job_id is 'The job that a spend paid for.';
comment on column transactions.created_by is 'Who asked for it: the owner, an admin or a service.';
comment on column transactions.idempotency_key is 'The key that the request carried; at most once per requester.';
comment on column transactions.request_fingerprint is 'SHA-256 of the request, to tell a repetition from another request with the same key.';
comment on column transactions.created_at is 'When it was recorded, in the order of the posting numbers of its wallet.';
comment on column transactions.completed_at is 'When it succeeded or failed.';

-- A reference stands once in a wallet, a key once for its requester. Indexes and not constraints, because most
-- transactions have neither.
create unique index transactions_reference_id_key on transactions (wallet_id, reference_id)
    where reference_id is not null;
create unique index transactions_idempotency_key_key on transactions (created_by, idempotency_key)
    where idempotency_key is not null;
-- The lists of a wallet, newest first: all of it, of one type, and what has not succeeded (few).
create index transactions_wallet_id_created_at_idx on transactions (wallet_id, created_at, id);
create index transactions_wallet_id_type_created_at_idx on transactions (wallet_id, type, created_at, id);
create index transactions_wallet_id_unsettled_idx on transactions (wallet_id, status, created_at, id)
    where status <> 'success';
-- What was refunded of a spend.
create index transactions_refunded_transaction_id_idx on transactions (refunded_transaction_id)
    where refunded_transaction_id is not null;
-- A job is refunded once, however often and by whom its end is noticed.
create unique index transactions_refunded_job_id_key on transactions (refunded_job_id)
    where refunded_job_id is not null;
-- The halves of a transfer are one to one.
create unique index transactions_counterpart_transaction_id_idx on transactions (counterpart_transaction_id)
    where counterpart_transaction_id is not null;

create table result_storage (
    only_row boolean not null default true,
    storage_id uuid not null,
    adopted_at timestamptz not null default clock_timestamp(),
    constraint result_storage_pkey primary key (only_row),
    constraint result_storage_only_row_check check (only_row)
);

comment on table result_storage is 'Which storage the files of results are in: one row, once a program has opened one.';
comment on column result_storage.only_row is 'There is one row.';
comment on column result_storage.storage_id is 'What the storage says of itself, in its file storage-id.';
comment on column result_storage.adopted_at is 'When this database began to use it.';

create table job_files (
    file_path text collate "C" not null,
    job_id bigint not null,
    lease_token uuid not null,
    status text not null default 'uploading',
    mime_type text not null,
    size_bytes bigint,
    created_at timestamptz not null default now(),
    touched_at timestamptz not null default clock_timestamp(),
    constraint job_files_pkey primary key (file_path),
    constraint job_files_job_id_fkey foreign key (job_id) references jobs (id) on delete restrict,
    constraint job_files_file_path_check check (length(file_path) between 1 and 200),
    constraint job_files_mime_type_check check (length(mime_type) between 3 and 100),
    constraint job_files_status_check check (status in ('uploading', 'stored', 'kept', 'removing')),
    constraint job_files_size_bytes_check check (
        size_bytes >= 0 and (status not in ('stored', 'kept') or size_bytes is not null)
    )
);

comment on table job_files is 'What the storage may have: a row is here before its file is there, and until it is gone.';
comment on column job_files.file_path is 'Where the storage keeps it; made by the program, never of what somebody sent.';
comment on column job_files.job_id is 'The job that it is a result of.';
comment on column job_files.lease_token is 'The claim under which it was uploaded; only that one can keep it.';
comment on column job_files.status is 'uploading, stored (all of it is there), kept (of a result), or removing (to be removed).';
comment on column job_files.mime_type is 'Media type, by the word of the worker.';
comment on column job_files.size_bytes is 'Size, once all of it is there.';
comment on column job_files.created_at is 'When its upload began.';
comment on column job_files.touched_at is 'The last sign of life of its upload, change of its status, or attempt to remove it.';

-- What a claim has uploaded.
create index job_files_job_id_idx on job_files (job_id, lease_token);
-- Housekeeping: uploads that nobody goes on with, and what is to be removed, the longest first. Few.
create index job_files_touched_at_idx on job_files (status, touched_at) where status <> 'kept';

create table job_results (
    job_id bigint not null,
    output jsonb,
    output_text text,
    file_path text,
    file_size_bytes bigint,
    mime_type text,
    expires_at timestamptz,
    created_at timestamptz not null default now(),
    constraint job_results_pkey primary key (job_id),
    constraint job_results_job_id_fkey foreign key (job_id) references jobs (id) on delete restrict,
    -- A file is of one result. Its row stays until the file is gone.
    constraint job_results_file_path_key unique (file_path),
    constraint job_results_file_path_fkey foreign key (file_path) references job_files (file_path) on delete restrict,
    constraint job_results_output_check check (num_nonnulls(output, output_text, file_path) >= 1),
    constraint job_results_file_check check (
        num_nonnulls(file_path, file_size_bytes, mime_type) in (0, 3) and file_size_bytes >= 0
    )
);

comment on table job_results is 'What a completed job produced; one per job.';
comment on column job_results.job_id is 'The job.';
comment on column job_results.output is 'Result as JSON.';
comment on column job_results.output_text is 'Result as text, for people.';
comment on column job_results.file_path is 'Where the storage keeps the file of the result, as job_files has it.';
comment on column job_results.file_size_bytes is 'Size of that file.';
comment on column job_results.mime_type is 'Media type of that file.';
comment on column job_results.expires_at is 'When result and file may be removed; null keeps them.';
comment on column job_results.created_at is 'When the worker delivered it.';

-- Retention: what has expired.
create index job_results_expires_at_idx on job_results (expires_at) where expires_at is not null;

create table job_events (
    job_id bigint not null,
    event_number integer not null,
    kind text not null,
    details jsonb not null default '{}',
    created_at timestamptz not null default clock_timestamp(),
    constraint job_events_pkey primary key (job_id, event_number),
    constraint job_events_job_id_fkey foreign key (job_id) references jobs (id) on delete restrict,
    constraint job_events_event_number_check check (event_number >= 1),
    constraint job_events_kind_check
        check (kind in ('queued', 'running', 'retrying', 'completed', 'failed', 'cancelled', 'expired')),
    constraint job_events_details_check check (jsonb_typeof(details) = 'object')
);

comment on table job_events is 'What happened to jobs, for those who watch them. Removed some time after the job has ended.';
comment on column job_events.job_id is 'The job.';
comment on column job_events.event_number is 'Place among the events of its job: 1, 2, 3, drawn under the lock of the job.';
comment on column job_events.kind is 'The status that the job has by it; retrying is queued after a failed attempt.';
comment on column job_events.details is 'What belongs to it, such as progress_percent or error, a JSON object.';
comment on column job_events.created_at is 'When it happened.';

-- Retention: jobs by their first event, which is removed last. Not by the last one: an older release wrote none.
create index job_events_first_idx on job_events (created_at, job_id) where event_number = 1;
-- By this one the release before the other index removes them, the last event last, and what it has half done is found. It
-- goes in the next release.
create index job_events_ended_idx on job_events (created_at)
    where kind in ('completed', 'failed', 'cancelled', 'expired');

create table audit_logs (
    id bigint generated always as identity (sequence name audit_logs_id_seq),
    actor_user_id bigint,
    action text not null,
    resource_type text not null,
    resource_id text,
    outcome text not null,
    ip_address inet,
    user_agent text,
    request_id text,
    details jsonb not null default '{}',
    created_at timestamptz not null default clock_timestamp(),
    constraint audit_logs_pkey primary key (id),
    constraint audit_logs_actor_user_id_fkey
        foreign key (actor_user_id) references users (id) on delete restrict,
    constraint audit_logs_action_check check (length(action) between 1 and 100),
    constraint audit_logs_resource_type_check check (length(resource_type) between 1 and 100),
    constraint audit_logs_outcome_check check (outcome in ('success', 'refused', 'failed')),
    constraint audit_logs_details_check check (jsonb_typeof(details) = 'object')
);

comment on table audit_logs is 'Who did what to which resource from where, and how it ended. Never changed.';
comment on column audit_logs.id is 'Identifier.';
comment on column audit_logs.actor_user_id is 'Who did it; null is the system, or somebody not signed in.';
comment on column audit_logs.action is 'What was done, such as wallet.spend.';
comment on column audit_logs.resource_type is 'Kind of thing it was done to, such as wallet.';
comment on column audit_logs.resource_id is 'Which one.';
comment on column audit_logs.outcome is 'success, refused or failed.';
comment on column audit_logs.ip_address is 'Address that the request came from.';
comment on column audit_logs.user_agent is 'Program that the request came from, by its own word.';
comment on column audit_logs.request_id is 'X-Request-Id of the request, as in the log.';
comment on column audit_logs.details is 'More, as a JSON object, without secrets.';
comment on column audit_logs.created_at is 'When it was written.';

-- The searches of the audit log, newest first: by user, by action, by resource, by time.
create index audit_logs_actor_user_id_idx on audit_logs (actor_user_id, id);
create index audit_logs_action_idx on audit_logs (action, id);
create index audit_logs_resource_idx on audit_logs (resource_type, resource_id, id);
create index audit_logs_created_at_idx on audit_logs (created_at, id);

create table sessions (
    id uuid not null,
    user_id bigint not null,
    created_at timestamptz not null default now(),
    last_used_at timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz,
    revocation_reason text,
    ip_address inet,
    user_agent text,
    constraint sessions_pkey primary key (id),
    constraint sessions_user_id_fkey foreign key (user_id) references users (id) on delete restrict,
    constraint sessions_revocation_reason_check
        check (revocation_reason in ('logout', 'logout_all', 'password_change', 'token_reuse')),
    constraint sessions_revoked_check check ((revoked_at is null) = (revocation_reason is null))
);

comment on table sessions is 'Sign-ins: each is a family of refresh tokens, of which the newest one is good.';
comment on column sessions.id is 'Identifier, which access tokens carry. Not a secret.';
comment on column sessions.user_id is 'Who signed in.';
comment on column sessions.created_at is 'When that was.';
comment on column sessions.last_used_at is 'When it was last refreshed.';
comment on column sessions.expires_at is 'When its newest refresh token expires; the row is removed some time later.';
comment on column sessions.revoked_at is 'When it was ended before that.';
comment on column sessions.revocation_reason is 'Why: logout, logout_all, password_change or token_reuse.';
comment on column sessions.ip_address is 'Address that the sign-in came from.';
comment on column sessions.user_agent is 'Program that signed in, by its own word.';

-- Ending all sessions of a user.
create index sessions_user_id_idx on sessions (user_id);
-- Retention: what has expired.
create index sessions_expires_at_idx on sessions (expires_at);

create table refresh_tokens (
    token_hash bytea not null,
    session_id uuid not null,
    generation integer not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    replaced_at timestamptz,
    constraint refresh_tokens_pkey primary key (token_hash),
    constraint refresh_tokens_session_id_fkey
        foreign key (session_id) references sessions (id) on delete restrict,
    -- A token has one successor, whatever races.
    constraint refresh_tokens_generation_key unique (session_id, generation),
    constraint refresh_tokens_token_hash_check check (length(token_hash) = 32),
    constraint refresh_tokens_generation_check check (generation >= 1)
);

comment on table refresh_tokens is 'The refresh tokens of sessions. Those that were replaced are kept to recognise their reuse.';
comment on column refresh_tokens.token_hash is 'SHA-256 of the token, which is 32 random bytes; the token itself is nowhere.';
comment on column refresh_tokens.session_id is 'The session that it continues.';
comment on column refresh_tokens.generation is 'Place among the tokens of its session: 1, 2, 3.';
comment on column refresh_tokens.created_at is 'When it was issued.';
comment on column refresh_tokens.expires_at is 'When it is no longer taken; the row is removed some time later.';
comment on column refresh_tokens.replaced_at is 'When it was exchanged for its successor. Whoever presents it again ends the session.';

-- Retention: what has expired.
create index refresh_tokens_expires_at_idx on refresh_tokens (expires_at);

create table login_limits (
    subject text collate "C" not null,
    attempt_count integer not null,
    window_ends_at timestamptz not null,
    constraint login_limits_pkey primary key (subject),
    constraint login_limits_subject_check check (length(subject) between 1 and 300),
    constraint login_limits_attempt_count_check check (attempt_count >= 0)
);

comment on table login_limits is 'How often passwords were tried in vain, for each account and each address.';
comment on column login_limits.subject is 'account: and the email address that was tried, whether anybody has it or not; or address: and a network.';
comment on column login_limits.attempt_count is 'Attempts of this window, less those that succeeded.';
comment on column login_limits.window_ends_at is 'When the count begins anew; the row is removed some time later.';

-- Retention: whose window is over.
create index login_limits_window_ends_at_idx on login_limits (window_ends_at);

create table audit_seals (
    seal_number bigint not null,
    last_audit_log_id bigint not null,
    entry_count bigint not null,
    seal bytea not null,
    sealed_at timestamptz not null,
    constraint audit_seals_pkey primary key (seal_number),
    constraint audit_seals_last_audit_log_id_key unique (last_audit_log_id),
    constraint audit_seals_seal_number_check check (seal_number >= 1),
    constraint audit_seals_entry_count_check check (entry_count >= 1),
    constraint audit_seals_seal_check check (length(seal) = 32)
);

comment on table audit_seals is 'The chain of seals over the audit log. Never changed.';
comment on column audit_seals.seal_number is 'Place in the chain: 1, 2, 3 without a gap.';
comment on column audit_seals.last_audit_log_id is 'The last entry under this seal; the first is the one after the last entry of the seal before.';
comment on column audit_seals.entry_count is 'How many entries are under it.';
comment on column audit_seals.seal is 'SHA-256 over the seal before it, this row, and its entries.';
comment on column audit_seals.sealed_at is 'When it was made.';

-- The ledger is append-only: a pending row may settle, everything else is refused.
create function refuse_ledger_change() returns trigger
language plpgsql
as $$
begin
    if tg_op = 'UPDATE' and old.status = 'pending' and new.status in ('success', 'failed')
        and to_jsonb(new) - array['status', 'posting_number', 'balance_after', 'completed_at']
          = to_jsonb(old) - array['status', 'posting_number', 'balance_after', 'completed_at']
    then
        return new;
    end if;
    raise exception 'the ledger is append-only: % of transactions is refused', lower(tg_op)
        using errcode = 'restrict_violation',
              hint = 'Record a refund or an adjustment instead.',
              constraint = 'transactions_append_only',
              table = 'transactions';
end
$$;

comment on function refuse_ledger_change() is 'Holds the ledger append-only, except that a pending transaction may settle once.';

create trigger transactions_append_only
    before update or delete on transactions
    for each row execute function refuse_ledger_change();
create trigger transactions_append_only_truncate
    before truncate on transactions
    for each statement execute function refuse_ledger_change();

create function refuse_audit_change() returns trigger
language plpgsql
as $$
begin
    raise exception 'the audit log is never changed: % of % is refused', lower(tg_op), tg_table_name
        using errcode = 'restrict_violation', constraint = tg_table_name || '_append_only', table = tg_table_name;
end
$$;

comment on function refuse_audit_change() is 'Holds the audit log and its seals unchangeable.';

create trigger audit_logs_append_only
    before update or delete on audit_logs
    for each row execute function refuse_audit_change();
create trigger audit_logs_append_only_truncate
    before truncate on audit_logs
    for each statement execute function refuse_audit_change();
create trigger audit_seals_append_only
    before update or delete on audit_seals
    for each row execute function refuse_audit_change();
create trigger audit_seals_append_only_truncate
    before truncate on audit_seals
    for each statement execute function refuse_audit_change();

-- Rows that are as empty as they may be. Neither the ledger nor the audit log has to add up here.
set session_replication_role = replica;

insert into users (id, email, password_hash, role) overriding system value
values (1, 'a@example.org', 'hash', 'admin'), (2, 'b@example.org', 'hash', 'user'), (3, 'c@example.org', 'hash', 'user');

insert into wallets (id, user_id, balance, posting_count) overriding system value
values (1, 1, 100, 7), (2, 2, 100, 1);

-- Jobs of each status, each paid for by the spend of its number.
insert into jobs (id, user_id, transaction_id, job_type, status, attempts, lease_token, lease_expires_at, last_lease_token,
                  expires_at, event_count, finished_at)
overriding system value
values (1, 1, 1, 'kind', 'queued', 0, null, null, null, now() + interval '1 hour', 1, null),
       (2, 1, 2, 'kind', 'running', 1, '00000000-0000-0000-0000-000000000001', now() + interval '1 hour', null, now(), 1, null),
       (3, 1, 3, 'kind', 'completed', 1, null, null, '00000000-0000-0000-0000-000000000001', now(), 1, now()),
       (4, 1, 4, 'kind', 'failed', 0, null, null, null, now(), 0, now()),
       (5, 1, 5, 'kind', 'running', 1, '00000000-0000-0000-0000-000000000001', now() - interval '1 hour', null, now(), 0, null),
       (6, 1, 6, 'kind', 'queued', 0, null, null, null, now() - interval '1 hour', 0, null);

insert into transactions (id, wallet_id, type, amount, status, posting_number, balance_after, job_id, created_by, completed_at)
overriding system value
select id, 1, 'spend', -1, 'success', id, 100, id, 1, now()
  from jobs;

insert into transactions (id, wallet_id, type, amount, status, posting_number, balance_after, reference_id,
                          refunded_transaction_id, counterpart_transaction_id, created_by, idempotency_key,
                          request_fingerprint, completed_at)
overriding system value
values (7, 1, 'deposit', 1, 'pending', null, null, 'known', null, null, 1, null, null, null),
       (8, 1, 'deposit', 1, 'failed', null, null, 'other', null, null, 1, null, null, now()),
       (9, 1, 'adjustment', 1, 'success', 9, 100, null, null, null, 1, 'known', '\x00', now()),
       (10, 1, 'refund', 50, 'success', 10, 100, null, 1, null, 1, null, null, now()),
       (11, 1, 'refund', 50, 'success', 11, 100, null, 999, null, 1, null, null, now()),
       (12, 1, 'transfer', -1, 'success', 12, 99, null, null, 998, 1, null, null, now());
insert into transactions (id, wallet_id, type, amount, status, posting_number, balance_after, job_id, created_by, completed_at)
overriding system value
values (13, 2, 'spend', -1, 'success', 1, 100, 997, 1, now());

insert into job_events (job_id, event_number, kind)
values (1, 1, 'queued'), (2, 1, 'queued'), (3, 1, 'queued');

insert into result_storage (storage_id)
values ('00000000-0000-0000-0000-000000000002');

insert into job_files (file_path, job_id, lease_token, status, mime_type, size_bytes)
values ('file-1', 2, '00000000-0000-0000-0000-000000000001', 'uploading', 'text/plain', null),
       ('file-2', 2, '00000000-0000-0000-0000-000000000001', 'stored', 'text/plain', 1),
       ('file-3', 4, '00000000-0000-0000-0000-000000000001', 'uploading', 'text/plain', null),
       ('file-4', 4, '00000000-0000-0000-0000-000000000001', 'removing', 'text/plain', null),
       ('file-5', 3, '00000000-0000-0000-0000-000000000001', 'kept', 'text/plain', 1);

insert into job_results (job_id, output, expires_at)
values (3, '{}', null), (4, '{}', now() - interval '1 hour');

insert into audit_logs (id, action, resource_type, outcome) overriding system value
values (1, 'wallet.spend', 'wallet', 'success');
insert into audit_logs (id, action, resource_type, resource_id, actor_user_id, outcome) overriding system value
values (2, 'wallet.spend', 'wallet', '1', 1, 'success');

insert into audit_seals (seal_number, last_audit_log_id, entry_count, seal, sealed_at)
values (1, 1, 1, decode(repeat('00', 32), 'hex'), now());

insert into sessions (id, user_id, expires_at)
values ('00000000-0000-0000-0000-000000000001', 1, now() + interval '1 hour'),
       ('00000000-0000-0000-0000-000000000002', 1, now() - interval '1 hour');

insert into refresh_tokens (token_hash, session_id, generation, expires_at)
values (decode(repeat('01', 32), 'hex'), '00000000-0000-0000-0000-000000000001', 1, now() + interval '1 hour'),
       (decode(repeat('02', 32), 'hex'), '00000000-0000-0000-0000-000000000001', 9, now() - interval '1 hour');

insert into login_limits (subject, attempt_count, window_ends_at)
values ('account:a', 5, now() + interval '1 hour'), ('account:b', 5, now() - interval '1 hour');

update refinery_schema_history set applied_on = null;

set session_replication_role = origin;

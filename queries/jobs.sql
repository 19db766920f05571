-- Who looks up a job by its number says whether it runs (`lease_token`) or waits (neither `lease_token` nor `finished_at`)
-- without its status: with that, an index of all that run or wait looks as good as that of the numbers while they are
-- few, and under an old snapshot it has the entries of all that ever did.

--: Job(last_error?, started_at?, finished_at?, refund_amount?)
--: LockedJob()

--- Orders a job and pays its price, as `spend` does: one statement, one audit entry. No row when the owner is not
--- active, the session has ended, or the balance is short.
--! order_job (session_id?, scheduled_at?, idempotency_key?, request_fingerprint?, ip_address?, user_agent?, request_id?) : (reference_id?, description?, payment_method?, refunded_transaction_id?, counterpart_transaction_id?, balance_after?, request_fingerprint?, completed_at?)
with debited as (
    update wallets
       set balance = wallets.balance - :price,
           posting_count = wallets.posting_count + 1,
           updated_at = greatest(clock_timestamp(), wallets.updated_at)
      from users
     where users.id = wallets.user_id
       and wallets.user_id = :user_id
       and users.status = 'active'
       and wallets.balance >= :price
       and (:session_id::uuid is null or exists (
           select from sessions
            where sessions.id = :session_id
              and sessions.user_id = wallets.user_id
              and sessions.revoked_at is null
              and sessions.expires_at > now()
       ))
    returning wallets.id, wallets.user_id, wallets.balance, wallets.posting_count, wallets.updated_at,
              nextval('transactions_id_seq') as transaction_id, nextval('jobs_id_seq') as job_id
), recorded as (
    insert into transactions
        (id, wallet_id, type, amount, posting_number, balance_after, job_id, created_by,
         idempotency_key, request_fingerprint, created_at, completed_at)
    overriding system value
    select transaction_id, id, 'spend', -:price, posting_count, balance, job_id, user_id,
           :idempotency_key, :request_fingerprint, updated_at, updated_at
      from debited
    returning *
), ordered as (
    insert into jobs
        (id, user_id, transaction_id, job_type, input, priority, max_attempts, scheduled_at, expires_at, event_count)
    overriding system value
    select job_id, user_id, transaction_id, :job_type, :input, :priority, :max_attempts,
           greatest(:scheduled_at, now()),
           greatest(:scheduled_at, now()) + make_interval(secs => :expiry_seconds),
           1
      from debited
    returning id, scheduled_at, expires_at
), told as (
    insert into job_events (job_id, event_number, kind, details)
    select id, 1, 'queued', jsonb_build_object('scheduled_at', scheduled_at, 'expires_at', expires_at)
      from ordered
), audited as (
    insert into audit_logs
        (actor_user_id, action, resource_type, resource_id, outcome, ip_address, user_agent, request_id, details)
    select :user_id, 'job.order', 'job', job_id::text, 'success', :ip_address::text::inet, :user_agent, :request_id,
           jsonb_build_object('transaction_id', transaction_id, 'amount', -:price, 'job_type', :job_type)
      from debited
)
select recorded.id, wallet_id, type as transaction_type, amount, status, balance_after, reference_id, description,
       payment_method, refunded_transaction_id, counterpart_transaction_id, job_id, request_fingerprint,
       created_at, completed_at
  from recorded
  join ordered on ordered.id = recorded.job_id;

--- One job of its owner, with what its end gave back.
--! job_of_user : Job
select jobs.id, transaction_id, job_type, jobs.status, priority, input, progress_percent, attempts, max_attempts,
       scheduled_at, expires_at, last_error, jobs.created_at, started_at, finished_at, refunds.amount as refund_amount
  from jobs
  left join transactions as refunds on refunds.refunded_job_id = jobs.id
 where jobs.id = :job_id
   and jobs.user_id = :user_id;

--- A page of a user's jobs, newest first: those with numbers below the position.
--! page_of_jobs : Job
select jobs.id, transaction_id, job_type, jobs.status, priority, input, progress_percent, attempts, max_attempts,
       scheduled_at, expires_at, last_error, jobs.created_at, started_at, finished_at, refunds.amount as refund_amount
  from jobs
  left join transactions as refunds on refunds.refunded_job_id = jobs.id
 where jobs.user_id = :user_id
   and jobs.id < :before_id
 order by jobs.id desc
 limit :limit;

--- Gives due jobs of some types to a worker, the highest priority and the longest wait first, each under a lease with a
--- token of its own. What another worker is just claiming is skipped. Each priority is looked through from its floor on,
--- and only if those above it have not given enough: an index keeps the entries of jobs that were claimed while some
--- transaction can still see them queued, and a look from the beginning reads them all. The order of the floors is made
--- before the join, which keeps it: sorted after, all priorities would be looked through. Types and count stand in
--- subqueries, and the jobs are looked up by an array: with that the plan depends on no numbers and is made once. Made
--- for each claim, as it was when many jobs were queued, it took as long as the claim.
--! claim_jobs
--# not-null: lease_token: the update has just set it
--# not-null: lease_expires_at: the update has just set it
with due as (
    select probed.id
      from (
          select priority, scheduled_at, id
            from unnest(:floor_priorities::smallint[], :floor_times::timestamptz[], :floor_ids::bigint[])
                 as floors (priority, scheduled_at, id)
           order by priority desc
      ) as floors
     cross join lateral (
          select jobs.id
            from jobs
           where jobs.status = 'queued'
             and jobs.priority = floors.priority
             and (jobs.scheduled_at, jobs.id) > (floors.scheduled_at, floors.id)
             and jobs.scheduled_at <= now()
             and jobs.expires_at > now()
             and jobs.job_type = any((select :job_types::text[])::text[])
           order by jobs.scheduled_at, jobs.id
           limit (select :count::bigint)
             for update skip locked
      ) as probed
     order by floors.priority desc
     limit (select :count::bigint)
), claimed as (
    update jobs
       set status = 'running',
           attempts = attempts + 1,
           progress_percent = 0,
           lease_token = gen_random_uuid(),
           lease_expires_at = clock_timestamp() + make_interval(secs => :lease_seconds),
           worker_name = :worker_name,
           event_count = event_count + 1,
           started_at = coalesce(started_at, clock_timestamp())
     where id = any(array(select id from due))
    returning id, user_id, job_type, input, priority, attempts, max_attempts, lease_token, lease_expires_at,
              scheduled_at, event_count
), told as (
    insert into job_events (job_id, event_number, kind, details)
    select id, event_count, 'running',
           jsonb_build_object('progress_percent', 0, 'attempt', attempts, 'max_attempts', max_attempts)
      from claimed
)
select id, user_id, job_type, input, priority, attempts, max_attempts, lease_token, lease_expires_at, scheduled_at
  from claimed;

--- Extends a lease that has not run out, and notes the progress. No row when the lease is lost. Progress is an event
--- where it changed, but no longer after the ten-thousandth of a job: a restless worker fills no table.
--! extend_lease (progress_percent?)
--# not-null: lease_expires_at: the update has just set it
with leased as (
    select id, coalesce(:progress_percent, progress_percent) as progress_percent,
           coalesce(:progress_percent, progress_percent) <> progress_percent and event_count < 10000 as is_event
      from jobs
     where id = :job_id
       and lease_token = :lease_token
       and lease_expires_at > clock_timestamp()
       for no key update
), extended as (
    update jobs
       set lease_expires_at = clock_timestamp() + make_interval(secs => :lease_seconds),
           progress_percent = leased.progress_percent,
           event_count = event_count + leased.is_event::integer
      from leased
     where jobs.id = leased.id
    returning jobs.id, jobs.lease_expires_at, jobs.progress_percent, jobs.attempts, jobs.max_attempts,
              jobs.event_count, leased.is_event
), told as (
    insert into job_events (job_id, event_number, kind, details)
    select id, event_count, 'running',
           jsonb_build_object('progress_percent', progress_percent, 'attempt', attempts, 'max_attempts', max_attempts)
      from extended
     where is_event
)
select lease_expires_at, progress_percent, is_event
  from extended;

--- Completes jobs and keeps their results, each with a file if its claim has uploaded one: one statement for all that
--- were done while the last one was under way. No row for a job whose lease is lost, or whose claim has no such file, and
--- for one that somebody else holds, unless it `waits`, which only one alone does: no two statements wait for each other.
--- One that is completed under the same lease already is not new. The parameters stand
--- apart, so that it is planned once and not for each number of jobs.
--! complete_jobs (outputs[?], output_texts[?], file_paths[?], actor_user_ids[?], ip_addresses[?], user_agents[?], request_ids[?])
with given as materialized (
    select :job_ids::bigint[] as job_ids, :lease_tokens::uuid[] as lease_tokens, :outputs::jsonb[] as outputs,
           :output_texts::text[] as output_texts, :file_paths::text[] as file_paths,
           :retentions_seconds::double precision[] as retentions_seconds, :actor_user_ids::bigint[] as actor_user_ids,
           :ip_addresses::text[] as ip_addresses, :user_agents::text[] as user_agents, :request_ids::text[] as request_ids
), done as materialized (
    select done.*
      from given
     cross join lateral unnest(job_ids, lease_tokens, outputs, output_texts, file_paths, retentions_seconds,
                               actor_user_ids, ip_addresses, user_agents, request_ids)
           as done (job_id, lease_token, output, output_text, file_path, retention_seconds, actor_user_id, ip_address,
                    user_agent, request_id)
), free as materialized (
    select done.*
      from done
      join jobs on jobs.id = done.job_id and jobs.lease_token = done.lease_token
     where not :waits::boolean
       for no key update of jobs skip locked
), awaited as materialized (
    select done.*
      from done
      join jobs on jobs.id = done.job_id and jobs.lease_token = done.lease_token
     where :waits
       for no key update of jobs
), files as (
    select job_files.file_path, job_files.size_bytes, job_files.mime_type
      from done
      join job_files on job_files.file_path = done.file_path
                    and job_files.job_id = done.job_id
                    and job_files.lease_token = done.lease_token
     where job_files.status = 'stored'
       for update of job_files
), completed as (
    update jobs
       set status = 'completed',
           progress_percent = 100,
           last_lease_token = jobs.lease_token,
           lease_token = null,
           lease_expires_at = null,
           last_error = null,
           event_count = event_count + 1,
           finished_at = clock_timestamp()
      from (select * from free union all select * from awaited) as locked
     where jobs.id = locked.job_id
       and jobs.lease_token = locked.lease_token
       and jobs.lease_expires_at > clock_timestamp()
       and (locked.file_path is null or exists (select from files where files.file_path = locked.file_path))
    returning jobs.id, jobs.job_type, jobs.attempts, jobs.event_count, locked.output, locked.output_text,
              locked.file_path, locked.retention_seconds, locked.actor_user_id, locked.ip_address, locked.user_agent,
              locked.request_id
), told as (
    insert into job_events (job_id, event_number, kind, details)
    select id, event_count, 'completed', jsonb_build_object('attempt', attempts)
      from completed
), kept as (
    insert into job_results (job_id, output, output_text, file_path, file_size_bytes, mime_type, expires_at)
    select id, output, output_text, files.file_path, files.size_bytes, files.mime_type,
           now() + make_interval(secs => retention_seconds)
      from completed
      left join files on files.file_path = completed.file_path
    returning job_id, file_path, file_size_bytes
), bound as (
    update job_files
       set status = 'kept',
           touched_at = clock_timestamp()
      from kept
     where job_files.file_path = kept.file_path
), audited as (
    insert into audit_logs
        (actor_user_id, action, resource_type, resource_id, outcome, ip_address, user_agent, request_id, details)
    select actor_user_id, 'job.complete', 'job', id::text, 'success', ip_address::inet, user_agent, request_id,
           jsonb_strip_nulls(jsonb_build_object('job_type', job_type, 'attempts', attempts,
                                                'file_size_bytes', kept.file_size_bytes))
      from completed
      join kept on kept.job_id = completed.id
)
select kept.job_id, true as is_new
  from kept
union all
select jobs.id, false
  from done
  join jobs on jobs.id = done.job_id
 where jobs.status = 'completed'
   and jobs.last_lease_token = done.lease_token;

--- Whether a worker still has its lease.
--! lease_holds
select exists (
    select from jobs
     where id = :job_id
       and lease_token = :lease_token
       and lease_expires_at > clock_timestamp()
) as holds;

--- How a job stands whose claim with this token ended by the word of its worker: for one who asks again.
--! job_by_last_lease
select status, scheduled_at
  from jobs
 where id = :job_id
   and last_lease_token = :lease_token;

--- Locks a job whose lease its worker still has.
--! lock_leased_job : LockedJob
select id, user_id, transaction_id, job_type, attempts, max_attempts
  from jobs
 where id = :job_id
   and lease_token = :lease_token
   and lease_expires_at > clock_timestamp()
   for no key update;

--- Locks a job whose lease has run out, unless somebody else is at it.
--! lock_silent_job : LockedJob
select id, user_id, transaction_id, job_type, attempts, max_attempts
  from jobs
 where id = :job_id
   and lease_expires_at <= clock_timestamp()
   for no key update skip locked;

--- Locks a job that waited longer than it may, unless somebody else is at it.
--! lock_expired_job : LockedJob
select id, user_id, transaction_id, job_type, attempts, max_attempts
  from jobs
 where id = :job_id
   and lease_token is null
   and finished_at is null
   and expires_at <= clock_timestamp()
   for no key update skip locked;

--- Locks a job of its owner that waits for a worker.
--! lock_waiting_job : LockedJob
select id, user_id, transaction_id, job_type, attempts, max_attempts
  from jobs
 where id = :job_id
   and user_id = :user_id
   and lease_token is null
   and finished_at is null
   for no key update;

--- Puts a locked job back into the queue after a failed attempt, to be tried again after a delay. `last_lease_token` is
--- given when the worker itself says so.
--! requeue_job (last_lease_token?)
with requeued as (
    update jobs
       set status = 'queued',
           scheduled_at = clock_timestamp() + make_interval(secs => :delay_seconds),
           progress_percent = 0,
           lease_token = null,
           lease_expires_at = null,
           last_lease_token = coalesce(:last_lease_token, last_lease_token),
           last_error = :error,
           event_count = event_count + 1
     where id = :job_id
    returning id, scheduled_at, last_error, attempts, max_attempts, event_count
), told as (
    insert into job_events (job_id, event_number, kind, details)
    select id, event_count, 'retrying',
           jsonb_build_object('error', last_error, 'retry_at', scheduled_at, 'attempt', attempts,
                              'max_attempts', max_attempts)
      from requeued
)
select scheduled_at
  from requeued;

--- Takes back a claim as if it had not been: the worker is told to stop. No row when the lease is lost.
--! release_job
with released as (
    update jobs
       set status = 'queued',
           attempts = attempts - 1,
           progress_percent = 0,
           lease_token = null,
           lease_expires_at = null,
           event_count = event_count + 1
     where id = :job_id
       and lease_token = :lease_token
       and lease_expires_at > clock_timestamp()
    returning id, scheduled_at, expires_at, event_count
), told as (
    insert into job_events (job_id, event_number, kind, details)
    select id, event_count, 'queued', jsonb_build_object('scheduled_at', scheduled_at, 'expires_at', expires_at)
      from released
)
select id
  from released;

--- Gives a locked job its end without a result: failed, cancelled or expired. Its event is written after the refund.
--! end_job (error?, last_lease_token?)
update jobs
   set status = :status,
       lease_token = null,
       lease_expires_at = null,
       last_lease_token = coalesce(:last_lease_token, last_lease_token),
       last_error = coalesce(:error, last_error),
       event_count = event_count + 1,
       finished_at = clock_timestamp()
 where id = :job_id
returning event_count;

--- Gives back what is left of the spend of a job. Run it after lock_wallet_of_spend in the same transaction: only then
--- does its snapshot hold every earlier refund. No row when an admin has given back all of it already. A second one of
--- the same job violates transactions_refunded_job_id_key.
--! refund_job
with original as (
    select spends.id,
           spends.wallet_id,
           spends.job_id,
           -spends.amount - coalesce(
               (select sum(refunds.amount)
                  from transactions as refunds
                 where refunds.refunded_transaction_id = spends.id
                   and refunds.status = 'success'),
               0
           )::bigint as amount
      from transactions as spends
     where spends.id = :transaction_id
       and spends.type = 'spend'
       and spends.status = 'success'
), credited as (
    update wallets
       set balance = wallets.balance + original.amount,
           posting_count = wallets.posting_count + 1,
           updated_at = greatest(clock_timestamp(), wallets.updated_at)
      from original
     where wallets.id = original.wallet_id
       and original.amount > 0
    returning wallets.id, wallets.balance, wallets.posting_count, wallets.updated_at, original.amount,
              original.id as refunded_id, original.job_id
)
insert into transactions
    (wallet_id, type, amount, posting_number, balance_after, description, refunded_transaction_id, refunded_job_id,
     created_by, created_at, completed_at)
select id, 'refund', amount, posting_count, balance, :reason, refunded_id, job_id,
       :created_by, updated_at, updated_at
  from credited
returning id, amount;

--- Jobs whose lease has run out, the longest first.
--! silent_jobs
select id
  from jobs
 where status = 'running'
   and lease_expires_at <= now()
 order by lease_expires_at
 limit :limit;

--- Jobs that wait for longer than they may, the longest first. That they have not finished names the index.
--! expired_jobs
select id
  from jobs
 where status = 'queued'
   and finished_at is null
   and expires_at <= now()
 order by expires_at
 limit :limit;

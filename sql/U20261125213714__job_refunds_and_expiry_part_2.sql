-- Refund each job once, expire jobs that wait too long, part 2.
-- revises: 20261125213713
-- transaction: none

create index concurrently jobs_expires_at_idx on public.jobs using btree (expires_at) where (status = 'queued'::text);
create unique index concurrently transactions_refunded_job_id_key on public.transactions using btree (refunded_job_id) where (refunded_job_id is not null);
alter table public.transactions validate constraint transactions_refunded_job_id_check;
alter table public.transactions validate constraint transactions_refunded_job_id_fkey;

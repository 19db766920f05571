-- Plan claims with their own index, part 2.
-- revises: 20261126015834
-- transaction: none

alter index public.jobs_expires_at_idx rename to jobs_expires_at_idx__old;
create index concurrently jobs_expires_at_idx on public.jobs using btree (expires_at) where ((status = 'queued'::text) and (finished_at is null));
drop index concurrently public.jobs_expires_at_idx__old;
alter table public.jobs validate constraint jobs_priority_check;

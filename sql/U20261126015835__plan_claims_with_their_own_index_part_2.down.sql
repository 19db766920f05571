-- Takes back: Plan claims with their own index, part 2.
-- transaction: none

alter table public.jobs drop constraint jobs_priority_check;
alter table public.jobs add constraint jobs_priority_check check (((priority >= 0) and (priority <= 9))) not valid;
alter index public.jobs_expires_at_idx rename to jobs_expires_at_idx__old;
create index concurrently jobs_expires_at_idx on public.jobs using btree (expires_at) where (status = 'queued'::text);
drop index concurrently public.jobs_expires_at_idx__old;

-- Takes back: The storage of results, and events of jobs by their first.
-- transaction: none

-- Data is lost: the rows of the table public.result_storage.
drop table public.result_storage;
comment on column public.wallets.updated_at is 'When the balance last changed.';
create index concurrently job_events_ended_idx on public.job_events using btree (created_at) where (kind = any (array['completed'::text, 'failed'::text, 'cancelled'::text, 'expired'::text]));

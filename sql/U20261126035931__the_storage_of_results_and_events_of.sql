-- The storage of results, and events of jobs by their first, part 2.
-- revises: 20261126035930
-- transaction: none

create index concurrently job_events_first_idx on public.job_events using btree (created_at) where (event_number = 1);

-- Register the storage of results, part 2.
-- revises: 20261126051527
-- transaction: none

create index concurrently job_events_first_idx on public.job_events using btree (created_at, job_id) where (event_number = 1);

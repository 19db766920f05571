-- Takes back: Register the storage of results, part 2.

drop index public.job_events_first_idx;

-- Takes back: The storage of results, and events of jobs by their first, part 2.

drop index public.job_events_first_idx;

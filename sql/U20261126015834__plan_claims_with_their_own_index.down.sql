-- Takes back: Plan claims with their own index.

alter table public.jobs drop constraint jobs_priority_check;
comment on column public.jobs.priority is 'Higher is claimed first.';

-- Plan claims with their own index.
-- revises: 20261126001859

comment on column public.jobs.priority is '0 to 9; higher is claimed first.';
alter table public.jobs add constraint jobs_priority_check check (((priority >= 0) and (priority <= 9))) not valid;

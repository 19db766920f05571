-- Files of results, part 2.
-- revises: 20261126001858
-- transaction: none

create unique index concurrently job_results_file_path_key on public.job_results using btree (file_path);
alter table public.job_results add constraint job_results_file_path_key unique using index job_results_file_path_key;
alter table public.job_results validate constraint job_results_file_path_fkey;

-- Takes back: Files of results, part 2.

alter table public.job_results drop constraint job_results_file_path_key;
alter table public.job_results drop constraint job_results_file_path_fkey;
alter table public.job_results add constraint job_results_file_path_fkey foreign key (file_path) references public.job_files(file_path) on delete restrict not valid;

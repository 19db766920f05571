-- Takes back: Files of results.

alter table public.job_results drop constraint job_results_file_path_fkey;

-- Results lose their files, which stay in the storage: nobody knows of them any more.
delete from public.job_results where file_path is not null and output is null and output_text is null;
update public.job_results set file_path = null, file_size_bytes = null, mime_type = null where file_path is not null;

-- Data is lost: the rows of the table public.job_files.
drop table public.job_files;
comment on column public.job_results.file_path is 'Where the storage keeps the file of the result.';

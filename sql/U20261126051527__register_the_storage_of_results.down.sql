-- Takes back: Register the storage of results.

-- Data is lost: the rows of the table public.result_storage.
drop table public.result_storage;
comment on column public.wallets.updated_at is 'When the balance last changed.';

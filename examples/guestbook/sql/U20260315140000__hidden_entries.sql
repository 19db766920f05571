-- Entries can be hidden.
-- revises: 20260301090000

alter table entries add column hidden_at timestamptz;

comment on column entries.hidden_at is 'When the owner of the book hid it; null while it is shown.';

-- The page shows what is not hidden, newest first.
create index entries_shown_idx on entries (id) where hidden_at is null;

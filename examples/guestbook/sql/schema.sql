-- The model: the whole schema as it should be. The migrations lead to it.

create table entries (
    id bigint generated always as identity (sequence name entries_id_seq),
    author text not null,
    message text not null,
    written_at timestamptz not null default now(),
    hidden_at timestamptz,
    constraint entries_pkey primary key (id),
    constraint entries_author_check check (length(author) between 1 and 100),
    constraint entries_message_check check (length(message) between 1 and 2000)
);

comment on table entries is 'What visitors wrote into the book.';
comment on column entries.id is 'Identifier.';
comment on column entries.author is 'Name as the visitor writes it.';
comment on column entries.message is 'What the visitor wrote.';
comment on column entries.written_at is 'When it was written.';
comment on column entries.hidden_at is 'When the owner of the book hid it; null while it is shown.';

-- The page shows what is not hidden, newest first.
create index entries_shown_idx on entries (id) where hidden_at is null;

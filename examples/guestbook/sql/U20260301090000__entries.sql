-- Entries: what visitors write.
-- revises: none

create table entries (
    id bigint generated always as identity (sequence name entries_id_seq),
    author text not null,
    message text not null,
    written_at timestamptz not null default now(),
    constraint entries_pkey primary key (id),
    constraint entries_author_check check (length(author) between 1 and 100),
    constraint entries_message_check check (length(message) between 1 and 2000)
);

comment on table entries is 'What visitors wrote into the book.';
comment on column entries.id is 'Identifier.';
comment on column entries.author is 'Name as the visitor writes it.';
comment on column entries.message is 'What the visitor wrote.';
comment on column entries.written_at is 'When it was written.';

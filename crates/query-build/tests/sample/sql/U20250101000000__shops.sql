-- The tables of a small shop.
create table customers (
    id bigint generated always as identity constraint customers_pkey primary key,
    email text not null constraint customers_email_key unique,
    nickname text,
    preferences jsonb not null default '{}',
    created_at timestamptz not null default now()
);

create table orders (
    id bigint generated always as identity constraint orders_pkey primary key,
    customer_id bigint not null constraint orders_customer_id_fkey references customers,
    total bigint not null constraint orders_total_check check (total >= 0),
    note text,
    placed_at timestamptz not null default now()
);

create index customers_lower_email_idx on customers (lower(email));
create index orders_placed_at_idx on orders (placed_at);

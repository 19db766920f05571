create schema shop;
comment on schema shop is 'What is sold';

create type shop.mood as enum ('calm', 'wild');
create domain shop.points as bigint not null default 0 constraint points_positive check (value >= 0);
create type shop.place as (town text, zip varchar(10));
create type shop.price_range as range (subtype = numeric);
create sequence shop.ticket_seq as integer increment 2 minvalue 1 cache 5;

create function shop.twice(value bigint) returns bigint language sql immutable as 'select value * 2';
create procedure shop.nothing() language sql as 'select 1';
create function shop.touch() returns trigger language plpgsql as $$ begin return new; end $$;
create function shop.on_ddl() returns event_trigger language plpgsql as $$ begin end $$;
create aggregate shop.total (bigint) (sfunc = int8pl, stype = bigint, initcond = '0');

create table shop.users (
    id bigint generated always as identity constraint users_pkey primary key,
    email text collate "C" not null,
    name varchar(40) default 'nobody',
    doubled bigint generated always as (id * 2) stored,
    mood shop.mood,
    period int4range,
    constraint users_email_key unique nulls not distinct (email),
    constraint users_name_check check (name <> ''),
    constraint users_period_excl exclude using gist (period with &&) deferrable initially deferred
) with (fillfactor = 80);
comment on table shop.users is 'Who buys';
comment on column shop.users.email is 'In small letters';

create table shop.orders (
    id bigint not null,
    user_id bigint not null constraint orders_user_id_fkey references shop.users on delete cascade deferrable,
    bought_on date not null,
    constraint orders_pkey primary key (id, bought_on)
) partition by range (bought_on);
create table shop.orders_2025 partition of shop.orders for values from ('2025-01-01') to ('2026-01-01');
create table shop.special_users (discount int) inherits (shop.users);

alter table shop.orders add constraint orders_id_check check (id > 0) not valid;
create unique index users_lower_email on shop.users (lower(email)) include (name) where name is not null;
create index orders_user_id on shop.orders (user_id);
create statistics shop.users_stats (dependencies) on email, name from shop.users;

create view shop.calm_users with (security_barrier) as select id, email from shop.users where mood = 'calm';
comment on column shop.calm_users.email is 'As in users';
create materialized view shop.moods as select mood, count(*) as number from shop.users group by mood;
create unique index moods_mood on shop.moods (mood);

create trigger users_touch before update on shop.users for each row execute function shop.touch();
alter table shop.users disable trigger users_touch;
create rule no_delete as on delete to shop.users do instead nothing;
alter table shop.users enable row level security;
create policy own_row on shop.users for select to public using (email = current_user);
create event trigger watch_ddl on ddl_command_end when tag in ('CREATE TABLE') execute function shop.on_ddl();
create publication news for table shop.users where (id > 0);

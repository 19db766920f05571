-- Orders have a state.
alter table orders add column state text not null default 'open';

//! A schema as a picture: that all of it is shown, that nothing hides anything, and that the file is known to be old when
//! it is.

mod check;
mod picture;
mod text;

use revisions::catalog::Catalog;
use revisions::diagram::Diagram;
use serde_json::{Value, json};

/// Tables that have what makes diagrams difficult.
pub const SHOP: &str = "
    create schema shop;
    create type shop.mood as enum ('fine');
    create table customers (
        id bigint primary key, email varchar(254) not null unique, mood shop.mood, recommended_by bigint
            references customers (id)
    );
    create table addresses (
        customer_id bigint references customers (id), number int, lines text[] not null,
        primary key (customer_id, number)
    );
    create table shop.\"Orders\" (
        id bigint primary key, customer_id bigint not null, ships_to int not null, bills_to int,
        amount numeric(10,2) not null, placed_at timestamp with time zone not null,
        constraint ships_to_fkey foreign key (customer_id, ships_to) references addresses (customer_id, number),
        constraint bills_to_fkey foreign key (customer_id, bills_to) references addresses (customer_id, number)
    );
    create table shop.receipts (order_id bigint references shop.\"Orders\" (id), scan bytea not null);
    create unique index on shop.receipts (order_id) where order_id is not null;
    create table events (at timestamptz not null, \"order\" bigint references shop.\"Orders\" (id))
        partition by range (at);
    create table events_2026 partition of events for values from ('2026-01-01') to ('2027-01-01');
    create table settings (name text primary key, value jsonb not null);
    create view calm as select * from customers;
    comment on table settings is 'What <can> be \"set\" & how';
    comment on column settings.value is 'Any JSON, <b>also</b> \"quotes\" & 100 %';";

/// A schema made up without a database: its tables, each with a name, its columns, and what these refer to.
pub fn diagram_of(tables: &[MadeUp]) -> Diagram {
    let mut objects = Vec::new();
    let mut object = |class: &str, name: String, facts: Value, position: usize| {
        objects.push(
            json!({"class": class, "name": name, "facts": facts, "ties": {"position": position}}),
        );
    };
    for (name, columns, references) in tables {
        object("table", format!("public.{name}"), json!({}), 0);
        for column in 0..*columns {
            let facts = json!({"type": "bigint", "not null": "yes"});
            object(
                "column",
                format!("public.{name}.c{column}"),
                facts,
                column + 1,
            );
        }
        for (at, (column, to, referred)) in references.iter().enumerate() {
            let to = &tables[*to].0;
            let definition = format!("FOREIGN KEY (c{column}) REFERENCES public.{to}(c{referred})");
            let facts = json!({"definition": definition});
            object("constraint", format!("public.{name}.fkey{at}"), facts, 0);
        }
    }
    let catalog: Catalog = serde_json::from_value(Value::Array(objects)).unwrap();
    Diagram::of(&catalog)
}

/// Its name, how many columns it has, and its foreign keys: the column, the table and column that it refers to.
pub type MadeUp = (String, usize, Vec<(usize, usize, usize)>);

//! Queries that would read all of a table that grows.

use query_build::Build;

use crate::postgresql::needs_postgresql;
use crate::project::Project;

/// A project with a schema for plans, and `queries`.
fn project(name: &str, queries: &str) -> Project {
    let project = Project::empty(name);
    project
        .write(
            "sql/U20250101000000__shops.sql",
            "-- A shop.\n\
             create table customers (id bigint primary key, email text not null unique, city text not null);\n\
             create table orders (\n\
                 id bigint primary key, customer_id bigint not null references customers,\n\
                 state text not null, total bigint not null\n\
             );\n\
             create index orders_customer_id_state_idx on orders (customer_id, state);\n\
             create index orders_open_idx on orders (total) where state = 'open';\n\
             create table countries (code text not null);\n",
        )
        .write(
            "sql/U20250101000000__shops.down.sql",
            "drop table countries;\ndrop table orders;\ndrop table customers;\n",
        )
        .write("queries/orders.sql", queries);
    project
}

/// What each of the queries must not do.
const REFUSED: &str = "\
--- No index has the column.
--! by_city
select id from customers where city = :city;

--- The index gives the order, and the first match may be the last row.
--! first_of_city
select id from customers where city = :city order by id limit 10;

--- The index starts with another column.
--! by_state
select id from orders where state = :state;

--- A filter that may not be there serves no index.
--! perhaps_by_customer (customer_id?)
select id from orders where (:customer_id::bigint is null or customer_id = :customer_id);

--- Below a join, each customer reads all orders.
--! orders_of_total
select customers.id, orders.total
  from customers
  join orders on orders.total = customers.id
 where customers.id = :id;

--- In a `with` query, and in a subquery for each row.
--! deep
with counted as (
    select count(*) as customers from customers
)
select customers,
       (select count(*) from orders where orders.total > counted.customers) as orders
  from counted;

--- What is changed is read first.
--! close_all
update orders set state = 'closed' where total = :total;
";

#[test]
fn a_query_that_reads_all_of_a_table_is_refused_with_its_plan() {
    needs_postgresql!();
    insta::assert_snapshot!(project("plans_refused", REFUSED).refusal());
}

/// What is right, or waived.
const ACCEPTED: &str = "\
--- One row.
--! by_email
select id from customers where email = :email;

--- A page: after so many rows it ends, and drops none.
--! first_customers : (order_id?)
select customers.id, orders.id as order_id
  from customers
  left join orders on orders.customer_id = customers.id
 order by customers.id
 limit :limit;

--- A page after a position, of which some rows are dropped.
--! page_of_customer (state?)
select id from orders
 where customer_id = :customer_id
   and id > :after_id
   and (:state::text is null or state = :state)
 order by id
 limit :limit;

--- A part of the table that has an index of its own.
--! open_orders
select id from orders where state = 'open' and total > :total;

--- The largest number is at the end of an index.
--! newest
select coalesce(max(id), 0) as id from orders;

--- Each row of a table that stays small.
--! countries
select code from countries;

--- It is waived.
--! customer_count
--# full-scan: once a day, for the report
select count(*) from customers;

--- There is nothing to be waived.
--! by_id
--# full-scan: it was so once
select id from customers where id = :id;
";

#[test]
fn what_an_index_serves_is_accepted_and_so_is_what_is_small_or_waived() {
    needs_postgresql!();
    let project = project("plans_accepted", ACCEPTED);
    let report = Build::new()
        .small_table("countries", "there are 200 of them")
        .try_run(&project.package, &project.out_dir)
        .expect("a good project");
    let package = format!("{}/", project.package.display());
    insta::assert_snapshot!(
        "warnings",
        report.warnings.join("\n\n").replace(&package, "")
    );
    // PostgreSQL 15 and 16 say more of the same plan.
    let document = report
        .document
        .replace("InitPlan 1 (returns $0)", "InitPlan 1")
        .replace("\n      Index Cond: (orders.id IS NOT NULL)", "");
    insta::assert_snapshot!("document", document);
    assert!(!project.output("queries.rs").contains("full-scan"));
}

#[test]
fn a_small_table_and_a_waiver_are_spelt_right() {
    needs_postgresql!();
    let queries = "--! one\n--# ful-scan: reason\n--- One.\nselect 1 as one;\n\
                   --! two\n--# full-scan:\n--- Two.\nselect 2 as two;\n\
                   --! three\n--# not-null: reason\n--- Three.\nselect 3 as three;\n\
                   --! four\n--# not-null: for: it is four\n--- Four.\nselect 4 as four;\n";
    let project = project("waivers", queries);
    let built = Build::new()
        .small_table("contries", "there are 200 of them")
        .try_run(&project.package, &project.out_dir);
    let refusal = built.expect_err("it is wrong").to_string();
    let package = format!("{}/", project.package.display());
    insta::assert_snapshot!(refusal.replace(&package, ""));
}

-- Everything about customers. A comment like this one may stand anywhere.
--: Customer(nickname?) : Eq

--! add_customer (nickname?) : Customer
--- Registers a customer; a taken address violates `customers_email_key`.
insert into customers (email, nickname, preferences)
values (:email, :nickname, :preferences) -- the id and the time are the database's
returning id, email, nickname, preferences, created_at;

--- Finds a customer by address, in whatever case it is written.
---
--- No row when there is none.
--! customer_by_email : Customer
select id, email, nickname, preferences, created_at
  from customers /* it's "one": the address is unique; see :email */
 where lower(email) = lower(:email)
   and email not like '%;--%';

--! rename_customer (nickname?)
--- Gives a customer another nickname, or none.
update customers set nickname = :nickname where id = :id;

--! customer_count
--# full-scan: it counts all of them, once a day
--- How many customers there are.
select count(*) from customers;

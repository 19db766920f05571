--- Places an order.
--! place_order (note?) : (note?)
insert into orders (customer_id, total, note)
values (:customer_id, :total, :note)
returning id, total, note, state, placed_at;

--- The orders since a time, newest first; `type` and the cast are here to be awkward.
--! orders_since : (note?)
select id, total::text as total_text, note, state as type, placed_at
  from orders
 where placed_at >= :since
   and state = any(:states)
 order by id desc;

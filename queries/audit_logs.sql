-- Addresses go as text: the binary form of inet has a number for the family that is not the same on every system, and the
-- embedded engine has another.

--- Writes an entry. Somebody who is no user (a token that outlived its database) is nobody; a wallet may be given by
--- its owner.
--! record (actor_user_id?, resource_id?, wallet_of_user_id?, ip_address?, user_agent?, request_id?)
insert into audit_logs
    (actor_user_id, action, resource_type, resource_id, outcome, ip_address, user_agent, request_id, details)
values (
    (select users.id from users where users.id = :actor_user_id),
    :action,
    :resource_type,
    coalesce(:resource_id::text, (select wallets.id::text from wallets where wallets.user_id = :wallet_of_user_id)),
    :outcome,
    :ip_address::text::inet,
    :user_agent,
    :request_id,
    :details
)
returning id;

--: Entry(actor_user_id?, resource_id?, ip_address?, user_agent?, request_id?)

--- Entries of a period, newest first: what lies strictly before the position.
--! page (outcome?) : Entry
select id, actor_user_id, action, resource_type, resource_id, outcome, host(ip_address) as ip_address,
       user_agent, request_id, details, created_at
  from audit_logs
 where created_at >= :from
   and created_at < :to
   and (created_at, id) < (:before_created_at, :before_id)
   and (:outcome::text is null or outcome = :outcome)
 order by created_at desc, id desc
 limit :limit;

--- Entries of an actor, newest first, by their numbers.
--! page_by_actor (action?, resource_type?, resource_id?, outcome?) : Entry
select id, actor_user_id, action, resource_type, resource_id, outcome, host(ip_address) as ip_address,
       user_agent, request_id, details, created_at
  from audit_logs
 where actor_user_id = :actor_user_id
   and id < :before_id
   and (:action::text is null or action = :action)
   and (:resource_type::text is null or resource_type = :resource_type)
   and (:resource_id::text is null or resource_id = :resource_id)
   and (:outcome::text is null or outcome = :outcome)
   and created_at >= :from
   and created_at < :to
 order by id desc
 limit :limit;

--- Entries of one resource, newest first, by their numbers.
--! page_by_resource (action?, outcome?) : Entry
select id, actor_user_id, action, resource_type, resource_id, outcome, host(ip_address) as ip_address,
       user_agent, request_id, details, created_at
  from audit_logs
 where resource_type = :resource_type
   and resource_id = :resource_id
   and id < :before_id
   and (:action::text is null or action = :action)
   and (:outcome::text is null or outcome = :outcome)
   and created_at >= :from
   and created_at < :to
 order by id desc
 limit :limit;

--- Entries of an action, newest first, by their numbers.
--! page_by_action (resource_type?, outcome?) : Entry
select id, actor_user_id, action, resource_type, resource_id, outcome, host(ip_address) as ip_address,
       user_agent, request_id, details, created_at
  from audit_logs
 where action = :action
   and id < :before_id
   and (:resource_type::text is null or resource_type = :resource_type)
   and (:outcome::text is null or outcome = :outcome)
   and created_at >= :from
   and created_at < :to
 order by id desc
 limit :limit;

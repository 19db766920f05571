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
    :ip_address,
    :user_agent,
    :request_id,
    :details
)
returning id;

--: User(full_name?, birth_date?, location?, last_login_at?)

--- Registers a user, opens the wallet, and books the welcome deposit, if there is one: one statement,
--- so that no user is ever without a wallet. A taken address violates users_email_key.
--! register_user (full_name?, birth_date?, location?) : User
with registered as (
    insert into users (email, password_hash, full_name, birth_date, location, preferred_language)
    values (:email, :password_hash, :full_name, :birth_date, :location, :preferred_language)
    returning *
), opened as (
    insert into wallets (user_id, balance, posting_count)
    select id, :welcome_points::bigint, case when :welcome_points > 0 then 1 else 0 end
      from registered
    returning id, user_id, balance, posting_count, updated_at
), welcomed as (
    insert into transactions
        (wallet_id, type, amount, posting_number, balance_after, reference_id, description, created_by,
         created_at, completed_at)
    select id, 'deposit', balance, posting_count, balance, 'welcome', 'Welcome points', user_id,
           updated_at, updated_at
      from opened
     where balance > 0
    returning id
)
select registered.id, email, role, status, full_name, birth_date, location, preferred_language,
       registered.created_at, registered.updated_at, last_login_at
  from registered;

--- Makes a user with a role, and a wallet without points: for operators, from the command line.
--! create_user_with_role : User
with registered as (
    insert into users (email, password_hash, role)
    values (:email, :password_hash, :role)
    returning *
), opened as (
    insert into wallets (user_id)
    select id from registered
    returning id
), audited as (
    insert into audit_logs (action, resource_type, resource_id, outcome, details)
    select 'user.create', 'user', id::text, 'success', jsonb_build_object('role', role)
      from registered
)
select registered.id, email, role, status, full_name, birth_date, location, preferred_language,
       registered.created_at, registered.updated_at, last_login_at
  from registered, opened;

--- One user.
--! user_by_id : User
select id, email, role, status, full_name, birth_date, location, preferred_language,
       created_at, updated_at, last_login_at
  from users
 where id = :user_id;

--- What a sign-in needs to check the password; the address in lower case.
--! credentials_by_email
select id, password_hash
  from users
 where email = :email;

--- Records a sign-in of an active user, and returns the user; no row when the account is not active.
--! record_login : User
update users
   set last_login_at = now()
 where id = :user_id
   and status = 'active'
returning id, email, role, status, full_name, birth_date, location, preferred_language,
          created_at, updated_at, last_login_at;

--- What decides whether a request may be served: the role and the status, as they are now.
--! authority_by_id
select role, status
  from users
 where id = :user_id;

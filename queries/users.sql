--: User(full_name?, birth_date?, location?, last_login_at?)
--: Credentials()

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
--! credentials_by_email : Credentials
select id, email, password_hash, status
  from users
 where email = :email;

--- Signs an active user in with the password that was checked: opens a session with its first refresh token. No row
--- when the account is not active, or has another password by now: who changes it waits for this, and ends what it made.
--! sign_in (ip_address?, user_agent?) : User
with signed_in as (
    update users
       set last_login_at = now()
     where id = :user_id
       and password_hash = :password_hash
       and status = 'active'
    returning *
), opened as (
    insert into sessions (id, user_id, expires_at, ip_address, user_agent)
    select :session_id, id, now() + make_interval(secs => :lifetime_seconds), :ip_address::text::inet, :user_agent
      from signed_in
    returning id, user_id, expires_at
), issued as (
    insert into refresh_tokens (token_hash, session_id, generation, expires_at)
    select :token_hash, id, 1, expires_at
      from opened
    returning session_id
)
select signed_in.id, email, role, status, full_name, birth_date, location, preferred_language,
       signed_in.created_at, updated_at, last_login_at
  from signed_in
  join opened on opened.user_id = signed_in.id
  join issued on issued.session_id = opened.id;

--- The user of a session; no row when it has ended.
--! user_of_session : User
select users.id, email, role, status, full_name, birth_date, location, preferred_language,
       users.created_at, updated_at, last_login_at
  from sessions
  join users on users.id = sessions.user_id
 where sessions.id = :session_id
   and sessions.user_id = :user_id
   and sessions.revoked_at is null
   and sessions.expires_at > now();

--- What a change of the password needs: the address, and the hash of the one that is known. No row when the session
--- has ended.
--! credentials_of_session : Credentials
select users.id, users.email, users.password_hash, users.status
  from sessions
  join users on users.id = sessions.user_id
 where sessions.id = :session_id
   and sessions.user_id = :user_id
   and sessions.revoked_at is null
   and sessions.expires_at > now();

--- Gives an active user another password, if the old one is still the one that was checked.
--! change_password
update users
   set password_hash = :new_password_hash
 where id = :user_id
   and password_hash = :old_password_hash
   and status = 'active'
   and exists (
       select from sessions
        where sessions.id = :session_id
          and sessions.user_id = users.id
          and sessions.revoked_at is null
          and sessions.expires_at > now()
   )
returning id;

--- Changes those fields of an active user's profile that are set. No row when the session or the account has ended.
--! update_profile (full_name?, birth_date?, location?) : User
update users
   set full_name = case when :sets_full_name::boolean then :full_name else full_name end,
       birth_date = case when :sets_birth_date::boolean then :birth_date else birth_date end,
       location = case when :sets_location::boolean then :location else location end,
       preferred_language = case when :sets_preferred_language::boolean then :preferred_language
                                 else preferred_language end,
       updated_at = now()
 where id = :user_id
   and status = 'active'
   and exists (
       select from sessions
        where sessions.id = :session_id
          and sessions.user_id = users.id
          and sessions.revoked_at is null
          and sessions.expires_at > now()
   )
returning id, email, role, status, full_name, birth_date, location, preferred_language,
          created_at, updated_at, last_login_at;

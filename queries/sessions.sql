--- Exchanges a refresh token for its successor and continues the session. No row when it is none, was replaced, has
--- expired, or its session or account has ended. Of those who come with the same token at once, one locks it first; the
--- others then find it replaced. Of a session that is refreshed without end, the latest tokens are remembered.
--! refresh
with replaced as (
    update refresh_tokens
       set replaced_at = now()
      from sessions
      join users on users.id = sessions.user_id
     where refresh_tokens.token_hash = :token_hash
       and refresh_tokens.replaced_at is null
       and refresh_tokens.expires_at > now()
       and sessions.id = refresh_tokens.session_id
       and sessions.revoked_at is null
       and users.status = 'active'
    returning refresh_tokens.session_id, refresh_tokens.generation
), continued as (
    update sessions
       set last_used_at = now(),
           expires_at = now() + make_interval(secs => :lifetime_seconds)
      from replaced
     where sessions.id = replaced.session_id
       and sessions.revoked_at is null
    returning sessions.id, sessions.user_id, sessions.expires_at, replaced.generation
), forgotten as (
    delete from refresh_tokens
     using continued
     where refresh_tokens.session_id = continued.id
       and refresh_tokens.generation <= continued.generation - :remembered_tokens
), issued as (
    insert into refresh_tokens (token_hash, session_id, generation, expires_at)
    select :successor_hash, id, generation + 1, expires_at
      from continued
    returning session_id
)
select continued.id as session_id, continued.user_id
  from continued
  join issued on issued.session_id = continued.id;

--- How a refresh token stands, to say why it was not taken.
--! refresh_token_standing
select sessions.id as session_id,
       sessions.user_id,
       refresh_tokens.replaced_at is not null as is_replaced,
       sessions.revoked_at is not null or refresh_tokens.expires_at <= now() as is_over,
       users.status
  from refresh_tokens
  join sessions on sessions.id = refresh_tokens.session_id
  join users on users.id = sessions.user_id
 where refresh_tokens.token_hash = :token_hash;

--- Ends one session of a user; no row when it has ended already.
--! revoke_session
update sessions
   set revoked_at = now(),
       revocation_reason = :reason
 where id = :session_id
   and user_id = :user_id
   and revoked_at is null
   and expires_at > now()
returning id;

--- Ends every session of a user but one, and returns those that it ended.
--! revoke_other_sessions
update sessions
   set revoked_at = now(),
       revocation_reason = :reason
 where user_id = :user_id
   and id <> :kept_session_id
   and revoked_at is null
   and expires_at > now()
returning id;

--- What decides whether a request may be served: the role and the status of the user, as they are now. No row when the
--- session has ended.
--! authority_of_session
select users.role, users.status
  from sessions
  join users on users.id = sessions.user_id
 where sessions.id = :session_id
   and sessions.user_id = :user_id
   and sessions.revoked_at is null
   and sessions.expires_at > now();

--- Removes refresh tokens that have expired, the oldest first, as many at a time.
--! remove_expired_refresh_tokens
delete from refresh_tokens
 where token_hash in (
     select token_hash
       from refresh_tokens
      where expires_at <= now()
      order by expires_at
      limit :rows
        for update skip locked
 )
returning generation;

--- Removes sessions that have expired and have no token left, the oldest first, as many at a time.
--! remove_expired_sessions
delete from sessions
 where id in (
     select id
       from sessions
      where expires_at <= now()
        and not exists (select from refresh_tokens where refresh_tokens.session_id = sessions.id)
      order by expires_at
      limit :rows
        for update skip locked
 )
returning id;

-- Sessions, refresh tokens and login limits.
-- revises: 20251122090000

create table public.login_limits (
    subject text collate "C" not null,
    attempt_count integer not null,
    window_ends_at timestamp with time zone not null,
    constraint login_limits_pkey primary key (subject),
    constraint login_limits_attempt_count_check check ((attempt_count >= 0)),
    constraint login_limits_subject_check check (((length(subject) >= 1) and (length(subject) <= 300)))
);

comment on table public.login_limits is 'How often passwords were tried in vain, for each account and each address.';
comment on column public.login_limits.subject is 'account: and the email address that was tried, whether anybody has it or not; or address: and a network.';
comment on column public.login_limits.attempt_count is 'Attempts of this window, less those that succeeded.';
comment on column public.login_limits.window_ends_at is 'When the count begins anew; the row is removed some time later.';

create table public.refresh_tokens (
    token_hash bytea not null,
    session_id uuid not null,
    generation integer not null,
    created_at timestamp with time zone not null default now(),
    expires_at timestamp with time zone not null,
    replaced_at timestamp with time zone,
    constraint refresh_tokens_pkey primary key (token_hash),
    constraint refresh_tokens_generation_key unique (session_id, generation),
    constraint refresh_tokens_generation_check check ((generation >= 1)),
    constraint refresh_tokens_token_hash_check check ((length(token_hash) = 32))
);

comment on table public.refresh_tokens is 'The refresh tokens of sessions. Those that were replaced are kept to recognise their reuse.';
comment on column public.refresh_tokens.token_hash is 'SHA-256 of the token, which is 32 random bytes; the token itself is nowhere.';
comment on column public.refresh_tokens.session_id is 'The session that it continues.';
comment on column public.refresh_tokens.generation is 'Place among the tokens of its session: 1, 2, 3.';
comment on column public.refresh_tokens.created_at is 'When it was issued.';
comment on column public.refresh_tokens.expires_at is 'When it is no longer taken; the row is removed some time later.';
comment on column public.refresh_tokens.replaced_at is 'When it was exchanged for its successor. Whoever presents it again ends the session.';

create table public.sessions (
    id uuid not null,
    user_id bigint not null,
    created_at timestamp with time zone not null default now(),
    last_used_at timestamp with time zone not null default now(),
    expires_at timestamp with time zone not null,
    revoked_at timestamp with time zone,
    revocation_reason text,
    ip_address inet,
    user_agent text,
    constraint sessions_pkey primary key (id),
    constraint sessions_revocation_reason_check check ((revocation_reason = any (array['logout'::text, 'logout_all'::text, 'password_change'::text, 'token_reuse'::text]))),
    constraint sessions_revoked_check check (((revoked_at is null) = (revocation_reason is null)))
);

comment on table public.sessions is 'Sign-ins: each is a family of refresh tokens, of which the newest one is good.';
comment on column public.sessions.id is 'Identifier, which access tokens carry. Not a secret.';
comment on column public.sessions.user_id is 'Who signed in.';
comment on column public.sessions.created_at is 'When that was.';
comment on column public.sessions.last_used_at is 'When it was last refreshed.';
comment on column public.sessions.expires_at is 'When its newest refresh token expires; the row is removed some time later.';
comment on column public.sessions.revoked_at is 'When it was ended before that.';
comment on column public.sessions.revocation_reason is 'Why: logout, logout_all, password_change or token_reuse.';
comment on column public.sessions.ip_address is 'Address that the sign-in came from.';
comment on column public.sessions.user_agent is 'Program that signed in, by its own word.';
create index login_limits_window_ends_at_idx on public.login_limits using btree (window_ends_at);
create index refresh_tokens_expires_at_idx on public.refresh_tokens using btree (expires_at);
create index sessions_expires_at_idx on public.sessions using btree (expires_at);
create index sessions_user_id_idx on public.sessions using btree (user_id);
alter table public.refresh_tokens add constraint refresh_tokens_session_id_fkey foreign key (session_id) references public.sessions(id) on delete restrict;

-- Take care: all rows of public.users are read, and nobody writes it meanwhile.
alter table public.sessions add constraint sessions_user_id_fkey foreign key (user_id) references public.users(id) on delete restrict;

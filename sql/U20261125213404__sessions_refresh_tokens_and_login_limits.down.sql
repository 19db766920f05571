-- Takes back: Sessions, refresh tokens and login limits.

-- Data is lost: the rows of the table public.refresh_tokens.
drop table public.refresh_tokens;

-- Data is lost: the rows of the table public.sessions.
drop table public.sessions;

-- Data is lost: the rows of the table public.login_limits.
drop table public.login_limits;

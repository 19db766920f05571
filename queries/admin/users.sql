--: User(full_name?, birth_date?, location?, last_login_at?)

--- Users with smaller numbers, newest first.
--! page : User
select id, email, role, status, full_name, birth_date, location, preferred_language,
       created_at, updated_at, last_login_at
  from users
 where id < :before_id
 order by id desc
 limit :limit;

--- Users of a role with smaller numbers, newest first.
--! page_by_role (status?) : User
select id, email, role, status, full_name, birth_date, location, preferred_language,
       created_at, updated_at, last_login_at
  from users
 where role = :role
   and id < :before_id
   and (:status::text is null or status = :status)
 order by id desc
 limit :limit;

--- Users of a status with smaller numbers, newest first.
--! page_by_status : User
select id, email, role, status, full_name, birth_date, location, preferred_language,
       created_at, updated_at, last_login_at
  from users
 where status = :status
   and id < :before_id
 order by id desc
 limit :limit;

--- Users whose address has a common beginning, after the one that was last, in the order of the addresses.
--! page_by_email (role?, status?) : User
select id, email, role, status, full_name, birth_date, location, preferred_language,
       created_at, updated_at, last_login_at
  from users
 where email >= :email_prefix
   and email < :prefix_end
   and email > :after_email
   and (:role::text is null or role = :role)
   and (:status::text is null or status = :status)
 order by email
 limit :limit;

--- Locks all who can administer users, in the order of their ids, so that changes of accounts come one after the other.
--- Who has lost the role while this waited is not among them.
--! lock_active_admins
select id
  from users
 where role = 'admin'
   and status = 'active'
 order by id
   for no key update;

--- Locks a user whose role or status is to change.
--! lock_user : User
select id, email, role, status, full_name, birth_date, location, preferred_language,
       created_at, updated_at, last_login_at
  from users
 where id = :user_id
   for no key update;

--- Gives a user another role or status; what is null stays.
--! change_standing (role?, status?) : User
update users
   set role = coalesce(:role, role),
       status = coalesce(:status, status),
       updated_at = now()
 where id = :user_id
returning id, email, role, status, full_name, birth_date, location, preferred_language,
          created_at, updated_at, last_login_at;

--- One user by the address, in lower case.
--! user_by_email : User
select id, email, role, status, full_name, birth_date, location, preferred_language,
       created_at, updated_at, last_login_at
  from users
 where email = :email;

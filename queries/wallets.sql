--- The wallet of a user, with what is pending: the sum of pending amounts, and of those that will take points.
--! wallet_of_user
select wallets.id,
       wallets.user_id,
       wallets.balance,
       wallets.updated_at,
       coalesce(pending.amount, 0)::bigint as pending_amount,
       coalesce(pending.debits, 0)::bigint as pending_debits
  from wallets
  left join lateral (
      select sum(amount) as amount, sum(amount) filter (where amount < 0) as debits
        from transactions
       where wallet_id = wallets.id
         and status = 'pending'
  ) as pending on true
 where wallets.user_id = :user_id;

--- Up to when a statement of a wallet is drawn: a time, or now if that is earlier. Once this is committed, no transaction
--- with an earlier time can come. It waits for those who have the row; whoever has read it and waits for it finds another
--- version, looks again, and takes no time before updated_at. A mere lock would not make them look again.
--! end_of_statement (to?)
update wallets
   set updated_at = greatest(updated_at, least(:to, clock_timestamp()))
 where user_id = :user_id
returning least(:to, updated_at) as ends_at;

--- Why a spend or a transfer moved nothing: the status of the owner and the balance, as they are now.
--! wallet_standing
select users.status, wallets.id as wallet_id, wallets.balance
  from wallets
  join users on users.id = wallets.user_id
 where wallets.user_id = :user_id;

--- Locks the wallet that a spend was paid from, before its refunds are summed; no row when it is not a
--- successful spend.
--! lock_wallet_of_spend
select wallets.id
  from transactions
  join wallets on wallets.id = transactions.wallet_id
 where transactions.id = :transaction_id
   and transactions.type = 'spend'
   and transactions.status = 'success'
   for no key update of wallets;

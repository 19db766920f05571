--: Transaction(balance_after?, reference_id?, description?, payment_method?, refunded_transaction_id?, counterpart_transaction_id?, job_id?, request_fingerprint?, completed_at?)

--- A spend in one round trip: debits the wallet, records the transaction and creates the job that it pays
--- for. No row when the owner is not active, the session has ended, or the balance is short. The numbers of transaction and job
--- are drawn while the wallet is locked, so ids grow in the order of the postings.
--! spend (session_id?, description?, idempotency_key?, request_fingerprint?, ip_address?, user_agent?, request_id?) : Transaction
with debited as (
    update wallets
       set balance = wallets.balance - :amount,
           posting_count = wallets.posting_count + 1,
           updated_at = greatest(clock_timestamp(), wallets.updated_at)
      from users
     where users.id = wallets.user_id
       and wallets.user_id = :user_id
       and users.status = 'active'
       and wallets.balance >= :amount
       and (:session_id::uuid is null or exists (
           select from sessions
            where sessions.id = :session_id
              and sessions.user_id = wallets.user_id
              and sessions.revoked_at is null
              and sessions.expires_at > now()
       ))
    returning wallets.id, wallets.user_id, wallets.balance, wallets.posting_count, wallets.updated_at,
              nextval('transactions_id_seq') as transaction_id, nextval('jobs_id_seq') as job_id
), recorded as (
    insert into transactions
        (id, wallet_id, type, amount, posting_number, balance_after, description, job_id, created_by,
         idempotency_key, request_fingerprint, created_at, completed_at)
    overriding system value
    select transaction_id, id, 'spend', -:amount, posting_count, balance, :description, job_id, user_id,
           :idempotency_key, :request_fingerprint, updated_at, updated_at
      from debited
    returning *
), ordered as (
    insert into jobs (id, user_id, transaction_id, job_type, input, event_count)
    overriding system value
    select job_id, user_id, transaction_id, :job_type, :input, 1
      from debited
    returning id, scheduled_at, expires_at
), told as (
    insert into job_events (job_id, event_number, kind, details)
    select id, 1, 'queued', jsonb_build_object('scheduled_at', scheduled_at, 'expires_at', expires_at)
      from ordered
), audited as (
    insert into audit_logs
        (actor_user_id, action, resource_type, resource_id, outcome, ip_address, user_agent, request_id, details)
    select :user_id, 'wallet.spend', 'wallet', id::text, 'success', :ip_address::text::inet, :user_agent, :request_id,
           jsonb_build_object('transaction_id', transaction_id, 'amount', -:amount, 'job_id', job_id)
      from debited
)
select recorded.id, wallet_id, type as transaction_type, amount, status, balance_after, reference_id, description,
       payment_method, refunded_transaction_id, counterpart_transaction_id, job_id, request_fingerprint,
       created_at, completed_at
  from recorded
  join ordered on ordered.id = recorded.job_id;

--- Moves points between the wallets of two active users: both locked in the order of their ids, both halves
--- recorded; returns the half that debits. No row when either user is not active, the session has ended, or the balance is short. The new
--- balances come from the locked rows: a constraint is checked on the row of the statement's snapshot first, where a
--- sum that is right by now may still be below zero.
--! transfer (session_id?, idempotency_key?, request_fingerprint?, ip_address?, user_agent?, request_id?) : Transaction
with locked as (
    select wallets.id, wallets.user_id, wallets.balance
      from wallets
      join users on users.id = wallets.user_id
     where wallets.user_id in (:from_user_id, :to_user_id)
       and users.status = 'active'
     order by wallets.id
       for no key update of wallets
), parties as (
    select sender.id as sender_id, receiver.id as receiver_id,
           sender.balance - :amount as sender_balance, receiver.balance + :amount as receiver_balance,
           nextval('transactions_id_seq') as debit_id, nextval('transactions_id_seq') as credit_id
      from locked as sender
      join locked as receiver on receiver.user_id = :to_user_id
     where sender.user_id = :from_user_id
       and sender.id <> receiver.id
       and sender.balance >= :amount
       and (:session_id::uuid is null or exists (
           select from sessions
            where sessions.id = :session_id
              and sessions.user_id = sender.user_id
              and sessions.revoked_at is null
              and sessions.expires_at > now()
       ))
), moved as (
    update wallets
       set balance = case wallets.id when parties.sender_id then sender_balance else receiver_balance end,
           posting_count = wallets.posting_count + 1,
           updated_at = greatest(clock_timestamp(), wallets.updated_at)
      from parties
     where wallets.id in (parties.sender_id, parties.receiver_id)
    returning wallets.id, wallets.balance, wallets.posting_count, wallets.updated_at,
              wallets.id = parties.sender_id as is_debit, parties.debit_id, parties.credit_id
), recorded as (
    insert into transactions
        (id, wallet_id, type, amount, posting_number, balance_after, description, counterpart_transaction_id,
         created_by, idempotency_key, request_fingerprint, created_at, completed_at)
    overriding system value
    select case when is_debit then debit_id else credit_id end,
           id,
           'transfer',
           case when is_debit then -:amount else :amount end,
           posting_count,
           balance,
           :description,
           case when is_debit then credit_id else debit_id end,
           :from_user_id,
           case when is_debit then :idempotency_key end,
           case when is_debit then :request_fingerprint::bytea end,
           updated_at,
           updated_at
      from moved
    returning *
), audited as (
    insert into audit_logs
        (actor_user_id, action, resource_type, resource_id, outcome, ip_address, user_agent, request_id, details)
    select :from_user_id, 'wallet.transfer', 'wallet', sender_id::text, 'success', :ip_address::text::inet, :user_agent, :request_id,
           jsonb_build_object('transaction_id', debit_id, 'amount', -:amount, 'to_user_id', :to_user_id,
                              'to_wallet_id', receiver_id, 'counterpart_transaction_id', credit_id)
      from parties
)
select id, wallet_id, type as transaction_type, amount, status, balance_after, reference_id, description,
       payment_method, refunded_transaction_id, counterpart_transaction_id, job_id, request_fingerprint,
       created_at, completed_at
  from recorded
 where amount < 0;

--- Credits a payment. No row when the user has no wallet; a reference that the wallet has already violates
--- transactions_reference_id_key. A payment that arrived is credited whatever the status of the account.
--! deposit (description?, payment_method?, idempotency_key?, request_fingerprint?, ip_address?, user_agent?, request_id?) : Transaction
with credited as (
    update wallets
       set balance = balance + :amount,
           posting_count = posting_count + 1,
           updated_at = greatest(clock_timestamp(), updated_at)
     where user_id = :user_id
    returning id, balance, posting_count, updated_at
), recorded as (
    insert into transactions
        (wallet_id, type, amount, posting_number, balance_after, reference_id, description, payment_method,
         created_by, idempotency_key, request_fingerprint, created_at, completed_at)
    select id, 'deposit', :amount, posting_count, balance, :reference_id, :description, :payment_method,
           :created_by, :idempotency_key, :request_fingerprint, updated_at, updated_at
      from credited
    returning *
), audited as (
    insert into audit_logs
        (actor_user_id, action, resource_type, resource_id, outcome, ip_address, user_agent, request_id, details)
    select :created_by, 'wallet.deposit', 'wallet', wallet_id::text, 'success', :ip_address::text::inet, :user_agent, :request_id,
           jsonb_build_object('transaction_id', id, 'amount', amount, 'reference_id', reference_id)
      from recorded
)
select id, wallet_id, type as transaction_type, amount, status, balance_after, reference_id, description,
       payment_method, refunded_transaction_id, counterpart_transaction_id, job_id, request_fingerprint,
       created_at, completed_at
  from recorded;

--- Corrects a balance by hand, up or down. No row when the user has no wallet or it would fall below zero.
--! adjust (idempotency_key?, request_fingerprint?, ip_address?, user_agent?, request_id?) : Transaction
with adjusted as (
    update wallets
       set balance = balance + :amount,
           posting_count = posting_count + 1,
           updated_at = greatest(clock_timestamp(), updated_at)
     where user_id = :user_id
       and balance + :amount >= 0
    returning id, balance, posting_count, updated_at
), recorded as (
    insert into transactions
        (wallet_id, type, amount, posting_number, balance_after, description,
         created_by, idempotency_key, request_fingerprint, created_at, completed_at)
    select id, 'adjustment', :amount, posting_count, balance, :reason,
           :created_by, :idempotency_key, :request_fingerprint, updated_at, updated_at
      from adjusted
    returning *
), audited as (
    insert into audit_logs
        (actor_user_id, action, resource_type, resource_id, outcome, ip_address, user_agent, request_id, details)
    select :created_by, 'wallet.adjust', 'wallet', wallet_id::text, 'success', :ip_address::text::inet, :user_agent, :request_id,
           jsonb_build_object('transaction_id', id, 'amount', amount, 'reason', description)
      from recorded
)
select id, wallet_id, type as transaction_type, amount, status, balance_after, reference_id, description,
       payment_method, refunded_transaction_id, counterpart_transaction_id, job_id, request_fingerprint,
       created_at, completed_at
  from recorded;

--- Gives back a part of a spend, or without an amount what is left of it. Run it after lock_wallet_of_spend in the
--- same transaction: only then does its snapshot hold every earlier refund. No row when it would exceed the spend.
--! refund (amount?, idempotency_key?, request_fingerprint?, ip_address?, user_agent?, request_id?) : Transaction
with original as (
    select spends.id,
           spends.wallet_id,
           -spends.amount as spent,
           coalesce(
               (select sum(refunds.amount)
                  from transactions as refunds
                 where refunds.refunded_transaction_id = spends.id
                   and refunds.status = 'success'),
               0
           )::bigint as refunded
      from transactions as spends
     where spends.id = :transaction_id
       and spends.type = 'spend'
       and spends.status = 'success'
), granted as (
    select id, wallet_id, coalesce(:amount, spent - refunded) as amount
      from original
     where refunded + coalesce(:amount, 1) <= spent
), credited as (
    update wallets
       set balance = wallets.balance + granted.amount,
           posting_count = wallets.posting_count + 1,
           updated_at = greatest(clock_timestamp(), wallets.updated_at)
      from granted
     where wallets.id = granted.wallet_id
    returning wallets.id, wallets.balance, wallets.posting_count, wallets.updated_at, granted.amount,
              granted.id as refunded_id
), recorded as (
    insert into transactions
        (wallet_id, type, amount, posting_number, balance_after, description, refunded_transaction_id,
         created_by, idempotency_key, request_fingerprint, created_at, completed_at)
    select id, 'refund', amount, posting_count, balance, :reason, refunded_id,
           :created_by, :idempotency_key, :request_fingerprint, updated_at, updated_at
      from credited
    returning *
), audited as (
    insert into audit_logs
        (actor_user_id, action, resource_type, resource_id, outcome, ip_address, user_agent, request_id, details)
    select :created_by, 'wallet.refund', 'wallet', wallet_id::text, 'success', :ip_address::text::inet, :user_agent, :request_id,
           jsonb_build_object('transaction_id', id, 'amount', amount, 'reason', description,
                              'refunded_transaction_id', refunded_transaction_id)
      from recorded
)
select id, wallet_id, type as transaction_type, amount, status, balance_after, reference_id, description,
       payment_method, refunded_transaction_id, counterpart_transaction_id, job_id, request_fingerprint,
       created_at, completed_at
  from recorded;

--- What can still be refunded of a spend; no row when it is not a successful spend.
--! refundable
select (-spends.amount)::bigint as spent,
       coalesce(
           (select sum(refunds.amount)
              from transactions as refunds
             where refunds.refunded_transaction_id = spends.id
               and refunds.status = 'success'),
           0
       )::bigint as refunded
  from transactions as spends
 where spends.id = :transaction_id
   and spends.type = 'spend'
   and spends.status = 'success';

--- What a requester's idempotency key did.
--! transaction_by_idempotency_key : Transaction
select id, wallet_id, type as transaction_type, amount, status, balance_after, reference_id, description,
       payment_method, refunded_transaction_id, counterpart_transaction_id, job_id, request_fingerprint,
       created_at, completed_at
  from transactions
 where created_by = :created_by
   and idempotency_key = :idempotency_key;

--- What a reference stands for in the wallet of a user.
--! transaction_by_reference : Transaction
select transactions.id, wallet_id, type as transaction_type, amount, status, balance_after, reference_id, description,
       payment_method, refunded_transaction_id, counterpart_transaction_id, job_id, request_fingerprint,
       transactions.created_at, completed_at
  from transactions
  join wallets on wallets.id = transactions.wallet_id
 where wallets.user_id = :user_id
   and reference_id = :reference_id;

--- One transaction of a user's own wallet.
--! transaction_of_user : Transaction
select transactions.id, wallet_id, type as transaction_type, amount, status, balance_after, reference_id, description,
       payment_method, refunded_transaction_id, counterpart_transaction_id, job_id, request_fingerprint,
       transactions.created_at, completed_at
  from transactions
  join wallets on wallets.id = transactions.wallet_id
 where transactions.id = :transaction_id
   and wallets.user_id = :user_id;

--- A page of a wallet, newest first: what lies strictly before the position, within the period.
--! page_of_wallet (status?) : Transaction
select id, wallet_id, type as transaction_type, amount, status, balance_after, reference_id, description,
       payment_method, refunded_transaction_id, counterpart_transaction_id, job_id, request_fingerprint,
       created_at, completed_at
  from transactions
 where wallet_id = (select wallets.id from wallets where wallets.user_id = :user_id)
   and (:status::text is null or status = :status)
   and created_at >= :from
   and created_at < :to
   and (created_at, id) < (:before_created_at, :before_id)
 order by created_at desc, id desc
 limit :limit;

--- A page of a wallet, oldest first, as statements are written: what lies strictly after the position, before a time.
--! page_of_statement : Transaction
select id, wallet_id, type as transaction_type, amount, status, balance_after, reference_id, description,
       payment_method, refunded_transaction_id, counterpart_transaction_id, job_id, request_fingerprint,
       created_at, completed_at
  from transactions
 where wallet_id = (select wallets.id from wallets where wallets.user_id = :user_id)
   and created_at < :to
   and (created_at, id) > (:after_created_at, :after_id)
 order by created_at, id
 limit :limit;

--- A page of one type of a wallet, newest first: what lies strictly before the position, within the period.
--! page_of_wallet_by_type (status?) : Transaction
select id, wallet_id, type as transaction_type, amount, status, balance_after, reference_id, description,
       payment_method, refunded_transaction_id, counterpart_transaction_id, job_id, request_fingerprint,
       created_at, completed_at
  from transactions
 where wallet_id = (select wallets.id from wallets where wallets.user_id = :user_id)
   and type = :transaction_type
   and (:status::text is null or status = :status)
   and created_at >= :from
   and created_at < :to
   and (created_at, id) < (:before_created_at, :before_id)
 order by created_at desc, id desc
 limit :limit;

--- A page of what has not succeeded in a wallet, of one status and perhaps one type, newest first.
--! page_of_unsettled (transaction_type?) : Transaction
select id, wallet_id, type as transaction_type, amount, status, balance_after, reference_id, description,
       payment_method, refunded_transaction_id, counterpart_transaction_id, job_id, request_fingerprint,
       created_at, completed_at
  from transactions
 where wallet_id = (select wallets.id from wallets where wallets.user_id = :user_id)
   and status <> 'success'
   and status = :status
   and (:transaction_type::text is null or type = :transaction_type)
   and created_at >= :from
   and created_at < :to
   and (created_at, id) < (:before_created_at, :before_id)
 order by created_at desc, id desc
 limit :limit;

--- How many transactions of a period, perhaps of one type and status, there are in a wallet and what they sum up to.
--! summary_of_wallet (transaction_type?, status?)
select type as transaction_type,
       status,
       count(*) as transaction_count,
       coalesce(sum(amount), 0)::bigint as amount
  from transactions
 where wallet_id = (select wallets.id from wallets where wallets.user_id = :user_id)
   and created_at >= :from
   and created_at < :to
   and (:transaction_type::text is null or type = :transaction_type)
   and (:status::text is null or status = :status)
 group by type, status
 order by type, status;

--- What came into a wallet and went out of it in a period, per day (UTC) and type, newest day first.
--! sums_per_day
select (created_at at time zone 'UTC')::date as day,
       type as transaction_type,
       count(*) as transaction_count,
       coalesce(sum(amount), 0)::bigint as amount
  from transactions
 where wallet_id = (select wallets.id from wallets where wallets.user_id = :user_id)
   and created_at >= :from
   and created_at < :to
   and status = 'success'
 group by day, type
 order by day desc, type;

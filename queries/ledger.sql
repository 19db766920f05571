-- Each rule of the ledger has a statement that finds what breaks it in the wallets after one number up to another. So a
-- check of any size runs in short statements, each with one snapshot, and holds up nobody.

--: Breach(transaction_id?, expected?, found?)

--- How far the next wallets reach, and how many they are; no number when there are none.
--! next_wallets : (last_id?)
select max(id) as last_id, count(*) as wallet_count
  from (select id from wallets where id > :after_id order by id limit :limit) as next;

--- Wallets whose balance is not the sum of their successful amounts.
--! balance_is_not_the_sum : Breach
select wallets.id as wallet_id,
       null::bigint as transaction_id,
       coalesce(sum(transactions.amount), 0)::bigint as expected,
       wallets.balance as found
  from wallets
  left join transactions on transactions.wallet_id = wallets.id and transactions.status = 'success'
 where wallets.id > :after_id
   and wallets.id <= :last_id
 group by wallets.id
having wallets.balance <> coalesce(sum(transactions.amount), 0)
 order by wallets.id
 limit :limit;

--- Wallets whose balance is not the balance_after of their last successful transaction.
--! balance_is_not_the_last : Breach
select wallets.id as wallet_id,
       last.id as transaction_id,
       last.balance_after as expected,
       wallets.balance as found
  from wallets
  join lateral (
      select transactions.id, transactions.balance_after
        from transactions
       where transactions.wallet_id = wallets.id
         and transactions.status = 'success'
       order by transactions.posting_number desc
       limit 1
  ) as last on true
 where wallets.id > :after_id
   and wallets.id <= :last_id
   and wallets.balance is distinct from last.balance_after
 order by wallets.id
 limit :limit;

--- Wallets that count another number of successful transactions than there are.
--! posting_count_is_wrong : Breach
select wallets.id as wallet_id,
       null::bigint as transaction_id,
       count(transactions.id) as expected,
       wallets.posting_count as found
  from wallets
  left join transactions on transactions.wallet_id = wallets.id and transactions.status = 'success'
 where wallets.id > :after_id
   and wallets.id <= :last_id
 group by wallets.id
having wallets.posting_count <> count(transactions.id)
 order by wallets.id
 limit :limit;

--- Successful transactions whose posting number is not their place.
--! posting_number_is_no_place : Breach
select wallet_id, id as transaction_id, place as expected, posting_number as found
  from (select wallet_id, id, posting_number,
               row_number() over (partition by wallet_id order by posting_number, id) as place
          from transactions
         where wallet_id > :after_id
           and wallet_id <= :last_id
           and status = 'success') as postings
 where posting_number is distinct from place
 order by wallet_id, place
 limit :limit;

--- Successful transactions whose balance_after does not follow from the one before.
--! balance_after_does_not_follow : Breach
select wallet_id, id as transaction_id, before + amount as expected, balance_after as found
  from (select wallet_id, id, amount, balance_after, posting_number,
               lag(balance_after, 1, 0::bigint) over (partition by wallet_id order by posting_number, id) as before
          from transactions
         where wallet_id > :after_id
           and wallet_id <= :last_id
           and status = 'success') as postings
 where balance_after is distinct from before + amount
 order by wallet_id, posting_number
 limit :limit;

--- Spends of which more was refunded than was spent; nothing is expected where what was refunded is no successful spend
--- of the wallet.
--! refunds_exceed_the_spend : Breach
select refunds.wallet_id,
       refunds.refunded_transaction_id as transaction_id,
       (-spends.amount)::bigint as expected,
       sum(refunds.amount)::bigint as found
  from transactions as refunds
  left join transactions as spends
    on spends.id = refunds.refunded_transaction_id
   and spends.wallet_id = refunds.wallet_id
   and spends.type = 'spend'
   and spends.status = 'success'
 where refunds.wallet_id > :after_id
   and refunds.wallet_id <= :last_id
   and refunds.type = 'refund'
   and refunds.status = 'success'
 group by refunds.wallet_id, refunds.refunded_transaction_id, spends.amount
having spends.amount is null or sum(refunds.amount) > -spends.amount
 order by refunds.wallet_id, refunds.refunded_transaction_id
 limit :limit;

--- References that succeeded more than once in a wallet, each by its last transaction.
--! reference_succeeded_twice : Breach
select wallet_id, max(id) as transaction_id, 1::bigint as expected, count(*) as found
  from transactions
 where wallet_id > :after_id
   and wallet_id <= :last_id
   and status = 'success'
   and reference_id is not null
 group by wallet_id, reference_id
having count(*) > 1
 order by wallet_id, max(id)
 limit :limit;

--- Spends whose job does not exist or names another spend, and jobs whose spend does not exist or names another job.
--! spend_and_job_do_not_match : Breach
select wallet_id, transaction_id, null::bigint as expected, job_id as found
  from (select spends.wallet_id, spends.id as transaction_id, spends.job_id
          from transactions as spends
          left join jobs on jobs.id = spends.job_id and jobs.transaction_id = spends.id
         where spends.wallet_id > :after_id
           and spends.wallet_id <= :last_id
           and spends.type = 'spend'
           and jobs.id is null
        union all
        select wallets.id, jobs.transaction_id, jobs.id
          from wallets
          join jobs on jobs.user_id = wallets.user_id
          left join transactions as spends
            on spends.id = jobs.transaction_id
           and spends.job_id = jobs.id
           and spends.wallet_id = wallets.id
           and spends.type = 'spend'
         where wallets.id > :after_id
           and wallets.id <= :last_id
           and spends.id is null) as unmatched
 order by wallet_id, transaction_id
 limit :limit;

--- Spends of jobs that failed, were cancelled or expired that are not given back, all of them and no more.
--! failed_job_is_not_refunded : Breach
select spends.wallet_id,
       spends.id as transaction_id,
       (-spends.amount)::bigint as expected,
       coalesce(sum(refunds.amount), 0)::bigint as found
  from wallets
  join jobs on jobs.user_id = wallets.user_id
  join transactions as spends on spends.id = jobs.transaction_id
  left join transactions as refunds
    on refunds.refunded_transaction_id = spends.id
   and refunds.status = 'success'
 where wallets.id > :after_id
   and wallets.id <= :last_id
   and jobs.status in ('failed', 'cancelled', 'expired')
 group by spends.wallet_id, spends.id, spends.amount
having coalesce(sum(refunds.amount), 0) <> -spends.amount
 order by spends.wallet_id, spends.id
 limit :limit;

--- Halves of transfers whose other half does not exist, is of the same wallet, names another one, or has another amount.
--! transfer_does_not_cancel_out : Breach
select halves.wallet_id,
       halves.id as transaction_id,
       (-halves.amount)::bigint as expected,
       others.amount as found
  from transactions as halves
  left join transactions as others
    on others.id = halves.counterpart_transaction_id
   and others.counterpart_transaction_id = halves.id
   and others.wallet_id <> halves.wallet_id
 where halves.wallet_id > :after_id
   and halves.wallet_id <= :last_id
   and halves.type = 'transfer'
   and (others.id is null or others.amount <> -halves.amount)
 order by halves.wallet_id, halves.id
 limit :limit;

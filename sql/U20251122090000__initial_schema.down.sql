-- Takes everything of the initial schema away, the data with it.

alter table jobs drop constraint jobs_transaction_id_fkey;

drop table audit_logs;
drop table job_results;
drop table transactions;
drop table jobs;
drop table wallets;
drop table users;
drop function refuse_audit_change();
drop function refuse_ledger_change();

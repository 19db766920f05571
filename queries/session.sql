--- Ends every later statement of this connection that takes longer than this.
--! limit_statements
select set_config('statement_timeout', :statement_timeout, false) as statement_timeout;

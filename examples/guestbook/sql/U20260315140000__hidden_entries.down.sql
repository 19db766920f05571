-- Takes back: hiding; what was hidden is shown again.

drop index entries_shown_idx;
alter table entries drop column hidden_at;

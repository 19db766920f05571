-- Takes back: the entries, with all that was written.

drop table entries;

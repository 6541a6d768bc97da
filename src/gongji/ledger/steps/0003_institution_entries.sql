-- The latest entries of an institution, without sorting those of a whole day.
drop index entry_institution;
create index entry_institution on entry (institution, accounting_date, id);

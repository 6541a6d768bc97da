-- What every table that is only added to stands behind.

create function added_only() returns trigger language plpgsql as $$
begin
  raise exception '% 只增不改（%）', tg_table_name, tg_op using errcode = 'restrict_violation';
end $$;

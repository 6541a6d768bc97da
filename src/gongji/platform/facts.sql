-- What every table of facts with two times has. A fact holds over days (since to until, the first
-- day after) and is known over instants (learnt_at to retired_at). Facts are added and retired,
-- never changed: what was known at an instant can always be asked again.

create function facts_kept() returns trigger language plpgsql as $$
begin
  if tg_op = 'TRUNCATE' then
    raise exception '事实只能新增或停用，不能清空（%）', tg_table_name
      using errcode = 'restrict_violation';
  end if;
  if tg_op = 'DELETE' or old.retired_at is not null
     or (to_jsonb(new) - '{retired_at,slot}'::text[])
        is distinct from (to_jsonb(old) - '{retired_at,slot}'::text[]) then
    raise exception '事实只能新增或停用，不能修改或删除（% %）', tg_table_name, old.id
      using errcode = 'restrict_violation';
  end if;
  return new;
end $$;

"""No two facts of one kind and key may overlap in both of their times.

Ranges of one number stand for equality, so that no extension is needed.
"""

from django.db import migrations

OVERLAP = """
alter table {table} add column slot bigint
  generated always as (hashtextextended({owner}::text || '|' || kind || '|' || key, 0)) stored;
alter table {table} add constraint {table}_one_at_a_time exclude using gist (
  int8range(slot, slot, '[]') with &&,
  daterange(since, until) with &&,
  tstzrange(learnt_at, retired_at) with &&);
alter table {table} add constraint {table}_holds check (until is null or until > since);
create function {table}_kept() returns trigger language plpgsql as $$
begin
  if tg_op = 'TRUNCATE' then
    raise exception '事实只能新增或停用，不能清空（{table}）' using errcode = 'restrict_violation';
  end if;
  if tg_op = 'DELETE' or old.retired_at is not null
     or (to_jsonb(new) - '{{retired_at,slot}}'::text[])
        is distinct from (to_jsonb(old) - '{{retired_at,slot}}'::text[]) then
    raise exception '事实只能新增或停用，不能修改或删除（{table} %）', old.id
      using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger {table}_kept before update or delete on {table}
  for each row execute function {table}_kept();
create trigger {table}_never_emptied before truncate on {table}
  for each statement execute function {table}_kept();
"""

INDEXES = """
create index person_fact_serial on person_fact ((details -> 'serial')) where details ? 'serial';
create index person_fact_stay on person_fact ((details ->> 'institution'))
  where kind = 'stay' and retired_at is null;
"""

VERSIONS = """
alter table item_version add column slot bigint
  generated always as (hashtextextended(area || '|' || item, 0)) stored;
alter table item_version add constraint item_version_one_at_a_time exclude using gist (
  int8range(slot, slot, '[]') with &&,
  daterange(since, until) with &&,
  tstzrange(learnt_at, retired_at) with &&);
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_initial")]
    operations = [
        migrations.RunSQL(
            OVERLAP.format(table="person_fact", owner="person_id")
            + OVERLAP.format(table="institution_fact", owner="institution")
            + VERSIONS
            + INDEXES,
            "alter table person_fact drop column slot cascade;"
            "alter table institution_fact drop column slot cascade;"
            "alter table item_version drop column slot cascade;"
            "drop function person_fact_kept cascade; drop function institution_fact_kept cascade;",
        )
    ]

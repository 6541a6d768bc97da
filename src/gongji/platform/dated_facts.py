"""What every table of facts with two times has: its columns, and the walls of the database.

A fact holds over days (`since` to `until`, the first day after) and is known over instants
(`learnt_at` to `retired_at`). Facts are added and retired, never changed: what was known at an
instant can always be asked again. The database forbids two facts of one kind and key that overlap
in both times. Ranges of one number stand for equality, so that no extension is needed.
"""

from django.db import models


class Fact(models.Model):
    """The columns of a fact; a room adds whom it is about."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=20)
    key = models.CharField(max_length=60, db_default="")
    since = models.DateField()
    until = models.DateField(null=True)
    learnt_at = models.DateTimeField(db_default=models.functions.Now())
    retired_at = models.DateTimeField(null=True)
    details = models.JSONField(db_default=models.Value({}, models.JSONField()))
    source = models.CharField(max_length=100, db_default="")

    class Meta:
        abstract = True


_WALLS = """
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


def fact_walls(table: str, owner: str) -> str:
    """The statements that keep a table of facts as it must be; `owner` is whom a fact is about."""
    return _WALLS.format(table=table, owner=owner)


def without_walls(table: str) -> str:
    """The statements that take these walls down."""
    return f"alter table {table} drop column slot cascade; drop function {table}_kept cascade;"

"""The journal only grows: the database refuses changes, deletions and entries in closed periods."""

from django.db import migrations

JOURNAL = ("entry", "posting")

KEPT = """
create function journal_kept() returns trigger language plpgsql as $$
begin
  raise exception '账簿只增不改（%，%）', tg_table_name, tg_op using errcode = 'restrict_violation';
end $$;
"""

WALL = """
create trigger {table}_kept before update or delete or truncate on {table}
  for each statement execute function journal_kept();
"""

CLOSED = """
create function entry_period_open() returns trigger language plpgsql as $$
declare closed record;
begin
  select c.area, c.month into closed from added a join closed_period c
    on c.area = a.area and c.month = date_trunc('month', a.accounting_date)::date limit 1;
  if found then
    raise exception '统筹区 % 的账期 % 已经关闭', closed.area, to_char(closed.month, 'YYYY-MM')
      using errcode = 'check_violation', constraint = 'entry_period_open';
  end if;
  return null;
end $$;
create trigger entry_period_open after insert on entry referencing new table as added
  for each statement execute function entry_period_open();
create function posting_entry_there() returns trigger language plpgsql as $$
begin
  -- The limit makes it a look-up by key for each row, also in a plan made while entry was empty.
  if exists (
    select 1 from added a
    left join lateral (select 1 from entry e where e.id = a.entry_id limit 1) found(there) on true
    where found.there is null
  ) then
    raise exception '过账没有对应的分录' using errcode = 'foreign_key_violation';
  end if;
  return null;
end $$;
create trigger posting_entry_there after insert on posting referencing new table as added
  for each statement execute function posting_entry_there();
create trigger closed_period_kept before update or delete or truncate on closed_period
  for each statement execute function journal_kept();
"""

# What is changed again and again keeps room on its pages, so that no index has to follow.
ROOM = """
alter table balance set (fillfactor = 80);
alter table meter_use set (fillfactor = 80);
create index entry_settled on entry (area, service_date) where kind = 'settlement';
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [
        migrations.RunSQL(
            KEPT + "".join(WALL.format(table=table) for table in JOURNAL) + CLOSED + ROOM,
            "drop function journal_kept cascade; drop function entry_period_open cascade;"
            "drop function posting_entry_there cascade;",
        )
    ]

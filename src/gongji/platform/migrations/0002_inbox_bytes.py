"""What messages said and were answered, in parts by month; nothing of the inbox is ever deleted."""

from django.db import migrations

# Whatever month nobody made a part for is kept in the last one: a settlement never waits for a job.
BYTES = """
create table inbox_bytes (
  actor_kind varchar(16) not null,
  actor varchar(64) not null,
  msg_id varchar(100) not null,
  at timestamptz not null,
  key_id smallint not null,
  content bytea not null,
  reply bytea,
  primary key (actor_kind, actor, msg_id, at)) partition by range (at);
create table inbox_bytes_other partition of inbox_bytes default;
"""

KEPT = """
create function inbox_kept() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    if (new.actor_kind, new.actor, new.msg_id, new.kind) is not distinct from
        (old.actor_kind, old.actor, old.msg_id, old.kind)
      and new.hash is not distinct from old.hash
      and not (old.state = 'barred' and new.state <> 'barred') then
      return new;
    end if;
  end if;
  raise exception '收件簿只增不删（%）', tg_op using errcode = 'restrict_violation';
end $$;
create trigger inbox_kept before update on inbox for each row execute function inbox_kept();
create trigger inbox_never_emptied before delete or truncate on inbox
  for each statement execute function inbox_kept();
"""


class Migration(migrations.Migration):
    dependencies = [("platform", "0001_initial")]
    operations = [
        migrations.RunSQL(BYTES, "drop table inbox_bytes;"),
        migrations.RunSQL(
            KEPT,
            "drop trigger inbox_kept on inbox; drop trigger inbox_never_emptied on inbox;"
            " drop function inbox_kept;",
        ),
    ]

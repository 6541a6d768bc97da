-- What every command leaves: that it was done once, and how it ended. The row is kept for ever;
-- what was said and answered is encrypted whole, in parts by month that are dropped when their
-- retention is over.

create table inbox (
  actor_kind text not null,
  actor text not null,
  msg_id text not null,
  kind text not null,
  hash bytea,
  state text not null,
  entry bigint,
  command bigint,
  primary key (actor_kind, actor, msg_id),
  constraint inbox_state check (
    state = 'barred' or state in ('done', 'refused') and hash is not null)
);
create index inbox_entry on inbox (entry) where entry is not null;
comment on table inbox is
  'A command by its actor and message id: hash, keyed, of the command and its input; state done: it became entry, or changed what is no money; refused; barred: it was reversed, before it came (then without a hash) or after';

-- Whatever month nobody made a part for is kept in the last one: a settlement never waits for a job.
create table inbox_bytes (
  actor_kind text not null,
  actor text not null,
  msg_id text not null,
  at timestamptz not null,
  key_id smallint not null,
  content bytea not null,
  reply bytea,
  primary key (actor_kind, actor, msg_id, at)
) partition by range (at);
create table inbox_bytes_other partition of inbox_bytes default;

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

-- Which keys the installation writes with: enough to tell a wrong one, nothing to find it by.
create table key_fingerprint (
  purpose text primary key check (purpose in ('identity', 'lookup')),
  fingerprint bytea not null,
  since timestamptz not null default now()
);

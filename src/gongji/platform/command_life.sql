-- What the life of a command needs besides its table: where it was handed in, when, how long it was
-- worked on; whom it concerns; and the walls of its order.

alter table command add column agency text not null default '';
alter table command add column submitted_at timestamptz;
alter table command add column worked_days int not null default 0 check (worked_days >= 0);
comment on column command.agency is 'Where it was handed in; empty where that is no agency';
comment on column command.worked_days is
  'Working days that passed before it was last returned: the time in which papers are missing does not count';

create or replace function command_lives() returns trigger language plpgsql as $$
declare editable boolean;
begin
  if tg_op = 'INSERT' then
    if new.state <> 'draft' then
      raise exception '事项从草稿开始（%）', new.state
        using errcode = 'check_violation', constraint = 'command_begins';
    end if;
    return new;
  elsif tg_op <> 'UPDATE' then
    raise exception '事项不能删除' using errcode = 'restrict_violation';
  end if;
  if new.state <> old.state and not exists (
      select 1 from command_move m where m."from" = old.state and m."to" = new.state) then
    raise exception '事项不能从 % 变为 %', old.state, new.state
      using errcode = 'check_violation', constraint = 'command_moves';
  end if;
  editable := old.state in ('draft', 'returned');
  if (new.id, new.area, new.kind, new.actor_kind, new.actor, new.holding, new.subject_kind,
      new.subject, new.made_at, new.agency) is distinct from
     (old.id, old.area, old.kind, old.actor_kind, old.actor, old.holding, old.subject_kind,
      old.subject, old.made_at, old.agency)
     or not editable and (new.content, new.version, new.chain, new.amount_fen, new.ground_hash)
        is distinct from (old.content, old.version, old.chain, old.amount_fen, old.ground_hash)
     or new.round < old.round
     or new.round = old.round and new.position < old.position
     or old.state in ('executed', 'withdrawn') then
    raise exception '事项 % 已提交的内容不能修改', old.id using errcode = 'restrict_violation';
  end if;
  return new;
end $$;

-- Whom a command concerns besides its subject: both sides of a bond, for one.
create table command_about (
  command bigint not null references command,
  person bigint not null,
  primary key (command, person)
);
create trigger command_about_kept before update or delete or truncate on command_about
  for each statement execute function added_only();

create or replace function command_person_other() returns trigger language plpgsql as $$
begin
  if exists (
    select 1 from command c join staff s on s.id = new.staff
    where c.id = new.command
      and (c.subject_kind = 'person' and c.subject = s.person::text
        or c.subject_kind = 'staff' and c.subject = s.id::text
        or c.actor_kind = 'person' and c.actor = s.person::text
        or exists (select 1 from command_about a
          where a.command = c.id and a.person = s.person))) then
    raise exception '不得经办、审核与本人有关的事项' using
      errcode = 'check_violation', constraint = 'command_person_other';
  end if;
  return null;
end $$;

-- A step is taken by whoever holds its post, at its agency, that day.
create or replace function step_held() returns trigger language plpgsql as $$
begin
  if not exists (
    select 1 from command c
    join post_holding h on h.id = new.holding and h.staff = new.staff
    join post_area a on a.holding = h.id and a.area = c.area
    join staff s on s.id = new.staff
    where c.id = new.command and h.retired_at is null and s.disabled_at is null
      and h.during @> (now() at time zone 'Asia/Shanghai')::date
      and (new.position = 0 and (a.agency = '' or c.agency in ('', a.agency))
        or new.position > 0 and c.chain -> (new.position - 1) ->> 'post' = h.post
          and (a.agency = ''
            or coalesce(c.chain -> (new.position - 1) ->> 'agency', '') in ('', a.agency)))
      and c.round = new.round) then
    raise exception '这一步不在任何现任岗位的权限之内（事项 %）', new.command
      using errcode = 'check_violation', constraint = 'step_held';
  end if;
  return null;
end $$;

-- No step is skipped, and none is taken of what was not submitted.
create function step_in_order() returns trigger language plpgsql as $$
declare
  taken int;
  at_state text;
begin
  if new.act not in ('approve', 'return') then
    return null;
  end if;
  select state into at_state from command where id = new.command;
  select coalesce(max(position), 0) into taken from step
  where command = new.command and round = new.round and act = 'approve' and number < new.number;
  if at_state <> 'submitted' or new.position <> taken + 1 then
    raise exception '事项 % 现在轮到第 % 步', new.command, taken + 1
      using errcode = 'check_violation', constraint = 'step_in_order';
  end if;
  return null;
end $$;
create trigger step_in_order after insert on step for each row execute function step_in_order();

-- Nothing is carried out before every step of its chain was approved.
create function command_whole() returns trigger language plpgsql as $$
declare steps int;
begin
  select count(*) into steps from step
  where command = new.id and round = new.round and act = 'approve';
  if steps < jsonb_array_length(new.chain) then
    raise exception '事项 % 还有 % 步没有审核', new.id, jsonb_array_length(new.chain) - steps
      using errcode = 'check_violation', constraint = 'command_whole';
  end if;
  return null;
end $$;
create trigger command_whole after update of state on command for each row
  when (new.state in ('approved', 'running', 'executed')
    and old.state not in ('approved', 'running', 'stopped'))
  execute function command_whole();

-- Papers are handed in until a command is submitted, and again when it was returned.
create function evidence_open() returns trigger language plpgsql as $$
begin
  if not exists (select 1 from command c where c.id = new.command
      and c.state in ('draft', 'returned')) then
    raise exception '事项 % 已提交，不能再添材料', new.command
      using errcode = 'restrict_violation', constraint = 'evidence_open';
  end if;
  return null;
end $$;
create trigger evidence_open after insert on evidence
  for each row execute function evidence_open();

-- Whatever month nobody made a part for is kept in the last one: no look waits for a job.
create table access_log_other partition of access_log default;
create trigger access_log_other_kept before update or delete or truncate on access_log_other
  for each statement execute function added_only();

-- Commands: everything that a person of the agency, an insured person or a job does to facts,
-- money, rules or rights. 《社会保险经办条例》第三十八条: the system records the handling.

create table command (
  id bigint generated always as identity primary key,
  area text not null,
  kind text not null check (kind <> ''),
  actor_kind text not null check (
    actor_kind in ('institution', 'person', 'staff', 'job', 'operator')),
  actor text not null,
  holding bigint references post_holding,
  subject_kind text not null default '' check (
    subject_kind in ('', 'person', 'institution', 'staff', 'area', 'entry')),
  subject text not null default '',
  content jsonb not null,
  version int not null check (version > 0),
  ground_hash bytea,
  chain jsonb not null default '[]',
  round int not null default 1 check (round > 0),
  position int not null default 0 check (position >= 0),
  state text not null default 'draft' check (
    state in ('draft', 'submitted', 'returned', 'withdrawn', 'stale', 'approved', 'running',
      'stopped', 'executed')),
  amount_fen bigint check (amount_fen >= 0),
  due_on date,
  made_at timestamptz not null default now(),
  executed_at timestamptz,
  agency text not null default '',
  submitted_at timestamptz,
  worked_days int not null default 0 check (worked_days >= 0),
  constraint command_executed check ((state = 'executed') = (executed_at is not null)),
  constraint command_subject check ((subject_kind = '') = (subject = '')),
  constraint command_holding check (actor_kind = 'staff' or holding is null)
);
comment on table command is
  'An act and its life. chain: the steps that it needs, frozen when it is submitted; ground_hash: what must still be so when it is executed (status, law, account number, duplicates)';
comment on column command.agency is 'Where it was handed in; empty where that is no agency';
comment on column command.worked_days is
  'Working days that passed before it was last returned: the time in which papers are missing does not count';
create index command_subject_of on command (subject_kind, subject);
create index command_of_person on command (actor) where actor_kind = 'person';
-- Whatever is not over: every work list reads these only, whatever was done in all the years.
create index command_open on command (area, due_on)
  where state in ('draft', 'submitted', 'returned', 'stale', 'approved', 'running', 'stopped');
create index command_made on command (made_at);
create index command_done on command (executed_at) where executed_at is not null;

-- What may follow what. Content and chain may change while it is a draft or was returned.
create table command_move (
  "from" text not null,
  "to" text not null,
  primary key ("from", "to")
);
insert into command_move ("from", "to") values
  ('draft', 'submitted'), ('draft', 'withdrawn'),
  ('submitted', 'returned'), ('submitted', 'withdrawn'), ('submitted', 'approved'),
  ('submitted', 'stale'), ('submitted', 'executed'),
  ('returned', 'submitted'), ('returned', 'withdrawn'),
  ('approved', 'running'), ('approved', 'executed'), ('approved', 'stale'),
  ('running', 'stopped'), ('running', 'executed'), ('stopped', 'running'),
  ('stopped', 'withdrawn'), ('stale', 'returned'), ('stale', 'withdrawn');

create function command_lives() returns trigger language plpgsql as $$
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
create trigger command_lives before insert or update or delete on command
  for each row execute function command_lives();

-- Whom a command concerns besides its subject: both sides of a bond, for one.
create table command_about (
  command bigint not null references command,
  person bigint not null,
  primary key (command, person)
);
create index command_about_person on command_about (person);
create trigger command_about_kept before update or delete or truncate on command_about
  for each statement execute function added_only();

-- A person has one place in a command, whatever the number of rounds.
create table command_person (
  command bigint not null references command,
  staff bigint not null references staff,
  position int not null check (position >= 0),
  primary key (command, staff),
  unique (command, staff, position)
);

create function command_person_other() returns trigger language plpgsql as $$
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
create trigger command_person_other after insert on command_person
  for each row execute function command_person_other();
create trigger command_person_kept before update or delete or truncate on command_person
  for each statement execute function added_only();

create table step (
  command bigint not null,
  number int not null check (number > 0),
  round int not null,
  position int not null,
  staff bigint not null,
  holding bigint not null references post_holding,
  act text not null check (act in ('submit', 'approve', 'return', 'withdraw')),
  reason text not null default '',
  preview_hash bytea,
  at timestamptz not null default now(),
  primary key (command, number),
  foreign key (command, staff, position) references command_person (command, staff, position),
  constraint step_reason check (act <> 'return' or reason <> '')
);
create unique index step_approved_once on step (command, round, position) where act = 'approve';

-- A step is taken by whoever holds its post, at its agency, that day.
create function step_held() returns trigger language plpgsql as $$
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
create trigger step_held after insert on step for each row execute function step_held();
create trigger step_kept before update or delete or truncate on step
  for each statement execute function added_only();

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

create table command_line (
  command bigint not null references command,
  line int not null check (line > 0),
  person bigint,
  fen bigint not null check (fen >= 0),
  state text not null default 'waiting' check (state in ('waiting', 'done', 'left_out')),
  entry bigint unique,
  primary key (command, line),
  constraint command_line_done check ((state = 'done') = (entry is not null))
);
comment on table command_line is 'The lines of a run, approved as a list that is frozen and executed in lots, each once';

create function command_line_frozen() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or tg_op = 'TRUNCATE' then
    raise exception '批次明细不能删除' using errcode = 'restrict_violation';
  elsif tg_op = 'INSERT' then
    if not exists (select 1 from command c where c.id = new.command
        and c.state in ('draft', 'returned')) then
      raise exception '批次 % 已提交，明细不能增加', new.command
        using errcode = 'restrict_violation';
    end if;
    return new;
  elsif (new.command, new.line, new.person, new.fen) is distinct from
        (old.command, old.line, old.person, old.fen) or old.state <> 'waiting' then
    raise exception '批次 % 第 % 行已冻结', old.command, old.line
      using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger command_line_frozen before insert or update or delete on command_line
  for each row execute function command_line_frozen();
create trigger command_line_never_emptied before truncate on command_line
  for each statement execute function added_only();

create table evidence (
  id bigint generated always as identity primary key,
  command bigint not null references command,
  paper text not null,
  sha256 bytea not null check (length(sha256) = 32),
  type text not null,
  bytes bigint not null check (bytes > 0),
  key_id text not null,
  sealed bytea not null,
  retention text not null,
  added_at timestamptz not null default now(),
  unique (command, paper, sha256)
);
comment on table evidence is 'A paper handed in: its content is kept encrypted, sha256 is of the clear bytes';
create trigger evidence_kept before update or truncate on evidence
  for each statement execute function added_only();

alter table post_holding add foreign key (command) references command;
alter table law_version add foreign key (command) references command;

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

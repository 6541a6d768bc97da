-- What a member of staff asked for and takes longer than a page may: a law tried on a month, a long
-- list as a workbook. It changes nothing but its own row, so whoever takes it up begins anew.
create table staff_job (
  id bigint generated always as identity primary key,
  kind text not null check (kind <> ''),
  key text not null default '',
  area text not null default '',
  staff bigint not null references staff,
  content jsonb not null,
  state text not null default 'waiting' check (state in ('waiting', 'doing', 'done', 'failed')),
  done int not null default 0 check (done >= 0),
  total int not null default 0 check (total >= 0),
  tries int not null default 0 check (tries >= 0),
  result jsonb,
  problem text not null default '',
  file_name text not null default '',
  key_id text not null default '',
  sealed bytea,
  made_at timestamptz not null,
  ended_at timestamptz,
  expires_at timestamptz,
  constraint staff_job_ended check ((state in ('done', 'failed')) = (ended_at is not null)),
  constraint staff_job_failed check ((state = 'failed') = (problem <> '')),
  constraint staff_job_file check (sealed is null or file_name <> '' and expires_at is not null)
);
comment on table staff_job is
  'A job that a member of staff asked for: how far it is, what came of it. sealed: its file, encrypted, for whoever asked, until expires_at';
create unique index staff_job_key on staff_job (kind, key) where key <> '' and state <> 'failed';
create index staff_job_open on staff_job (id) where state in ('waiting', 'doing');
create index staff_job_of on staff_job (staff, id);

grant select, insert on staff_job to gongji_console;
grant select on staff_job to gongji_jobs;
grant update (state, done, total, tries, result, problem, file_name, key_id, sealed, ended_at,
  expires_at)
  on staff_job to gongji_console, gongji_jobs;

-- Jobs read what they try a law on, and the posts of whoever asked.
grant select on staff, post, post_holding, post_area, agency, calendar_year, calendar_day,
  command_about, access_log to gongji_jobs;

-- Filters of lists that somebody keeps for their own use.
create table saved_filter (
  staff bigint not null references staff,
  list text not null,
  name text not null check (name <> ''),
  query jsonb not null,
  primary key (staff, list, name)
);
comment on table saved_filter is 'A filter of a list that a member of staff keeps: field -> what was typed';
grant select, insert, update (query), delete on saved_filter to gongji_console;

-- Rights that somebody takes up for a stated reason and an hour at most: nobody has them otherwise.
create table elevation (
  id bigint generated always as identity primary key,
  staff bigint not null references staff,
  reason text not null,
  since timestamptz not null,
  until timestamptz not null,
  ended_at timestamptz,
  constraint elevation_reason check (length(btrim(reason)) >= 4),
  constraint elevation_short check (until > since and until <= since + interval '1 hour')
);
comment on table elevation is
  'Rights taken up for a reason and a time: to make sign-in links, to disable staff, to issue and revoke keys of institutions';
create index elevation_of on elevation (staff, until);

create function elevation_kept() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and old.ended_at is null
     and (to_jsonb(new) - 'ended_at') = (to_jsonb(old) - 'ended_at') then
    return new;
  end if;
  raise exception '提升的权限只能新增或提前结束（%）', old.id using errcode = 'restrict_violation';
end $$;
create trigger elevation_kept before update or delete on elevation
  for each row execute function elevation_kept();
create trigger elevation_never_emptied before truncate on elevation
  for each statement execute function added_only();
grant select, insert on elevation to gongji_console;
grant update (ended_at) on elevation to gongji_console;

-- A link by which somebody signs in is made under such a right only.
alter table invitation enable row level security;
create policy invitation_read on invitation for select using (true);
create policy invitation_used on invitation for update to gongji_console
  using (true) with check (true);
create policy invitation_elevated on invitation for insert to gongji_console
  with check (actor_kind = 'staff' and exists (
    select 1 from elevation e join staff s on s.id = e.staff
    where s.subject = invitation.actor and e.ended_at is null
      and e.since <= now() and e.until > now()));

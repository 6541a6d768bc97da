-- The agencies of an area, posts in them, stand-ins, and the calendar of working days.

create table agency (
  code text primary key check (code ~ '^[0-9]{6}[0-9A-Z]{0,12}$'),
  area text not null check (area ~ '^[0-9]{6}$'),
  parent text references agency,
  level text not null check (level in ('prefecture', 'county')),
  name text not null check (name <> ''),
  made_at timestamptz not null default now(),
  closed_at timestamptz,
  constraint agency_parent check ((level = 'county') = (parent is not null))
);
comment on table agency is
  'The agencies of a pooling area, a tree of two levels: the prefecture''s, and the counties'' under it (楚政规〔2022〕2号 第二条, 攀办发〔2022〕32号 第十二条, 云府办〔2022〕20号 第十五条)';
create unique index agency_one_prefecture on agency (area)
  where level = 'prefecture' and closed_at is null;

create function agency_tree() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' and (tg_op <> 'UPDATE' or old.closed_at is not null
     or (to_jsonb(new) - 'closed_at') is distinct from (to_jsonb(old) - 'closed_at')) then
    raise exception '经办机构只能新增或关闭，不能修改或删除（%）', old.code
      using errcode = 'restrict_violation', constraint = 'agency_kept';
  end if;
  if new.parent is not null and not exists (
      select 1 from agency p where p.code = new.parent and p.level = 'prefecture'
      and p.area = new.area) then
    raise exception '经办机构 % 的上级须是本统筹区的市级经办机构', new.code
      using errcode = 'check_violation', constraint = 'agency_under';
  end if;
  return new;
end $$;
create trigger agency_tree before insert or update or delete on agency
  for each row execute function agency_tree();
create trigger agency_never_emptied before truncate on agency
  for each statement execute function added_only();

-- A post counts at an agency of its area, or (empty) at every one.
create function post_area_known() returns trigger language plpgsql as $$
begin
  if new.agency <> '' and not exists (
      select 1 from agency g where g.code = new.agency and g.area = new.area) then
    raise exception '统筹区 % 没有经办机构 %', new.area, new.agency
      using errcode = 'foreign_key_violation', constraint = 'post_area_known';
  end if;
  return new;
end $$;
create trigger post_area_known before insert on post_area
  for each row execute function post_area_known();

-- A stand-in holds the same post for days that end, inside those of whom they stand in for.
create function post_stand_in() returns trigger language plpgsql as $$
begin
  if new.stands_for is not null and not exists (
      select 1 from post_holding h where h.id = new.stands_for and h.post = new.post
      and h.staff <> new.staff and h.retired_at is null and h.during @> new.during) then
    raise exception '代班须是同一岗位，且在被代班人任期之内'
      using errcode = 'check_violation', constraint = 'post_stand_in';
  end if;
  return new;
end $$;
create trigger post_stand_in before insert on post_holding
  for each row execute function post_stand_in();

-- The first sign-in of a member of staff: a link that works once, known by its hash only.
create table invitation (
  token_hash bytea primary key check (length(token_hash) = 32),
  staff bigint not null references staff,
  actor_kind text not null,
  actor text not null,
  made_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz,
  constraint invitation_lasts check (expires_at > made_at),
  constraint invitation_in_time check (used_at is null or used_at <= expires_at)
);
create function invitation_used_once() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and old.used_at is null
     and (to_jsonb(new) - 'used_at') = (to_jsonb(old) - 'used_at') then
    return new;
  end if;
  raise exception '邀请链接只能使用一次，不能修改' using errcode = 'restrict_violation';
end $$;
create trigger invitation_used_once before update or delete on invitation
  for each row execute function invitation_used_once();
create trigger invitation_never_emptied before truncate on invitation
  for each statement execute function added_only();

-- Working days: Monday to Friday, but for the days that the State Council's notice of the year names.
create table calendar_year (
  year int primary key check (year between 2000 and 2100),
  source text not null check (source <> ''),
  learnt_at timestamptz not null default now()
);
create table calendar_day (
  day date primary key,
  year int not null references calendar_year,
  works boolean not null,
  name text not null default '',
  constraint calendar_day_of_year check (extract(year from day) = year),
  constraint calendar_day_differs check (works = (extract(isodow from day) > 5))
);
comment on table calendar_day is 'The days on which a year departs from the week: a weekday that is a holiday, a Saturday or Sunday that is worked';
create trigger calendar_year_kept before update or delete or truncate on calendar_year
  for each statement execute function added_only();
create trigger calendar_day_kept before update or delete or truncate on calendar_day
  for each statement execute function added_only();

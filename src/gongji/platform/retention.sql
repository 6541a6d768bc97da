-- What is destroyed once its time is over: proposed by a job as a list that is frozen, approved as a
-- command, destroyed with a certificate. 国务院令第765号 第三十八条; 《个人信息保护法》 第十九条,
-- 第四十七条, 第五十六条.

create table destruction_proposal (
  id bigint generated always as identity primary key,
  area text not null,
  class text not null check (class in ('paper', 'look')),
  before date not null,
  records bigint not null check (records > 0),
  list_hash bytea not null check (length(list_hash) = 32),
  made_at timestamptz not null default now(),
  unique (area, class, list_hash)
);
comment on table destruction_proposal is 'Records whose time is over on a day: how many, and a hash of their list';
create trigger destruction_proposal_kept before update or delete or truncate
  on destruction_proposal for each statement execute function added_only();

create table destruction (
  id bigint generated always as identity primary key,
  class text not null check (class in ('paper', 'look', 'message')),
  command bigint unique references command,
  proposal bigint unique references destruction_proposal,
  basis text not null check (basis <> ''),
  records bigint not null check (records >= 0),
  made_at timestamptz not null default now(),
  constraint destruction_approved check ((class = 'message') = (command is null))
);
comment on table destruction is 'A certificate: what was destroyed, by which command and on what basis; messages go by the setting of the installation, without a command';
create trigger destruction_kept before update or delete or truncate on destruction
  for each statement execute function added_only();

create table destroyed_paper (
  destruction bigint not null references destruction,
  command bigint not null references command,
  paper text not null,
  sha256 bytea not null,
  retention text not null,
  primary key (destruction, command, paper, sha256)
);
comment on table destroyed_paper is 'The list of a certificate: which papers there were';
create trigger destroyed_paper_kept before update or delete or truncate on destroyed_paper
  for each statement execute function added_only();

-- The day from which a paper may be destroyed: its years count from the first of January after its
-- command was over. Null while that goes on, and for what is kept for ever.
create function paper_over(retention text, command_id bigint) returns date
language sql stable as $$
  select make_date((extract(year from coalesce(c.executed_at, c.submitted_at, c.made_at)
      at time zone 'Asia/Shanghai'))::int + 1
      + substring(retention from '^([0-9]+)年$')::int, 1, 1)
  from command c where c.id = command_id and c.state in ('executed', 'withdrawn')
$$;

-- The walls: nobody may delete a paper or a month of the trail but by these, which look themselves
-- whether its time is over and whether the command was approved that carries it out.
create function destroy_papers(certificate bigint, listed bigint[]) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  today date := (now() at time zone 'Asia/Shanghai')::date;
  erased bigint;
  gone bigint;
begin
  select case when c.kind = 'personal_erasure' then c.subject::bigint end into erased
  from destruction d join command c on c.id = d.command
  where d.id = certificate and d.class = 'paper' and c.state = 'approved'
    and c.kind in ('destroy_records', 'personal_erasure');
  if not found then
    raise exception '销毁凭证 % 没有经审核的事项', certificate
      using errcode = 'check_violation', constraint = 'destruction_whole';
  end if;
  if exists (
    select 1 from evidence e join command c on c.id = e.command where e.id = any(listed)
      and coalesce(paper_over(e.retention, e.command), 'infinity') > today
      and not (c.state = 'withdrawn' and c.subject_kind = 'person'
        and c.subject = erased::text)) then
    raise exception '有材料的保管期限未满' using
      errcode = 'check_violation', constraint = 'destruction_due';
  end if;
  insert into destroyed_paper (destruction, command, paper, sha256, retention)
  select certificate, command, paper, sha256, retention from evidence where id = any(listed);
  delete from evidence where id = any(listed);
  get diagnostics gone = row_count;
  return gone;
end $$;
revoke execute on function destroy_papers from public;

create function destroy_looks(certificate bigint, months text[]) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  oldest date := (now() at time zone 'Asia/Shanghai' - interval '3 years')::date;
  name text;
begin
  perform 1 from destruction d join command c on c.id = d.command
  where d.id = certificate and d.class = 'look' and c.state = 'approved'
    and c.kind = 'destroy_records';
  if not found then
    raise exception '销毁凭证 % 没有经审核的事项', certificate
      using errcode = 'check_violation', constraint = 'destruction_whole';
  end if;
  foreach name in array months loop
    if name !~ '^access_log_[0-9]{6}$'
        or to_date(right(name, 6), 'YYYYMM') + interval '1 month' > oldest then
      raise exception '% 的保管期限未满', name using
        errcode = 'check_violation', constraint = 'destruction_due';
    end if;
    execute format('drop table %I', name);
  end loop;
  return cardinality(months);
end $$;
revoke execute on function destroy_looks from public;

-- A month of the trail, made ahead: rows of it that lie elsewhere already stay there. What is refused
-- of the trail is refused of a part too, since nobody asks the parent's triggers of it.
create function make_trail_month(month date) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  name text := 'access_log_' || to_char(month, 'YYYYMM');
  since timestamptz := date_trunc('month', month::timestamp) at time zone 'Asia/Shanghai';
  before timestamptz := (date_trunc('month', month::timestamp) + interval '1 month')
    at time zone 'Asia/Shanghai';
begin
  -- Whoever would add a row of this month meanwhile waits for the part.
  lock table access_log_other in access exclusive mode;
  if exists (select 1 from access_log_other where at >= since and at < before) then
    return false;
  end if;
  execute format('create table %I (like access_log including all excluding identity)', name);
  execute format('create trigger %I before update or delete or truncate on %I'
    ' for each statement execute function added_only()', name || '_kept', name);
  execute format('alter table access_log attach partition %I for values from (%L) to (%L)',
    name, since, before);
  return true;
end $$;
revoke execute on function make_trail_month from public;

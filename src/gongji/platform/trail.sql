-- Who looked at whose record: added to only, by month, committed before the answer is given.
-- 《个人信息保护法》 第五十一条 and 国务院令第735号 第三十二条; kept six months at least
-- (《网络安全法》 第二十一条（三）).

create table access_log (
  at timestamptz not null default now(),
  id bigint generated always as identity,
  actor_kind text not null,
  actor text not null,
  holding bigint references post_holding,
  way text not null,
  person bigint,
  what text not null,
  reason text not null default '',
  granted boolean not null,
  rows int not null default 1,
  ids_hash bytea,
  primary key (at, id)
) partition by range (at);
comment on table access_log is 'One row for each look at a record; a masked list is one row, with the number of its rows and a hash of their ids';
create index access_log_person on access_log (person, at) where person is not null;
create trigger access_log_kept before update or delete or truncate on access_log
  for each statement execute function added_only();

-- Whatever month nobody made a part for is kept in the last one: no look waits for a job.
create table access_log_other partition of access_log default;
create trigger access_log_other_kept before update or delete or truncate on access_log_other
  for each statement execute function added_only();

-- The trail, sealed by the day: what was looked at, and by whom, can be added to and not rewritten
-- without being told. 《网络安全法》 第二十一条（三）.

create table trail_seal (
  number bigint primary key check (number > 0),
  day date not null unique,
  rows bigint not null check (rows >= 0),
  hash bytea not null check (length(hash) = 32),
  made_at timestamptz not null default now()
);
comment on table trail_seal is 'A day of the trail: how many rows, and a hash of them that goes on from the seal before';
create trigger trail_seal_kept before update or delete or truncate on trail_seal
  for each statement execute function added_only();

-- The rows of a day in China, one by one: memory does not grow with their number. Whoever may call it
-- learns nothing of what the rows say.
create function trail_hash(of_day date, previous bytea, out counted bigint, out hash bytea)
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare one record;
begin
  counted := 0;
  hash := sha256(previous || convert_to(of_day::text, 'UTF8'));
  for one in
    select jsonb_build_array(extract(epoch from at)::text, id, actor_kind, actor, holding, way,
      person, what, reason, granted, rows, encode(ids_hash, 'hex'))::text as text
    from access_log
    where at >= of_day::timestamp at time zone 'Asia/Shanghai'
      and at < (of_day + 1)::timestamp at time zone 'Asia/Shanghai'
    order by access_log.at, access_log.id
  loop
    hash := sha256(hash || convert_to(one.text, 'UTF8'));
    counted := counted + 1;
  end loop;
end $$;
revoke execute on function trail_hash from public;

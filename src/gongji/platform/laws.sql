-- The laws that an area was governed by, as bytes: a version is what the gateways load.

-- The hash of a version: of each document, in the order of their paths, path, length and bytes; then
-- of each figure given its name and its text. The same in gongji.platform.laws.
create function law_version_hash(text jsonb, parameters jsonb) returns text
language sql immutable parallel safe as $$
  select encode(sha256(
    coalesce((select string_agg(
        convert_to(d.key || ' ' || octet_length(d.value) || E'\n' || d.value, 'UTF8'), ''::bytea
        order by d.key collate "C") from jsonb_each_text(text) d), ''::bytea)
    || coalesce((select string_agg(
        convert_to(p.key || '=' || p.value || E'\n', 'UTF8'), ''::bytea
        order by p.key collate "C") from jsonb_each_text(parameters) p), ''::bytea)), 'hex')
$$;

create table law_version (
  id bigint generated always as identity primary key,
  area text not null check (area ~ '^[0-9]{6}$'),
  number int not null check (number > 0),
  text jsonb not null,
  parameters jsonb not null default '{}',
  hash text not null,
  command bigint,
  from_instant timestamptz not null default now(),
  unique (area, number),
  constraint law_version_has_text check (jsonb_typeof(text) = 'object' and text <> '{}'),
  constraint law_version_hash_fits check (hash = law_version_hash(text, parameters))
);
comment on table law_version is
  'A version of an area''s law: the text of every document that was parsed, by its path, the parameters given, and the hash of both; in force from an instant until one of a higher number is';
create trigger law_version_kept before update or delete or truncate on law_version
  for each statement execute function added_only();

-- Whoever settles shares this lock to the end of the transaction, whoever adds a version takes it
-- alone: so a version is committed before any transaction begins to read that began after the
-- instant from which the version is in force. No two gateways decide by two laws at one instant.
create function law_lock() returns bigint language sql immutable as $$ select 7302000000 $$;

create function law_version_follows() returns trigger language plpgsql as $$
declare newest int;
begin
  perform pg_advisory_xact_lock(law_lock());
  new.from_instant := greatest(new.from_instant, clock_timestamp());
  select coalesce(max(number), 0) into newest from law_version where area = new.area;
  if new.number <> newest + 1 then
    raise exception '统筹区 % 的下一版规则是第 % 版', new.area, newest + 1
      using errcode = 'check_violation', constraint = 'law_version_follows';
  end if;
  return new;
end $$;
create trigger law_version_follows before insert on law_version
  for each row execute function law_version_follows();

-- The version in force of each area at an instant.
create function law_versions_at(at timestamptz) returns table (area text, id bigint)
language sql stable as $$
  select distinct on (v.area) v.area, v.id from law_version v
  where v.from_instant <= at order by v.area, v.number desc
$$;

-- The version of each area in force when this transaction began, held to its end. The second
-- statement sees what was committed while the first one waited.
create function law_in_force() returns table (area text, id bigint) language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(law_lock());
  return query select * from law_versions_at(now());
end $$;

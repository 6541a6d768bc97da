-- The laws that an area was governed by, as bytes: a version is what the gateways load.
create table law_version (
  id bigint generated always as identity primary key,
  area text not null,
  number int not null check (number > 0),
  text jsonb not null,
  parameters jsonb not null default '{}',
  hash text not null,
  command bigint,
  from_instant timestamptz not null default now(),
  unique (area, number)
);
comment on table law_version is
  'A version of an area''s law: the text of every document that was parsed, by its path, the parameters given, and the hash of both; in force from an instant until the next number';
create trigger law_version_kept before update or delete or truncate on law_version
  for each statement execute function added_only();

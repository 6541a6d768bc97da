-- What people are told of their items, and that it reached them.

create table notice (
  id bigint generated always as identity primary key,
  command bigint not null references command,
  person bigint not null references person,
  way text not null check (way in ('page', 'sms', 'letter')),
  text text not null check (text <> ''),
  made_at timestamptz not null default now(),
  delivered_at timestamptz,
  ref text not null default '',
  unique (command, person, way)
);
comment on table notice is 'A decision told to a person: by the page at once, by an adaptor otherwise; ref is what the adaptor answered';
create index notice_person on notice (person, id);
create index notice_under_way on notice (id) where delivered_at is null;

create function notice_kept() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and old.delivered_at is null
     and (to_jsonb(new) - '{delivered_at,ref}'::text[])
       = (to_jsonb(old) - '{delivered_at,ref}'::text[]) then
    return new;
  end if;
  raise exception '告知只能新增或记下送达（%）', tg_op using errcode = 'restrict_violation';
end $$;
create trigger notice_kept before update or delete on notice
  for each row execute function notice_kept();
create trigger notice_never_emptied before truncate on notice
  for each statement execute function added_only();

-- The diseases that an area recognises, a whole list at a time: the one in force on a day is the
-- newest of those that began by then.
create table disease_list (
  id bigint generated always as identity primary key,
  area text not null check (area ~ '^[0-9]{6}$'),
  since date not null,
  source text not null check (source <> ''),
  learnt_at timestamptz not null default now()
);
create index disease_list_area on disease_list (area, since);
create table disease (
  list bigint not null references disease_list,
  code text not null check (code <> ''),
  name text not null check (name <> ''),
  rulebook text not null check (rulebook <> ''),
  benefit text not null check (benefit in ('chronic', 'special', 'two_diseases')),
  criteria text not null default '',
  months int check (months > 0),
  primary key (list, code)
);
comment on table disease is 'A disease of a list: national code, name, the name that rulebooks use, by which benefit it is paid, how it is recognised, for how many months (empty: until it is ended)';
create trigger disease_list_kept before update or delete or truncate on disease_list
  for each statement execute function added_only();
create trigger disease_kept before update or delete or truncate on disease
  for each statement execute function added_only();

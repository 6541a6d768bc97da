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

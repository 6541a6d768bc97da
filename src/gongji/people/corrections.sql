-- What was corrected of a person's own particulars (《个人信息保护法》 第四十六条): what stood before.

create table person_correction (
  id bigint generated always as identity primary key,
  person bigint not null references person,
  command bigint not null references command,
  was jsonb not null check (was <> '{}'),
  at timestamptz not null default now()
);
comment on table person_correction is 'What stood before a correction, field by field';
create index person_correction_person on person_correction (person);
create trigger person_correction_kept before update or delete or truncate on person_correction
  for each statement execute function added_only();

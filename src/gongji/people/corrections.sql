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

-- The wall: nobody corrects a person but by a command about that person which was approved.
create function correct_particulars(order_id bigint, person_id bigint, new_name text, new_sex text,
  new_ethnicity text, stood jsonb, corrected_at timestamptz) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if not exists (
    select 1 from command c where c.id = order_id and c.state = 'approved'
      and c.kind = 'personal_correction' and c.subject_kind = 'person'
      and c.subject = person_id::text) then
    raise exception '更正 % 没有经审核的事项', order_id
      using errcode = 'check_violation', constraint = 'correction_approved';
  end if;
  insert into person_correction (person, command, was, at)
    values (person_id, order_id, stood, corrected_at);
  update person set name = new_name, sex = new_sex, ethnicity = new_ethnicity
    where id = person_id;
end $$;
revoke execute on function correct_particulars from public;

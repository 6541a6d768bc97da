-- The people of the agency and the posts they hold.
--
-- 《社会保险经办条例》第三十六条至第三十八条: posts with clear powers, important work reviewed at
-- graded levels; 云府办〔2022〕20号 第二十三条 and 攀办发〔2022〕32号 第十三条: internal control.
-- Whether two posts may be in one hand is decided here, not by buttons.

create table staff (
  id bigint generated always as identity primary key,
  subject text not null unique check (subject <> ''),
  name text not null,
  certificate_hash bytea unique,
  person bigint,
  disabled_at timestamptz
);
comment on table staff is
  'A member of an agency''s staff: subject of the sign-in, keyed hash of the identity number, and the insured person that they are themselves';

create table post (
  code text primary key,
  words text not null unique,
  office boolean not null default false
);
comment on table post is 'The kinds of posts; an office is one of the three that watch each other (administrator, security, audit)';
insert into post (code, words, office) values
  ('handler', '经办', false), ('first_reviewer', '初审', false),
  ('second_reviewer', '复审', false), ('inspector', '稽核', false),
  ('accountant', '会计', false), ('cashier', '出纳', false), ('business', '业务', false),
  ('finance', '财务', false), ('technician', '信息', false), ('supervisor', '监管', false),
  ('reader', '只读', false), ('administrator', '系统管理员', true),
  ('security_officer', '安全管理员', true), ('audit_officer', '审计管理员', true);

create table post_conflict (
  pair int not null,
  side int not null check (side in (0, 1)),
  post text not null references post,
  basis text not null,
  primary key (pair, post)
);
comment on table post_conflict is 'Posts that may not be in one hand on one day: those of side 0 and those of side 1 of a pair';
-- With the articles that keep them apart, where a rulebook names them.
insert into post_conflict (pair, side, post, basis)
select c.pair, c.side, c.post, b.basis from (values
  (1, 0, 'handler'), (1, 1, 'second_reviewer'), (1, 1, 'inspector'), (2, 0, 'first_reviewer'),
  (2, 1, 'second_reviewer'), (3, 0, 'accountant'), (3, 1, 'cashier'), (4, 0, 'handler'),
  (4, 0, 'first_reviewer'), (4, 0, 'second_reviewer'), (4, 0, 'business'), (4, 1, 'accountant'),
  (4, 1, 'cashier'), (4, 1, 'finance'), (5, 0, 'technician'), (5, 1, 'handler'),
  (5, 1, 'first_reviewer'), (5, 1, 'second_reviewer'), (5, 1, 'business'), (5, 1, 'accountant'),
  (5, 1, 'cashier'), (5, 1, 'finance'), (6, 0, 'supervisor'), (6, 1, 'handler'),
  (6, 1, 'first_reviewer'), (6, 1, 'second_reviewer'), (7, 0, 'administrator'),
  (7, 1, 'security_officer'), (7, 1, 'audit_officer'), (8, 0, 'security_officer'),
  (8, 1, 'audit_officer')
) c (pair, side, post)
join (values
  (1, '经办和稽核：云府办〔2022〕20号 第二十三条、攀办发〔2022〕32号 第十三条'),
  (2, '初审、复审、稽核三级审核：云府办〔2022〕20号 第二十三条'),
  (3, '会计和出纳：云府办〔2022〕20号 第二十三条、攀办发〔2022〕32号 第十三条'),
  (4, '业务和财务：云府办〔2022〕20号 第二十三条'),
  (5, '信息和业务：云府办〔2022〕20号 第二十三条'),
  (6, '监管与经办分离'),
  (7, '三员分立'),
  (8, '三员分立')
) b (pair, basis) using (pair);

-- A post is held over days, as it was learnt at an instant (two times, as every fact has).
create table post_holding (
  id bigint generated always as identity primary key,
  staff bigint not null references staff,
  post text not null references post,
  during daterange not null check (not isempty(during)),
  command bigint,
  learnt_at timestamptz not null default now(),
  retired_at timestamptz check (retired_at >= learnt_at),
  stands_for bigint references post_holding,
  constraint post_stand_in_ends check (stands_for is null or not upper_inf(during))
);
create index post_holding_staff on post_holding (staff);

create table post_area (
  holding bigint not null references post_holding,
  area text not null,
  agency text not null default '',
  primary key (holding, area, agency)
);
comment on table post_area is 'Where a post counts: a pooling area, and the agency in it (empty: every agency)';

-- The sides that holdings stand on, filled by the trigger below; the exclusion is the wall.
create table post_side (
  holding bigint not null references post_holding,
  staff bigint not null,
  during daterange not null,
  pair int not null,
  side int not null,
  standing boolean not null default true,
  primary key (holding, pair),
  constraint post_conflict_apart exclude using gist (
    int8range(staff, staff, '[]') with &&,
    int4range(pair, pair, '[]') with &&,
    during with &&,
    int4range(side, side + 1) with -|-) where (standing)
);

create function post_holding_sides() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    insert into post_side (holding, staff, during, pair, side)
    select new.id, new.staff, new.during, c.pair, c.side from post_conflict c
    where c.post = new.post;
  elsif new.retired_at is not null then
    update post_side set standing = false where holding = new.id;
  end if;
  return null;
end $$;
create trigger post_holding_sides after insert or update on post_holding
  for each row execute function post_holding_sides();

create function post_holding_kept() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and old.retired_at is null
     and (to_jsonb(new) - 'retired_at') = (to_jsonb(old) - 'retired_at') then
    return new;
  end if;
  raise exception '岗位任命只能新增或停用，不能修改或删除（%）', old.id
    using errcode = 'restrict_violation';
end $$;
create trigger post_holding_kept before update or delete on post_holding
  for each row execute function post_holding_kept();

create trigger post_holding_never_emptied before truncate on post_holding
  for each statement execute function added_only();
create trigger post_area_kept before update or delete or truncate on post_area
  for each statement execute function added_only();

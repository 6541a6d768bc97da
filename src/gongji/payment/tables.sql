-- How institutions are paid. 楚政规〔2022〕2号 第二十一条, 攀办发〔2022〕32号 第十二条,
-- 云府办〔2022〕20号 第二十一条, 邵市政办发〔2022〕22号 第九条: the agency settles with institutions.
-- Points are in ten-thousandths, shares keep numerator and denominator.

create table payment_run (
  id bigint generated always as identity primary key,
  area text not null,
  month date not null check (month = date_trunc('month', month)),
  clr_type text not null,
  method text not null,
  number int not null check (number > 0),
  through_seal bigint,
  law bigint references law_version,
  command bigint references command,
  state text not null default 'declared' check (
    state in ('declared', 'reviewed', 'approved', 'paid', 'returned', 'withdrawn')),
  unique (area, month, clr_type, method, number)
);

create table payment_item (
  entry bigint not null references entry,
  fund text not null,
  run bigint not null references payment_run,
  institution text not null references institution,
  fen bigint not null,
  primary key (entry, fund)
);
comment on table payment_item is 'What a run takes of an entry: once, ever';
create index payment_item_run on payment_item (run, institution);

create table payment_line (
  run bigint not null references payment_run,
  institution text not null references institution,
  fund text not null,
  gross bigint not null,
  deducted bigint not null check (deducted >= 0),
  kept bigint not null check (kept >= 0),
  advance bigint not null check (advance >= 0),
  carry bigint not null default 0,
  rounding bigint not null default 0,
  payable bigint not null,
  numerator numeric(40) not null default 1,
  denominator numeric(40) not null default 1 check (denominator > 0),
  working jsonb not null default '{}',
  primary key (run, institution, fund),
  constraint payment_line_adds_up check (
    payable = gross - deducted - kept - advance + carry + rounding)
);

create table deduction (
  id bigint generated always as identity primary key,
  run bigint not null,
  institution text not null,
  fund text not null,
  entry bigint references entry,
  fee_line bigint references fee_line,
  rule text not null,
  finding bigint unique,
  fen bigint not null check (fen > 0),
  reason text not null check (reason <> ''),
  told_on date,
  answered_on date,
  command bigint references command,
  foreign key (run, institution, fund) references payment_line (run, institution, fund),
  constraint deduction_answered check (answered_on is null or told_on <= answered_on)
);
create index deduction_line on deduction (run, institution, fund);

create table transfer (
  id bigint generated always as identity primary key,
  run bigint not null,
  institution text not null,
  fund text not null,
  attempt int not null check (attempt > 0),
  fen bigint not null check (fen > 0),
  payee bytea not null,
  key_id text not null,
  state text not null default 'made' check (state in ('made', 'sent', 'paid', 'returned')),
  bank_ref text,
  foreign key (run, institution, fund) references payment_line (run, institution, fund),
  unique (run, institution, fund, attempt)
);
comment on table transfer is 'An order to the bank; payee: account name and number, encrypted';
create unique index transfer_under_way on transfer (run, institution, fund)
  where state in ('sent', 'paid');

create table bank_account (
  id bigint generated always as identity primary key,
  area text not null,
  fund text not null,
  kind text not null check (kind in ('income', 'spending', 'treasury')),
  unique (area, fund, kind)
);
comment on table bank_account is '收入户, 支出户, 财政专户 (《社会保险经办条例》第四十条)';

create table bank_line (
  account bigint not null references bank_account,
  ref text not null,
  day date not null,
  fen bigint not null check (fen <> 0),
  balance bigint not null,
  primary key (account, ref)
);
create trigger bank_line_kept before update or delete or truncate on bank_line
  for each statement execute function added_only();

create table bank_match (
  account bigint not null,
  ref text not null,
  entry bigint not null references entry,
  fen bigint not null check (fen <> 0),
  primary key (account, ref, entry),
  foreign key (account, ref) references bank_line (account, ref)
);

create function payment_run_moves() returns trigger language plpgsql as $$
begin
  if tg_op <> 'UPDATE' or (to_jsonb(new) - '{state,command}'::text[])
     is distinct from (to_jsonb(old) - '{state,command}'::text[])
     or old.state in ('paid', 'withdrawn') and new.state <> old.state then
    raise exception '拨付批次不能修改或删除' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger payment_run_moves before update or delete on payment_run
  for each row execute function payment_run_moves();

-- What was taken, and what was approved, stays.
create function payment_declared_only() returns trigger language plpgsql as $$
declare of_run bigint := case when tg_op = 'DELETE' then old.run else new.run end;
begin
  if tg_op = 'UPDATE' and new.run <> old.run or not exists (
      select 1 from payment_run r where r.id = of_run
        and r.state in ('declared', 'returned')) then
    raise exception '拨付批次 % 已复审，明细不能变动', of_run using errcode = 'restrict_violation';
  end if;
  return case when tg_op = 'DELETE' then old else new end;
end $$;
create trigger payment_line_declared before insert or update or delete on payment_line
  for each row execute function payment_declared_only();
create trigger payment_item_kept before update or delete or truncate on payment_item
  for each statement execute function added_only();
create trigger payment_item_declared before insert on payment_item
  for each row execute function payment_declared_only();
create trigger deduction_declared before insert or delete on deduction
  for each row execute function payment_declared_only();

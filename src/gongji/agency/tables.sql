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

-- Paying what the fund owes persons, mostly for bills on paper. 社会保险经办条例 第四十条: money
-- leaves the spending account; 云府办〔2022〕20号 第二十三条, 攀办发〔2022〕32号 第十三条: who makes
-- a payment (accountant) and who confirms it (cashier) are apart.
create table payee (
  id bigint generated always as identity primary key,
  area text not null check (area ~ '^[0-9]{6}$'),
  person bigint not null references person,
  holder text not null check (holder <> ''),
  bank text not null check (bank <> ''),
  tail text not null check (tail ~ '^[0-9]{4}$'),
  sealed bytea not null,
  key_id text not null,
  command bigint not null references command,
  learnt_at timestamptz not null default now(),
  retired_at timestamptz check (retired_at >= learnt_at)
);
comment on table payee is 'The bank account to which a person is paid: its number is kept encrypted, tail are the last four digits';
create unique index payee_current on payee (area, person) where retired_at is null;

create function payee_kept() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and old.retired_at is null
     and (to_jsonb(new) - 'retired_at') = (to_jsonb(old) - 'retired_at') then
    return new;
  end if;
  raise exception '收款账户只能新增或停用，不能修改或删除' using errcode = 'restrict_violation';
end $$;
create trigger payee_kept before update or delete on payee
  for each row execute function payee_kept();
create trigger payee_never_emptied before truncate on payee
  for each statement execute function added_only();

create table payout_order (
  id bigint generated always as identity primary key,
  batch bigint not null references command,
  line int not null check (line > 0),
  source bigint not null references entry,
  fund text not null check (fund <> ''),
  attempt int not null check (attempt > 0),
  person bigint not null references person,
  fen bigint not null check (fen > 0),
  payee bigint not null references payee,
  entry bigint not null unique references entry,
  state text not null default 'paid' check (state in ('paid', 'returned')),
  back bigint unique references entry,
  returned_on date,
  bank_ref text not null default '',
  reason text not null default '',
  unique (batch, line),
  unique (source, fund, attempt),
  constraint payout_order_corrected unique (source, fund, payee),
  constraint payout_order_back check (
    (state = 'returned') = (back is not null)
    and (state = 'returned') = (returned_on is not null) and (state = 'paid' or reason <> ''))
);
comment on table payout_order is
  'An order to the bank for what an entry (source) made a fund owe a person: paid once at a time, after a return (退票) again to another account; entry is the payment, back what took it back';
create unique index payout_order_once on payout_order (source, fund) where state = 'paid';
create index payout_order_person on payout_order (person);

-- An order is carried out by a batch that was confirmed, in its transaction, for no more than is owed.
create function payout_order_holds() returns trigger language plpgsql as $$
declare owed bigint;
begin
  if not exists (select 1 from command c where c.id = new.batch and c.kind = 'payout_batch'
      and c.state = 'approved') then
    raise exception '支付批次 % 未经出纳确认，不能支付', new.batch
      using errcode = 'check_violation', constraint = 'payout_order_confirmed';
  end if;
  select coalesce(sum(p.amount_fen), 0) into owed from posting p
    where p.entry = new.source and p.fund = new.fund and p.credit = 'payable'
      and p.credit_owner = new.person::text;
  if new.fen > owed or not exists (
      select 1 from entry e join posting p on p.entry = e.id
      where e.id = new.entry and e.kind = 'payout' and e.cause = new.source
        and e.command = new.batch and p.fund = new.fund and p.debit = 'payable'
        and p.debit_owner = new.person::text and p.amount_fen = new.fen) then
    raise exception '支付与所欠金额不符（分录 %）', new.source
      using errcode = 'check_violation', constraint = 'payout_order_owed';
  end if;
  if not exists (select 1 from payee y where y.id = new.payee and y.person = new.person
      and y.retired_at is null) then
    raise exception '收款账户不是参保人现用的（分录 %）', new.source
      using errcode = 'check_violation', constraint = 'payout_order_payee';
  end if;
  return null;
end $$;
create trigger payout_order_holds after insert on payout_order
  for each row execute function payout_order_holds();

-- An order changes once: the bank returned it, and an entry that reverses the payment says so.
create function payout_order_moves() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and old.state = 'paid' and new.state = 'returned'
     and (to_jsonb(new) - '{state,back,returned_on,bank_ref,reason}'::text[])
       = (to_jsonb(old) - '{state,back,returned_on,bank_ref,reason}'::text[])
     and exists (select 1 from entry e where e.id = new.back and e.reverses = new.entry) then
    return new;
  end if;
  raise exception '付款只能新增或记下退票，不能修改或删除' using errcode = 'restrict_violation';
end $$;
create trigger payout_order_moves before update or delete on payout_order
  for each row execute function payout_order_moves();
create trigger payout_order_never_emptied before truncate on payout_order
  for each statement execute function added_only();

create table payout_file (
  batch bigint not null references command,
  number int not null check (number > 0),
  sha256 bytea not null check (length(sha256) = 32),
  actor_kind text not null,
  actor text not null,
  made_at timestamptz not null,
  primary key (batch, number)
);
comment on table payout_file is 'Each time the bank file of a batch was made, by whom, and the hash of its bytes';
create trigger payout_file_kept before update or delete or truncate on payout_file
  for each statement execute function added_only();

-- 云府办〔2022〕20号 第二十条（一）: what is reimbursed on paper is taken off the quota of the
-- institution that the person selected; clearing takes it from here.
create table charge_back (
  entry bigint primary key references entry,
  area text not null check (area ~ '^[0-9]{6}$'),
  institution text not null references institution,
  service_date date not null,
  fen bigint not null check (fen > 0),
  article text not null check (article <> '')
);
comment on table charge_back is 'What the pool paid for a bill on paper, to be taken off what the selected institution is prepaid';
create index charge_back_institution on charge_back (institution, service_date);
create trigger charge_back_kept before update or delete or truncate on charge_back
  for each statement execute function added_only();

-- 社会保险法 第三十条第二款: what the pool advanced for a third party it may recover.
create table third_party_claim (
  id bigint generated always as identity primary key,
  entry bigint not null unique references entry,
  area text not null check (area ~ '^[0-9]{6}$'),
  person bigint not null references person,
  debtor text not null default '',
  fen bigint not null check (fen > 0),
  command bigint references command,
  made_at timestamptz not null
);
comment on table third_party_claim is 'A receivable on a third party (debtor empty: unknown): what the pool advanced by an entry; without a command it was advanced at the counter';
create trigger third_party_claim_kept before update or delete or truncate on third_party_claim
  for each statement execute function added_only();
create table claim_recovery (
  claim bigint not null references third_party_claim,
  entry bigint primary key references entry,
  payer text not null check (payer <> ''),
  received_on date not null,
  bank_ref text not null check (bank_ref <> ''),
  fen bigint not null check (fen > 0)
);
comment on table claim_recovery is 'What came in on a claim, into the treasury account; entry is the recovery that books it';
create index claim_recovery_claim on claim_recovery (claim);
create trigger claim_recovery_kept before update or delete or truncate on claim_recovery
  for each statement execute function added_only();

create function claim_recovered() returns trigger language plpgsql as $$
declare due bigint;
begin
  select c.fen - sum(r.fen) into due from third_party_claim c
    join claim_recovery r on r.claim = c.id where c.id = new.claim group by c.fen;
  if due < 0 or not exists (
      select 1 from entry e join posting p on p.entry = e.id join third_party_claim c
        on c.id = new.claim and c.entry = e.cause
      where e.id = new.entry and e.kind = 'recovery' and p.amount_fen = new.fen) then
    raise exception '追回与先行支付的金额不符（债权 %）', new.claim
      using errcode = 'check_violation', constraint = 'claim_recovered';
  end if;
  return null;
end $$;
create trigger claim_recovered after insert on claim_recovery
  for each row execute function claim_recovered();

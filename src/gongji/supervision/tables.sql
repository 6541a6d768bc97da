-- Supervision: findings, not accusations. 国务院令第735号《医疗保障基金使用监督管理条例》;
-- a claim is judged by the version of a rule that was in force on its date.

create table rule_version (
  id bigint generated always as identity primary key,
  rule text not null,
  area text not null default '',
  since date not null,
  state text not null check (state in ('shadow', 'live', 'resting')),
  hash text not null,
  content jsonb not null,
  learnt_at timestamptz not null default now(),
  unique (rule, area, since, hash)
);
create trigger rule_version_kept before update or delete or truncate on rule_version
  for each statement execute function added_only();

create table finding (
  id bigint generated always as identity primary key,
  area text not null,
  fingerprint bytea not null unique,
  rule_version bigint not null references rule_version,
  entry bigint references entry,
  fee_line bigint references fee_line,
  person bigint references person,
  institution text references institution,
  stake_fen bigint not null check (stake_fen >= 0),
  main boolean not null,
  snapshot text not null,
  found_at timestamptz not null default now()
);
comment on table finding is 'What a rule hit: stake_fen is the excess only, and of several rules on a fee line one is the main one, whose money counts';
create unique index finding_main on finding (fee_line) where main;
create trigger finding_kept before update or delete or truncate on finding
  for each statement execute function added_only();

create table lead (
  id bigint generated always as identity primary key,
  area text not null,
  subject_kind text not null check (subject_kind in ('institution', 'person', 'staff')),
  subject text not null,
  state text not null default 'open' check (
    state in ('open', 'looked_at', 'heard', 'confirmed', 'lawful', 'data_error', 'handed_over',
      'recovered', 'closed')),
  holding bigint references post_holding,
  due_on date,
  made_at timestamptz not null default now()
);

create table lead_finding (
  finding bigint primary key references finding,
  lead bigint not null references lead
);
create index lead_finding_lead on lead_finding (lead);

create table outcome (
  finding bigint not null references finding,
  command bigint not null references command,
  verdict text not null check (verdict in ('breach', 'lawful', 'data_error', 'unclear')),
  primary key (finding, command)
);
create trigger outcome_kept before update or delete or truncate on outcome
  for each statement execute function added_only();

-- 《社会保险经办条例》第四十三条: the institution may state its case before it is decided.
create table case_file (
  id bigint generated always as identity primary key,
  lead bigint not null references lead,
  heard_on date,
  decided_on date,
  command bigint references command,
  constraint case_heard_first check (
    decided_on is null or heard_on is not null and heard_on <= decided_on)
);

create table recovery (
  case_file bigint not null references case_file,
  entry bigint not null references entry,
  primary key (case_file, entry)
);
create trigger recovery_kept before update or delete or truncate on recovery
  for each statement execute function added_only();

alter table deduction add foreign key (finding) references finding;
